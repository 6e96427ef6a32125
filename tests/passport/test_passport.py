import datetime as dt

import numpy as np
import pytest
from scipy.stats import norm

from passport import FrameworkMismatch, Passport, band_probabilities, begin, issue, observe, stack

from . import banks


def answered(order, answers, seed=3):
    framework = banks.framework(("a", "a", "b"), np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]]))
    progress = begin(banks.random_bank(seed, skills=3, items=12), framework)
    for item in order:
        progress = observe(progress, item, answers[item], 12.0)
    return progress


def passport(**changes):
    values = {
        "person": "person-1",
        "framework": "test",
        "bank": "b",
        "norm": "n",
        "mean": np.zeros(2),
        "covariance": np.eye(2),
        "own_information": np.ones(2),
        "issued": dt.date(2026, 1, 2),
        "provisional": False,
    }
    return Passport(**(values | changes))


def test_the_same_answers_in_any_order_give_the_same_passport_to_the_last_bit():
    answers = np.random.default_rng(0).integers(0, 4, 12)
    forward = issue(answered(range(12), answers), "p", dt.date(2026, 1, 2))
    backward = issue(answered(range(11, -1, -1), answers), "p", dt.date(2026, 1, 2))
    assert np.array_equal(forward.mean, backward.mean)
    assert np.array_equal(forward.covariance, backward.covariance)
    assert np.array_equal(forward.own_information, backward.own_information)


def test_a_skill_without_an_own_answer_is_not_measured():
    framework = banks.framework(("a", "a"), np.array([[1, 0.6], [0.6, 1]]))
    bank = banks.bank([[1.0, 0.0]] * 3 + [[0.0, 1.0]], np.tile([-1.0, 0.0, 1.0], (4, 1)))
    progress = begin(bank, framework)
    for item in range(3):
        progress = observe(progress, item, 3)
    made = issue(observe(progress, 3, -1), "p")
    assert made.measured.tolist() == [True, False]
    assert made.mean[1] > 0  # inferred from its neighbour, which is why it must not be shown as measured
    assert made.sd[1] > made.sd[0]


def test_a_passport_names_its_versions_and_whether_it_is_provisional():
    progress = answered(range(3), [1] * 12)
    made = issue(progress, "p")
    assert (made.framework, made.bank, made.provisional) == ("test", "test-bank", True)
    assert made.issued == dt.datetime.now(dt.UTC).date()
    assert not issue(answered(range(12), [1] * 12), "p").provisional


def test_a_passport_without_answers_is_the_reference_population():
    framework = banks.framework(("a", "b"))
    made = issue(begin(banks.random_bank(1, skills=2), framework), "p")
    assert np.array_equal(made.mean, [0, 0])
    assert np.array_equal(made.covariance, np.eye(2))
    assert not made.measured.any()


def test_stack_puts_people_in_rows():
    mean, sd = stack([passport(), passport(mean=np.ones(2), covariance=np.eye(2) * 0.25)])
    assert mean.tolist() == [[0, 0], [1, 1]]
    assert sd.tolist() == [[1, 1], [0.5, 0.5]]
    assert mean.dtype == sd.dtype == np.float32


def test_stack_refuses_mixed_frameworks_and_nothing():
    with pytest.raises(FrameworkMismatch, match="versions other, test"):
        stack([passport(), passport(framework="other")])
    with pytest.raises(ValueError, match="at least one"):
        stack([])


@pytest.mark.parametrize(
    "changes",
    [{"mean": [np.nan, 0]}, {"covariance": np.zeros((2, 2))}, {"own_information": [-1, 0]}, {"covariance": np.eye(3)}],
)
def test_an_impossible_passport_is_refused(changes):
    with pytest.raises(ValueError, match="expected"):
        passport(**changes)


def test_band_probabilities_sum_to_one_and_equal_the_normal_distribution():
    chance = band_probabilities(np.array([0.0, 1.6]), np.array([0.5, 0.3]))
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    assert chance[0, 2] == pytest.approx(norm.cdf(0.375 / 0.5) - norm.cdf(-0.375 / 0.5))
    assert chance[1].argmax() == 4
