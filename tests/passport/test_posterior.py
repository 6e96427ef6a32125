import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport import Posterior
from passport.model import offsets
from passport.posterior import expected_variance, foresee, prior, settle, update

from . import banks, naive


def settled(framework, bank, answers):
    rows = np.arange(len(answers))
    offset = offsets(bank.slopes[rows], bank.steps[rows])
    mean, covariance, precision = settle(prior(framework), bank.slopes[None, rows], offset[None], np.array([answers]))
    return mean[0], covariance[0], precision[0]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), answers=st.lists(st.integers(-1, 3), min_size=1, max_size=12))
def test_one_skill_agrees_with_quadrature(seed, answers):
    bank = banks.random_bank(seed, skills=1, items=len(answers))
    mean, covariance, _ = settled(banks.framework(), bank, answers)
    slow_mean, slow_sd = naive.posterior_one_skill(bank.slopes[:, 0], bank.steps, answers, points=1201)
    assert mean[0] == pytest.approx(slow_mean, abs=0.01)
    # all answers at one end make the true posterior skewed: there a Gaussian is up to .019 too sure
    assert np.sqrt(covariance[0, 0]) == pytest.approx(slow_sd, abs=0.02)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    correlation=st.floats(-0.3, 0.8),
    answers=st.lists(st.integers(-1, 3), min_size=1, max_size=12),
)
def test_two_skills_agree_with_quadrature(seed, correlation, answers):
    bank = banks.random_bank(seed, skills=2, items=len(answers))
    framework = banks.framework(("one", "two"), np.array([[1, correlation], [correlation, 1]]))
    mean, covariance, _ = settled(framework, bank, answers)
    slow_mean, slow_covariance = naive.posterior_two_skills(correlation, bank.slopes, bank.steps, answers)
    np.testing.assert_allclose(mean, slow_mean, atol=0.01)
    np.testing.assert_allclose(covariance, slow_covariance, atol=0.02)


def test_one_answer_is_matched_exactly():
    bank = banks.bank([[1.2]], [[-1.0, 0.1, 0.9]])
    after = update(prior(banks.framework()), bank.slopes[0], bank.steps[0], 2)
    mean, sd = naive.posterior_one_skill([1.2], bank.steps, [2])
    assert after.mean[0] == pytest.approx(mean, abs=1e-5)
    assert after.sd[0] == pytest.approx(sd, abs=1e-5)


def test_the_order_of_the_answers_does_not_matter_after_settling():
    framework = banks.framework(("a", "a", "b"), np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]]))
    bank = banks.random_bank(5, skills=3, items=15)
    answers = np.random.default_rng(1).integers(0, 4, 15)
    offset = offsets(bank.slopes, bank.steps)
    forward = settle(prior(framework), bank.slopes[None], offset[None], answers[None])
    backward = settle(prior(framework), bank.slopes[None, ::-1], offset[None, ::-1], answers[None, ::-1])
    np.testing.assert_allclose(forward[0], backward[0], atol=1e-7)
    np.testing.assert_allclose(forward[1], backward[1], atol=1e-7)


def test_settled_moments_equal_the_precisions_put_together():
    framework = banks.framework(("a", "a", "b"), np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]]))
    bank = banks.random_bank(8, skills=3, items=12)
    _, covariance, precision = settled(framework, bank, np.arange(12) % 4)
    together = np.linalg.inv(framework.correlation) + np.einsum("i,is,it->st", precision, bank.slopes, bank.slopes)
    np.testing.assert_allclose(covariance, np.linalg.inv(together), atol=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), answer=st.integers(0, 3))
def test_an_answer_never_makes_a_skill_less_sure(seed, answer):
    bank = banks.random_bank(seed, skills=3, items=3)
    framework = banks.framework(("a", "a", "b"), np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]]))
    before = prior(framework)
    for i in range(3):
        after = update(before, bank.slopes[i], bank.steps[i], answer)
        assert np.all(after.sd <= before.sd + 1e-12)
        assert np.linalg.eigvalsh(after.covariance)[0] > 0
        before = after


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), lower=st.integers(0, 2))
def test_a_better_answer_never_gives_a_lower_level(seed, lower):
    bank = banks.random_bank(seed, skills=2, items=1)
    start = prior(banks.framework(("a", "a"), np.array([[1, 0.5], [0.5, 1]])))
    worse = update(start, bank.slopes[0], bank.steps[0], lower)
    better = update(start, bank.slopes[0], bank.steps[0], lower + 1)
    assert np.all(better.mean > worse.mean)


def test_a_missing_answer_changes_nothing():
    bank = banks.random_bank(2, skills=2, items=1)
    start = prior(banks.framework(("a", "b")))
    after = update(start, bank.slopes[0], bank.steps[0], -1)
    assert np.array_equal(after.mean, start.mean)
    assert np.array_equal(after.covariance, start.covariance)


def test_mirrored_items_and_answers_give_mirrored_levels():
    steps = np.array([[-1.2, -0.3, 0.8]])
    start = prior(banks.framework())
    plain = update(start, np.array([1.1]), steps[0], 3)
    mirrored = update(start, np.array([1.1]), -steps[0, ::-1], 0)
    assert plain.mean[0] == pytest.approx(-mirrored.mean[0])
    assert plain.sd[0] == pytest.approx(mirrored.sd[0])


def test_what_is_foreseen_averages_to_what_is_known():
    offset = offsets(np.array([1.3]), np.array([-0.7, 0.0, 1.1]))
    moments = foresee(np.array(0.4), np.array(0.8), offset)
    assert moments.chance.sum() == pytest.approx(1)
    assert moments.chance @ moments.mean == pytest.approx(0.4)
    total = moments.chance @ (moments.variance + (moments.mean - 0.4) ** 2)
    assert total == pytest.approx(0.8)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), mean=st.floats(-4, 4), variance=st.floats(0.01, 4))
def test_the_expected_variance_averages_the_variances_after_every_grade(seed, mean, variance):
    bank = banks.random_bank(seed, skills=2, items=5)
    steps = bank.steps.copy()
    steps[1:3, 2], steps[2, 1] = np.nan, np.nan  # items with three and with two grades as well
    offset = offsets(bank.slopes, steps)
    means, variances = np.full(5, mean), np.full(5, variance)
    after = foresee(means, variances, offset)
    slow = np.sum(after.chance * after.variance, axis=-1)
    np.testing.assert_allclose(expected_variance(means, variances, offset), slow, rtol=1e-9)


@pytest.mark.parametrize(
    ("mean", "covariance", "message"),
    [
        ([0.0], [[0.0]], "variances above 0"),
        ([np.nan], [[1.0]], "finite"),
        ([0.0, 0.0], [[1.0]], "expected shape"),
    ],
)
def test_an_impossible_posterior_is_refused(mean, covariance, message):
    with pytest.raises(ValueError, match=message):
        Posterior(np.array(mean), np.array(covariance))
