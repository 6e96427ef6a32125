import numpy as np
import pytest

from passport._adjacent import fit
from passport._mantel import compare
from passport.dif import regroup
from passport.model import offsets
from passport.quality import benjamini_hochberg, dif, levels_from

from . import banks, crowds

ITEMS = 16
BIASED = [0, 7, 13]


def groups(seed, people=400, shift=0.0, turn=0.0, impact=0.0, graded=True, items=ITEMS):
    """Two groups of `people`; for the focal one the biased items are `shift` logits harder or turned by `turn`."""
    rng = np.random.default_rng(seed)
    slopes, steps = crowds.one_skill_bank(rng, items, graded)
    focal = np.arange(2 * people) >= people
    level = rng.normal(size=2 * people) - impact * focal
    other_slopes, other_steps = slopes.copy(), steps.copy()
    other_steps[BIASED] += shift / slopes[BIASED]
    other_slopes[BIASED] *= np.exp(turn)
    answers = np.empty((2 * people, items), dtype=int)
    for rows, a, b in ((~focal, slopes, steps), (focal, other_slopes, other_steps)):
        answers[rows] = crowds.grades(level[rows, None] * a[:, 0], offsets(a, b), rng)
    return answers, slopes, steps, focal


def found(answers, slopes, steps, focal, **more):
    mean, covariance = levels_from(answers, slopes, steps, np.eye(1))
    return dif(answers, mean, covariance, slopes, steps, np.eye(1), focal=focal, **more)


@pytest.mark.slow
@pytest.mark.parametrize("impact", [0.0, 0.5])
def test_a_difference_of_point_6_logit_is_found_at_400_and_400_and_fair_items_are_not_called_large(impact):
    hits, large, flags = [], [], []
    for seed in range(5):
        result = found(*groups(seed, shift=0.6, impact=impact))
        fair = np.delete(np.arange(ITEMS), BIASED)
        hits += result.flagged[BIASED].tolist()
        large += [result.ets[i] == "C" for i in fair]
        flags += result.flagged[fair].tolist()
        assert np.all(result.delta[BIASED] < -1)
        assert all(result.verdicts[i] != "no sign of a difference" for i in BIASED if result.flagged[i])
    assert np.mean(hits) >= 0.9
    assert np.mean(large) <= 0.02
    assert np.mean(flags) <= 0.05


@pytest.mark.slow
def test_fair_items_are_not_flagged_when_groups_differ_in_level():
    results = [found(*groups(seed, impact=1.0)) for seed in range(4)]
    assert np.mean([r.flagged for r in results]) <= 0.03
    assert np.mean([[e == "C" for e in r.ets] for r in results]) <= 0.02
    assert abs(np.mean([r.delta for r in results])) < 0.1
    assert np.mean([r.p_mantel < 0.05 for r in results]) < 0.12


@pytest.mark.slow
def test_neighbouring_skills_do_not_make_a_group_that_differs_in_all_of_them_look_unfairly_treated():
    rng = np.random.default_rng(1)
    bank = banks.random_bank(1, skills=6, items=24)
    correlation = np.full((6, 6), 0.6) + 0.4 * np.eye(6)
    focal = np.arange(2_000) >= 1_000
    level = rng.multivariate_normal(np.zeros(6), correlation, size=2_000, method="cholesky") - 0.7 * focal[:, None]
    answers = crowds.grades(level @ bank.slopes.T, offsets(bank.slopes, bank.steps), rng)
    answers[rng.random(answers.shape) < 0.5] = -1  # everybody sees half of the items
    mean, covariance = levels_from(answers, bank.slopes, bank.steps, correlation)
    result = dif(answers, mean, covariance, bank.slopes, bank.steps, correlation, focal=focal)
    assert not result.flagged.any()
    assert "C" not in result.ets
    assert abs(result.delta.mean()) < 0.15


@pytest.mark.slow
def test_a_difference_that_turns_with_the_level_is_found_where_mantel_haenszel_alone_misses_it():
    both, mantel = [], []
    for seed in range(4):
        result = found(*groups(seed, people=600, turn=0.8))
        both += (result.flagged & (result.p_nonuniform < 0.05))[BIASED].tolist()
        mantel += (benjamini_hochberg(result.p_mantel) < 0.05)[BIASED].tolist()
    assert np.mean(both) >= 0.9
    assert np.mean(mantel) <= 0.3


@pytest.mark.slow
def test_two_grades_work_as_well_and_the_error_of_delta_is_right():
    results = [found(*groups(seed, shift=0.6, graded=False)) for seed in range(6)]
    fair = np.delete(np.arange(ITEMS), BIASED)
    assert np.mean([r.p_mantel[BIASED] < 0.05 for r in results]) >= 0.9
    delta = np.array([r.delta[fair] for r in results])
    assert delta.std() == pytest.approx(np.mean([r.delta_se[fair] for r in results]), rel=0.2)
    assert np.mean([r.delta[BIASED] for r in results]) == pytest.approx(-2.35 * 0.6, abs=0.25)


def test_below_200_a_group_nothing_is_said_and_missing_answers_count_as_missing():
    answers, slopes, steps, focal = groups(3, people=210, items=14)
    answers[:20, 4] = -1
    result = found(answers, slopes, steps, focal)
    assert result.reference[4] == 190
    assert result.verdicts[4] == "not enough data"
    assert result.ets[4] == result.jodoin_gierl[4] == "-"
    assert np.isnan(result.p_logistic[4])
    assert not result.flagged[4]
    assert "not enough data" not in result.verdicts[5:]


