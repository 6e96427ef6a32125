from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_array_equal

from matching import Attributes, Pool, Requirements, Vacancies, demands, rank, refusals
from tests.matching.markets import markets, some_people, some_vacancies

some = settings(max_examples=100, deadline=None, derandomize=True)
WISHED = 0.6


def ranked(pool, vacancies):
    """Who may be considered, and who of them has the wished fit."""
    ranking = rank(pool, vacancies, k=max(1, len(pool)))
    ids, fit = ranking.ids[0], ranking.fit[0]
    return set(ids[ids >= 0].tolist()), set(ids[(ids >= 0) & (fit >= np.float32(WISHED))].tolist())


def relaxed(pool, one, each):
    """Both sides after the relaxation."""
    asks = {name: np.array(column) for name, column in one.requirements.columns().items()}
    people = pool
    if each.gate == "certificates":
        asks["certificates"] &= ~np.uint64(each.change)
    elif each.gate == "limits":
        asks["demands"] &= ~np.uint64(each.change)
    elif each.gate == "levels":
        asks["levels"][0, each.column] -= 1
    elif each.gate == "hours":
        end = 1 if each.change > 0 else 0
        asks["hours"][0, end] = np.clip(asks["hours"][0, end] + each.change, 0, 168)
    elif each.gate == "sector":
        asks["sector"][:] = 0
    elif np.isinf(each.change):
        asks["remote"][:] = True
    else:
        has = pool.attributes.columns()
        has["reach_km"] = has["reach_km"] + np.float32(each.change)
        people = Pool(pool.people, pool.skills, pool.mean, pool.sd, Attributes(**has))
    return people, Vacancies(one.vacancies, one.skills, one.band, one.importance, one.seats, Requirements(**asks))


@some
@given(markets(people=25, vacancies=4))
def test_what_relaxing_opens_is_what_ranking_again_adds(market):
    pool, vacancies = market
    if not len(vacancies):
        return
    one, found = vacancies.take([0]), demands(pool, vacancies, 0, wished=WISHED)
    before, fitting = ranked(pool, one)
    assert (found.people, found.fitting) == (len(before), len(fitting))
    assert_array_equal(found.refused, refusals(pool, one)[0])
    assert_array_equal(found.alone, refusals(pool, one, alone=True)[0])
    for each in found.gates:
        after, good = ranked(*relaxed(pool, one, each))
        assert (each.opens, each.fitting) == (len(after - before), len(good - before))
        assert each.opens > 0


@some
@given(markets(people=25, vacancies=4))
def test_a_band_lower_adds_those_whom_ranking_again_finds(market):
    pool, vacancies = market
    if not len(vacancies):
        return
    one, found = vacancies.take([0]), demands(pool, vacancies, 0, wished=WISHED)
    _, fitting = ranked(pool, one)
    assert {each.skill for each in found.skills} == {one.skills[at] for at in np.flatnonzero(one.band[0] > 1)}
    for each in found.skills:
        band = np.array(one.band)
        band[0, one.skills.index(each.skill)] = each.band
        lower = Vacancies(one.vacancies, one.skills, band, one.importance, one.seats, one.requirements)
        assert each.band == one.band[0, one.skills.index(each.skill)] - 1
        assert each.more == len(ranked(pool, lower)[1]) - len(fitting) >= 0


def test_dropping_all_a_gate_asks_opens_what_it_alone_refuses():
    rng = np.random.default_rng(1)
    pool, vacancies = some_people(rng, 80, 2), some_vacancies(rng, 20, 2)
    opened = 0
    for row in range(20):
        found = demands(pool, vacancies, row)
        by_gate = {each.gate: each.opens for each in found.gates if each.gate == "sector" or np.isinf(each.change)}
        assert by_gate.get("sector", 0) == found.alone[4]
        assert by_gate.get("reach", 0) == found.alone[5]
        opened += len(by_gate)
        assert [each.opens for each in found.gates] == sorted((each.opens for each in found.gates), reverse=True)
        assert [each.more for each in found.skills] == sorted((each.more for each in found.skills), reverse=True)
    assert opened > 5


def test_rows_that_do_not_exist_and_wrong_wishes_are_refused():
    rng = np.random.default_rng(2)
    pool, vacancies = some_people(rng, 3, 2), some_vacancies(rng, 2, 2)
    with pytest.raises(IndexError, match="vacancy: row 2 came"):
        demands(pool, vacancies, 2)
    for wrong in ({"wished": 1.5}, {"wished": np.nan}, {"km": 0.0}, {"hours": 0.0}):
        with pytest.raises(ValueError, match="were expected"):
            demands(pool, vacancies, 0, **wrong)
