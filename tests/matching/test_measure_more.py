from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from matching import FrameworkMismatch, Pool, Vacancies, explain, measure_more, position, rank, top_up
from matching.fit import FULL_MISS, LEVEL_OF_BAND, expected_ramp
from matching.measure_more import GAME, ITEM, ITEMS, NINETY, measured_more, slope_table
from tests.matching import naive
from tests.matching.markets import markets, some_people, some_vacancies

some = settings(max_examples=60, deadline=None, derandomize=True)


def some_covariances(rng, pool, together=0.4):
    sd = pool.sd.astype(float)
    mixed = together + (1 - together) * np.eye(len(pool.skills))
    return (sd[:, :, None] * sd[:, None] * mixed).astype(np.float32)


def upper(pool, vacancies, person, vacancy, covariance):
    """The upper end of the fit's interval to first order, one number after the other; slopes by difference."""
    gradient = np.zeros(len(pool.skills))
    for skill in np.flatnonzero(vacancies.band[vacancy]):
        mean, sd = float(pool.mean[person, skill]), max(float(pool.sd[person, skill]), 1e-3)
        asked = LEVEL_OF_BAND[vacancies.band[vacancy, skill] - 1]
        rise = expected_ramp(mean + 1e-4, sd, asked) - expected_ramp(mean - 1e-4, sd, asked)
        gradient[skill] = vacancies.importance[vacancy, skill] * rise / 2e-4
    variance = gradient @ covariance[person].astype(float) @ gradient
    return min(float(naive.fit(pool, vacancies, person, vacancy)) + NINETY * math.sqrt(max(variance, 0.0)), 1.0)


@some
@given(markets(), st.integers(1, 5), st.booleans())
def test_the_queue_holds_whoever_might_enter_a_list_and_what_that_would_settle(market, k, given_covariance):
    pool, vacancies = market
    rng = np.random.default_rng(k)
    if (pool.sd == 0).any():  # a slope by difference needs a smooth ramp
        pool = Pool(pool.people, pool.skills, pool.mean, np.maximum(pool.sd, 0.25), pool.attributes)
    independent = np.stack([np.diag(sd**2) for sd in pool.sd]) if len(pool) else np.zeros((0, *[len(pool.skills)] * 2))
    covariance = some_covariances(rng, pool) if given_covariance else independent
    queue = measure_more(pool, vacancies, k=k, covariance=covariance if given_covariance else None)
    ranking = naive.rank(pool, vacancies, k=k)
    everybody = naive.rank(pool, vacancies, k=max(1, len(pool)))
    settles = {}
    for vacancy in range(len(vacancies)):
        cut = ranking.fit[vacancy, -1]
        if ranking.ids[vacancy, -1] >= 0 and not np.isnan(cut):
            for person in set(everybody.ids[vacancy].tolist()) - set(ranking.ids[vacancy].tolist()) - {-1}:
                over = upper(pool, vacancies, person, vacancy, covariance) - float(cut)
                if over > 1e-6:
                    settles.setdefault(person, []).append(over)
    found = dict(zip(queue.people.tolist(), queue.settles, strict=True))
    surely = {person: sum(each) for person, each in settles.items() if sum(each) > 1e-4}
    assert set(surely) <= set(found)
    for person, settled in found.items():
        assert abs(settled - sum(settles.get(person, []))) < 1e-4
    assert (np.diff(queue.settles) <= 0).all()


def test_nobody_is_invited_for_a_vacancy_that_shuts_nobody_out_or_who_is_listed_already():
    rng = np.random.default_rng(1)
    pool, vacancies = some_people(rng, 15, 3), some_vacancies(rng, 6, 3)
    assert len(measure_more(pool, vacancies, k=15).people) == 0
    ranking = rank(pool, vacancies, k=2)
    queue = measure_more(pool, vacancies, k=2)
    assert_array_equal(queue.people, measure_more(pool, vacancies, ranking=ranking).people)
    for person, vacancy, count in zip(queue.people, queue.vacancy, queue.vacancies, strict=True):
        assert person not in ranking.ids[vacancy]
        assert 1 <= count <= 6


def test_who_is_known_exactly_is_never_invited_and_who_is_not_known_comes_first():
    mean = [[-0.2], [-0.25], [-0.3], [-0.3]]  # in the middle of the ramp, where spread takes nothing
    pool = Pool(["best", "sure", "vague", "vaguer"], ["x"], mean, [[0.1], [0.0], [0.3], [0.6]])
    job = Vacancies(["v"], ["x"], [[4]], [[1.0]])
    queue = measure_more(pool, job, k=1)
    assert [pool.people[person] for person in queue.people] == ["vaguer", "vague"]
    assert queue.vacancy.tolist() == [0, 0]


def test_uncertainty_alone_moves_nobody_past_the_fit():
    rng = np.random.default_rng(2)
    pool, vacancies = some_people(rng, 30, 3, gates=False), some_vacancies(rng, 5, 3, gates=False)
    before = rank(pool, vacancies, k=5)
    measure_more(pool, vacancies, k=5)
    assert rank(pool, vacancies, k=5) == before


