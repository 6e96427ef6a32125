"""A person among vacancies: what one change would open to her, where she stands, and what separates her from others.

Every answer is what ranking again with the changed input would give. Limits are not among the changes: they are what
somebody cannot do, and for the vacancy to relax (see matching.demands).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching._checks import HIGHEST_LEVEL, HOURS_A_WEEK, KILOMETRES, Bits, Float32, Float64, Int32, Int64, frozen
from matching._pair import ask_of, row_of
from matching.fit import all_fits, fits, level_table
from matching.formal import Attributes, Requirements
from matching.gates import judge
from matching.problem import Pool, Vacancies, matched
from matching.rank import tie_keys

KM, HOURS = 10.0, 4.0
HIGHEST_LANGUAGE = 6


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """Name one change of a person's attributes and what it opens.

    gate: the name in GATES. change: the bit of a certificate or sector as a number, kilometres of reach, hours a week
    (below 0: willing to work that many fewer), or 1 level. column: of levels; -1 for everything else.
    vacancies: int32 rows that no gate refuses after the change and one did before, best fit first. fit: float32,
    beside them, NaN for a vacancy that asks nothing.
    """

    gate: str
    change: float
    column: int
    vacancies: Int32
    fit: Float32


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """Say what separates a person from the one next to her in a ranking, in float64.

    person: the row. fit: that person's. gap: that fit less one's own. by_skill: (skills,), the other's contribution
    less one's own; sums to gap, NaN when the vacancy asks nothing. Equal fits are ordered by the seeded hash of ids.
    """

    person: int
    fit: float
    gap: float
    by_skill: Float64


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """Say where a person stands: place 1 is best, None when a gate refuses her; `among` people may be considered."""

    place: int | None
    among: int
    above: Neighbour | None
    below: Neighbour | None


def openings(
    pool: Pool, vacancies: Vacancies, person: int, *, km: float = KM, hours: float = HOURS, seed: int = 0
) -> tuple[Opening, ...]:
    """Return what single changes would open to one person, given as a row: those that open most come first.

    Each certificate and sector that some vacancy names, `km` more reach, `hours` a week more or fewer, one level more
    in each column; what is unknown is not changed. Empty when no gate is applied. Raises IndexError on a row that does
    not exist, FrameworkMismatch when the skills differ, ValueError unless km and hours are above 0.
    """
    person, sides = row_of("person", person, len(pool)), matched(pool, vacancies)
    if not (km > 0 and hours > 0):
        raise ValueError(f"km, hours: {km} and {hours} came, numbers above 0 were expected")
    if sides is None:
        return ()
    has, asks = sides[0].take([person]), sides[1]
    before, _ = judge(has, asks)
    table = level_table(pool.mean[[person]], pool.sd[[person]])
    fit = all_fits(table, vacancies.band, vacancies.importance)[:, 0]
    ties, found = tie_keys(vacancies.keys, seed), []
    for gate, change, column, columns in _changes(has, asks, km, hours):
        after, _ = judge(Attributes(**{**has.columns(), **columns}), asks)
        opened = best_first(np.flatnonzero(after[0] & ~before[0]), fit, ties).astype(np.int32)
        if len(opened):
            found.append(Opening(gate, change, column, frozen(opened), frozen(fit[opened])))
    return tuple(sorted(found, key=lambda each: -len(each.vacancies)))


def best_first(rows: Int64, fit: Float32, ties: Bits) -> Int64:
    """Return rows ordered as a ranking orders them: best fit first, missing ones last, equal ones by their ties."""
    return rows[np.lexsort((ties[rows], -np.where(np.isnan(fit[rows]), np.float32(-1.0), fit[rows])))]


def bits_of(mask: int) -> list[int]:
    """Return the single bits of a mask, lowest first."""
    return [1 << bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def _changes(
    has: Attributes, asks: Requirements, km: float, hours: float
) -> Iterator[tuple[str, float, int, dict[str, object]]]:
    """Yield gate, change, column, and the columns of attributes as they would be."""
    needed = int(np.bitwise_or.reduce(asks.certificates, initial=np.uint64(0)))
    for bit in bits_of(needed & ~int(has.certificates[0])):
        yield "certificates", bit, -1, {"certificates": has.certificates | np.uint64(bit)}
    for column, held in enumerate(has.levels[0]):
        if 0 <= held < (HIGHEST_LANGUAGE if column else HIGHEST_LEVEL):
            levels = has.levels.copy()
            levels[0, column] += 1
            yield "levels", 1, column, {"levels": levels}
    least, most = has.hours[0]
    if most < HOURS_A_WEEK:
        yield "hours", hours, -1, {"hours": [[least, min(most + np.float32(hours), np.float32(HOURS_A_WEEK))]]}
    if least > 0:
        yield "hours", -hours, -1, {"hours": [[max(least - np.float32(hours), np.float32(0.0)), most]]}
    named = int(np.bitwise_or.reduce(asks.sector, initial=np.uint32(0)))
    for bit in bits_of(named & ~int(has.sectors[0])) if has.sectors[0] else ():
        yield "sector", bit, -1, {"sectors": has.sectors | np.uint32(bit)}
    if has.reach_km[0] < KILOMETRES:
        yield "reach", km, -1, {"reach_km": np.minimum(has.reach_km + np.float32(km), np.float32(KILOMETRES))}


def position(pool: Pool, vacancies: Vacancies, person: int, vacancy: int, *, seed: int = 0) -> Position:
    """Return where one person stands in the ranking of one vacancy, both given as rows, beside whom, and why.

    The place is that of `rank` with the same seed. Cost: the gates of one vacancy for everybody, the fits of those they
    let pass. Raises IndexError on a row that does not exist, FrameworkMismatch when the skills differ.
    """
    sides = matched(pool, vacancies)
    person, vacancy = row_of("person", person, len(pool)), row_of("vacancy", vacancy, len(vacancies))
    rows = np.arange(len(pool))
    if sides is not None:
        rows = np.flatnonzero(judge(sides[0], sides[1].take([vacancy]))[0][:, 0])
    some = fits_of(pool, vacancies, rows, vacancy)
    order = rows[best_first(np.arange(len(rows)), some, tie_keys(pool.keys, seed)[rows])]
    at = np.flatnonzero(order == person)
    if not at.size:
        return Position(None, len(rows), None, None)
    beside = [order[place] if 0 <= place < len(order) else None for place in (at[0] - 1, at[0] + 1)]
    above, below = (
        None if other is None else _neighbour(pool, vacancies, person, int(other), vacancy) for other in beside
    )
    return Position(int(at[0]) + 1, len(rows), above, below)


def fits_of(pool: Pool, vacancies: Vacancies, people: Int64, vacancy: int) -> Float32:
    """Return the canonical fits of some people to one vacancy, from the skills it asks alone."""
    asked = np.flatnonzero(vacancies.band[vacancy])
    table = level_table(pool.mean[people][:, asked], pool.sd[people][:, asked])
    return fits(table, vacancies.band[vacancy, asked], vacancies.importance[vacancy, asked])


def _neighbour(pool: Pool, vacancies: Vacancies, person: int, other: int, vacancy: int) -> Neighbour:
    mine, theirs = (ask_of(pool, vacancies, row, vacancy) for row in (person, other))
    by_skill = np.zeros(len(pool.skills))
    by_skill[mine.asked] = theirs.contribution() - mine.contribution()
    if not mine.skills:
        return Neighbour(other, np.nan, np.nan, frozen(np.full(len(pool.skills), np.nan)))
    return Neighbour(other, min(float(theirs.contribution().sum()), 1.0), float(by_skill.sum()), frozen(by_skill))
