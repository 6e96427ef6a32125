"""Place many people at once: every person at most one offer, every vacancy no more people than seats.

    fit      the best total fit (seat auction), with a bound that no placement exceeds
    stable   nobody and no vacancy would both rather have each other (deferred acceptance), whoever proposes

Both look at each person's k best vacancies only: what lies beyond is in neither the total, the bound nor the blocking
pairs. Which to use is a choice, not a fact: the best total serves a plan that everybody follows, stability serves
people and employers who are free to walk away; `total` beside `upper_bound` is what stability costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from matching import exposure
from matching._checks import Bool, Float32, Float64, Int32, Int64, as_array, check_choice, frozen
from matching._market import (
    Solution,
    best_fit,
    best_total,
    check_gap,
    empty_seats,
    kernels,
    market_of,
    people_options,
    turns,
    worth,
)
from matching.gates import SIDES, Side
from matching.problem import Pool, Vacancies
from matching.rank import Ranking, rank

if TYPE_CHECKING:
    from matching._seats import Market

Method = Literal["fit", "stable"]

GAP = 5e-4  # between total and bound, relative: half of the 0.1 % that is promised


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Hold who is placed where, what proves it, and what it does to both sides. Arrays are read-only.

    vacancy_of: int32 (people,), row of the vacancy; -1 none.
    fit: float32 (people,), of that placement; NaN none, and for vacancies that ask nothing.
    total: the sum of these fits.
    upper_bound: what no placement over the same options exceeds.
    blocking_pairs: options whose person and vacancy would both rather have each other.
    price: float64 (vacancies,): crowding price, about what the total would gain from one more seat. An option is worth
        its fit less this price; 0 while a seat is free. NaN for a vacancy that is an option but has no seat.
    options: int32 (people,), vacancies among the k best that no gate refuses.
    best: float32 (people,), the best fit among them; NaN without one.
    seats, taken: int32 (vacancies,), on offer and used.
    without_option: int32 rows of people with no option at all.
    refused: int64 (those people, 6), vacancies that each gate refuses them, columns as GATES.
    """

    vacancy_of: Int32
    fit: Float32
    total: float
    upper_bound: float
    blocking_pairs: int
    price: Float64
    options: Int32
    best: Float32
    seats: Int32
    taken: Int32
    without_option: Int32
    refused: Int64

    @property
    def people_placed(self) -> float:
        """Return the share of people with a place."""
        return exposure.covered(self.vacancy_of, 0)

    @property
    def vacancies_reached(self) -> float:
        """Return the share of vacancies with at least one person."""
        return exposure.covered(self.taken)

    @property
    def seats_filled(self) -> float:
        """Return the share of seats in use."""
        return exposure.filled(self.taken, self.seats)

    @property
    def gini(self) -> float:
        """Return how unevenly people are spread over seats, 0 evenly."""
        return exposure.gini(self.taken, self.seats)

    @property
    def fit_given_up(self) -> float:
        """Return by how much the mean placed person's own best option fits better than the place."""
        return exposure.given_up(self.best, self.fit)


