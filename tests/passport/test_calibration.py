import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport import Anchors, GradedCalibration, NotConverged
from passport.model import log_likelihood

# LSAT section 6, 1,000 people x 5 items (Bock & Lieberman 1970): answer pattern and how many people gave it
LSAT6 = """
00000 3 00001 6 00010 2 00011 11 00100 1 00101 1 00110 3 00111 4 01000 1 01001 8 01011 16 01101 3
01110 2 01111 15 10000 10 10001 29 10010 14 10011 81 10100 3 10101 28 10110 15 10111 80 11000 16
11001 56 11010 21 11011 173 11100 11 11101 61 11110 28 11111 298
"""
PATTERNS = np.array([[int(digit) for digit in pattern] for pattern in LSAT6.split()[::2]])
COUNTS = np.array([int(count) for count in LSAT6.split()[1::2]])


def simulated(seed, people, items, grades, missing=0.0):
    """Answers from the model itself, with the slopes and steps behind them."""
    rng = np.random.default_rng(seed)
    slopes = np.exp(rng.normal(0, 0.3, items))
    steps = np.sort(rng.normal(0, 1, (items, grades - 1)), axis=1)
    intercepts = np.concatenate([np.zeros((items, 1)), -np.cumsum(steps, axis=1) * slopes[:, None]], axis=1)
    logits = rng.normal(size=people)[:, None, None] * slopes[:, None] * np.arange(grades) + intercepts
    chance = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    answers = np.sum(rng.random((people, items, 1)) > chance.cumsum(axis=2), axis=2)
    answers[rng.random(answers.shape) < missing] = -1
    return answers, slopes, steps


def slow_log_likelihood(answers, slopes, steps, points=201):
    """The marginal log-likelihood by one grid point after the other."""
    levels = np.linspace(-6, 6, points)
    weights = np.exp(-0.5 * levels**2)
    weights /= weights.sum()
    padded = np.full((len(slopes), 3), np.nan)
    padded[:, : steps.shape[1]] = steps
    patterns, counts = np.unique(answers, axis=0, return_counts=True)
    given_level = np.array([log_likelihood(levels[:, None], slopes[:, None], padded, row) for row in patterns])
    return float(counts @ np.log(np.exp(given_level) @ weights))


def test_the_published_two_parameter_values_of_lsat6_are_found():
    model = GradedCalibration("2pl").fit(PATTERNS, weights=COUNTS)
    assert model.converged_
    assert model.log_likelihood_ == pytest.approx(-2466.653, abs=0.002)
    np.testing.assert_allclose(model.slopes_, [0.8254, 0.7229, 0.8905, 0.6886, 0.6575], atol=0.004)
    np.testing.assert_allclose(model.steps_[:, 0], [-3.3597, -1.3696, -0.2799, -1.8659, -3.1236], atol=0.004)


def test_the_published_common_slope_values_of_lsat6_are_found():
    model = GradedCalibration("pcm").fit(PATTERNS, weights=COUNTS)
    assert model.log_likelihood_ == pytest.approx(-2466.938, abs=0.002)
    np.testing.assert_allclose(model.slopes_, 0.7551, atol=0.004)
    np.testing.assert_allclose(model.steps_[:, 0], [-3.6153, -1.3224, -0.3176, -1.7301, -2.7802], atol=0.004)


def test_weights_equal_repeated_rows():
    counted = GradedCalibration("2pl").fit(PATTERNS, weights=COUNTS)
    repeated = GradedCalibration("2pl").fit(np.repeat(PATTERNS, COUNTS, axis=0))
    np.testing.assert_allclose(counted.slopes_, repeated.slopes_, atol=1e-6)
    np.testing.assert_allclose(counted.slopes_se_, repeated.slopes_se_, atol=1e-6)
    assert counted.answers_.tolist() == repeated.answers_.tolist() == [1000] * 5


