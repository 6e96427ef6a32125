"""The hot loops: all pairs of some blocks and some vacancies, most of them never touched.

Arithmetic only: no checks, no defaults. The fit is canonical to the bit (see matching.fit): float32, skill by skill,
products rounded before sums, so neither fast-math nor fused multiply-add may be switched on here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from matching._blocks import NEVER, NO_FIT, Asks, Best, Blocks, Lists
from matching._checks import Bits, Float64, UInt8
from matching._lanes import LANES, bounded, lowest_bit

Function = TypeVar("Function", bound=Callable[..., Any])

NOTHING, ONE, HALF, LOW = np.uint64(0), np.uint64(1), np.uint64(32), np.uint64(2**32 - 1)
NOUGHT, FULL = np.float32(0.0), np.float32(1.0)
UNKNOWN_CERTIFICATES, UNKNOWN_LEVELS, UNKNOWN_HOURS, UNKNOWN_REACH = 1, 4, 8, 32

# _nrt=False: arrays are not counted. Kernels make none, and counters shared by threads cost ten times the arithmetic.
_compiler: Any = njit


def kernel(function: Function) -> Function:
    """Compile without holding Python's lock, and keep the machine code."""
    return cast(Function, _compiler(nogil=True, cache=True, error_model="numpy", _nrt=False)(function))


def part(function: Function) -> Function:
    """Compile into whoever calls it."""
    return cast(Function, _compiler(forceinline=True, error_model="numpy", _nrt=False)(function))


@part
def _far(reach: Float64, block: int, ball: int, asks: Asks, job: int) -> bool:
    dx = asks.places[job, 0] - reach[block, ball, 0]
    dy = asks.places[job, 1] - reach[block, ball, 1]
    dz = asks.places[job, 2] - reach[block, ball, 2]
    return not asks.everywhere[job] and dx * dx + dy * dy + dz * dz > reach[block, ball, 3]


@part
def _select(chosen: Bits, only: Bits, planes: Bits, block: int, asks: Asks, job: int) -> None:
    """Put together who passes the gates of a vacancy as far as bits can tell; `only` may be empty: no mask."""
    first = asks.gate_firsts[job]
    row = asks.gates[first]
    for word in range(len(chosen)):
        chosen[word] = planes[block, row, word]
    for entry in range(first + 1, asks.gate_firsts[job + 1]):
        row = asks.gates[entry]
        for word in range(len(chosen)):
            chosen[word] &= planes[block, row, word]
    if len(only) > 0:
        for word in range(len(chosen)):
            chosen[word] &= only[block, word]


@part
def _fit(blocks: Blocks, block: int, lane: int, asks: Asks, job: int) -> Any:
    first, last = asks.firsts[job], asks.firsts[job + 1]
    if first == last:
        return NO_FIT
    total = np.float32(0.0)
    for entry in range(first, last):
        total += asks.importance[entry] * blocks.fits[block, lane, asks.columns[entry]]
    return min(total, FULL)


@part
def _tie(key: Any, step: Any) -> Any:
    mixed = key + step
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@part
def _out_of_reach(blocks: Blocks, block: int, lane: int, asks: Asks, job: int) -> bool:
    dx = asks.places[job, 0] - blocks.places[block, lane, 0]
    dy = asks.places[job, 1] - blocks.places[block, lane, 1]
    dz = asks.places[job, 2] - blocks.places[block, lane, 2]
    return not asks.everywhere[job] and dx * dx + dy * dy + dz * dz > blocks.places[block, lane, 3]


@part
def _refused_by_hours(blocks: Blocks, block: int, lane: int, asks: Asks, job: int) -> Any:
    return blocks.hours[block, lane, 0] > asks.hours[job, 1] or blocks.hours[block, lane, 1] < asks.hours[job, 0]


