import datetime as dt

import numpy as np
import pytest

from passport import FrameworkMismatch, Passport, quality
from passport.framework import BAND_WIDTH
from passport.model import information, offsets

from . import banks, crowds


def test_public_names_are_all_there():
    assert all(hasattr(quality, name) for name in quality.__all__)


# standard errors and reliability


def test_information_of_one_skill_is_the_sum_over_items():
    slopes, steps = crowds.one_skill_bank(np.random.default_rng(1), 12)
    level = np.array([[-1.0], [0.0], [2.0]])
    each = information(level @ slopes.T, offsets(slopes, steps)) * slopes[:, 0] ** 2
    np.testing.assert_allclose(quality.information_matrix(level, slopes, steps)[:, 0, 0], each.sum(axis=1))
    np.testing.assert_allclose(
        quality.conditional_standard_errors(level, slopes, steps)[:, 0], each.sum(axis=1) ** -0.5
    )


def test_the_prior_and_more_items_only_lower_a_standard_error_and_a_skill_without_items_is_unknown():
    correlation = np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]])
    bank = banks.random_bank(2, skills=3, items=12)
    level = np.random.default_rng(1).normal(size=(5, 3))
    alone = quality.conditional_standard_errors(level, bank.slopes, bank.steps)
    fewer = quality.conditional_standard_errors(level, bank.slopes[:6], bank.steps[:6], correlation)
    both = quality.conditional_standard_errors(level, bank.slopes, bank.steps, correlation)
    assert np.all(both < alone)
    assert np.all(both < fewer)
    only_first = bank.slopes[:, 0] > 0
    lost = quality.conditional_standard_errors(level, bank.slopes[only_first] * [1, 0, 0], bank.steps[only_first])
    assert np.isinf(lost[:, 1:]).all()


@pytest.fixture(scope="module")
def measured():
    rng = np.random.default_rng(2)
    slopes, steps = crowds.one_skill_bank(rng, 15)
    level = rng.normal(size=4_000)
    answers = crowds.grades(level[:, None] * slopes[:, 0], offsets(slopes, steps), rng)
    again = crowds.grades(level[:, None] * slopes[:, 0], offsets(slopes, steps), rng)
    one, two = (quality.levels_from(x, slopes, steps, np.eye(1)) for x in (answers, again))
    return level, one[0], np.sqrt(one[1][:, 0]), two[0]


@pytest.mark.slow
def test_reliabilities_equal_the_correlation_with_the_truth_squared(measured):
    level, mean, sd, _ = measured
    true = np.corrcoef(level, mean[:, 0])[0, 1] ** 2
    assert quality.marginal_reliability(sd)[0] == pytest.approx(true, abs=0.02)
    assert quality.empirical_reliability(mean, sd)[0] == pytest.approx(true, abs=0.02)


@pytest.mark.slow
def test_band_quality_tells_how_often_a_band_is_right_and_comes_again(measured):
    level, mean, sd, again = measured

    def band(x):
        return np.clip(np.floor(x / BAND_WIDTH + 0.5), -2, 2)

    found = quality.band_quality(mean, sd)
    right, off = band(mean[:, 0]) == band(level), np.abs(band(mean[:, 0]) - band(level))
    assert found.accuracy[0] == pytest.approx(right.mean(), abs=0.025)
    assert found.near[0] == pytest.approx(np.mean(off <= 1), abs=0.01)
    assert found.consistency[0] == pytest.approx(np.mean(band(mean[:, 0]) == band(again[:, 0])), abs=0.025)


def test_bands_of_sure_people_are_right_and_of_unknown_people_a_guess():
    sure = quality.band_quality(np.array([[0.0], [0.75], [-1.5]]), np.full((3, 1), 0.01))
    assert sure.accuracy[0] == pytest.approx(1)
    assert sure.consistency[0] == pytest.approx(1)
    assert quality.band_quality(np.zeros((1, 1)), np.ones((1, 1))).accuracy[0] < 0.35


# change and retest


def passport(mean, sd=0.3, measured=True, **changes):
    values = {
        "person": "person-1",
        "framework": "test",
        "bank": "b",
        "norm": "n",
        "mean": np.asarray(mean, dtype=float),
        "covariance": np.eye(len(mean)) * sd**2,
        "own_information": np.full(len(mean), float(measured)),
        "issued": dt.date(2026, 1, 2),
        "provisional": False,
    }
    return Passport(**(values | changes))


def test_a_change_counts_when_it_is_larger_than_the_errors_of_both():
    change = quality.reliable_change(passport([0, 0, 0]), passport([0.8, 0.9, -0.9]))
    assert change.reliable.tolist() == [False, True, True]  # 1.96 * .3 * sqrt 2 = .83
    assert change.chance[1] > 0.97
    assert change.chance[2] < 0.03
    np.testing.assert_allclose(change.error, 0.3 * np.sqrt(2), rtol=1e-6)


def test_a_skill_without_items_of_its_own_never_changes():
    assert not quality.reliable_change(passport([0], measured=False), passport([2])).reliable.any()


def test_unchanged_people_rarely_show_a_reliable_change(measured):
    _, mean, sd, again = measured
    before = [passport(m, s[0]) for m, s in zip(mean[:300], sd, strict=False)]
    after = [passport(m, s[0]) for m, s in zip(again[:300], sd, strict=False)]
    found = [quality.reliable_change(a, b).reliable[0] for a, b in zip(before, after, strict=True)]
    assert np.mean(found) <= 0.05


@pytest.mark.parametrize("field", ["framework", "norm"])
def test_passports_on_different_scales_cannot_be_compared(field):
    with pytest.raises(FrameworkMismatch, match=f"one {field}"):
        quality.reliable_change(passport([0]), passport([0], **{field: "other"}))


def test_a_retest_waits_four_weeks_and_items_rest_six_months():
    day = dt.date(2026, 1, 2)
    assert quality.retest_from(day) == dt.date(2026, 1, 30)
    assert not quality.may_retest(day, dt.date(2026, 1, 29))
    assert quality.may_retest(day, dt.date(2026, 1, 30))
    assert quality.may_retest(None, day)
    shown = {"safety-01": day, "rules-02": dt.date(2025, 7, 1)}
    assert quality.resting_items(shown, day) == {"safety-01"}
    assert quality.resting_items(shown, dt.date(2026, 7, 4)) == frozenset()