@pytest.mark.parametrize(("model", "grades"), [("2pl", 2), ("gpcm", 4)])
def test_known_parameters_are_recovered_within_their_stated_errors(model, grades):
    away = []
    for seed in range(6):
        answers, slopes, steps = simulated(seed, 2_000, 20, grades)
        found = GradedCalibration(model).fit(answers)
        assert np.sqrt(np.mean((found.slopes_ - slopes) ** 2)) < 0.12
        away += [(found.slopes_ - slopes) / found.slopes_se_, ((found.steps_ - steps) / found.steps_se_).ravel()]
    z = np.concatenate(away)
    assert 0.92 < np.mean(np.abs(z) < 1.96) < 0.98
    assert 0.9 < np.sqrt(np.mean(z**2)) < 1.1


def test_missing_by_design_recovers_the_same_parameters_with_larger_errors():
    answers, slopes, _ = simulated(6, 4_000, 20, 4, missing=0.5)
    half = GradedCalibration().fit(answers)
    full = GradedCalibration().fit(simulated(6, 4_000, 20, 4)[0])
    assert np.sqrt(np.mean((half.slopes_ - slopes) ** 2)) < 0.1
    assert 1.2 < np.mean(half.slopes_se_ / full.slopes_se_) < 1.8
    z = (half.slopes_ - slopes) / half.slopes_se_
    assert np.mean(np.abs(z) < 1.96) > 0.85


def test_the_maximum_is_one_and_the_log_likelihood_is_the_real_one():
    answers, _, _ = simulated(7, 400, 8, 3)
    found = GradedCalibration(points=81).fit(answers)
    best = slow_log_likelihood(answers, found.slopes_, found.steps_)
    assert found.log_likelihood_ == pytest.approx(best, abs=0.01)
    rng = np.random.default_rng(1)
    for _ in range(20):
        away = slow_log_likelihood(
            answers,
            found.slopes_ + rng.normal(0, 0.05, found.slopes_.shape),
            found.steps_ + rng.normal(0, 0.05, found.steps_.shape),
        )
        assert away < best


def test_standard_errors_equal_the_curvature_of_the_real_log_likelihood():
    answers, _, _ = simulated(8, 800, 5, 2, missing=0.1)
    found = GradedCalibration("2pl", points=81, tolerance=1e-11).fit(answers)
    at, h = np.concatenate([found.slopes_, found.steps_[:, 0]]), 1e-3

    def value(x):
        return slow_log_likelihood(answers, x[:5], x[5:, None])

    hessian = np.empty((10, 10))
    for i, j in np.ndindex(10, 10):
        e, f = np.eye(10)[i] * h, np.eye(10)[j] * h
        hessian[i, j] = (value(at + e + f) - value(at + e - f) - value(at - e + f) + value(at - e - f)) / (4 * h * h)
    expected = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    np.testing.assert_allclose(np.concatenate([found.slopes_se_, found.steps_se_[:, 0]]), expected, rtol=0.02)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_order_of_people_and_items_and_the_direction_of_labels_do_not_matter(seed):
    answers, _, _ = simulated(seed, 300, 6, 2)
    rng = np.random.default_rng(seed)
    people, items = rng.permutation(300), rng.permutation(6)
    plain = GradedCalibration("2pl", prior="weak").fit(answers)
    shuffled = GradedCalibration("2pl", prior="weak").fit(answers[people][:, items])
    np.testing.assert_allclose(shuffled.slopes_, plain.slopes_[items], atol=2e-4)
    flipped = GradedCalibration("2pl", prior="weak").fit(1 - answers)
    np.testing.assert_allclose(flipped.slopes_, plain.slopes_, atol=2e-3)
    np.testing.assert_allclose(flipped.steps_, -plain.steps_, atol=5e-3)