@part
def _unknown(blocks: Blocks, block: Any, lane: Any, asks: Asks, job: Any) -> int:
    """Return the unknown gates of somebody who is not refused."""
    found = 0
    least, most = np.isnan(blocks.hours[block, lane, 0]), np.isnan(blocks.hours[block, lane, 1])
    if (least and not np.isnan(asks.hours[job, 1])) or (most and not np.isnan(asks.hours[job, 0])):
        found |= UNKNOWN_HOURS
    if asks.certificates[job] & ~blocks.certificates[block, lane] != NOTHING:
        found |= UNKNOWN_CERTIFICATES
    for column in range(asks.levels.shape[1]):
        held = blocks.levels[block, lane, column] if column < blocks.levels.shape[2] else np.int8(-1)
        if asks.levels[job, column] > 0 and held < 0:
            found |= UNKNOWN_LEVELS
    placeless = np.isnan(blocks.places[block, lane, 0]) or np.isnan(blocks.places[block, lane, 3])
    if asks.placeless[job] or (placeless and not asks.everywhere[job]):
        found |= UNKNOWN_REACH
    return found


@part
def _entry(order: Any, number: Any) -> Any:
    """Put a fit and a number into 64 bits: those of fits from 0 on rise as the fits do; 0 is left for no fit."""
    bits = NOTHING if order < 0.0 else np.uint64(np.float32(order).view(np.uint32)) + ONE
    return bits << HALF | np.uint64(number)


@part
def _before(entry: Any, other: Any, lists: Lists, step: Any) -> Any:
    """Tell whether an entry ranks before another one: by fit, then by the seeded hash of the candidate."""
    if entry >> HALF != other >> HALF:
        return entry > other
    return _tie(lists.keys[entry & LOW], step) < _tie(lists.keys[other & LOW], step)


@part
def _order(entry: Any) -> Any:
    bits = entry >> HALF
    return NO_FIT if bits == NOTHING else np.uint32(bits - ONE).view(np.float32)


@part
def _enters(lists: Lists, row: int, entry: Any, step: Any) -> Any:
    if len(lists.taken) == 0:
        return False
    return lists.taken[row] < lists.entries.shape[1] or _before(entry, lists.entries[row, 0], lists, step)


@part
def _sink(lists: Lists, row: int, size: Any, entry: Any, step: Any) -> None:
    """Put an entry in place of the first one of a heap, whose worst entry stands first."""
    at, below = 0, 1
    while below < size:
        if below + 1 < size and _before(lists.entries[row, below], lists.entries[row, below + 1], lists, step):
            below += 1
        if not _before(entry, lists.entries[row, below], lists, step):
            break
        lists.entries[row, at] = lists.entries[row, below]
        at, below = below, 2 * below + 1
    lists.entries[row, at] = entry


@part
def _enter(lists: Lists, row: int, entry: Any, step: Any, scale: float) -> Any:
    """Put an entry on a heap and return the least bound with which anybody could enter from now on."""
    places, at = lists.entries.shape[1], lists.taken[row]
    if at == places:
        _sink(lists, row, places, entry, step)
    else:
        lists.taken[row] = at + 1
        while at > 0 and _before(lists.entries[row, (at - 1) >> 1], entry, lists, step):
            lists.entries[row, at] = lists.entries[row, (at - 1) >> 1]
            at = (at - 1) >> 1
        lists.entries[row, at] = entry
    if lists.taken[row] < places:
        return np.uint16(0)
    return np.uint16(min(np.ceil(max(_order(lists.entries[row, 0]), NOUGHT) * scale), NEVER))


@part
def _consider(
    blocks: Blocks, block: int, lane: int, asks: Asks, job: int, of_jobs: Lists, of_people: Lists, limits: Any, at: Any
) -> None:
    """Offer one person to one vacancy and the reverse; `at` holds base, scale and step, `limits` those of each side."""
    if _out_of_reach(blocks, block, lane, asks, job):
        return
    base, scale, step = at
    here = block * blocks.rows.shape[1] + lane
    order = _fit(blocks, block, lane, asks, job)
    person, vacancy = _entry(order, base + here), _entry(order, job)
    for_job, for_person = _enters(of_jobs, job, person, step), _enters(of_people, here, vacancy, step)
    if not (for_job or for_person) or _refused_by_hours(blocks, block, lane, asks, job):
        return
    if for_job:
        limits[0][job] = _enter(of_jobs, job, person, step, scale)
    if for_person:
        limits[1][here] = _enter(of_people, here, vacancy, step, scale)


