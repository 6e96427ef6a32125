import numpy as np
import pytest

from passport import FrameworkMismatch, load_framework
from passport.mirt import estimate_bank
from passport.model import probabilities

from . import banks

CLUSTERS = ("a", "a", "a", "b", "b", "b")
CORRELATION = np.where(np.array(CLUSTERS)[:, None] == np.array(CLUSTERS), 0.5, 0.2) + 0.5 * np.eye(6)


@pytest.fixture(scope="module")
def study():
    """1,500 people, 6 skills, 36 items of which a third load on two; every person saw about six in ten items."""
    rng = np.random.default_rng(4)
    framework = banks.framework(CLUSTERS, CORRELATION)
    expert = banks.random_bank(4, skills=6, items=36)
    slopes = expert.slopes * np.exp(rng.normal(0, 0.25, expert.slopes.shape))
    steps = expert.steps + rng.normal(0, 0.3, expert.steps.shape)
    truth = banks.bank(slopes, steps)
    levels = rng.multivariate_normal(np.zeros(6), CORRELATION, size=1_500)
    chance = probabilities(levels @ truth.slopes.T, truth.offset)
    answers = np.sum(rng.random((1_500, 36, 1)) > chance.cumsum(axis=2), axis=2)
    answers[rng.random(answers.shape) < 0.4] = -1
    return framework, expert, truth, answers


@pytest.fixture(scope="module")
def found(study):
    framework, expert, _, answers = study
    return estimate_bank(answers, expert, framework)


def rmse(found, true):
    return np.sqrt(np.mean((found - true) ** 2))


def test_estimates_are_much_nearer_to_the_truth_than_the_experts_were(study, found):
    _, expert, truth, _ = study
    loads = expert.slopes > 0
    assert found.converged
    assert rmse(found.bank.slopes[loads], truth.slopes[loads]) < 0.7 * rmse(expert.slopes[loads], truth.slopes[loads])
    assert rmse(found.bank.steps, truth.steps) < 0.55 * rmse(expert.steps, truth.steps)
    assert np.array_equal(found.bank.slopes > 0, loads)


def test_standard_errors_are_about_right(study, found):
    _, expert, truth, _ = study
    loads = expert.slopes > 0
    z = np.concatenate(
        [
            ((found.bank.slopes - truth.slopes) / found.slopes_se)[loads],
            ((found.bank.steps - truth.steps) / found.steps_se).ravel(),
        ]
    )
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.25
    assert np.mean(np.abs(z) < 1.96) > 0.9


def test_the_correlation_is_found_and_positive_definite(found):
    off = ~np.eye(6, dtype=bool)
    assert rmse(found.correlation[off], CORRELATION[off]) < 0.06
    assert np.linalg.eigvalsh(found.correlation)[0] > 0.1
    assert 0 <= found.shrinkage <= 1


def test_items_with_too_few_answers_and_anchors_keep_their_values(study):
    framework, expert, _, answers = study
    few = answers.copy()
    few[200:, 5] = -1
    anchored = np.zeros(36, dtype=bool)
    anchored[0] = True
    found = estimate_bank(few, expert, framework, anchored=anchored, rounds=2)
    assert not found.bank.calibrated[[0, 5]].any()
    assert found.bank.calibrated.sum() == 34
    assert np.array_equal(found.bank.slopes[[0, 5]], expert.slopes[[0, 5]])
    assert np.isnan(found.slopes_se[[0, 5]]).all()
    assert not found.converged


def test_progress_is_told_round_by_round(study):
    framework, expert, _, answers = study
    seen = []
    estimate_bank(answers[:400], expert, framework, rounds=2, enough=50, progress=lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (np.zeros((5, 3), dtype=int), "expected whole numbers .people, 36."),
        (np.zeros((5, 36)), "expected whole numbers"),
        (np.full((5, 36), 4), "expected -1 to 3"),
    ],
)
def test_answers_that_are_none_are_refused(study, answers, message):
    framework, expert, _, _ = study
    with pytest.raises(ValueError, match=message):
        estimate_bank(answers, expert, framework)


def test_a_bank_of_another_framework_is_refused(study):
    _, expert, _, answers = study
    with pytest.raises(FrameworkMismatch):
        estimate_bank(answers, expert, load_framework())
