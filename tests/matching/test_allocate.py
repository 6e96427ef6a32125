from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from matching import Attributes, FrameworkMismatch, Pool, Requirements, Vacancies, allocate, exposure, rank, refusals
from matching.rank import tie_keys
from tests.matching import naive_places as naive
from tests.matching.markets import markets, some_people, some_vacancies

SIDES = ("people", "vacancies")
exact = {"gap": 1e-9}
some = settings(max_examples=150, deadline=None, derandomize=True)


def options_of(market, k):
    return rank(*market, k=k, side="people")


@some
@given(markets(people=14), st.integers(1, 6))
def test_the_auction_finds_the_best_total_and_its_bound_holds(market, k):
    pool, vacancies = market
    placed, options = allocate(pool, vacancies, k=k, **exact), options_of(market, k)
    best = naive.best_total(options, vacancies.seats)
    assert abs(placed.total - best) < 1e-5
    assert placed.upper_bound >= best - 1e-9
    assert placed.upper_bound >= placed.total


@some
@given(markets(), st.integers(1, 6), st.sampled_from(["fit", "stable"]))
def test_nobody_is_placed_twice_or_where_she_may_not_and_seats_are_never_exceeded(market, k, method):
    pool, vacancies = market
    placed, options = allocate(pool, vacancies, k=k, method=method), options_of(market, k)
    assert placed.vacancy_of.shape == (len(pool),)
    has = placed.vacancy_of >= 0
    assert_array_equal(placed.taken, np.bincount(placed.vacancy_of[has], minlength=len(vacancies)))
    assert (placed.taken <= vacancies.seats).all()
    for person in np.flatnonzero(has):
        at = options.ids[person].tolist().index(placed.vacancy_of[person])
        assert_array_equal(placed.fit[person], options.fit[person, at])
    assert np.isnan(placed.fit[~has]).all()
    assert abs(np.nansum(placed.fit.astype(float)) - placed.total) < 1e-9


@some
@given(markets(), st.integers(1, 6), st.sampled_from(SIDES), st.integers(0, 9))
def test_stable_placements_are_those_of_the_textbook_and_no_pair_blocks_them(market, k, proposing, seed):
    pool, vacancies = market
    options = options_of(market, k)
    wishes = np.random.default_rng(seed).integers(0, 4, options.ids.shape)
    placed = allocate(pool, vacancies, method="stable", options=options, wishes=wishes, proposing=proposing)
    twin = naive.stable(options, vacancies.seats, tie_keys(pool.keys, 0), wishes, proposing)
    assert_array_equal(placed.vacancy_of, twin)
    assert placed.blocking_pairs == 0
    assert naive.blocking_pairs(options, vacancies.seats, placed.vacancy_of, wishes) == 0


@some
@given(markets(), st.integers(1, 6))
def test_blocking_pairs_are_counted_as_defined(market, k):
    pool, vacancies = market
    placed, options = allocate(pool, vacancies, k=k), options_of(market, k)
    wishes = np.nan_to_num(options.fit)
    assert placed.blocking_pairs == naive.blocking_pairs(options, vacancies.seats, placed.vacancy_of, wishes)


def test_the_side_that_proposes_gets_what_it_likes_best():
    # each prefers what the other side does not: two stable placements
    pool = Pool(["a", "b"], ["x", "y"], [[0.5, -0.5], [-0.5, 0.5]], np.full((2, 2), 0.1))
    jobs = Vacancies(["v", "w"], ["x", "y"], [[4, 0], [0, 4]], np.eye(2))
    options = rank(pool, jobs, k=2, side="people")
    assert options.ids.tolist() == [[0, 1], [1, 0]]
    against = np.array([[0.0, 1.0], [0.0, 1.0]])
    placed = {
        side: allocate(pool, jobs, method="stable", options=options, wishes=against, proposing=side) for side in SIDES
    }
    assert placed["people"].vacancy_of.tolist() == [1, 0]
    assert placed["vacancies"].vacancy_of.tolist() == [0, 1]
    assert placed["people"].blocking_pairs == placed["vacancies"].blocking_pairs == 0


def test_a_few_thousand_people_are_placed_within_the_gap_of_the_bound():
    rng = np.random.default_rng(1)
    pool, vacancies = some_people(rng, 3000, 6, gates=False), some_vacancies(rng, 700, 6, gates=False)
    placed, stable = (allocate(pool, vacancies, k=15, method=method) for method in ("fit", "stable"))
    assert placed.upper_bound - placed.total <= 5e-4 * placed.upper_bound
    assert stable.upper_bound == placed.upper_bound
    assert stable.blocking_pairs == 0 < placed.blocking_pairs
    assert stable.total < placed.total
    assert (placed.taken <= vacancies.seats).all()


def test_prices_explain_who_goes_where():
    rng = np.random.default_rng(2)
    pool, vacancies = some_people(rng, 60, 4, gates=False), some_vacancies(rng, 12, 4, gates=False)
    placed = allocate(pool, vacancies, k=12, **exact)
    options = rank(pool, vacancies, k=12, side="people")
    wanted = vacancies.seats > 0
    assert np.isnan(placed.price[~wanted]).all()
    assert (placed.price[placed.taken < vacancies.seats] == 0).all()
    for person, own in enumerate(naive.values(options)):
        net = {vacancy: fit - placed.price[vacancy] for vacancy, fit in own.items() if wanted[vacancy]}
        place = int(placed.vacancy_of[person])
        assert (net[place] if place >= 0 else 0.0) >= max([0.0, *net.values()]) - 1e-6


