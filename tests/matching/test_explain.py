from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from matching import Attributes, FrameworkMismatch, Help, Pool, Requirements, Vacancies, expected_ramp, explain, rank
from matching._pair import DRAWS
from tests.matching import naive
from tests.matching.markets import markets, some_people, some_vacancies

SKILLS = ["planning", "listening", "stress"]


def one_pair(*, gates=False, covered=False):
    attributes, requirements = None, None
    if gates:
        attributes = Attributes(
            certificates=[1], limits=[6], levels=[[4, 1, -1]], hours=[[8, 16]], sectors=[1],
            location=[[51.44, 5.48]], reach_km=[10.0],
        )  # fmt: skip
        requirements = Requirements(
            certificates=[7], demands=[3], levels=[[4, 3, 2]], hours=[[24, 32]], sector=[2], location=[[51.48, 5.66]]
        )
    mean = [[9.0, 9.0, 9.0]] if covered else [[-0.5, 0.25, 1.0]]
    measured = [[True, False, True]]
    pool = Pool(["somebody"], SKILLS, mean, [[0.5, 0.75, 0.25]], attributes, measured)
    return pool, Vacancies(["job"], SKILLS, [[4, 3, 0]], [[0.6, 0.4, 0.0]], None, requirements)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(markets(), st.data())
def test_contributions_sum_to_the_fit_and_losses_to_the_rest(market, data):
    pool, vacancies = market
    if not len(pool) or not len(vacancies):
        return
    person, vacancy = data.draw(st.integers(0, len(pool) - 1)), data.draw(st.integers(0, len(vacancies) - 1))
    why, ranked = explain(pool, vacancies, person, vacancy), naive.fit(pool, vacancies, person, vacancy)
    if not vacancies.band[vacancy].any():
        assert math.isnan(why.fit)
        assert math.isnan(ranked)
        return
    assert why.contribution.sum() == why.fit
    assert abs(why.loss.sum() + why.fit - 1) < 1e-12
    assert abs(why.fit - ranked) < 1e-6
    assert 0 <= why.fit <= 1
    assert min(why.contribution.min(), why.loss.min()) >= 0
    assert 0 <= why.interval[0] <= why.interval[1] <= 1
    assert 0 <= why.measured <= 1
    if pool.attributes is not None:
        assert why.gates == naive.gates(pool.attributes, vacancies.requirements, person, vacancy)


def test_every_number_of_a_small_example_follows_from_its_definition():
    why = explain(*one_pair(), person=0, vacancy=0)
    weight = np.array([0.6, 0.4], np.float32).astype(float)
    weight /= weight.sum()
    share = np.array([naive.expected_ramp(-0.5, 0.5, 0.75), naive.expected_ramp(0.25, 0.75, 0.0)])
    assert_allclose(why.contribution, [*weight * share, 0], atol=1e-12)
    assert_allclose(why.loss, [*weight * (1 - share), 0], atol=1e-12)
    assert_allclose(why.meets, [norm.cdf(-1.25 / 0.5), norm.cdf(0.25 / 0.75), 1], atol=1e-12)
    assert abs(why.measured - weight[0]) < 1e-12
    assert why.gates == {}
    assert not why.contribution.flags.writeable


def test_somebody_who_covers_everything_has_a_fit_of_one_and_no_more():
    rng = np.random.default_rng(1)
    for _ in range(50):
        weight = rng.random((1, 24))
        pool = Pool(["p"], map(str, range(24)), np.full((1, 24), 9.0), np.full((1, 24), 0.1))
        why = explain(pool, Vacancies(["v"], pool.skills, np.full((1, 24), 5), weight / weight.sum()), 0, 0)
        assert 1 - 1e-14 < why.fit <= 1
        assert why.contribution.sum() == why.fit
        assert why.interval[1] <= 1


