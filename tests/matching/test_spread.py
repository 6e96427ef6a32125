from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from matching import Attributes, Pool, Requirements, Vacancies, exposure, rank, spread
from matching.spread import LISTED, fair_caps
from tests.matching import naive_places as naive
from tests.matching.markets import markets, some_people, some_vacancies

some = settings(max_examples=100, deadline=None, derandomize=True)


@some
@given(markets(people=14), st.integers(1, 4), st.integers(1, 6))
def test_lists_have_the_best_total_under_the_caps(market, k, depth):
    pool, vacancies = market
    options = rank(pool, vacancies, k=max(k, depth), side="people")
    lists = spread(pool, vacancies, k=k, options=options, gap=1e-9)
    total, number = naive.best_lists(options, lists.cap, k, LISTED)
    raised = lists.total + LISTED * (lists.lists.ids >= 0).sum()
    assert abs(raised - (total + LISTED * number)) < 1e-5
    assert lists.upper_bound >= lists.total
    if (lists.lists.ids >= 0).sum() == number:
        assert lists.upper_bound >= total - 1e-6


@some
@given(markets(), st.integers(1, 4), st.sampled_from([1.0, 1.1, 2.0]))
def test_no_vacancy_is_on_more_lists_than_its_cap_and_no_list_names_one_twice(market, k, slack):
    pool, vacancies = market
    result = spread(pool, vacancies, k=k, slack=slack)
    ids = result.lists.ids
    assert ids.shape == (len(pool), k)
    assert_array_equal(result.shown, np.bincount(ids[ids >= 0], minlength=len(vacancies)))
    assert (result.shown <= result.cap).all()
    everything = rank(pool, vacancies, k=max(1, len(vacancies)), side="people")
    for row, (own, all_of_them) in enumerate(zip(ids, everything.ids, strict=True)):
        own = own[own >= 0].tolist()
        assert len(set(own)) == len(own)
        at = [all_of_them.tolist().index(vacancy) for vacancy in own]
        assert at == sorted(at)
        assert_array_equal(result.lists.fit[row, : len(own)], everything.fit[row, at])
        assert_array_equal(result.lists.unknown[row, : len(own)], everything.unknown[row, at])


def test_a_fair_share_goes_by_seats_and_is_rounded_up():
    assert fair_caps(np.array([1, 2, 0, 7], np.int32), 100, 1.1).tolist() == [11, 22, 0, 77]
    assert fair_caps(np.array([1, 2], np.int32), 10, 1.1).tolist() == [4, 8]
    assert fair_caps(np.array([0, 0], np.int32), 10, 1.1).tolist() == [0, 0]


def test_when_everybody_fits_the_easiest_vacancy_best_lists_still_differ():
    rng = np.random.default_rng(1)
    people, jobs = 200, 40
    pool = Pool(
        [f"p{row}" for row in range(people)], ["x", "y"], rng.normal(0, 0.5, (people, 2)), np.full((people, 2), 0.4)
    )
    band = np.clip(np.arange(jobs)[:, None] // 10 + [[2, 2]], 1, 5)
    vacancies = Vacancies([f"v{row}" for row in range(jobs)], ["x", "y"], band, np.full((jobs, 2), 0.5))
    plain = rank(pool, vacancies, k=5, side="people")
    crowded = np.bincount(plain.ids.ravel(), minlength=jobs)
    result = spread(pool, vacancies, k=5)
    assert crowded.max() > 100
    assert result.shown.max() <= math.ceil(1.1 * 25)
    assert result.people_with(5) == result.vacancies_shown == 1.0
    assert result.gini < 0.15 < exposure.gini(crowded, vacancies.seats)
    assert 0 < result.fit_given_up < 0.4
    assert result.price[crowded > 100].min() > 0
    assert result.upper_bound - result.total <= 5e-4 * result.upper_bound


def test_nobody_would_rather_have_another_option_at_these_prices():
    rng = np.random.default_rng(2)
    pool, vacancies = some_people(rng, 80, 4, gates=False), some_vacancies(rng, 12, 4, gates=False)
    options = rank(pool, vacancies, k=12, side="people")
    result = spread(pool, vacancies, k=3, options=options, gap=1e-9)
    for person, own in enumerate(naive.values(options)):
        listed = [int(vacancy) for vacancy in result.lists.ids[person] if vacancy >= 0]
        net = {vacancy: fit - result.price[vacancy] for vacancy, fit in own.items() if vacancies.seats[vacancy]}
        others = [value for vacancy, value in net.items() if vacancy not in listed]
        if len(listed) == 3 and others:
            assert min(net[vacancy] for vacancy in listed) >= max(others) - 1e-6


def test_people_without_an_option_are_named_with_the_gates_that_refuse_them():
    pool = Pool(["a", "b"], ["x"], np.zeros((2, 1)), np.ones((2, 1)), Attributes(limits=[0, 1]))
    jobs = Vacancies(["v", "w"], ["x"], [[3], [2]], [[1.0], [1.0]], None, Requirements(demands=[1, 1]))
    result = spread(pool, jobs, k=2)
    assert result.without_option.tolist() == [1]
    assert result.refused.tolist() == [[0, 2, 0, 0, 0, 0]]
    assert result.cap.tolist() == [2, 2]  # one person with an option, two options, two seats: one each, and a tenth
    assert_allclose(result.plain, [result.lists.fit[0].mean(), np.nan])
    assert result.people_with() == 0.5


def test_no_people_and_no_vacancies_give_no_lists():
    rng = np.random.default_rng(3)
    pool, vacancies = some_people(rng, 3, 2), some_vacancies(rng, 2, 2)
    assert spread(pool.take([]), vacancies).lists.ids.shape == (0, 5)
    assert (spread(pool, vacancies.take([])).lists.ids == -1).all()


def test_wrong_arguments_are_refused():
    rng = np.random.default_rng(4)
    pool, vacancies = some_people(rng, 3, 2), some_vacancies(rng, 2, 2)
    for wrong in ({"k": 0}, {"slack": 0.9}, {"slack": np.nan}, {"gap": 0.0}, {"options": rank(pool, vacancies)}):
        with pytest.raises(ValueError, match="was expected"):
            spread(pool, vacancies, **wrong)
