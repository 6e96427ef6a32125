"""Caseloads: the best vacancies for many people at once, who has none and why, and which one change would open most."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.access import Actor, Purpose, Role, visible_people
from api.errors import Fault, Invalid, NotFound
from api.services import explanations, shortlists
from api.store import audit, caseloads, people
from api.store import jobs as job_store
from api.store.tables import Job
from matching import GATES, Pool, Vacancies, rank, refusals

KIND = "caseload"
CHUNK = 500  # people worked on at once


def create(session: Session, actor: Actor, people_ids: Sequence[str] | None = None, vacancies_each: int = 5) -> Job:
    """Queue the matching of some people of the organisation, or of all; raises Invalid naming every unknown one."""
    found = people.identifiers(session, visible_people(actor, Purpose.GUIDANCE), people_ids)
    if people_ids is not None:
        _check(people_ids, set(found))
    arguments = {"people": found, "vacanciesEach": vacancies_each}
    job = job_store.create(session, str(actor.organisation), KIND, arguments, total=len(found))
    audit.record(session, actor.label, actor.organisation, "caseload-started", job.id, people=len(found))
    return job


def results(session: Session, actor: Actor, job_id: str, after: int, limit: int) -> list[caseloads.Line]:
    """Return at most `limit` lines after a position, in the order the people were asked for; raises NotFound."""
    if not caseloads.exists(session, actor.organisation, KIND, job_id):
        raise NotFound()
    return caseloads.page(session, visible_people(actor, Purpose.GUIDANCE), job_id, after, limit)


def handle(_session: Session, job: Job) -> Iterator[job_store.Chunk]:
    """Yield the chunks of a caseload job, the same ones whenever it is asked."""
    arguments = json.loads(job.arguments)
    actor = Actor(Role.CASEWORKER, organisation=job.organisation_id)
    for start in range(0, len(arguments["people"]), CHUNK):
        some = arguments["people"][start : start + CHUNK]
        yield _chunk(job.id, actor, start, some, arguments["vacanciesEach"])


HANDLERS = {KIND: handle}


def _chunk(job_id: str, actor: Actor, start: int, some: list[str], k: int) -> job_store.Chunk:
    def compute(session: Session) -> list[caseloads.Line]:
        pool = shortlists.read_pool(session, actor, Purpose.GUIDANCE, among=some)
        found = lines(pool, shortlists.read_vacancies(session, actor), k)
        return [(start + i, person, found.get(person, NO_PASSPORT)) for i, person in enumerate(some)]

    def store(session: Session, computed: list[caseloads.Line]) -> None:
        still_there = set(people.identifiers(session, visible_people(actor, Purpose.GUIDANCE), some))
        caseloads.insert_results(session, job_id, [line for line in computed if line[1] in still_there])

    return job_store.Chunk(len(some), compute, store)


NO_PASSPORT: dict[str, Any] = {"vacancies": [], "none": "no-passport", "refusals": {}, "relax": None}


def lines(pool: Pool, vacancies: Vacancies, k: int) -> dict[str, dict[str, Any]]:
    """Return for every person the k best vacancies, how many each gate refuses, and which gate alone closes most."""
    ranking = rank(pool, vacancies, k=k, side="people")
    rows, places = np.nonzero(ranking.ids >= 0)
    matches = ranking.ids[rows, places].astype(np.int64)
    notes = explanations.highlights(pool, vacancies, rows, matches)
    options: list[list[dict[str, Any]]] = [[] for _ in pool.people]
    for row, place, match, note in zip(rows, places, matches, notes, strict=True):
        known = {"vacancyId": vacancies.vacancies[match], "fit": explanations.number(ranking.fit[row, place])}
        unknown = explanations.unknown_gates(int(ranking.unknown[row, place]))
        options[row].append(known | {"unknown": unknown} | _plain(note))
    refused = refusals(pool, vacancies, side="people")
    sole = refusals(pool, vacancies, side="people", alone=True)
    return {
        person: _line(options[row], len(vacancies), refused[row], sole[row]) for row, person in enumerate(pool.people)
    }


def _plain(note: explanations.Highlights) -> dict[str, Any]:
    shares = {"reasons": note.reasons, "gaps": note.gaps}
    plain = {name: [{"skill": each.skill, "share": each.share} for each in some] for name, some in shares.items()}
    return {**plain, "measured": note.measured}


def _line(
    options: list[dict[str, Any]], vacancies: int, refused: NDArray[np.int64], sole: NDArray[np.int64]
) -> dict[str, Any]:
    none = None
    if not options:
        none = "gates" if vacancies else "no-vacancies"
    best = int(np.argmax(sole))
    relax = {"gate": GATES[best], "opens": int(sole[best])} if sole[best] else None
    counts = dict(zip(GATES, refused.tolist(), strict=True))
    return {"vacancies": options, "none": none, "refusals": counts, "relax": relax}


def _check(asked: Sequence[str], found: set[str]) -> None:
    faults, seen = [], set()
    for i, person in enumerate(asked):
        if person not in found:
            faults.append(Fault(f"/people/{i}", "unknown-person", "Your organisation does not know this person."))
        elif person in seen:
            faults.append(Fault(f"/people/{i}", "double", "This person comes twice."))
        seen.add(person)
    if faults:
        raise Invalid(errors=faults)
