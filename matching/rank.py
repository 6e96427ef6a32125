"""The best k, either side: for every vacancy its best people, or for every person their best vacancies.

Exact and deterministic. Candidates are those no gate refuses, by fit from high to low; a fit that does not exist (NaN)
comes after all others; equal fits are ordered by a seeded hash of the candidates' ids, so neither the id itself nor the
row it stands in helps anybody. Block size, sharding and machine load do not change a bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching._blocks import NO_FIT, REFUSED, Best, no_best
from matching._checks import (
    Bits,
    Bool,
    Float32,
    Int32,
    Int64,
    UInt8,
    as_array,
    check_choice,
    check_count,
    flags,
    frozen,
    store,
)
from matching.fit import all_fits, level_table
from matching.formal import Attributes, Requirements
from matching.gates import BLOCK, PEOPLE_AT_ONCE, SIDES, Side, judge, tiles
from matching.problem import Pool, Vacancies, matched

WORTH_AN_INDEX = 2_000_000  # pairs that take numpy longer than numba takes to load


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Hold the best k candidates of every row, best first. Arrays have shape (rows, k).

    side: "vacancies" (rows are vacancies, ids are people) or "people" (the reverse).
    ids: int32 row numbers of the ranked side; -1 pads when fewer than k may be considered.
    fit: float32, falling; NaN for pads and for vacancies that ask nothing.
    unknown: uint8, bit i set when gate GATES[i] could not be checked.
    tie: uint64, what orders equal fits, rising.
    size: how many candidates there were in all, considered or not.
    """

    side: Side
    ids: Int32
    fit: Float32
    unknown: UInt8
    tie: Bits
    size: int

    def __post_init__(self) -> None:
        check_choice("side", self.side, SIDES)
        arrays = {name: as_array(name, getattr(self, name)) for name in ("ids", "fit", "unknown", "tie")}
        shapes = {name: array.shape for name, array in arrays.items()}
        if arrays["ids"].ndim != 2 or len(set(shapes.values())) > 1:
            raise ValueError(f"shapes {shapes} came, four times (rows, k) was expected")
        kinds = {"ids": np.int32, "fit": np.float32, "unknown": np.uint8, "tie": np.uint64}
        for name, kind in kinds.items():
            if arrays[name].dtype != kind:
                raise TypeError(f"{name}: {arrays[name].dtype} came, {np.dtype(kind)} was expected")
        store(self, size=check_count("size", self.size, 0), **{name: frozen(array) for name, array in arrays.items()})

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ranking):
            return NotImplemented
        return (
            (self.side, self.size) == (other.side, other.size)
            and np.array_equal(self.ids, other.ids)
            and np.array_equal(self.fit, other.fit, equal_nan=True)
            and np.array_equal(self.unknown, other.unknown)
            and np.array_equal(self.tie, other.tie)
        )