def test_the_interval_holds_ninety_percent_of_what_may_be_true():
    pool, vacancies = one_pair()
    low, high = explain(pool, vacancies, 0, 0).interval
    draws = np.random.default_rng(99).normal([-0.5, 0.25], [0.5, 0.75], (400_000, 2))
    fits = np.clip((draws - [0.75, 0.0]) / 2 + 1, 0, 1) @ [0.6, 0.4]
    assert abs(np.mean(fits < low) - 0.05) < 3 * math.sqrt(0.05 * 0.95 / DRAWS)
    assert abs(np.mean(fits > high) - 0.05) < 3 * math.sqrt(0.05 * 0.95 / DRAWS)


def test_skills_that_go_together_widen_the_interval_and_the_seed_repeats_it():
    pool, vacancies = one_pair()
    sd = pool.sd[0].astype(float)
    together = np.outer(sd, sd) * (0.9 + 0.1 * np.eye(3))
    alone, wide = explain(pool, vacancies, 0, 0), explain(pool, vacancies, 0, 0, covariance=together)
    assert wide.interval[1] - wide.interval[0] > 1.15 * (alone.interval[1] - alone.interval[0])
    assert wide.fit == alone.fit
    assert explain(pool, vacancies, 0, 0, covariance=together).interval == wide.interval
    assert explain(pool, vacancies, 0, 0, covariance=together, seed=1).interval != wide.interval
    independent = explain(pool, vacancies, 0, 0, covariance=np.diag(sd**2))
    assert_allclose(independent.interval, alone.interval, atol=1e-12)


def test_help_with_a_skill_gives_the_fit_of_the_raised_mean():
    rng = np.random.default_rng(2)
    pool, vacancies = some_people(rng, 12, 4, gates=False), some_vacancies(rng, 6, 4, gates=False)
    kinds = set()
    for person in range(12):
        for vacancy in range(6):
            why = explain(pool, vacancies, person, vacancy)
            for each in why.what_helps:
                mean = pool.mean.copy()
                mean[person, pool.skills.index(each.key)] += np.float32(each.change)
                again = explain(Pool(pool.people, pool.skills, mean, pool.sd), vacancies, person, vacancy)
                assert abs(again.fit - each.fit) < 1e-12  # quarters and bands are exact in float32
                assert each.fit > why.fit
                kinds.add(each.kind)
            assert [each.fit for each in why.what_helps] == sorted((each.fit for each in why.what_helps), reverse=True)
    assert kinds == {"step", "ask"}


def test_what_helps_names_half_a_band_and_what_is_asked_and_never_a_skill_that_is_not_asked():
    pool, vacancies = one_pair()
    found = {(each.kind, each.key): each for each in explain(pool, vacancies, 0, 0).what_helps}
    assert set(found) == {("step", "planning"), ("step", "listening"), ("ask", "planning")}
    assert found["step", "planning"].change == 0.375
    assert found["ask", "planning"].change == 1.25
    weight = 0.6 * (expected_ramp(0.75, 0.5, 0.75) - expected_ramp(-0.5, 0.5, 0.75))
    assert abs(found["ask", "planning"].fit - explain(pool, vacancies, 0, 0).fit - weight) < 1e-6


def test_every_refusing_gate_says_what_is_missing_and_leaves_the_fit_alone():
    why = explain(*one_pair(gates=True), 0, 0)
    assert set(why.gates.values()) == {"no"}
    *_, certificates, limits, levels, hours, sector, reach = why.what_helps
    assert (certificates, limits) == (Help("gate", "certificates", 6, why.fit), Help("gate", "limits", 2, why.fit))
    assert levels == Help("gate", "levels", 2, why.fit, column=1)
    assert (hours, sector) == (Help("gate", "hours", 8.0, why.fit), Help("gate", "sector", 2, why.fit))
    assert reach.key == "reach"
    assert abs(reach.change - (naive.great_circle_km([51.44, 5.48], [51.48, 5.66]) - 10)) < 1e-3


def test_somebody_who_wants_more_hours_than_there_are_is_told_how_many_fewer():
    pool, vacancies = one_pair()
    pool = Pool(pool.people, pool.skills, pool.mean, pool.sd, Attributes(hours=[[36, 40]]))
    jobs = vacancies.vacancies, vacancies.skills, vacancies.band, vacancies.importance, None
    why = explain(pool, Vacancies(*jobs, Requirements(hours=[[8, 16]], remote=[True])), 0, 0)
    assert why.what_helps[-1] == Help("gate", "hours", -20.0, why.fit)
    assert why.gates["reach"] == "yes"