def test_slopes_are_those_of_the_expected_ramp():
    mean, sd = np.array([[-1.0, 0.3, 2.0]], np.float32), np.array([[0.3, 0.7, 1.1]], np.float32)
    steep = slope_table(mean, sd).reshape(3, 5)
    for skill in range(3):
        level, spread = float(mean[0, skill]), float(sd[0, skill])
        rise = expected_ramp(level + 1e-5, spread, LEVEL_OF_BAND) - expected_ramp(level - 1e-5, spread, LEVEL_OF_BAND)
        assert_allclose(steep[skill], rise / 2e-5, atol=1e-6)
    assert steep.max() <= 1 / FULL_MISS


def test_measuring_adds_information_where_least_is_known():
    rng = np.random.default_rng(3)
    before = some_covariances(rng, some_people(rng, 1, 4, gates=False), 0.3)[0].astype(float) + 0.2 * np.eye(4)
    after, skills = measured_more(before, np.array([0, 2, 3]), ITEM, ITEMS)
    information = ITEM * np.bincount(skills, minlength=4)
    assert_allclose(after, np.linalg.inv(np.linalg.inv(before) + np.diag(information)), atol=1e-12)
    assert 1 not in skills
    assert skills[0] == (0, 2, 3)[int(np.argmax(np.diag(before)[[0, 2, 3]]))]
    assert information.sum() == pytest.approx(ITEM * ITEMS)


def test_the_interval_after_measuring_is_that_of_explaining_again():
    rng = np.random.default_rng(4)
    pool, vacancies = some_people(rng, 8, 5, gates=False), some_vacancies(rng, 4, 5, gates=False)
    covariance = some_covariances(rng, pool).astype(float) + 0.1 * np.eye(5)
    for person in range(8):
        for vacancy in np.flatnonzero(vacancies.band.any(axis=1)):
            now = explain(pool, vacancies, person, vacancy, covariance=covariance[person])
            asked = np.flatnonzero(vacancies.band[vacancy])
            game, items = top_up(pool, vacancies, person, int(vacancy), covariance=covariance[person])
            assert (game.kind, items.kind) == ("game", "items")
            for found, plan in ((game, (GAME, 1)), (items, (ITEM, ITEMS))):
                after, skills = measured_more(covariance[person], asked, *plan)
                again = explain(pool, vacancies, person, vacancy, covariance=after)
                assert_allclose(found.interval, again.interval, atol=1e-12)
                width = (now.interval[1] - now.interval[0]) - (again.interval[1] - again.interval[0])
                assert abs(found.shrinks - width) < 1e-12
                assert found.skills == tuple(dict.fromkeys(pool.skills[skill] for skill in skills))
                assert 0 <= found.passes <= 1 or math.isnan(found.passes)
            assert items.shrinks > -1e-3


def test_the_chance_to_pass_is_that_of_measuring_many_times():
    sd, need = 0.8, LEVEL_OF_BAND[3]
    pool = Pool(["me", "above", "below"], ["x"], [[0.2], [0.4], [0.0]], [[sd], [0.3], [0.3]])
    job = Vacancies(["v"], ["x"], [[4]], [[1.0]])
    place = position(pool, job, 0, 0)
    game = top_up(pool, job, 0, 0)[0]
    rng = np.random.default_rng(5)
    level = 0.2 + sd * rng.standard_normal(400_000)
    score = level + rng.standard_normal(400_000) / math.sqrt(GAME)
    gain = sd**2 / (sd**2 + 1 / GAME)
    fit = expected_ramp(np.float32(0.2) + gain * (score - 0.2), math.sqrt(sd**2 * (1 - gain)), need)
    assert abs(game.passes - np.mean(fit > place.above.fit)) < 0.04
    assert abs(game.falls - np.mean(fit < place.below.fit)) < 0.04


def test_somebody_without_neighbours_passes_nobody_and_asking_nothing_measures_nothing():
    pool = Pool(["me"], ["x"], [[0.0]], [[1.0]])
    game, items = top_up(pool, Vacancies(["v"], ["x"], [[3]], [[1.0]]), 0, 0)
    assert all(map(math.isnan, (game.passes, game.falls, items.passes, items.falls)))
    assert top_up(pool, Vacancies(["v"], ["x"], [[0]], [[0.0]]), 0, 0) == ()


def test_wrong_arguments_are_refused():
    rng = np.random.default_rng(6)
    pool, vacancies = some_people(rng, 4, 2), some_vacancies(rng, 3, 2)
    wrong = [{"k": 0}, {"ranking": rank(pool, vacancies, side="people")}, {"covariance": np.zeros((4, 2))}]
    wrong += [{"covariance": np.full((4, 2, 2), np.nan)}, {"covariance": np.zeros((4, 2, 2), int)}]
    for each in wrong:
        with pytest.raises(ValueError, match="was expected"):
            measure_more(pool, vacancies, **each)
    with pytest.raises(IndexError, match="person: row 4"):
        top_up(pool, vacancies, 4, 0)
    with pytest.raises(FrameworkMismatch):
        measure_more(pool, some_vacancies(rng, 3, 3))