def test_people_without_answers_change_nothing():
    answers, _, _ = simulated(9, 300, 6, 3)
    more = np.concatenate([answers, np.full((50, 6), -1)])
    plain, padded = GradedCalibration().fit(answers), GradedCalibration().fit(more)
    np.testing.assert_allclose(padded.slopes_, plain.slopes_, atol=2e-3)
    assert padded.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=0.01)


def test_a_weak_prior_keeps_a_small_sample_finite():
    answers, _, _ = simulated(10, 25, 6, 2)
    answers[:, 0] = (answers.sum(axis=1) > np.median(answers.sum(axis=1))).astype(int)  # separates people perfectly
    found = GradedCalibration("2pl", prior="weak").fit(answers)
    assert found.converged_
    assert np.all(found.slopes_ < 4)
    assert np.all(np.isfinite(found.steps_))


def test_items_may_have_different_numbers_of_grades():
    answers, _, _ = simulated(11, 2_000, 6, 4)
    answers[:, 0] = np.minimum(answers[:, 0], 1)
    found = GradedCalibration().fit(answers)
    assert np.isnan(found.steps_[0]).tolist() == [False, True, True]
    assert np.isnan(found.steps_se_[0]).tolist() == [False, True, True]
    assert np.all(np.isfinite(found.steps_[1:]))


def test_anchors_keep_their_values_and_find_another_population():
    answers, slopes, steps = simulated(12, 6_000, 16, 3)
    rng = np.random.default_rng(2)
    # people of a second group are half a standard deviation better and vary less
    levels = rng.normal(0.5, 0.8, 6_000)
    intercepts = np.concatenate([np.zeros((16, 1)), -np.cumsum(steps, axis=1) * slopes[:, None]], axis=1)
    logits = levels[:, None, None] * slopes[:, None] * np.arange(3) + intercepts
    chance = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    second = np.sum(rng.random((6_000, 16, 1)) > chance.cumsum(axis=2), axis=2)
    first = GradedCalibration().fit(answers)
    known = np.where(np.arange(16) < 10, first.slopes_, np.nan)
    linked = GradedCalibration().fit(second, anchors=Anchors(known, first.steps_))
    assert linked.mean_ == pytest.approx(0.5, abs=0.06)
    assert linked.sd_ == pytest.approx(0.8, abs=0.06)
    np.testing.assert_array_equal(linked.slopes_[:10], first.slopes_[:10])
    np.testing.assert_allclose(linked.slopes_[10:], slopes[10:], atol=0.15)
    np.testing.assert_allclose(linked.steps_[10:], steps[10:], atol=0.25)
    assert np.all(linked.slopes_se_[:10] == 0)
    assert np.all(linked.slopes_se_[10:] > 0)


def test_stopping_early_is_a_warning_and_says_so():
    answers, _, _ = simulated(13, 300, 6, 2)
    with pytest.warns(NotConverged, match="stopped after"):
        found = GradedCalibration("2pl", iterations=3).fit(answers)
    assert not found.converged_


@pytest.mark.parametrize(
    ("answers", "arguments", "message"),
    [
        ([[0.5, 1.0], [1.0, 0.0]], {}, "expected whole numbers"),
        ([[0, 2], [1, 0]], {"model": "2pl"}, "expected -1 to 1, got 0 to 2"),
        ([[0, 1], [-2, 0]], {}, "expected -1 to 20"),
        ([[1, 1], [1, 0]], {}, "expected every grade from 0 to the highest to occur; not so for items .0."),
        ([[0, 0], [0, 1]], {}, "not so for items"),
        ([[0, 2], [1, 0]], {}, "not so for items .1."),
        ([[0, 1], [1, 0]], {"model": "3pl"}, "expected one of 2pl, pcm, gpcm"),
        ([[0, 1], [1, 0]], {"prior": "strong"}, "expected None or 'weak'"),
        ([[0, 1], [1, 0]], {"points": 3}, "expected 15 to 401"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(answers, arguments, message):
    with pytest.raises(ValueError, match=message):
        GradedCalibration(**arguments).fit(np.array(answers))
