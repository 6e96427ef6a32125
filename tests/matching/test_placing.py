"""Placing many people, held against scipy's dense assignment and against counting blocking pairs one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from matching import allocate, rank, spread
from tests.matching.markets import some_people, some_vacancies


def market(seed, people=40, vacancies=25):
    rng = np.random.default_rng(seed)
    return some_people(rng, people, 5), some_vacancies(rng, vacancies, 5)


def options_of(pool, jobs, k):
    """Fits of everybody's k best, -1 where a vacancy is no option, of shape (people, vacancies)."""
    ranking = rank(pool, jobs, k=k, side="people")
    fits = np.full((len(pool), len(jobs)), -1.0)
    for person, (row, fit) in enumerate(zip(ranking.ids, ranking.fit, strict=True)):
        fits[person, row[row >= 0]] = np.nan_to_num(fit[row >= 0])
    return fits


def best_total(fits, seats):
    """The best total by scipy: a column for every seat, no gain for staying without a place."""
    columns = np.repeat(np.arange(fits.shape[1]), seats)
    gain = np.where(fits[:, columns] >= 0, fits[:, columns], 0.0)
    rows, chosen = linear_sum_assignment(gain, maximize=True)
    return gain[rows, chosen].sum()


@pytest.mark.parametrize("seed", range(12))
def test_the_total_is_within_the_certified_gap_of_the_best(seed):
    pool, jobs = market(seed)
    placed = allocate(pool, jobs, k=8)
    fits = options_of(pool, jobs, 8)
    best = best_total(fits, jobs.seats)
    assert placed.total <= best + 1e-6
    assert placed.upper_bound >= best - 1e-6
    assert placed.upper_bound - placed.total <= 1e-3 * max(best, 1e-9)


@pytest.mark.parametrize("method", ["fit", "stable"])
@pytest.mark.parametrize("seed", range(8))
def test_nobody_gets_two_places_no_vacancy_more_people_than_seats_and_nobody_what_is_no_option(seed, method):
    pool, jobs = market(seed)
    placed = allocate(pool, jobs, k=8, method=method)
    fits = options_of(pool, jobs, 8)
    at = np.flatnonzero(placed.vacancy_of >= 0)
    assert np.all(np.bincount(placed.vacancy_of[at], minlength=len(jobs)) <= jobs.seats)
    assert np.all(fits[at, placed.vacancy_of[at]] >= 0)


@pytest.mark.parametrize("proposing", ["people", "vacancies"])
@pytest.mark.parametrize("seed", range(8))
def test_stable_placements_have_no_blocking_pair(seed, proposing):
    pool, jobs = market(seed)
    placed = allocate(pool, jobs, k=8, method="stable", proposing=proposing)
    fits = options_of(pool, jobs, 8)
    own = np.where(placed.vacancy_of >= 0, fits[np.arange(len(pool)), placed.vacancy_of], -1.0)
    for person, vacancy in np.argwhere(fits >= 0):
        if jobs.seats[vacancy] == 0:
            continue
        inside = np.flatnonzero(placed.vacancy_of == vacancy)
        free = len(inside) < jobs.seats[vacancy]
        worst = fits[inside, vacancy].min(initial=np.inf)
        assert not (fits[person, vacancy] > own[person] and (free or fits[person, vacancy] > worst))
    assert placed.blocking_pairs == 0


@pytest.mark.parametrize("seed", range(8))
def test_lists_keep_the_cap_and_name_only_options(seed):
    pool, jobs = market(seed, people=60)
    lists = spread(pool, jobs, k=3)
    ids = lists.lists.ids
    assert np.all(np.bincount(ids[ids >= 0], minlength=len(jobs)) <= lists.cap)
    fits = options_of(pool, jobs, len(jobs))
    rows, places = np.nonzero(ids >= 0)
    assert np.all(fits[rows, ids[rows, places]] >= 0)
    for row in ids:
        given = row[row >= 0]
        assert len(set(given.tolist())) == len(given)
    assert np.array_equal(lists.shown, np.bincount(ids[ids >= 0], minlength=len(jobs)))
