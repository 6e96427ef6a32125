from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.stats import norm

from matching import expected_ramp
from matching.fit import LEVEL_OF_BAND, all_fits, fits, level_table
from tests.matching import naive

levels = st.floats(-6, 6)
spreads = st.floats(0, 3)
often = settings(max_examples=200, deadline=None, derandomize=True)


@often
@given(levels, spreads, levels, st.floats(0.25, 4))
def test_the_closed_form_equals_the_textbook(mean, sd, required, full_miss):
    assert_allclose(
        expected_ramp(mean, sd, required, full_miss), naive.expected_ramp(mean, sd, required, full_miss), atol=1e-12
    )


def test_the_closed_form_equals_quadrature():
    rng = np.random.default_rng(1)
    for mean, sd, required in zip(
        rng.uniform(-3, 3, 60), rng.uniform(0.05, 1.5, 60), rng.uniform(-2, 2, 60), strict=True
    ):
        slope, _ = quad(lambda x, m=mean, s=sd, r=required: (x - r + 2) / 2 * norm.pdf(x, m, s), required - 2, required)
        assert abs(expected_ramp(mean, sd, required) - (slope + norm.sf(required, mean, sd))) < 1e-9


def test_the_closed_form_equals_two_million_draws():
    draws = np.random.default_rng(2).standard_normal(2_000_000)
    for mean, sd, required in [(0.0, 1.0, 0.0), (-1.2, 0.4, 0.75), (1.5, 0.9, 1.5), (-2.0, 0.7, -1.5)]:
        drawn = np.clip((mean + sd * draws - required) / 2 + 1, 0, 1).mean()
        assert abs(expected_ramp(mean, sd, required) - drawn) < 1e-3


def test_a_level_that_is_known_exactly_gives_the_plain_ramp():
    level = np.linspace(-4, 4, 81)
    assert_allclose(expected_ramp(level, 0.0, 0.75), np.clip((level - 0.75) / 2 + 1, 0, 1), atol=1e-9)


def test_far_away_levels_give_nothing_or_everything():
    assert expected_ramp([-1e30, -1e9, 1e9, 1e30], 1.0, 0.0).tolist() == [0, 0, 1, 1]
    assert expected_ramp([-3e38, 3e38], 0.0, 0.0).tolist() == [0, 1]


def test_raising_a_level_never_lowers_the_expected_ramp():
    rng = np.random.default_rng(3)
    mean, sd, required = rng.normal(0, 1.5, 100_000), rng.uniform(0, 1.5, 100_000), rng.choice(LEVEL_OF_BAND, 100_000)
    raised = mean + rng.choice([1e-3, 0.01, 0.1, 0.3, 1.0], 100_000)
    before, after = expected_ramp(mean, sd, required), expected_ramp(raised, sd, required)
    assert np.count_nonzero(after < before) == 0


def test_asking_more_never_raises_the_expected_ramp():
    rng = np.random.default_rng(4)
    share = expected_ramp(rng.normal(0, 1.5, (10_000, 1)), rng.uniform(0, 1.5, (10_000, 1)), LEVEL_OF_BAND)
    assert np.all(np.diff(share, axis=1) <= 0)


def test_raising_a_level_never_lowers_a_fit():
    rng = np.random.default_rng(5)
    people, skills = 5_000, 8
    mean, sd = rng.normal(size=(2, people, skills)).astype(np.float32)
    sd = np.abs(sd)
    raised = mean.copy()
    raised[np.arange(people), rng.integers(0, skills, people)] += rng.uniform(0, 0.6, people).astype(np.float32)
    before, after = level_table(mean, sd), level_table(raised, sd)
    lowered = 0
    for _ in range(20):  # 20 x 5,000 = 100,000 raises
        band = rng.integers(0, 6, (1, skills)).astype(np.int8)
        band[0, 0] = 3
        importance = np.where(band > 0, rng.random((1, skills)), 0)
        importance = (importance / importance.sum()).astype(np.float32)
        lowered += np.count_nonzero(all_fits(after, band, importance) < all_fits(before, band, importance))
    assert lowered == 0


def test_bands_sit_three_quarters_apart_around_the_population_mean():
    assert LEVEL_OF_BAND.tolist() == [-1.5, -0.75, 0, 0.75, 1.5]


def test_the_table_holds_the_expected_ramp_of_every_skill_and_band():
    rng = np.random.default_rng(6)
    mean, sd = rng.normal(size=(7, 3)).astype(np.float32), rng.uniform(0, 1, (7, 3)).astype(np.float32)
    table = level_table(mean, sd)
    assert table.dtype == np.float32
    assert table.shape == (15, 7)
    for person in range(7):
        for skill in range(3):
            for band in range(1, 6):
                share = naive.share(float(mean[person, skill]), float(sd[person, skill]), band)
                assert table[skill * 5 + band - 1, person] == share


def test_a_person_has_the_same_bits_in_any_pool():
    rng = np.random.default_rng(7)
    mean, sd = rng.normal(size=(203, 4)).astype(np.float32), rng.uniform(0, 1, (203, 4)).astype(np.float32)
    table = level_table(mean, sd)
    for rows in (slice(0, 1), slice(5, 22), slice(100, 203), slice(202, 203)):
        assert_array_equal(level_table(mean[rows], sd[rows]), table[:, rows])


def test_a_fit_has_the_same_bits_whoever_and_whatever_else_is_computed_with_it():
    rng = np.random.default_rng(8)
    table = level_table(rng.normal(size=(500, 9)).astype(np.float32), np.full((500, 9), 0.5, np.float32))
    band = rng.integers(0, 6, (40, 9)).astype(np.int8)
    importance = (np.where(band > 0, rng.random((40, 9)), 0) / 6).astype(np.float32)
    everybody = all_fits(table, band, importance)
    for count in (0, 1, 2, 9, 77, 499):
        people, jobs = rng.choice(500, count, replace=False), rng.choice(40, min(count, 40), replace=False)
        some = np.ascontiguousarray(table[:, people])
        assert_array_equal(fits(some, band[3], importance[3]), everybody[3, people])
        assert_array_equal(all_fits(some, band[jobs], importance[jobs]), everybody[jobs][:, people])


def test_a_fit_lies_between_nothing_and_everything():
    mean = np.array([[-9.0] * 24, [9.0] * 24], np.float32)
    importance = np.full((1, 24), 1 / 24, np.float32) * np.float32(1.000001)
    fit = all_fits(level_table(mean, np.full((2, 24), 0.1, np.float32)), np.full((1, 24), 4, np.int8), importance)
    assert fit.tolist() == [[0.0, 1.0]]


def test_a_vacancy_that_asks_nothing_has_no_fit():
    table = level_table(np.zeros((3, 2), np.float32), np.ones((3, 2), np.float32))
    band, importance = np.array([[0, 0], [3, 0]], np.int8), np.array([[0, 0], [1, 0]], np.float32)
    fit = all_fits(table, band, importance)
    assert fit.shape == (2, 3)
    assert np.isnan(fit[0]).all()
    assert not np.isnan(fit[1]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.nan, 1.0, 0.0), "NaN"),
        ((0.0, np.inf, 0.0), "infinity"),
        ((0.0, 1.0, -np.inf), "infinity"),
        ((0.0, -0.1, 0.0), "0 or more"),
        ((0.0, 1.0, 0.0, 0.0), "positive"),
        ((0.0, 1.0, 0.0, np.nan), "positive"),
    ],
)
def test_the_ramp_refuses_what_is_no_level(arguments, message):
    with pytest.raises(ValueError, match=message):
        expected_ramp(*arguments)
