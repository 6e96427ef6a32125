"""A vacancy among people: what each of its demands costs in people, and what relaxing it opens.

Every answer is what ranking again with the changed input would give. Requirement inflation is often the cause of an
empty list: here the employer sees which demand empties it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching._checks import HOURS_A_WEEK, KILOMETRES, Bool, Int64, frozen
from matching._pair import row_of
from matching.counterfactual import HOURS, KM, bits_of, fits_of
from matching.formal import Attributes, Requirements
from matching.gates import judge, refusals
from matching.problem import Pool, Vacancies, matched

WISHED = 0.7


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Name one demand relaxed and what that opens.

    gate: the name in GATES. change: the bit of a certificate or demand as a number, 1 level, hours a week (below 0: the
    least asked is lowered), kilometres everybody could come from further (infinite: work from home), the sector's bit.
    column: of levels; -1 for everything else.
    opens: people whom no gate refuses then and one does now. fitting: those of them with the wished fit.
    """

    gate: str
    change: float
    column: int
    opens: int
    fitting: int


@dataclass(frozen=True, slots=True)
class Easing:
    """Say how many more people reach the wished fit when one skill is asked at one band less."""

    skill: str
    band: int
    more: int


@dataclass(frozen=True, slots=True, eq=False)
class Demands:
    """Hold what one vacancy's demands cost.

    people: who may be considered. fitting: those with the wished fit or more.
    refused, alone: int64 (6,), people each gate refuses, and those it alone refuses; columns as GATES.
    gates: relaxations that open something, most people first. skills: each asked skill above band 1, most people first.
    """

    people: int
    fitting: int
    refused: Int64
    alone: Int64
    gates: tuple[Relaxation, ...]
    skills: tuple[Easing, ...]


def demands(
    pool: Pool, vacancies: Vacancies, vacancy: int, *, wished: float = WISHED, km: float = KM, hours: float = HOURS
) -> Demands:
    """Return what the demands of one vacancy, given as a row, cost, and what relaxing each one alone would open.

    One certificate or demand less, one level less in each column, `hours` a week wider at either end, any sector,
    everybody from `km` further, work from home; and every asked skill one band lower (band 1 is the lowest there is).
    Raises IndexError on a row that does not exist, FrameworkMismatch when the skills differ, ValueError unless
    `wished` is in [0, 1] and km and hours are above 0.
    """
    vacancy, sides = row_of("vacancy", vacancy, len(vacancies)), matched(pool, vacancies)
    if not (0 <= wished <= 1 and km > 0 and hours > 0):
        came = f"{wished}, {km} and {hours}"
        raise ValueError(f"wished, km, hours: {came} came, a share and two numbers above 0 were expected")
    one = vacancies.take([vacancy])
    passed, opened = np.ones(len(pool), np.bool_), []
    if sides is not None:
        people, asks = sides[0], sides[1].take([vacancy])
        passed = judge(people, asks)[0][:, 0]
        for gate, change, column, others, other in _relaxations(people, asks, km, hours):
            opened.append((gate, change, column, judge(others, other)[0][:, 0] & ~passed))
    anybody = np.flatnonzero(np.logical_or.reduce([passed, *(each[-1] for each in opened)]))
    fitting = np.zeros(len(pool), np.bool_)
    fitting[anybody] = fits_of(pool, one, anybody, 0) >= np.float32(wished)
    relaxed = [
        Relaxation(gate, change, column, int(some.sum()), int((some & fitting).sum()))
        for gate, change, column, some in opened
        if some.any()
    ]
    return Demands(
        people=int(passed.sum()),
        fitting=int((passed & fitting).sum()),
        refused=frozen(refusals(pool, one)[0]),
        alone=frozen(refusals(pool, one, alone=True)[0]),
        gates=tuple(sorted(relaxed, key=lambda each: (-each.opens, -each.fitting))),
        skills=tuple(sorted(_eased(pool, one, passed, fitting, wished), key=lambda each: -each.more)),
    )


def _eased(pool: Pool, one: Vacancies, passed: Bool, fitting: Bool, wished: float) -> Iterator[Easing]:
    people, before = np.flatnonzero(passed), int((passed & fitting).sum())
    for skill in np.flatnonzero(one.band[0] > 1):
        band = one.band.copy()
        band[0, skill] -= 1
        lower = Vacancies(one.vacancies, one.skills, band, one.importance)
        after = int((fits_of(pool, lower, people, 0) >= np.float32(wished)).sum())
        yield Easing(one.skills[skill], int(band[0, skill]), after - before)


def _relaxations(
    people: Attributes, asks: Requirements, km: float, hours: float
) -> Iterator[tuple[str, float, int, Attributes, Requirements]]:
    """Yield gate, change, column, and both sides as they would be."""
    further = np.minimum(people.reach_km + np.float32(km), np.float32(KILOMETRES))
    yield "reach", km, -1, Attributes(**{**people.columns(), "reach_km": further}), asks
    for gate, change, column, columns in _changes(asks, hours):
        yield gate, change, column, people, Requirements(**{**asks.columns(), **columns})


def _changes(asks: Requirements, hours: float) -> Iterator[tuple[str, float, int, dict[str, object]]]:
    for bit in bits_of(int(asks.certificates[0])):
        yield "certificates", bit, -1, {"certificates": asks.certificates & ~np.uint64(bit)}
    for bit in bits_of(int(asks.demands[0])):
        yield "limits", bit, -1, {"demands": asks.demands & ~np.uint64(bit)}
    for column in np.flatnonzero(asks.levels[0] > 0):
        levels = asks.levels.copy()
        levels[0, column] -= 1
        yield "levels", 1, int(column), {"levels": levels}
    lowest, highest = asks.hours[0]
    if highest < HOURS_A_WEEK:
        yield "hours", hours, -1, {"hours": [[lowest, min(highest + np.float32(hours), np.float32(HOURS_A_WEEK))]]}
    if lowest > 0:
        yield "hours", -hours, -1, {"hours": [[max(lowest - np.float32(hours), np.float32(0.0)), highest]]}
    yield "sector", int(asks.sector[0]), -1, {"sector": np.zeros_like(asks.sector)}
    yield "reach", np.inf, -1, {"remote": np.ones_like(asks.remote)}
