from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from matching import Attributes, Pool, Requirements, Vacancies, explain, openings, position, rank
from tests.matching.markets import markets, some_people, some_vacancies

some = settings(max_examples=100, deadline=None, derandomize=True)


def with_attributes(pool, attributes):
    return Pool(pool.people, pool.skills, pool.mean, pool.sd, attributes, pool.measured)


def changed(has, opening):
    """The attributes of one person after the change that an opening names."""
    columns = {name: np.array(column) for name, column in has.columns().items()}
    if opening.gate == "certificates":
        columns["certificates"] |= np.uint64(opening.change)
    elif opening.gate == "sector":
        columns["sectors"] |= np.uint32(opening.change)
    elif opening.gate == "levels":
        columns["levels"][0, opening.column] += 1
    elif opening.gate == "reach":
        columns["reach_km"] += np.float32(opening.change)
    elif opening.change > 0:
        columns["hours"][0, 1] = min(columns["hours"][0, 1] + opening.change, 168)
    else:
        columns["hours"][0, 0] = max(columns["hours"][0, 0] + opening.change, 0)
    return Attributes(**columns)


@some
@given(markets(people=5, vacancies=14), st.integers(0, 3))
def test_what_a_change_opens_is_what_ranking_again_adds(market, seed):
    pool, vacancies = market
    if not len(pool) or pool.attributes is None:
        return
    one, k = pool.take([0]), max(1, len(vacancies))
    before = set(rank(one, vacancies, side="people", k=k).ids[0].tolist())
    found = openings(pool, vacancies, 0, seed=seed)
    for each in found:
        after = rank(with_attributes(one, changed(one.attributes, each)), vacancies, side="people", k=k, seed=seed)
        new = ~np.isin(after.ids[0], [*before, -1])
        assert_array_equal(each.vacancies, after.ids[0, new])
        assert_array_equal(each.fit, after.fit[0, new])
    assert [len(each.vacancies) for each in found] == sorted((len(each.vacancies) for each in found), reverse=True)


def test_every_kind_of_change_is_tried_once_and_only_what_opens_something_is_named():
    has = Attributes(
        certificates=[1], levels=[[3, 2]], hours=[[24, 30]], sectors=[1], location=[[52.0, 5.0]], reach_km=[10.0]
    )
    pool = Pool(["p"], ["x"], [[0.0]], [[0.5]], has)
    asks = {"certificates": [2, 0, 0, 0, 0, 0, 0, 6], "levels": [[0, 0], [4, 0], [0, 3], *[[0, 0]] * 5]}
    asks["hours"] = [[np.nan, np.nan]] * 3 + [[32, 36], [16, 20]] + [[np.nan, np.nan]] * 3
    asks["sector"] = [0, 0, 0, 0, 0, 4, 0, 0]
    asks["location"] = [[52.0, 5.0]] * 6 + [[52.0, 5.2]] + [[52.0, 5.0]]
    jobs = Vacancies(
        [f"v{row}" for row in range(8)], ["x"], np.full((8, 1), 3), np.ones((8, 1)), None, Requirements(**asks)
    )
    found = {(each.gate, each.change, each.column): each.vacancies.tolist() for each in openings(pool, jobs, 0)}
    assert found == {
        ("certificates", 2, -1): [0],
        ("levels", 1, 0): [1],
        ("levels", 1, 1): [2],
        ("hours", 4.0, -1): [3],
        ("hours", -4.0, -1): [4],
        ("sector", 4, -1): [5],
        ("reach", 10.0, -1): [6],
    }
    assert ("reach", 3.0, -1) not in {(each.gate, each.change, each.column) for each in openings(pool, jobs, 0, km=3.0)}


def test_without_gates_nothing_is_closed_and_so_nothing_opens():
    rng = np.random.default_rng(1)
    assert openings(some_people(rng, 2, 2, gates=False), some_vacancies(rng, 3, 2), 0) == ()


@some
@given(markets(people=14, vacancies=5), st.integers(0, 3))
def test_the_place_and_the_neighbours_are_those_of_the_ranking(market, seed):
    pool, vacancies = market
    if not len(pool):
        return
    ranking = rank(pool, vacancies, k=len(pool), seed=seed)
    for vacancy, ids in enumerate(ranking.ids):
        ids = ids[ids >= 0].tolist()
        for person in range(len(pool)):
            found = position(pool, vacancies, person, vacancy, seed=seed)
            assert found.among == len(ids)
            if person not in ids:
                assert (found.place, found.above, found.below) == (None, None, None)
                continue
            at = ids.index(person)
            assert found.place == at + 1
            beside = [None if each is None else each.person for each in (found.above, found.below)]
            assert beside == [ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None]


def test_what_separates_neighbours_sums_to_the_difference_of_their_explained_fits():
    rng = np.random.default_rng(2)
    pool, vacancies = some_people(rng, 20, 5, gates=False), some_vacancies(rng, 6, 5, gates=False)
    for vacancy in np.flatnonzero(vacancies.band.any(axis=1)):
        for person in range(20):
            found = position(pool, vacancies, person, int(vacancy))
            mine = explain(pool, vacancies, person, vacancy)
            for sign, each in ((1, found.above), (-1, found.below)):
                if each is not None:
                    theirs = explain(pool, vacancies, each.person, vacancy)
                    assert abs(each.gap - each.by_skill.sum()) < 1e-12
                    assert abs(each.gap - (theirs.fit - mine.fit)) < 1e-12
                    assert np.abs(each.by_skill - (theirs.contribution - mine.contribution)).max() < 1e-12
                    assert sign * each.gap > -1e-6  # equal to float32


def test_a_vacancy_that_asks_nothing_separates_nobody():
    pool = Pool(["p", "q"], ["x"], [[0.0], [1.0]], [[1.0], [1.0]])
    found = position(pool, Vacancies(["v"], ["x"], [[0]], [[0.0]]), 0, 0)
    other = found.above or found.below
    assert (found.among, other.person) == (2, 1)
    assert math.isnan(other.gap)
    assert np.isnan(other.by_skill).all()


def test_rows_that_do_not_exist_and_wrong_amounts_are_refused():
    rng = np.random.default_rng(3)
    pool, vacancies = some_people(rng, 2, 2), some_vacancies(rng, 3, 2)
    with pytest.raises(IndexError, match="person: row 2 came"):
        openings(pool, vacancies, 2)
    with pytest.raises(IndexError, match="vacancy: row 3 came"):
        position(pool, vacancies, 0, 3)
    for wrong in ({"km": 0.0}, {"hours": -1.0}):
        with pytest.raises(ValueError, match="above 0 were expected"):
            openings(pool, vacancies, 0, **wrong)
