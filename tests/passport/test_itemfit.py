import numpy as np
import pytest
from scipy.stats import kstest

from passport._left_out import checked, factors, outlook, without
from passport.model import offsets
from passport.posterior import Posterior, settle
from passport.quality import item_fit, levels_from, local_dependence

from . import banks, crowds


def answered(seed, people=800, items=15):
    rng = np.random.default_rng(seed)
    slopes, steps = crowds.one_skill_bank(rng, items)
    level = rng.normal(size=people)
    return crowds.grades(level[:, None] * slopes[:, 0], offsets(slopes, steps), rng), slopes, steps, level, rng


def posterior(answers, slopes, steps):
    return levels_from(answers, slopes, steps, np.eye(slopes.shape[1]))


@pytest.mark.slow
def test_p_values_of_items_that_fit_are_even_and_nothing_is_called_a_misfit():
    p, misfits = [], 0
    for seed in range(6):
        answers, slopes, steps, _, _ = answered(seed)
        fit = item_fit(answers, *posterior(answers, slopes, steps), slopes, steps)
        p.append(fit.p)
        misfits += fit.misfits.sum()
    assert kstest(np.concatenate(p), "uniform").pvalue > 0.01
    assert misfits == 0


def test_an_item_that_does_not_behave_as_its_parameters_say_is_found():
    answers, slopes, steps, level, rng = answered(1)
    answers[:, 4] = rng.integers(0, 4, len(answers))  # says nothing about anybody
    answers[:, 9] = crowds.grades(level * slopes[9, 0], offsets(slopes[9], steps[9] + 0.8), rng)
    fit = item_fit(answers, *posterior(answers, slopes, steps), slopes, steps)
    assert np.flatnonzero(fit.misfits).tolist() == [4, 9]
    assert fit.p_adjusted[[4, 9]].max() < 1e-6


def test_items_with_few_answers_are_not_judged_and_estimated_parameters_cost_degrees_of_freedom():
    answers, slopes, steps, _, _ = answered(2, people=300)
    answers[150:, 3] = -1
    fit = item_fit(answers, *posterior(answers, slopes, steps), slopes, steps, estimated=True)
    assert np.isnan(fit.p[3])
    assert not fit.misfits[3]
    assert fit.answers[3] == 150
    assert fit.df[0] == 6


def test_items_that_say_the_same_twice_are_named_and_others_are_not():
    answers, slopes, steps, level, rng = answered(3)
    shared = level + rng.normal(0, 1.0, len(level))  # a scene both items hang on
    for item in (2, 11):
        answers[:, item] = crowds.grades(shared * slopes[item, 0], offsets(slopes[item], steps[item]), rng)
    found = local_dependence(answers, *posterior(answers, slopes, steps), slopes, steps)
    assert found.pairs.tolist() == [[2, 11]]
    assert found.q3[2, 11] == found.q3[11, 2]
    assert np.isnan(np.diag(found.q3)).all()
    assert -0.15 < np.nanmean(found.q3) < 0.02


def test_q3_is_the_correlation_of_residuals_over_people_who_answered_both():
    answers, slopes, steps, _, rng = answered(4, people=400, items=6)
    answers[rng.random(answers.shape) < 0.3] = -1
    mean, covariance = posterior(answers, slopes, steps)
    q3 = local_dependence(answers, mean, covariance, slopes, steps).q3
    logits = mean[:, :1] * slopes[1, 0] * np.arange(4) - offsets(slopes, steps)[1]
    both = np.all(answers[:, [1, 4]] >= 0, axis=1)
    residual = []
    for item in (1, 4):
        logits = mean * slopes[item] * np.arange(4) - offsets(slopes, steps)[item]
        chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        residual.append((answers[:, item] - chance @ np.arange(4))[both])
    assert q3[1, 4] == pytest.approx(np.corrcoef(residual)[0, 1])


def test_pairs_few_people_answered_are_left_open():
    answers, slopes, steps, _, _ = answered(5, people=150, items=6)
    answers[60:, 0] = -1
    found = local_dependence(answers, *posterior(answers, slopes, steps), slopes, steps)
    assert np.isnan(found.q3[0]).all()
    assert np.isfinite(found.q3[1, 2])


def test_the_factor_of_an_answer_is_found_again_from_the_posterior():
    rng = np.random.default_rng(6)
    correlation = np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]])
    bank = banks.random_bank(6, skills=3, items=12)
    answers = rng.integers(-1, 4, (5, 12))
    shape = np.broadcast_to(bank.slopes, (5, 12, 3)), np.broadcast_to(offsets(bank.slopes, bank.steps), (5, 12, 4))
    mean, covariance, precision = settle(Posterior(np.zeros(3), correlation), *shape, answers)
    data = checked(answers, mean, covariance, bank.slopes, bank.steps)
    np.testing.assert_allclose(factors(data).precision, precision, atol=1e-6)


def test_leaving_all_answers_out_gives_the_prior_back():
    bank = banks.random_bank(6, skills=3, items=12)
    answers = np.random.default_rng(7).integers(0, 4, (5, 12))
    correlation = np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]])
    data = checked(answers, *levels_from(answers, bank.slopes, bank.steps, correlation), bank.slopes, bank.steps)
    mean, covariance = without(data, factors(data), np.ones(12, dtype=bool))
    np.testing.assert_allclose(mean, 0, atol=1e-6)
    np.testing.assert_allclose(covariance, np.broadcast_to(correlation, (5, 3, 3)), atol=1e-6)


def test_an_item_looks_as_if_its_answer_had_never_been_given():
    bank = banks.random_bank(8, skills=1, items=10)
    answers = np.random.default_rng(8).integers(0, 4, (6, 10))
    data = checked(answers, *levels_from(answers, bank.slopes, bank.steps, np.eye(1)), bank.slopes, bank.steps)
    view = outlook(data, factors(data))
    for item in range(10):
        rest = answers.copy()
        rest[:, item] = -1
        mean, covariance = levels_from(rest, bank.slopes, bank.steps, np.eye(1))
        a = bank.slopes[item, 0]
        np.testing.assert_allclose(view.centre[:, item], a * mean[:, 0], atol=0.03)
        np.testing.assert_allclose(view.variance[:, item], a**2 * covariance[:, 0, 0], atol=0.03)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d | {"answers": np.full((4, 3), 4)}, "answers: expected grades"),
        (lambda d: d | {"mean": np.zeros((4, 2))}, "mean: expected shape"),
        (lambda d: d | {"covariance": np.full((4, 1, 1), np.nan)}, "finite"),
        (lambda d: d | {"steps": np.zeros((2, 3))}, "steps: expected shape"),
    ],
)
def test_wrong_arrays_are_refused(change, message):
    given = {
        "answers": np.zeros((4, 3)),
        "mean": np.zeros((4, 1)),
        "covariance": np.ones((4, 1, 1)),
        "slopes": np.ones((3, 1)),
        "steps": np.zeros((3, 3)),
    }
    with pytest.raises(ValueError, match=message):
        item_fit(**change(given))
