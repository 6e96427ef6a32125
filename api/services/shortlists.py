"""Shortlists: people for a vacancy, vacancies for a person, and the explanation of every pair, both ways.

Whoever hires sees pseudonyms and only people who may be considered; a person's own caseworker sees ids. Somebody the
actor may not know, or who does not exist, is the same NotFound. Every list shown leaves an audit entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.access import Actor, Purpose, Role, visible_people, visible_vacancies
from api.errors import Conflict, NotFound
from api.services import content, explanations
from api.services import people as people_service
from api.services import vacancies as vacancy_service
from api.store import accounts, audit, people, vacancies
from api.store import pool as pools
from api.store.session import sessions
from matching import GATES, Pool, Ranking, Vacancies, explain, rank, refusals
from passport import load_framework

HIRERS = (Role.EMPLOYER, Role.ADMIN)

Spread = dict[str, NDArray[np.float32]]  # covariance by person


@dataclass(frozen=True, slots=True)
class Match:
    """One line of a list; `id` is a pseudonym, a person or a vacancy."""

    id: str
    fit: float | None
    fit_low: float | None
    fit_high: float | None
    reasons: tuple[explanations.Share, ...]
    gaps: tuple[explanations.Share, ...]
    unknown: tuple[str, ...]
    measured: float
    title: str = ""
    occupation: str = ""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The best matches, how many were looked at, and how many each gate refused."""

    items: tuple[Match, ...]
    considered: int
    refusals: dict[str, int]


def candidates(session: Session, actor: Actor, vacancy_id: str, limit: int = 20) -> Shortlist:
    """Return the best people for a vacancy; raises NotFound. The session must be able to write (pseudonyms, audit)."""
    visible = visible_people(actor, Purpose.MATCHING)
    with beside(session) as reader:
        jobs = _vacancy(reader, actor, vacancy_id)
        pool = read_pool(reader, actor, Purpose.MATCHING)
        ranking = rank(pool, jobs, k=limit)
        shown = [pool.people[row] for row in _rows(ranking)]
        spread = people.covariances(reader, visible, shown, len(pool.skills))
    still = people.identifiers(session, visible, shown)  # somebody may have left while we ranked
    names = {person: (name, "", "") for person, name in _names(session, actor, still).items()}
    matches = _matches(ranking, pool, jobs, spread, names)
    _record(session, actor, vacancy_id, pool, jobs, len(matches))
    return Shortlist(matches, len(pool), _counts(refusals(pool, jobs)[0]))


def vacancies_for(session: Session, actor: Actor, person_id: str, limit: int = 20) -> Shortlist:
    """Return the best vacancies for a person; raises NotFound, and Conflict when she has no passport yet."""
    with beside(session) as reader:
        pool, spread = _person(reader, actor, person_id)
        jobs = read_vacancies(reader, actor)
        ranking = rank(pool, jobs, k=limit, side="people")
        shown = [jobs.vacancies[row] for row in _rows(ranking)]
        titles = vacancies.titles(reader, visible_vacancies(actor), shown)
    names = {vacancy: (vacancy, *about) for vacancy, about in titles.items()}
    matches = _matches(ranking, pool, jobs, spread, names)
    _record(session, actor, person_id, pool, jobs, len(matches))
    return Shortlist(matches, len(jobs), _counts(refusals(pool, jobs, side="people")[0]))


def beside(session: Session) -> Session:
    """Return a reading session beside one that will write, so that ranking does not keep other writers waiting."""
    return sessions(session.get_bind(), reading=True)()


def explain_candidate(
    session: Session, actor: Actor, vacancy_id: str, candidate_id: str
) -> explanations.ExplanationView:
    """Explain one candidate's fit; raises NotFound, for those who hire also when a gate refuses this person."""
    jobs = _vacancy(session, actor, vacancy_id)
    person_id: str | None = candidate_id
    if actor.role in HIRERS:
        person_id = accounts.person_of(session, str(actor.organisation), candidate_id)
    if person_id is None:
        raise NotFound()
    pool = read_pool(session, actor, Purpose.MATCHING, among=[person_id])
    if not len(pool):
        raise NotFound()
    spread = people.covariances(session, visible_people(actor, Purpose.MATCHING), [person_id], len(pool.skills))
    why = explain(pool, jobs, 0, 0, covariance=spread.get(person_id))
    if actor.role in HIRERS and "no" in why.gates.values():
        raise NotFound()  # which gate refuses would tell about a person what is hers to tell
    audit.record(session, actor.label, actor.organisation, "explanation-shown", vacancy_id, **_versions(pool, jobs))
    return explanations.view(why, pool, jobs, 0, 0)


