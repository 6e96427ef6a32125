import numpy as np
import pytest

from passport.quality import careless, levels_from, person_fit

from . import crowds

PEOPLE = 500


@pytest.fixture(scope="module")
def careful():
    return crowds.real_sitting(np.random.default_rng(1), PEOPLE)


@pytest.mark.slow
def test_blind_answering_over_30_items_is_told_from_careful_answering(careful):
    blind = crowds.real_sitting(np.random.default_rng(2), PEOPLE, blind=True)
    assert crowds.area(careful.evidence, blind.evidence) >= 0.95
    assert crowds.area(-careful.person_fit, -blind.person_fit) >= 0.95  # without times and places
    assert blind.flagged.mean() > 0.6
    assert careful.flagged.mean() <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize("pace", [2.0, 4.0])
def test_slow_readers_are_not_flagged_more_than_others(pace):
    slow = crowds.real_sitting(np.random.default_rng(3), PEOPLE, pace=pace)
    assert slow.flagged.mean() <= 0.02
    assert slow.rapid.max() == 0


@pytest.mark.slow
@pytest.mark.parametrize("habit", ["straight", "hasty"])
def test_clicking_on_one_place_or_without_reading_is_nearly_always_found(habit):
    found = crowds.real_sitting(np.random.default_rng(4), 200, blind=True, **{habit: True})
    assert found.flagged.mean() > 0.98


def test_person_fit_of_careful_people_is_standard_normal(careful):
    assert abs(careful.person_fit.mean()) < 0.12
    assert careful.person_fit.std() == pytest.approx(1, abs=0.1)


def few(answers, **more):
    slopes, steps = crowds.one_skill_bank(np.random.default_rng(5), np.shape(answers)[1])
    mean, covariance = levels_from(answers, slopes, steps, np.eye(1))
    return careless(answers, mean, covariance, slopes, steps, **more)


def test_more_time_never_adds_evidence_and_unknown_time_is_no_sign():
    answers = np.random.default_rng(6).integers(0, 4, (20, 15))
    usual = np.full(15, 18.0)
    plain = few(answers).evidence
    for seconds in (5.0, 18.0, 36.0, 500.0, np.nan):
        found = few(answers, seconds=np.full(answers.shape, seconds), usual=usual)
        np.testing.assert_array_equal(found.evidence, plain)
    assert np.all(few(answers, seconds=np.full(answers.shape, 1.0), usual=usual).evidence > plain)


def test_the_longest_run_and_the_variation_of_places_are_counted_in_the_order_asked():
    answers = np.full((3, 12), 2)
    places = np.array([[0, 1, 1, -1, 1, 2, 0, 3, 1, 2, 0, 3], [2] * 12, [0, 1] * 6])
    found = few(answers, places=places)
    assert found.long_string.tolist() == [3, 12, 1]
    assert found.variability[1:].tolist() == [0, 0.5]
    assert found.evidence[1] > found.evidence[0] + 3
    assert np.isnan(found.rapid).all()


def test_skipped_items_and_few_answers_flag_nobody():
    answers = np.full((2, 40), -1)
    answers[1, :11] = [0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0]
    places = np.where(answers >= 0, 1, -1)
    found = few(answers, places=places)
    assert not found.flagged.any()
    assert found.person_fit[0] == found.consistency[0] == 0


def test_person_fit_equals_predicting_every_answer_from_the_others_on_a_grid():
    rng = np.random.default_rng(8)
    slopes, steps = crowds.one_skill_bank(rng, 10)
    answers = rng.integers(0, 4, (4, 10))
    mean, covariance = levels_from(answers, slopes, steps, np.eye(1))
    fast, _ = person_fit(answers, mean, covariance, slopes, steps)
    grid = np.linspace(-6, 6, 601)
    logits = slopes * grid[:, None, None] * np.arange(4) - slopes * np.concatenate(
        [np.zeros((10, 1)), np.cumsum(steps, axis=1)], axis=1
    )
    chance = np.exp(logits)
    chance /= chance.sum(axis=2, keepdims=True)
    for person, given in enumerate(answers):
        likelihood = chance[:, np.arange(10), given]
        surprise = spread = 0.0
        for i in range(10):
            weight = np.exp(-0.5 * grid**2) * np.delete(likelihood, i, axis=1).prod(axis=1)
            p = (weight / weight.sum()) @ chance[:, i]
            surprise += np.log(p[given[i]]) - p @ np.log(p)
            spread += p @ np.log(p) ** 2 - (p @ np.log(p)) ** 2
        assert fast[person] == pytest.approx(surprise / np.sqrt(spread), abs=0.03)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"places": np.full((3, 5), 4)}, "places: expected 0 to 3"),
        ({"places": np.zeros((2, 5))}, "places: expected shape"),
        ({"seconds": np.zeros((3, 4)), "usual": np.ones(12)}, "seconds: expected shape"),
    ],
)
def test_wrong_arrays_are_refused(more, message):
    with pytest.raises(ValueError, match=message):
        few(np.full((3, 12), 1), **more)
