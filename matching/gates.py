"""Formal requirements: who may be considered at all, and why not.

Six gates. Each is one small function that answers yes, no or unknown for every pair; unknown passes, with a flag. A new
gate is one function and one line in `_GATES`. Answers are int8 of shape (people, vacancies), contiguous along people,
because whoever reads them goes through the people of one vacancy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from matching._checks import Bool, Float32, Float64, Int8, Int64, UInt8, check_choice, check_count
from matching.formal import Attributes, Requirements
from matching.problem import Pool, Vacancies, matched

YES, NO, UNKNOWN = 1, 0, -1
EARTH_KM = 6371.0088  # mean radius, IUGG

Side = Literal["vacancies", "people"]
SIDES = ("vacancies", "people")

BLOCK = 1 << 18  # pairs worked on at once: their distances still fit in the second-level cache
PEOPLE_AT_ONCE = 4096


def certificates(people: Attributes, vacancies: Requirements) -> Int8:
    """Answer yes when all needed certificates are held; unknown when one is missing from an incomplete list."""
    missing = (vacancies.certificates[:, None] & ~people.certificates) != 0
    return _answers(~missing, missing & ~people.certificates_known)


def limits(people: Attributes, vacancies: Requirements) -> Int8:
    """Answer yes when no demand touches a limit; never unknown."""
    touched = (vacancies.demands[:, None] & people.limits) != 0
    return _answers(~touched, np.zeros_like(touched))


def levels(people: Attributes, vacancies: Requirements) -> Int8:
    """Answer yes when every asked level is held, no when one is known to be lower, else unknown."""
    short = np.zeros((len(vacancies), len(people)), np.bool_)
    unsure = np.zeros_like(short)
    held, asked = people.levels, vacancies.levels
    if not held.shape[1]:
        held = np.full((len(people), asked.shape[1]), people.NOT_STATED, np.int8)
    for held_level, asked_level in zip(held.T, asked.T[:, :, None], strict=False):
        stated = held_level >= 0
        short |= stated & (held_level < asked_level)
        unsure |= ~stated & (asked_level > 0)
    return _answers(~(short | unsure), unsure & ~short)


def hours(people: Attributes, vacancies: Requirements) -> Int8:
    """Answer yes when the weekly ranges overlap, no when known ends exclude it, else unknown."""
    least, most = people.hours.T
    lowest, highest = vacancies.hours.T[:, :, None]
    apart = (least > highest) | (most < lowest)  # a comparison with NaN is false: it excludes nothing
    unsure = (np.isnan(least) & ~np.isnan(highest)) | (np.isnan(most) & ~np.isnan(lowest))
    return _answers(~(apart | unsure), unsure & ~apart)


def sector(people: Attributes, vacancies: Requirements) -> Int8:
    """Answer yes when the sector is wished for, or either side takes any; never unknown."""
    asked = vacancies.sector[:, None]
    wished = (people.sectors == 0) | (asked == 0) | ((people.sectors & asked) != 0)
    return _answers(wished, np.zeros_like(wished))


def reach(people: Attributes, vacancies: Requirements) -> Int8:
    """Answer yes when the great-circle distance is within reach, or the work is remote; unknown without both places.

    Compares squared chords in float64, one pair at a time, so no answer depends on which other pairs are asked about.
    """
    unsure = np.isnan(vacancies.location[:, :1]) | np.isnan(people.location[:, 0]) | np.isnan(people.reach_km)
    near = chord_squared(people.location, vacancies.location) <= _longest_chord_squared(people.reach_km)
    remote = vacancies.remote[:, None]
    return _answers(near | remote, unsure & ~remote)


_GATES: dict[str, Callable[[Attributes, Requirements], Int8]] = {
    "certificates": certificates,
    "limits": limits,
    "levels": levels,
    "hours": hours,
    "sector": sector,
    "reach": reach,
}
GATES = tuple(_GATES)  # bit i of Ranking.unknown belongs to GATES[i]


def answers(people: Attributes, vacancies: Requirements) -> Iterator[tuple[str, Int8]]:
    """Yield every gate's name and its answers of shape (people, vacancies)."""
    for name, gate in _GATES.items():
        yield name, gate(people, vacancies)