def rank(
    pool: Pool,
    vacancies: Vacancies,
    *,
    k: int = 20,
    side: Side = "vacancies",
    seed: int = 0,
    only_people: object = None,
    only_vacancies: object = None,
    threads: int | None = None,
    block: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ranking:
    """Return the k best candidates for every vacancy, or with side="people" for every person.

    `seed` orders equal fits. `only_people` and `only_vacancies` are one true or false per row: the others are refused,
    and their own rows hold pads only; row numbers stay those of the whole. Large problems go by way of a PoolIndex on
    `threads` processors (None: all), small ones through numpy, as does everything when `block` is given: about how many
    pairs are worked on at once, at 100 bytes each, beside 20 bytes per skill for each of at most 4,096 people.
    `progress(done, total)` is called now and then with numbers of pairs, and at the end. Raises FrameworkMismatch when
    the skills differ, ValueError or TypeError on arguments out of range.
    """
    check_choice("side", side, SIDES)
    k, size = check_count("k", k, 1), BLOCK if block is None else check_count("block", block, 1)
    if threads is not None:
        check_count("threads", threads, 1)
    if block is None and len(pool) * len(vacancies) >= WORTH_AN_INDEX:
        from matching.index import PoolIndex, worth_an_index  # numba takes longer to load than small problems

        if worth_an_index(len(pool), len(vacancies)):
            some = {"only_people": only_people, "only_vacancies": only_vacancies}
            index = PoolIndex(pool, threads=threads)
            return index.rank(vacancies, k=k, side=side, seed=seed, threads=threads, progress=progress, **some)
    people = chosen("only_people", only_people, len(pool))
    jobs = chosen("only_vacancies", only_vacancies, len(vacancies))
    return by_numpy(pool, vacancies, k, side, seed, people, jobs, size, progress)


def by_numpy(
    pool: Pool,
    vacancies: Vacancies,
    k: int,
    side: Side,
    seed: int,
    only_people: Bool | None = None,
    only_vacancies: Bool | None = None,
    block: int = BLOCK,
    progress: Callable[[int, int], None] | None = None,
) -> Ranking:
    """Return what `rank` returns from checked arguments, tile by tile, without an index."""
    sides = matched(pool, vacancies)
    rows, ranked = (vacancies, pool) if side == "vacancies" else (pool, vacancies)
    ties = tie_keys(ranked.keys, seed)
    best = _Best(len(rows), k)
    wide = PEOPLE_AT_ONCE if side == "vacancies" else PEOPLE_AT_ONCE // 8  # long rows make for few selections
    table, done = np.empty((0, 0), np.float32), 0
    for some, jobs in tiles(len(pool), len(vacancies), wide, block):
        if jobs.start == 0:
            table = level_table(pool.mean[some], pool.sd[some])
        order, unknown = _tile(table, vacancies, jobs, sides and (sides[0].take(some), sides[1].take(jobs)))
        if only_people is not None:
            order[:, ~only_people[some]] = REFUSED
        if only_vacancies is not None:
            order[~only_vacancies[jobs]] = REFUSED
        if side == "vacancies":
            best.offer(order, unknown, ties[some], jobs.start, some.start)
        else:
            best.offer(np.ascontiguousarray(order.T), unknown.T, ties[jobs], some.start, jobs.start)
        done += order.size
        if progress is not None:
            progress(done, len(pool) * len(vacancies))
    return new_ranking(side, best.lists, len(ranked))


def merge(*rankings: Ranking, k: int | None = None) -> Ranking:
    """Return the ranking over all candidates from rankings of shards of them, in the order of the shards.

    merge(rank(a, v), rank(b, v)) == rank(a + b, v), and in any grouping. Ids of later shards are shifted by the sizes
    of the earlier ones. `k` is at most the width of the narrowest ranking, which is the default: nobody knows who comes
    after that. Raises ValueError when sides or numbers of rows differ, or nothing came.
    """
    if not rankings:
        raise ValueError("no ranking came, at least one was expected")
    first, narrowest = rankings[0], min(each.ids.shape[1] for each in rankings)
    k = narrowest if k is None else check_count("k", k, 1)
    if k > narrowest:
        raise ValueError(f"k: {k} came, at most {narrowest} was expected: the width of the narrowest ranking")
    if any((each.side, len(each)) != (first.side, len(first)) for each in rankings):
        raise ValueError(
            f"{[(each.side, len(each)) for each in rankings]} came, one side and number of rows was expected"
        )
    size = sum(each.size for each in rankings)
    if size > np.iinfo(np.int32).max:
        raise ValueError(f"{size} candidates came, at most {np.iinfo(np.int32).max} was expected")
    starts = np.cumsum([0] + [each.size for each in rankings[:-1]])
    ids = np.hstack(
        [np.where(each.ids < 0, -1, each.ids + start) for each, start in zip(rankings, starts, strict=True)]
    )
    fit, unknown, tie = (np.hstack([getattr(each, name) for each in rankings]) for name in ("fit", "unknown", "tie"))
    order = np.where(ids < 0, REFUSED, np.where(np.isnan(fit), NO_FIT, fit))
    at = np.arange(len(first))[:, None], np.lexsort((tie, -order))[:, :k]
    return Ranking(first.side, ids[at].astype(np.int32), fit[at], unknown[at], tie[at], size)


def tie_keys(keys: Bits, seed: int) -> Bits:
    """Return what orders equal fits, rising: one step of SplitMix64 (Steele, Lea & Flood 2014) from hash and seed."""
    mixed = keys + tie_step(seed)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def tie_step(seed: int) -> np.uint64:
    """Return how far along the sequence of SplitMix64 a seed starts."""
    return np.uint64((check_count("seed", seed, 0) + 1) * 0x9E3779B97F4A7C15 % 2**64)


def chosen(name: str, value: object, rows: int) -> Bool | None:
    """Return a mask of one true or false per row; None when all are meant."""
    return None if value is None else flags(name, value, (rows,), default=True)


def new_ranking(side: Side, best: Best, size: int) -> Ranking:
    """Return lists that are complete as a ranking of `size` candidates; the arrays are handed over for good."""
    fit = np.where(best.order < 0, np.float32(np.nan), best.order)
    for array in best.ids, fit, best.unknown, best.tie:
        array.flags.writeable = False  # so that none is copied
    return Ranking(side, best.ids, fit, best.unknown, best.tie, size)


def _tile(
    table: Float32, vacancies: Vacancies, jobs: slice, sides: tuple[Attributes, Requirements] | None
) -> tuple[Float32, UInt8]:
    """Return for one tile what to sort by, a fit, NO_FIT or REFUSED, and the unknown gates: (vacancies, people)."""
    fit = all_fits(table, vacancies.band[jobs], vacancies.importance[jobs])
    order = np.where(np.isnan(fit), NO_FIT, fit)
    if sides is None:
        return order, np.zeros(order.shape, np.uint8)
    passed, unknown = judge(*sides)
    return np.where(passed.T, order, REFUSED), unknown.T


class _Best:
    """Keep the best k candidates of every row while candidates are offered tile by tile, in the order of their ids."""

    def __init__(self, rows: int, k: int) -> None:
        self.lists = no_best(rows, k)

    def offer(self, order: Float32, unknown: UInt8, ties: Bits, first_row: int, first_id: int) -> None:
        """Consider candidates first_id, first_id + 1, ... for the rows from first_row on; arrays (rows, candidates)."""
        best, here = self.lists, slice(first_row, first_row + len(order))
        rows, columns = np.nonzero(_worth_keeping(order, best.order[here]))
        if not rows.size:
            return
        changed = np.unique(rows)
        old_rows, places = np.nonzero(best.ids[here][changed] >= 0)
        old = changed[old_rows] + first_row, places
        ids = np.concatenate([best.ids[old], (columns + first_id).astype(np.int32)])
        fit = np.concatenate([best.order[old], order[rows, columns]])
        unsure = np.concatenate([best.unknown[old], unknown[rows, columns]])
        tie = np.concatenate([best.tie[old], ties[columns]])
        rows = np.concatenate([old[0], rows + first_row])
        ranked = np.lexsort((tie, -fit, rows))
        place = _place_in_row(rows[ranked])
        ranked, place = ranked[place < best.ids.shape[1]], place[place < best.ids.shape[1]]
        at = rows[ranked], place
        best.ids[at], best.order[at], best.unknown[at], best.tie[at] = (
            ids[ranked],
            fit[ranked],
            unsure[ranked],
            tie[ranked],
        )


def _worth_keeping(order: Float32, kept: Float32) -> Bool:
    """Tell who is not surely worse than k others, of shape (rows, candidates); `kept` is sorted, best first."""
    k, count = kept.shape[1], order.shape[1]
    least = kept[:, -1]
    if count > k:
        least = np.maximum(least, np.partition(order, count - k, axis=1)[:, count - k])
    return (order >= least[:, None]) & (order > REFUSED)


def _place_in_row(rows: Int64) -> Int64:
    """Return 0, 1, 2, ... within each run of equal numbers."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
