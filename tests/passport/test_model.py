import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport.model import information, length, log_likelihood, offsets, probabilities

from . import naive

level = st.floats(-4, 4)
slope = st.floats(0.05, 3)
step = st.floats(-3, 3)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(levels=st.tuples(level, level), slopes=st.tuples(slope, slope), steps=st.lists(step, min_size=1, max_size=3))
def test_probabilities_equal_the_slow_twin(levels, slopes, steps):
    padded = np.array(steps + [np.nan] * (3 - len(steps)))
    fast = probabilities(np.array(levels) @ np.array(slopes), offsets(np.array(slopes), padded))
    slow = naive.grade_probabilities(levels, slopes, padded)
    np.testing.assert_allclose(fast[: len(slow)], slow, atol=1e-12)
    assert np.all(fast[len(slow) :] == 0)


def test_one_step_is_the_two_parameter_logistic_model():
    theta, a, b = 0.7, 1.3, -0.4
    chance = probabilities(np.array(a * theta), offsets(np.array([a]), np.array([b, np.nan, np.nan])))
    assert chance[1] == pytest.approx(1 / (1 + np.exp(-a * (theta - b))))


def test_information_is_the_slope_of_the_expected_grade():
    offset = offsets(np.array([1.2]), np.array([-1.0, 0.2, 0.9]))
    z, h = np.linspace(-3, 3, 13), 1e-5
    grades = np.arange(4)
    slope = (probabilities(z + h, offset) @ grades - probabilities(z - h, offset) @ grades) / (2 * h)
    np.testing.assert_allclose(information(z, offset), slope, atol=1e-8)


def test_extreme_levels_stay_finite():
    offset = offsets(np.array([3.0]), np.array([-2.0, 0.0, 2.0]))
    chance = probabilities(np.array([-1e4, 1e4]), offset)
    np.testing.assert_allclose(chance, [[1, 0, 0, 0], [0, 0, 0, 1]])


def test_the_log_likelihood_adds_up_and_missing_answers_say_nothing():
    rng = np.random.default_rng(3)
    slopes = np.array([[1.0, 0.0], [0.5, 1.1], [0.0, 0.8]])
    steps = np.array([[-1.0, 0.0, 1.0], [0.2, 0.5, 0.9], [-0.5, np.nan, np.nan]])
    levels = rng.normal(size=(5, 2))
    answers = np.array([2, 3, 1])
    slow = [
        sum(np.log(naive.grade_probabilities(t, a, b)[x]) for a, b, x in zip(slopes, steps, answers, strict=True))
        for t in levels
    ]
    np.testing.assert_allclose(log_likelihood(levels, slopes, steps, answers), slow, atol=1e-12)
    np.testing.assert_allclose(
        log_likelihood(levels, slopes, steps, np.array([2, -1, 1])),
        log_likelihood(levels, slopes[[0, 2]], steps[[0, 2]], np.array([2, 1])),
    )


def test_length_is_the_euclidean_norm():
    assert length(np.array([[3.0, 4.0], [1.0, 0.0]])).tolist() == [5, 1]
