import numpy as np
import pytest

from passport.one_skill import OneSkillTest, Tables, run

from . import naive


def tables(seed=0, items=60, grades=4):
    rng = np.random.default_rng(seed)
    steps = np.full((items, 3), np.nan)
    steps[:, : grades - 1] = np.sort(rng.normal(size=(items, grades - 1)), axis=1)
    return Tables(rng.lognormal(0.1, 0.3, items), steps)


@pytest.mark.parametrize("grades", [2, 4])
def test_mean_and_sd_equal_dense_quadrature(grades):
    table, rng = tables(grades=grades), np.random.default_rng(1)
    test, slopes, steps, answers = OneSkillTest(table), [], [], []
    for _ in range(8):
        slopes.append(table.slopes[test.item])
        steps.append(table.steps[test.item])
        answers.append(int(rng.integers(grades)))
        test.answer(answers[-1])
    mean, sd = naive.posterior_one_skill(slopes, steps, answers, points=1201)
    assert test.mean == pytest.approx(mean, abs=2e-3)
    assert test.sd == pytest.approx(sd, abs=2e-3)


def test_the_item_with_most_expected_information_comes_next_and_none_twice():
    table = tables()
    test, seen = OneSkillTest(table), []
    weight = np.exp(-0.5 * table.levels**2)
    for _ in range(len(table.slopes)):
        gain = table.information @ (weight / weight.sum())
        gain[seen] = -np.inf
        assert test.item == int(np.argmax(gain))
        seen.append(test.item)
        weight = weight * table.chance[test.item, 1]
        test.answer(1)
    assert sorted(seen) == list(range(60))
    with pytest.raises(ValueError, match="no item is left"):
        test.answer(1)


def test_simulated_people_are_found_as_well_as_stated():
    table, rng = tables(items=200), np.random.default_rng(2)
    levels = rng.normal(size=400)
    tests = [run(table, rng.random(200), level, 0.4) for level in levels]
    away = np.array([test.mean for test in tests]) - levels
    sds = np.array([test.sd for test in tests])
    assert np.all(sds <= 0.4)
    assert 0.92 < np.mean(np.abs(away) < 1.96 * sds) < 0.98


@pytest.mark.parametrize(
    ("slopes", "steps", "message"),
    [([0.0], [[0.0, np.nan, np.nan]], "slopes above 0"), ([1.0], [[np.nan] * 3], "finite"), ([1.0], [[0.0]], "shape")],
)
def test_impossible_tables_are_refused(slopes, steps, message):
    with pytest.raises(ValueError, match=message):
        Tables(np.array(slopes), np.array(steps))
