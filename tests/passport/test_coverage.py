"""Known truth: simulated people go through the real assessment, and their intervals must hold what they promise."""

import numpy as np
import pytest

from data.synthetic.people import FINISHED, People, draw_levels
from data.synthetic.simulate import simulate
from passport import RULES, load_framework, load_items

PEOPLE = 1_000


@pytest.fixture(scope="module")
def measured():
    framework, bank = load_framework(), load_items()
    true = draw_levels(framework.correlation, seed=11, chunk=0)[:PEOPLE]
    people = People(
        ids=[f"person-{i:06d}" for i in range(PEOPLE)],
        true=true,
        careless=np.zeros(PEOPLE, dtype=bool),
        pace=np.zeros(PEOPLE),
        goal=np.full(PEOPLE, FINISHED),
        visible=np.ones(PEOPLE, dtype=bool),
        issued=np.full(PEOPLE, np.datetime64("2026-01-02")),
        place=np.zeros(PEOPLE, dtype=int),
        columns={},
    )
    found, _ = simulate(people, bank, framework, seed=11, chunk=0)
    return true, found


@pytest.mark.slow
def test_95_percent_intervals_cover_the_truth_93_to_97_percent_of_the_time(measured):
    true, found = measured
    sd = np.sqrt(np.einsum("pss->ps", found.covariance))
    inside = np.abs(found.mean - true) <= 1.959964 * sd
    assert 0.93 <= inside.mean() <= 0.97
    by_skill = inside.mean(axis=0)
    assert by_skill.min() >= 0.92
    assert by_skill.max() <= 0.98


@pytest.mark.slow
def test_levels_are_not_biased_and_errors_are_as_large_as_stated(measured):
    true, found = measured
    error = found.mean - true
    variance = np.einsum("pss->ps", found.covariance)
    assert np.abs(error.mean(axis=0)).max() < 0.08
    assert 0.9 < (error**2).mean() / variance.mean() < 1.1


@pytest.mark.slow
def test_nobody_is_asked_more_than_the_limit_and_everybody_gets_an_own_item_for_every_skill(measured):
    _, found = measured
    assert found.items.max() <= RULES.most_items
    assert np.mean(found.information > 0) > 0.99  # a skipped item may leave a gap