def test_flagged_items_leave_the_matching():
    result = found(*groups(1, people=500, shift=1.2, items=14))
    assert result.purified[BIASED].all()
    assert np.array_equal(result.purified, result.flagged)


def test_swapping_the_groups_turns_the_sign():
    answers, slopes, steps, focal = groups(2, people=250, shift=0.6, items=14)
    one, other = found(answers, slopes, steps, focal), found(answers, slopes, steps, ~focal)
    np.testing.assert_allclose(one.delta, -other.delta, atol=1e-9)
    np.testing.assert_allclose(one.p_logistic, other.p_logistic, rtol=1e-5)


def test_permuting_people_changes_nothing():
    answers, slopes, steps, focal = groups(2, people=220, shift=0.6, items=14)
    order = np.random.default_rng(0).permutation(len(answers))
    one, other = found(answers, slopes, steps, focal), found(answers[order], slopes, steps, focal[order])
    np.testing.assert_allclose(one.delta, other.delta)
    np.testing.assert_allclose(one.p_logistic, other.p_logistic, rtol=1e-6)


def test_two_grades_give_the_plain_mantel_haenszel_odds_ratio_and_test():
    rng = np.random.default_rng(4)
    level, focal = rng.integers(0, 5, 400).astype(float), rng.random(400) < 0.4
    grades = (rng.random(400) < 1 / (1 + np.exp(-(level - 2) + 0.8 * focal))).astype(np.int8)
    table = compare(level, grades, focal, strata=400)  # every whole level becomes a stratum of its own
    above = below = surprise = variance = 0.0
    for value in range(5):
        a, b = (np.sum((level == value) & ~focal & (grades == g)) for g in (1, 0))
        c, d = (np.sum((level == value) & focal & (grades == g)) for g in (1, 0))
        n = a + b + c + d
        above, below = above + a * d / n, below + b * c / n
        surprise += a - (a + b) * (a + c) / n
        variance += (a + b) * (c + d) * (a + c) * (b + d) / (n**2 * (n - 1))
    assert table.delta == pytest.approx(-2.35 * np.log(above / below))
    assert np.sqrt(surprise**2 / variance) == pytest.approx(abs(_z(table.p_mantel)), rel=1e-6)


def _z(p):
    from scipy.stats import norm

    return norm.isf(p / 2)


def test_the_regression_of_two_grades_is_logistic_regression():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 2))
    y = (rng.random(300) < 1 / (1 + np.exp(-0.3 - x @ [0.8, -0.5]))).astype(int)
    design, weights = np.column_stack([np.ones(300), x]), np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ weights))
        weights = weights + np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design, design.T @ (y - p))
    p = 1 / (1 + np.exp(-design @ weights))
    assert fit(x, y) == pytest.approx(np.log(np.where(y == 1, p, 1 - p)).sum())


def test_the_regression_of_graded_answers_finds_a_likelihood_no_small_step_improves():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(200, 1))
    grades = crowds.grades(0.9 * x[:, 0], offsets(np.array([1.0]), np.array([-0.5, 0.1, 0.6])), rng)
    best = fit(x, grades)
    assert best >= fit(np.zeros((200, 0)), grades)
    assert fit(x, np.where(grades == 1, 2, grades)) > best  # fewer grades used, fewer ways to be wrong
    assert np.isfinite(fit(100 * x, (x[:, 0] > 0).astype(int)))  # fully separated


def test_adjusted_p_values_follow_the_worked_example_and_leave_gaps_alone():
    p = [0.01, 0.04, np.nan, 0.03, 0.005]
    np.testing.assert_allclose(benjamini_hochberg(p), [0.02, 0.04, np.nan, 0.04, 0.02])
    assert benjamini_hochberg([]).size == 0


def test_levels_under_the_own_distribution_of_a_group_hold_its_true_mean():
    rng = np.random.default_rng(7)
    bank = banks.random_bank(3, skills=3, items=12)
    correlation = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    group = np.arange(1_000) >= 500
    shift = np.array([-1.0, 0.0, 0.5])
    level = rng.multivariate_normal(np.zeros(3), correlation, size=1_000, method="cholesky") + group[:, None] * shift
    answers = crowds.grades(level @ bank.slopes.T, offsets(bank.slopes, bank.steps), rng)
    posterior = levels_from(answers, bank.slopes, bank.steps, correlation)
    mean, covariance = regroup(*posterior, correlation, group)
    np.testing.assert_allclose(mean[group].mean(axis=0), level[group].mean(axis=0), atol=0.1)
    np.testing.assert_allclose(mean[~group].mean(axis=0), level[~group].mean(axis=0), atol=0.1)
    true, drawn = level[group].mean(axis=0), posterior[0][group].mean(axis=0)
    assert np.abs(mean[group].mean(axis=0) - true).max() < np.abs(drawn - true).min()  # drawn to 0 and to each other
    assert np.linalg.eigvalsh(covariance)[:, 0].min() > 0


def test_one_group_alone_is_refused():
    answers, slopes, steps, focal = groups(1, people=20)
    with pytest.raises(ValueError, match="people of two groups"):
        found(answers, slopes, steps, np.zeros_like(focal))