def test_lifting_what_a_gate_says_opens_the_gate():
    rng = np.random.default_rng(3)
    pool, vacancies = some_people(rng, 15, 2), some_vacancies(rng, 15, 2)
    lifted = 0
    for person in range(15):
        for vacancy in range(15):
            missing = {
                each.key: each for each in explain(pool, vacancies, person, vacancy).what_helps if each.kind == "gate"
            }
            has = pool.attributes.take([person]).columns()
            if "certificates" in missing:
                has["certificates"] = has["certificates"] | np.uint64(missing["certificates"].change)
            if "limits" in missing:
                has["limits"] = has["limits"] & ~np.uint64(missing["limits"].change)
            if "sector" in missing:
                has["sectors"] = has["sectors"] | np.uint32(missing["sector"].change)
            if "reach" in missing:
                has["reach_km"] = has["reach_km"] + np.float32(missing["reach"].change) + 1e-3
            one = pool.take([person])
            mended = Pool(one.people, one.skills, one.mean, one.sd, Attributes(**has))
            answers = explain(mended, vacancies, 0, vacancy).gates
            assert not {gate for gate, answer in answers.items() if answer == "no"} - {"levels", "hours"}
            lifted += len(missing)
    assert lifted > 50


def test_a_vacancy_that_asks_nothing_is_explained_by_its_gates_alone():
    pool, vacancies = one_pair(gates=True)
    nothing = Vacancies(["job"], SKILLS, np.zeros((1, 3), int), np.zeros((1, 3)), None, vacancies.requirements)
    why = explain(pool, nothing, 0, 0)
    assert math.isnan(why.fit)
    assert all(map(math.isnan, why.interval))
    assert_array_equal(why.contribution, 0)
    assert_array_equal(why.meets, 1)
    assert why.measured == 1
    assert {each.kind for each in why.what_helps} == {"gate"}


def test_the_explained_fit_is_the_ranked_fit():
    rng = np.random.default_rng(4)
    pool, vacancies = some_people(rng, 30, 5), some_vacancies(rng, 10, 5)
    ranking = rank(pool, vacancies, k=3)
    for vacancy, (ids, fits) in enumerate(zip(ranking.ids, ranking.fit, strict=True)):
        for person, fit in zip(ids[ids >= 0], fits[ids >= 0], strict=True):
            assert_allclose(explain(pool, vacancies, person, vacancy).fit, fit, atol=1e-6)


@pytest.mark.parametrize(
    ("person", "vacancy", "message"), [(1, 0, "person: row 1"), (-1, 0, "person: row -1"), (0, 7, "vacancy: row 7")]
)
def test_rows_that_do_not_exist_cannot_be_explained(person, vacancy, message):
    with pytest.raises(IndexError, match=f"{message} came, 0 to 0 was expected"):
        explain(*one_pair(), person, vacancy)


def test_nobody_can_be_explained_in_an_empty_pool_and_a_row_is_a_whole_number():
    pool, vacancies = one_pair()
    with pytest.raises(IndexError, match="there are none"):
        explain(pool.take([]), vacancies, 0, 0)
    with pytest.raises(TypeError, match="person: str came"):
        explain(pool, vacancies, "somebody", 0)
    with pytest.raises(FrameworkMismatch):
        explain(pool, Vacancies(["v"], SKILLS[:2], [[3, 3]], [[0.5, 0.5]]), 0, 0)


@pytest.mark.parametrize(
    ("covariance", "kind", "message"),
    [
        (np.eye(2), ValueError, "shape"),
        (np.eye(3, dtype=int), TypeError, "int64 came"),
        (np.full((3, 3), np.nan), ValueError, "NaN"),
        (np.triu(np.ones((3, 3))), ValueError, "symmetric"),
        (np.diag([1.0, 1.0, -0.5]), ValueError, "below 0"),
    ],
)
def test_a_covariance_that_is_none_is_refused(covariance, kind, message):
    with pytest.raises(kind, match=message):
        explain(*one_pair(), 0, 0, covariance=covariance)