@part
def _left(
    blocks: Blocks, bounds: UInt8, block: int, word: int, asks: Asks, job: int, limits: Any, own: int, among: Any
) -> Any:
    """Return who of a word could still enter a list, by their bounds; everybody when nothing is asked."""
    first, last = asks.firsts[job], asks.firsts[job + 1]
    if first == last:
        return among
    lanes = blocks.bounds.shape[2]
    start = block * blocks.bounds.shape[1] * lanes + word * LANES
    place = own * (block * lanes + word * LANES)
    entries = asks.heavy, asks.weights, first, asks.middles[job], last, asks.rests[job]
    return bounded(bounds, start, lanes, *entries, limits[0][job], limits[1], place, among)


@kernel
def scan(
    blocks: Blocks,
    only: Bits,
    asks: Asks,
    of_jobs: Lists,
    of_people: Lists,
    limits: Any,
    at: Any,
    chosen: Bits,
    first_block: int,
    last_block: int,
    first_job: int,
    last_job: int,
) -> None:
    """Offer the people of some blocks to some vacancies and the reverse; block outermost, so that it stays cached."""
    bounds, own = blocks.bounds.reshape(-1), min(len(of_people.taken), 1)
    for block in range(first_block, last_block):
        for job in range(first_job, last_job):
            if _far(blocks.reach, block, 0, asks, job):
                continue
            _select(chosen, only, blocks.planes, block, asks, job)
            for word in range(len(chosen)):
                if chosen[word] == NOTHING or _far(blocks.reach, block, 1 + word, asks, job):
                    continue
                left = _left(blocks, bounds, block, word, asks, job, limits, own, chosen[word])
                while left != NOTHING:
                    lane = word * LANES + lowest_bit(left)
                    _consider(blocks, block, lane, asks, job, of_jobs, of_people, limits, at)
                    left &= left - ONE


@kernel
def sort(lists: Lists, first_row: int, last_row: int, at: Any) -> None:
    """Turn heaps into lists, best first."""
    for row in range(first_row, last_row):
        for size in range(lists.taken[row] - 1, 0, -1):
            last = lists.entries[row, size]
            lists.entries[row, size] = lists.entries[row, 0]
            _sink(lists, row, size, last, at[2])


@part
def _write(best: Best, row: int, place: int, entry: Any, who: Any, unknown: int, lists: Lists, step: Any) -> None:
    best.ids[row, place] = who
    best.order[row, place] = _order(entry)
    best.unknown[row, place] = unknown
    best.tie[row, place] = _tie(lists.keys[entry & LOW], step)


@kernel
def write_jobs(blocks: Blocks, asks: Asks, of_jobs: Lists, best: Best, at: Any, first_job: int, last_job: int) -> None:
    """Write out the lists of some vacancies, as far as the people in them stand in these blocks."""
    base, _, step = at
    lanes = blocks.rows.shape[1]
    for job in range(first_job, last_job):
        for place in range(of_jobs.taken[job]):
            entry = of_jobs.entries[job, place]
            here = np.int64(entry & LOW) - base
            if 0 <= here < blocks.rows.size:
                block, lane = here // lanes, here % lanes
                unknown = _unknown(blocks, block, lane, asks, job)
                _write(best, asks.rows[job], place, entry, blocks.rows[block, lane], unknown, of_jobs, step)


@kernel
def write_people(
    blocks: Blocks, asks: Asks, of_people: Lists, best: Best, at: Any, first_block: int, last_block: int
) -> None:
    """Write out the lists of the people in some blocks."""
    lanes = blocks.rows.shape[1]
    for block in range(first_block, last_block):
        for lane in range(lanes):
            here = block * lanes + lane
            for place in range(of_people.taken[here]):
                entry = of_people.entries[here, place]
                job = np.int64(entry & LOW)
                unknown = _unknown(blocks, block, lane, asks, job)
                _write(best, blocks.rows[block, lane], place, entry, asks.rows[job], unknown, of_people, at[2])