def judge(people: Attributes, vacancies: Requirements) -> tuple[Bool, UInt8]:
    """Return who may be considered, and the bits of the gates that could not be checked: both (people, vacancies)."""
    shape = len(vacancies), len(people)
    passed, unknown = np.ones(shape, np.bool_).T, np.zeros(shape, np.uint8).T
    for bit, (_, answer) in enumerate(answers(people, vacancies)):
        passed &= answer != NO
        unknown |= (answer == UNKNOWN).view(np.uint8) << np.uint8(bit)
    return passed, unknown


def refusals(
    pool: Pool, vacancies: Vacancies, side: Side = "vacancies", *, alone: bool = False, block: int = BLOCK
) -> Int64:
    """Count whom each gate refuses, int64 of shape (vacancies, 6), or (people, 6) for side "people"; columns as GATES.

    A pair that several gates refuse counts once for each; with `alone` it does not count, so that what is left is what
    lifting that one gate would open. Without gates all counts are 0. Works on about `block` pairs at a time, at 40
    bytes each. Raises FrameworkMismatch when the skills differ.
    """
    check_choice("side", side, SIDES)
    block = check_count("block", block, 1)
    counts = np.zeros((len(vacancies if side == "vacancies" else pool), len(GATES)), np.int64)
    sides = matched(pool, vacancies)
    if sides is None:
        return counts
    for some, jobs in tiles(len(pool), len(vacancies), PEOPLE_AT_ONCE, block):
        rows, across = (jobs, 0) if side == "vacancies" else (some, 1)
        refused = [answer == NO for _, answer in answers(sides[0].take(some), sides[1].take(jobs))]
        once = np.sum(refused, axis=0, dtype=np.uint8) == 1 if alone else True
        for gate, no in enumerate(refused):
            counts[rows, gate] += np.count_nonzero(no & once, axis=across)
    return counts


def tiles(people: int, vacancies: int, wide: int, block: int) -> Iterator[tuple[slice, slice]]:
    """Yield the slices of all tiles of at most `wide` people and about `block` pairs, people outermost, in order."""
    wide = max(1, min(people, wide, block))
    high = max(1, block // wide)
    for first in range(0, people, wide):
        for top in range(0, vacancies, high):
            yield slice(first, min(first + wide, people)), slice(top, min(top + high, vacancies))


def chord_squared(people: Float32, vacancies: Float32) -> Float64:
    """Return squared straight-line distances through a unit globe, float64 (vacancies, people); NaN if a place is."""
    here, there = _on_unit_sphere(people), _on_unit_sphere(vacancies)[:, :, None]
    total: Float64 = (there[0] - here[0]) ** 2
    for axis in 1, 2:
        total += (there[axis] - here[axis]) ** 2
    return total


def kilometres(chord_squared: Float64) -> Float64:
    """Return the great-circle distance that belongs to a squared chord of the unit globe."""
    half_angle: Float64 = np.arcsin(np.minimum(np.sqrt(chord_squared) / 2.0, 1.0))
    return 2.0 * EARTH_KM * half_angle


def _longest_chord_squared(reach_km: Float32) -> Float64:
    half_angle = reach_km.astype(np.float64) / (2.0 * EARTH_KM)
    return np.where(half_angle >= np.pi / 2.0, np.inf, (2.0 * np.sin(half_angle)) ** 2)


def _on_unit_sphere(location: Float32) -> Float64:
    north, east = np.ascontiguousarray(np.radians(location.T.astype(np.float64)))
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])


def _answers(yes: Bool, unknown: Bool) -> Int8:
    """Combine (vacancies, people) masks that exclude each other into answers of shape (people, vacancies)."""
    return (yes.view(np.int8) - unknown.view(np.int8)).T