def explain_vacancy(session: Session, actor: Actor, person_id: str, vacancy_id: str) -> explanations.ExplanationView:
    """Explain how a person fits one vacancy; raises NotFound, and Conflict when she has no passport yet."""
    pool, spread = _person(session, actor, person_id)
    jobs = read_vacancies(session, actor, only=vacancy_id)
    if not len(jobs):
        raise NotFound()
    why = explain(pool, jobs, 0, 0, covariance=spread.get(person_id))
    audit.record(session, actor.label, actor.organisation, "explanation-shown", person_id, **_versions(pool, jobs))
    return explanations.view(why, pool, jobs, 0, 0)


def read_pool(session: Session, actor: Actor, purpose: Purpose, among: list[str] | None = None) -> Pool:
    """Return the people the actor may see who have a passport, as a Pool; `among` restricts to a few hundred ids."""
    framework = load_framework()
    size = len(framework.skills)
    visible = visible_people(actor, purpose)
    rows = people.columns(session, visible, framework=framework.version, size=size, among=among)
    return pools.pool(rows, framework.skills, content.load().vocabulary)


def read_vacancies(session: Session, actor: Actor, *, only: str | None = None, open_only: bool = True) -> Vacancies:
    """Return the vacancies the actor may see, as Vacancies."""
    framework, visible = load_framework(), visible_vacancies(actor)
    rows = vacancies.columns(session, visible, framework=framework.version, only=only, open_only=open_only)
    return pools.vacancies(rows, framework.skills, content.load().vocabulary)


def _vacancy(session: Session, actor: Actor, vacancy_id: str) -> Vacancies:
    vacancy_service.find(session, actor, vacancy_id, own=actor.role in HIRERS)
    jobs = read_vacancies(session, actor, only=vacancy_id, open_only=False)
    if not len(jobs):
        raise Conflict("This vacancy was described for an older framework.", code="framework-changed")
    return jobs


def _person(session: Session, actor: Actor, person_id: str) -> tuple[Pool, Spread]:
    people_service.find(session, actor, person_id)
    purpose = Purpose.SELF if actor.person == person_id else Purpose.GUIDANCE
    pool = read_pool(session, actor, purpose, among=[person_id])
    if not len(pool):
        raise Conflict("This person has no passport yet.", code="no-passport")
    spread = people.covariances(session, visible_people(actor, purpose), [person_id], len(pool.skills))
    return pool, spread


def _names(session: Session, actor: Actor, shown: list[str]) -> dict[str, str]:
    """Return the name under which the actor may know each person."""
    if actor.role in HIRERS:
        return accounts.pseudonyms(session, str(actor.organisation), shown)
    return {person: person for person in shown}


def _matches(
    ranking: Ranking, pool: Pool, jobs: Vacancies, spread: Spread, names: Mapping[str, tuple[str, str, str]]
) -> tuple[Match, ...]:
    """Return the lines of a ranking of one row; `names` holds id, title and occupation to show of whom may be shown."""
    ranked = _rows(ranking)
    first = np.zeros_like(ranked)
    pairs = (ranked, first) if ranking.side == "vacancies" else (first, ranked)
    ids = pool.people if ranking.side == "vacancies" else jobs.vacancies
    notes = explanations.highlights(pool, jobs, *pairs)
    lines = []
    for place, (person, job) in enumerate(zip(*(side.tolist() for side in pairs), strict=True)):
        if (name := names.get(ids[ranked[place]])) is None:
            continue
        low, high = explain(pool, jobs, person, job, covariance=spread.get(pool.people[person])).interval
        line = Match(
            id=name[0],
            fit=explanations.number(ranking.fit[0, place]),
            fit_low=explanations.number(low),
            fit_high=explanations.number(high),
            reasons=notes[place].reasons,
            gaps=notes[place].gaps,
            unknown=explanations.unknown_gates(int(ranking.unknown[0, place])),
            measured=notes[place].measured,
            title=name[1],
            occupation=name[2],
        )
        lines.append(line)
    return tuple(lines)


def _rows(ranking: Ranking) -> NDArray[np.int64]:
    return ranking.ids[0][ranking.ids[0] >= 0].astype(np.int64)


def _record(session: Session, actor: Actor, subject: str, pool: Pool, jobs: Vacancies, shown: int) -> None:
    detail = {"people": len(pool), "vacancies": len(jobs), "shown": shown, **_versions(pool, jobs)}
    audit.record(session, actor.label, actor.organisation, "ranking-shown", subject, **detail)


def _versions(pool: Pool, jobs: Vacancies) -> dict[str, str]:
    return {"framework": load_framework().version, "inputs": fingerprint(pool, jobs)}


def fingerprint(pool: Pool, jobs: Vacancies) -> str:
    """Return a hash of everything a ranking is made from; says later whether it was made from the same."""
    digest = blake2b(digest_size=16)
    for table in (pool, jobs, pool.attributes, jobs.requirements):
        for name in getattr(table, "__dataclass_fields__", ()):
            if isinstance(column := getattr(table, name), np.ndarray):
                digest.update(column.tobytes())
    return digest.hexdigest()


def _counts(row: NDArray[np.int64]) -> dict[str, int]:
    return dict(zip(GATES, row.tolist(), strict=True))
