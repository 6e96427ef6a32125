"""From rankings and seats to a market of edges, and from a market to the best placement with its proof."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from matching._checks import Bool, Float32, Float64, Int64
from matching.problem import Pool, Vacancies
from matching.rank import Ranking, tie_keys

if TYPE_CHECKING:
    from matching._edges import Market, Seats

FIRST_EPSILON = 0.1  # of the highest value; this, the next two: measured, but a factor of 3 either way costs little
NEXT_EPSILON = 0.1
LAST_EPSILON = 1e-7
NO_SEAT = 1e30  # price of what cannot be had: beyond every value, and still 0 when multiplied by no seats
OVERBID = 2.0  # epsilons that prices are taken to be too high by at the next round


class Solution(NamedTuple):
    """The edges that are used, what vacancies cost (NaN: wanted, but without seats), and what no solution exceeds."""

    holds: Bool
    price: Float64
    bound: float


@cache
def kernels() -> ModuleType:
    """Return the compiled kernels: numba takes longer to load than all else, so only who places people waits for it."""
    from matching import _machine_code

    with _machine_code._keeping(_machine_code.kept_in()):
        from matching import _seats
    return _seats


def market_of(options: Ranking, value: Float64, places: Int64, in_turn: Int64) -> Market:
    """Return the market in which row i of a ranking of side "people" are the options of person i.

    `value` (people, k) is what each option is worth, 0 or more; `in_turn` (people,) are all people, in the order that
    settles equal values at a vacancy. `places` (vacancies,) is how many each can take; more than the people who could
    come are no use to it.
    """
    used = options.ids >= 0
    start = np.concatenate([[0], np.cumsum(used.sum(axis=1, dtype=np.int64))])
    person = np.repeat(np.arange(len(options), dtype=np.int32), np.diff(start))
    vacancy, worth = options.ids[used], value[used]
    column, by_vacancy = kernels().columns(start, vacancy, in_turn, len(places))
    first = np.concatenate([[0], np.cumsum(np.minimum(places, np.diff(column)), dtype=np.int64)])
    in_order = np.zeros(len(places), np.bool_)
    market: Market = kernels().Market(start, person, vacancy, worth, column, by_vacancy, in_order, first)
    return market


def empty_seats(market: Market) -> Seats:
    """Return the seats of a market, all free, at no price."""
    edges, vacancies, people = len(market.value), len(market.first) - 1, len(market.start) - 1
    seats: Seats = kernels().Seats(
        heap=np.full(market.first[-1], -1, np.int64),
        held=np.zeros(vacancies, np.int64),
        taken=np.zeros(people, np.int64),
        bid=np.zeros(edges),
        holds=np.zeros(edges, np.bool_),
        price=np.where((np.diff(market.first) == 0) & (np.diff(market.column) > 0), NO_SEAT, 0.0),
    )
    return seats


def best_total(market: Market, units: int, gap: float, lift: float = 0.0) -> Solution:
    """Return at most `units` edges a person, within the seats, whose values sum to within `gap` of the bound.

    What every value was raised by, `lift`, counts in neither: the bound is that of as many edges as are used. Rounds
    of the auction at ever smaller epsilon; the bound comes from the prices alone, so it holds whatever the
    auction did.
    """
    auction, seats = kernels(), empty_seats(market)
    epsilon = max(FIRST_EPSILON * float(market.value.max(initial=0.0)), LAST_EPSILON)
    while True:
        auction.release(market, seats, epsilon)
        auction.forward(market, seats, units, epsilon)
        auction.reverse(market, seats, units, epsilon)
        raised = lift * int(seats.holds.sum())
        bound = float(auction.bound(market, seats.price, units)) - raised
        total = float(market.value[seats.holds].sum()) - raised
        if bound - total <= gap * bound or epsilon <= LAST_EPSILON:
            price = np.where(seats.price < NO_SEAT / 2, seats.price, np.nan)
            return Solution(seats.holds, price, max(bound, total))
        for money in seats.price, seats.bid:
            np.maximum(money - OVERBID * epsilon, 0.0, out=money)
        epsilon *= NEXT_EPSILON


def worth(options: Ranking) -> Float64:
    """Return the fit of every option in float64; 0 where there is none."""
    return np.nan_to_num(options.fit.astype(np.float64))


def best_fit(options: Ranking) -> Float32:
    """Return the best fit among everybody's options, float32 (people,); NaN without one."""
    return options.fit[:, 0].copy()  # sorted, and at least one wide


def turns(pool: Pool, seed: int) -> Int64:
    """Return all people in the seeded order of ids that settles ties."""
    return np.argsort(tie_keys(pool.keys, seed), kind="stable")


def people_options(pool: Pool, vacancies: Vacancies, options: Ranking) -> Ranking:
    """Return `options` if they can be the options of these people among these vacancies."""
    if (options.side, len(options), options.size) != ("people", len(pool), len(vacancies)):
        came = f"side {options.side!r}, {len(options)} rows, {options.size} candidates"
        raise ValueError(f"options: {came} came, 'people', {len(pool)} and {len(vacancies)} was expected")
    return options


def check_gap(gap: float) -> None:
    """Raise ValueError unless `gap` is a share that can be reached."""
    if not 0.0 < gap < 1.0:
        raise ValueError(f"gap: {gap} came, a share between 0 and 1 was expected")