def test_one_more_seat_is_worth_about_its_price():
    rng = np.random.default_rng(3)
    pool, vacancies = some_people(rng, 60, 4, gates=False), some_vacancies(rng, 10, 4, gates=False)
    placed = allocate(pool, vacancies, k=10, **exact)
    for vacancy in np.flatnonzero(vacancies.seats > 0):
        seats = vacancies.seats + (np.arange(10) == vacancy)
        more = Vacancies(vacancies.vacancies, vacancies.skills, vacancies.band, vacancies.importance, seats)
        assert allocate(pool, more, k=10, **exact).total <= placed.total + placed.price[vacancy] + 1e-5


def test_the_report_says_what_happened_to_both_sides():
    pool = Pool(["a", "b", "c"], ["x"], [[0.5], [0.0], [-3.0]], np.full((3, 1), 0.1), Attributes(limits=[0, 0, 1]))
    jobs = Vacancies(["v", "w"], ["x"], [[4], [3]], [[1.0], [1.0]], [2, 1], Requirements(demands=[1, 1]))
    placed = allocate(pool, jobs, k=2)
    assert sorted(placed.vacancy_of.tolist()) == [-1, 0, 1]
    assert placed.without_option.tolist() == [2]
    assert_array_equal(placed.refused, refusals(pool, jobs, side="people")[[2]])
    assert placed.refused[0].tolist() == [0, 2, 0, 0, 0, 0]
    assert placed.options.tolist() == [2, 2, 0]
    assert (placed.people_placed, placed.vacancies_reached, placed.seats_filled) == (2 / 3, 1.0, 2 / 3)
    assert placed.fit_given_up == pytest.approx(np.mean(placed.best[:2].astype(float) - placed.fit[:2]))
    assert placed.gini == pytest.approx(naive.gini(placed.taken, placed.seats))
    assert not any(array.flags.writeable for array in (placed.vacancy_of, placed.fit, placed.price, placed.taken))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=9))
@some
def test_gini_is_half_the_mean_difference_over_the_mean(rows):
    shown, seats = (np.array(part, np.int32) for part in zip(*rows, strict=True))
    if not (shown * (seats > 0)).any():
        assert math.isnan(exposure.gini(shown, seats))
        return
    assert_allclose(exposure.gini(shown, seats), naive.gini(shown, seats), atol=1e-12)


def test_equal_people_are_told_apart_by_the_seed_and_not_by_their_row():
    twins = Pool([f"twin-{row}" for row in range(40)], ["x"], np.zeros((40, 1)), np.ones((40, 1)))
    job = Vacancies(["v"], ["x"], [[3]], [[1.0]], [10])
    chosen = [allocate(twins, job, method="stable", seed=seed).vacancy_of >= 0 for seed in range(20)]
    assert len({tuple(each) for each in chosen}) > 10
    assert 2 < np.sum(chosen, axis=0).mean() < 8
    again = allocate(twins.take(np.arange(40)[::-1]), job, method="stable", seed=3)
    assert_array_equal(again.vacancy_of[::-1] >= 0, chosen[3])


@pytest.mark.parametrize("method", ["fit", "stable"])
def test_nobody_no_vacancy_and_no_seat_give_an_empty_placement(method):
    rng = np.random.default_rng(4)
    pool, vacancies = some_people(rng, 5, 2), some_vacancies(rng, 4, 2)
    assert allocate(pool.take([]), vacancies, method=method).vacancy_of.shape == (0,)
    nowhere = allocate(pool, vacancies.take([]), method=method)
    assert (nowhere.vacancy_of == -1).all()
    assert (nowhere.total, nowhere.upper_bound) == (0.0, 0.0)
    assert nowhere.without_option.tolist() == [0, 1, 2, 3, 4]
    parts = vacancies.vacancies, vacancies.skills, vacancies.band, vacancies.importance, np.zeros(4, int)
    assert (allocate(pool, Vacancies(*parts), method=method).vacancy_of == -1).all()


def test_wrong_arguments_are_refused():
    rng = np.random.default_rng(5)
    pool, vacancies = some_people(rng, 4, 2), some_vacancies(rng, 3, 2)
    options = rank(pool, vacancies, side="people", k=2)
    wrong = [{"method": "best"}, {"proposing": "nobody"}, {"gap": 0.0}, {"gap": 1.0}, {"k": 0}]
    wrong += [{"options": rank(pool, vacancies)}, {"options": rank(pool.take([0]), vacancies, side="people")}]
    wrong += [{"options": options, "wishes": np.ones((4, 2))}]  # the best total goes by fit alone
    wrong += [{"options": options, "method": "stable", "wishes": np.ones((4, 3))}]
    wrong += [{"options": options, "method": "stable", "wishes": np.full((4, 2), np.nan)}]
    for each in wrong:
        with pytest.raises(ValueError, match="was expected"):
            allocate(pool, vacancies, **each)
    with pytest.raises(FrameworkMismatch):
        allocate(pool, some_vacancies(rng, 3, 3))


def test_importing_matching_does_not_load_numba():
    command = "import matching, sys; assert 'numba' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