def allocate(
    pool: Pool,
    vacancies: Vacancies,
    *,
    k: int = 20,
    method: Method = "fit",
    proposing: Side = "people",
    wishes: ArrayLike | None = None,
    options: Ranking | None = None,
    gap: float = GAP,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Allocation:
    """Place people over each person's k best vacancies.

    method: "fit" for the best total fit, within `gap` of the bound (relative); "stable" for no blocking pair.
    proposing: for "stable", whose proposals it is by; of all stable placements theirs is the best for that side.
    wishes: for "stable", how much each person wants each of her options, (people, k) beside `options`, higher is
        better; by default the fit. Vacancies always go by fit.
    options: the ranking with side="people" over which to place, where it is there already; by default it is made, with
        `k`, `seed` and `progress`.

    Equal values go by the seeded hash of ids. Raises ValueError or TypeError on arguments out of range,
    FrameworkMismatch when the skills differ.
    """
    check_choice("method", method, get_args(Method))
    check_choice("proposing", proposing, SIDES)
    check_gap(gap)
    if options is None:
        options = rank(pool, vacancies, k=k, side="people", seed=seed, progress=progress)
    options = people_options(pool, vacancies, options)
    wanted = worth(options) if wishes is None else _wished(options, wishes, method)
    market = market_of(options, worth(options), vacancies.seats.astype(np.int64), turns(pool, seed))
    best, wanted = best_total(market, 1, gap), wanted[options.ids >= 0]
    holds = best.holds
    if method == "stable":
        order = None if wishes is None else np.lexsort((-wanted, market.person))
        holds = _stable(market, order, proposing)
    return _report(pool, vacancies, options, market, wanted, holds, best)


def _wished(options: Ranking, wishes: ArrayLike, method: Method) -> Float64:
    if method != "stable":
        raise ValueError("wishes: they came with method 'fit', which goes by fit alone; 'stable' was expected")
    wanted = as_array("wishes", wishes)
    if wanted.shape != options.ids.shape:
        raise ValueError(f"wishes: shape {wanted.shape} came, {options.ids.shape} was expected")
    if wanted.dtype.kind not in "fiu" or np.isnan(wanted[options.ids >= 0]).any():
        raise ValueError("wishes: NaN or no numbers came, one number for every option was expected")
    return wanted.astype(np.float64)


def _stable(market: Market, order: Int64 | None, proposing: Side) -> Bool:
    """Return the edges of the stable placement that is best for the side that proposes; `order` is that of people."""
    seats = empty_seats(market)
    if order is None:
        order = np.arange(len(market.value))  # a ranking's rows are in order already
    kernels().put_all_in_order(market)
    falling = -np.arange(len(order), dtype=np.float64)
    by_person, by_vacancy = np.empty_like(falling), np.empty_like(falling)
    by_person[order], by_vacancy[market.by_vacancy] = falling, falling
    if proposing == "people":
        kernels().people_propose(market, seats, order, by_vacancy)
    else:
        kernels().vacancies_propose(market, seats, market.by_vacancy, by_person)
    return seats.holds


def _blocking(market: Market, wanted: Float64, holds: Bool) -> int:
    """Count the edges whose person wants them more than what she holds, and whose vacancy likes her more than its last.

    Equal values block nothing.
    """
    has = np.full(len(market.start) - 1, -np.inf)
    has[market.person[holds]] = wanted[holds]
    last = np.full(len(market.first) - 1, np.inf)
    np.minimum.at(last, market.vacancy[holds], market.value[holds])
    room = np.diff(market.first)
    taken = np.bincount(market.vacancy[holds], minlength=len(room))
    last[taken < room] = -np.inf
    return int(np.count_nonzero((wanted > has[market.person]) & (market.value > last[market.vacancy]) & ~holds))


def _report(
    pool: Pool, vacancies: Vacancies, options: Ranking, market: Market, wanted: Float64, holds: Bool, best: Solution
) -> Allocation:
    used = options.ids >= 0
    vacancy_of, fit = np.full(len(pool), -1, np.int32), np.full(len(pool), np.nan, np.float32)
    person = market.person[holds]
    vacancy_of[person], fit[person] = market.vacancy[holds], options.fit[used][holds]
    counts = used.sum(axis=1, dtype=np.int32)
    alone = np.flatnonzero(counts == 0).astype(np.int32)
    total = float(market.value[holds].sum())
    return Allocation(
        vacancy_of=frozen(vacancy_of),
        fit=frozen(fit),
        total=total,
        upper_bound=max(best.bound, total),
        blocking_pairs=_blocking(market, wanted, holds),
        price=frozen(best.price),
        options=frozen(counts),
        best=frozen(best_fit(options)),
        seats=vacancies.seats,
        taken=frozen(np.bincount(market.vacancy[holds], minlength=len(vacancies)).astype(np.int32)),
        without_option=frozen(alone),
        refused=frozen(exposure.reasons(pool, vacancies, alone)),
    )
