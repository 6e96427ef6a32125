"""Lists for a whole caseload that do not send everybody to the same vacancies.

Absolute fit is highest where least is asked, so everybody's own best list crowds the same few vacancies. Here each
person gets k options and each vacancy at most 1.1 times its fair share of all options, at the best total fit (the seat
auction of `allocate` with several places a person). What a vacancy's crowding costs is its price: a person was given
another option instead when that one's fit less its price was higher.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from matching import exposure
from matching._checks import Bool, Float32, Float64, Int32, Int64, check_count, frozen
from matching._market import Solution, best_total, check_gap, market_of, people_options, turns, worth
from matching.allocate import GAP
from matching.problem import Pool, Vacancies
from matching.rank import Ranking, rank

SLACK = 1.1
DEPTH = 20  # options looked at for every one that is given
LISTED = 2.0  # what any option is worth beside its fit: a full list comes before a better one


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Hold everybody's list and what it costs. Arrays are read-only.

    lists: a Ranking with side "people", at most k options each, best fit first.
    cap: int32 (vacancies,), how many lists each may be on.
    price: float64 (vacancies,): crowding price in fit; an option is worth its fit less this. 0 where the cap does not
        bind, and more than 1 where a list has to stay short because of it.
    total: the sum of the fits on all lists.
    upper_bound: what no lists with as many options exceed, over the same candidates and caps.
    shown: int32 (vacancies,), lists that each is on.
    seats: int32 (vacancies,).
    plain: float32 (people,), the mean fit of the list without caps; NaN without an option.
    without_option: int32 rows of people with no option at all.
    refused: int64 (those people, 6), vacancies that each gate refuses them, columns as GATES.
    """

    lists: Ranking
    cap: Int32
    price: Float64
    total: float
    upper_bound: float
    shown: Int32
    seats: Int32
    plain: Float32
    without_option: Int32
    refused: Int64

    def people_with(self, least: int = 1) -> float:
        """Return the share of people with at least `least` options."""
        return exposure.covered((self.lists.ids >= 0).sum(axis=1, dtype=np.int32), least)

    @property
    def vacancies_shown(self) -> float:
        """Return the share of vacancies on at least one list."""
        return exposure.covered(self.shown)

    @property
    def gini(self) -> float:
        """Return the Gini coefficient of exposure per seat, 0 even."""
        return exposure.gini(self.shown, self.seats)

    @property
    def fit_given_up(self) -> float:
        """Return by how much the mean fit of a list without caps exceeds that of these lists."""
        return exposure.given_up(self.plain, _row_means(self.lists.fit))


def spread(
    pool: Pool,
    vacancies: Vacancies,
    *,
    k: int = 5,
    slack: float = SLACK,
    options: Ranking | None = None,
    gap: float = GAP,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Spread:
    """Return k options for every person, every vacancy on at most ceil(slack x fair share) lists.

    A vacancy's fair share is its part of all seats, times k for everybody who has an option at all. `options` is the
    ranking with side="people" to choose from, where it is there already; by default everybody's 20 k best. Lists stay
    shorter where gates or caps leave too little. Total fit is within `gap` of the bound (relative). Raises ValueError
    or TypeError on arguments out of range, FrameworkMismatch when the skills differ.
    """
    k = check_count("k", k, 1)
    if not 1.0 <= slack < np.inf:
        raise ValueError(f"slack: {slack} came, 1 or more was expected")
    check_gap(gap)
    if options is None:
        depth = max(1, k, min(DEPTH * k, len(vacancies)))
        options = rank(pool, vacancies, k=depth, side="people", seed=seed, progress=progress)
    options = people_options(pool, vacancies, options)
    used = options.ids >= 0
    cap = fair_caps(vacancies.seats, k * int(used[:, 0].sum()), slack)
    market = market_of(options, worth(options) + LISTED, cap, turns(pool, seed))
    best = best_total(market, k, gap, LISTED)
    chosen = np.zeros(options.ids.shape, np.bool_)
    chosen[used] = best.holds
    return _report(pool, vacancies, options, chosen, cap, k, best)


def _report(
    pool: Pool, vacancies: Vacancies, options: Ranking, chosen: Bool, cap: Int64, k: int, best: Solution
) -> Spread:
    alone = np.flatnonzero(options.ids[:, 0] < 0).astype(np.int32)
    total = float(worth(options)[chosen].sum())
    shown = np.bincount(options.ids[chosen], minlength=len(vacancies))
    return Spread(
        lists=_kept(options, chosen, k),
        cap=frozen(cap.astype(np.int32)),
        price=frozen(best.price),
        total=total,
        upper_bound=max(total, best.bound),
        shown=frozen(shown.astype(np.int32)),
        seats=vacancies.seats,
        plain=frozen(_row_means(options.fit[:, :k])),
        without_option=frozen(alone),
        refused=frozen(exposure.reasons(pool, vacancies, alone)),
    )


def fair_caps(seats: Int32, options: int, slack: float) -> Int64:
    """Return ceil(slack x fair share) for every vacancy, of `options` divided over all seats."""
    share = options * seats.astype(np.float64) / max(1, seats.sum(dtype=np.int64))
    caps: Int64 = np.ceil(np.round(slack * share, 9)).astype(np.int64)
    return caps


def _kept(options: Ranking, chosen: Bool, k: int) -> Ranking:
    """Return the chosen options, at most k a row, in the order of the ranking."""
    order = np.argsort(~chosen, axis=1, kind="stable")[:, :k]
    keep = np.take_along_axis(chosen, order, axis=1)
    pads: dict[str, object] = {"ids": -1, "fit": np.nan, "unknown": 0, "tie": 0}
    columns = {name: np.take_along_axis(getattr(options, name), order, axis=1) for name in pads}
    for name, pad in pads.items():
        columns[name][~keep] = pad
    return Ranking("people", **columns, size=options.size)


def _row_means(fit: Float32) -> Float32:
    """Return the mean of every row without its NaN, float32; NaN for a row of nothing else."""
    some = ~np.isnan(fit)
    counts = some.sum(axis=1)
    sums = np.where(some, fit, np.float32(0.0)).sum(axis=1, dtype=np.float64)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
