"""Reports over everybody an organisation guides: who fits where, and who has no option and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.access import Actor, Purpose, Role
from api.services import shortlists
from matching import GATES, Pool, Ranking, Vacancies, rank, refusals

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class WithoutOption:
    """A person no vacancy is open to: what refuses her, and the one gate whose lifting would open most, if any."""

    person: str
    refusals: dict[str, int]
    relax: str | None
    opens: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everybody matched both ways. `visible` are those employers can find, `guided` those the organisation guides."""

    visible: Pool
    guided: Pool
    jobs: Vacancies
    for_vacancies: Ranking
    for_people: Ranking
    without: tuple[WithoutOption, ...]


def overview(session: Session, organisation: str, k: int, people_done: Progress, vacancies_done: Progress) -> Overview:
    """Match everybody both ways, the best k each; the two functions are told how far it is."""
    guide, hirer = Actor(Role.CASEWORKER, organisation=organisation), Actor(Role.ADMIN, organisation=organisation)
    guided = shortlists.read_pool(session, guide, Purpose.GUIDANCE)
    visible = shortlists.read_pool(session, hirer, Purpose.MATCHING)
    jobs = shortlists.read_vacancies(session, guide)
    for_vacancies = rank(visible, jobs, k=k, progress=vacancies_done)
    for_people = rank(guided, jobs, k=k, side="people", progress=people_done)
    lonely = guided.take(np.flatnonzero(for_people.ids[:, 0] < 0))
    return Overview(visible, guided, jobs, for_vacancies, for_people, _without(lonely, jobs))


def _without(lonely: Pool, jobs: Vacancies) -> tuple[WithoutOption, ...]:
    refused = refusals(lonely, jobs, side="people")
    alone = refusals(lonely, jobs, side="people", alone=True)
    return tuple(_line(*each) for each in zip(lonely.people, refused, alone, strict=True))


def _line(person: str, refused: NDArray[np.int64], alone: NDArray[np.int64]) -> WithoutOption:
    best = int(alone.argmax())
    counts = {GATES[gate]: int(refused[gate]) for gate in np.argsort(-refused, kind="stable") if refused[gate]}
    return WithoutOption(person, counts, GATES[best] if alone[best] else None, int(alone[best]))
