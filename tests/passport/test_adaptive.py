from dataclasses import replace

import numpy as np
import pytest

from passport import (
    RULES,
    BankExhausted,
    FrameworkMismatch,
    begin,
    choose,
    finished,
    issue,
    load_framework,
    observe,
    provisional,
)
from passport.adaptive import choose_activity, expected_gain, play
from passport.games import GameEvidence, load_games
from passport.posterior import update

from . import banks


def walk(bank, framework, seed=0, answer=2, limit=100):
    progress = begin(bank, framework)
    while not finished(progress) and len(progress.asked) < limit:
        progress = observe(progress, choose(progress, seed=seed), answer, 10.0)
    return progress


def full_bank(items_each=6):
    """A bank for the real framework: enough items to reach the target everywhere."""
    framework = load_framework()
    n = len(framework.skills) * items_each
    rng = np.random.default_rng(0)
    slopes = np.zeros((n, 24))
    slopes[np.arange(n), np.arange(n) % 24] = rng.uniform(1.2, 2.0, n)
    made = banks.bank(slopes, np.sort(rng.normal(0, 1, (n, 3)), axis=1))
    return type(made)(framework.version, "full", made.items, made.slopes, made.steps, made.seconds, made.calibrated)


def test_the_expected_gain_equals_averaging_over_every_answer_by_hand():
    framework = banks.framework(("a", "a", "b"), np.array([[1, 0.6, 0.3], [0.6, 1, 0.3], [0.3, 0.3, 1]]))
    bank = banks.random_bank(4, skills=3, items=6)
    start = begin(bank, framework).posterior
    fast = expected_gain(start.mean[None], start.covariance[None], bank)[0]
    for item in range(6):
        after = [update(start, bank.slopes[item], bank.steps[item], grade) for grade in range(4)]
        # the chance of each grade, from the mean before being the average of the means after, and by quadrature
        nodes, weights = np.polynomial.hermite_e.hermegauss(61)
        z = np.sqrt(bank.slopes[item] @ start.covariance @ bank.slopes[item]) * nodes
        norm = np.linalg.norm(bank.slopes[item])
        logits = z[:, None] * np.arange(4) - norm * np.concatenate([[0], np.cumsum(bank.steps[item])])
        chance = (weights / weights.sum()) @ (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
        expected = sum(p * np.diag(a.covariance) for p, a in zip(chance, after, strict=True))
        removed = np.minimum(1 - expected, 1 - RULES.target**2)
        assert fast[item] == pytest.approx(removed.sum() / bank.seconds[item], rel=1e-4)


def test_a_skill_that_is_sure_enough_earns_nothing_more():
    framework = banks.framework(("a", "b"))
    bank = banks.bank([[1.0, 0.0], [0.0, 1.0]], np.tile([-1.0, 0.0, 1.0], (2, 1)))
    covariance = np.diag([0.2, 1.0])
    gain = expected_gain(np.zeros((1, 2)), covariance[None], bank)[0]
    assert gain[0] == 0 < gain[1]
    assert np.array_equal(begin(bank, framework).posterior.covariance, np.eye(2))


def test_a_quick_item_beats_a_slow_one_with_the_same_information():
    bank = banks.bank([[1.0], [1.0]], np.tile([-1.0, 0.0, 1.0], (2, 1)), seconds=np.array([30.0, 10.0]))
    gain = expected_gain(np.zeros((1, 1)), np.ones((1, 1, 1)), bank)[0]
    assert gain[1] == pytest.approx(3 * gain[0])


def test_weights_turn_the_choice_to_the_skills_that_matter():
    framework = banks.framework(("a", "b"))
    slopes = np.array([[1.0, 0.0]] * 6 + [[0.0, 1.0]] * 6)
    progress = begin(banks.bank(slopes, np.tile([-1.0, 0.0, 1.0], (12, 1))), framework)
    assert all(choose(progress, seed=s, weights=[0, 1]) >= 6 for s in range(20))


def test_the_same_seed_asks_the_same_items_and_another_seed_others():
    bank, framework = full_bank(), load_framework()
    first, again = walk(bank, framework, seed=1, limit=12), walk(bank, framework, seed=1, limit=12)
    assert np.array_equal(first.asked, again.asked)
    assert np.array_equal(first.posterior.mean, again.posterior.mean)
    assert not np.array_equal(first.asked, walk(bank, framework, seed=2, limit=12).asked)


def test_no_item_comes_twice_and_every_skill_gets_an_item_of_its_own():
    progress = walk(full_bank(), load_framework())
    assert len(set(progress.asked.tolist())) == len(progress.asked)
    assert progress.owned.all()
    assert np.all(progress.posterior.sd <= RULES.target) or len(progress.asked) == RULES.most_items


def test_it_stops_when_every_skill_is_sure_enough():
    progress = walk(full_bank(10), load_framework())
    assert len(progress.asked) < RULES.most_items
    assert np.all(progress.posterior.sd <= RULES.target)


def test_no_cluster_takes_more_than_its_cap():
    bank, framework = full_bank(), load_framework()
    clusters = np.array(framework.clusters)
    progress = walk(bank, framework)
    for cluster in set(clusters):
        share = np.mean(clusters[bank.main_skill[progress.asked]] == cluster)
        assert share <= RULES.cluster_cap * np.mean(clusters == cluster) + 1 / len(progress.asked)


def test_skipped_items_are_missing_and_own_no_skill():
    framework = banks.framework(("a", "b"))
    progress = begin(banks.random_bank(1, skills=2, items=4), framework)
    for item in range(4):
        progress = observe(progress, item, -1, 5.0)
    assert not progress.owned.any()
    assert np.array_equal(progress.posterior.mean, [0, 0])
    assert not provisional(progress)


def test_fifteen_minutes_of_answering_end_it_but_a_long_pause_counts_as_one_minute():
    framework = banks.framework(("a", "b"))
    bank = banks.bank(np.tile([[0.1, 0.0], [0.0, 0.1]], (30, 1)), np.zeros((60, 3)))
    progress = begin(bank, framework)
    progress = observe(progress, 0, 1, 86_400.0)
    assert progress.spent == 60
    for item in range(1, 15):
        assert not finished(progress)
        progress = observe(progress, item, 1, 60.0)
    assert finished(progress)


def test_unknown_seconds_count_as_the_median_of_the_item():
    progress = observe(begin(banks.random_bank(1, items=3), banks.framework()), 1, 2)
    assert progress.spent == 15


def test_twelve_answers_make_a_provisional_passport_possible():
    progress = walk(full_bank(), load_framework(), limit=11)
    assert not provisional(progress)
    assert provisional(observe(progress, choose(progress), 3))


def test_an_empty_bank_says_so():
    framework = banks.framework()
    progress = begin(banks.random_bank(1, items=2), framework)
    progress = observe(observe(progress, 0, 1), 1, 2)
    assert finished(progress)
    with pytest.raises(BankExhausted, match="all 2 items of test-bank"):
        choose(progress)


def test_a_bank_of_another_framework_is_refused():
    with pytest.raises(FrameworkMismatch, match="framework test with 1 skills"):
        begin(banks.random_bank(1), load_framework())


@pytest.mark.parametrize(
    ("item", "answer", "seconds", "message"),
    [
        (5, 1, 1.0, "expected a row from 0 to 1, got 5"),
        (-1, 1, 1.0, "expected a row"),
        (0, 1, 1.0, "item0 was asked before"),
        (1, 4, 1.0, "expected a grade from 0 to 3"),
        (1, -2, 1.0, "expected a grade"),
        (1, 1, -1.0, "expected 0 or more"),
    ],
)
def test_an_impossible_answer_is_refused(item, answer, seconds, message):
    progress = observe(begin(banks.random_bank(1, items=2), banks.framework()), 0, 2)
    with pytest.raises(ValueError, match=message):
        observe(progress, item, answer, seconds)


def evidence(framework, game="find_error", value=1.0):
    made = load_games()[game]
    slopes = np.zeros(len(framework.skills))
    slopes[framework.row(made.skill)] = made.form("timed").slope
    return GameEvidence(game, "timed", slopes, value, made.form("timed").error_variance())


def test_a_game_moves_its_skill_and_its_neighbours_but_never_makes_it_measured():
    framework = load_framework()
    progress = play(begin(full_bank(), framework), evidence(framework))
    row = framework.row("accuracy")
    assert progress.posterior.mean[row] == progress.posterior.mean.max() > 0
    assert progress.posterior.sd[row] == progress.posterior.sd.min() < 1
    assert not progress.owned.any()
    assert not issue(progress, "p").measured.any()


def test_games_and_items_in_any_order_give_the_same_passport():
    framework, bank = load_framework(), full_bank()
    first = play(observe(begin(bank, framework), 3, 2), evidence(framework))
    second = observe(play(begin(bank, framework), evidence(framework)), 3, 2)
    one, other = issue(first, "p"), issue(second, "p")
    assert np.array_equal(one.mean, other.mean)
    assert np.array_equal(one.covariance, other.covariance)


def test_the_same_game_counts_once():
    framework = load_framework()
    progress = play(begin(full_bank(), framework), evidence(framework))
    with pytest.raises(ValueError, match="expected every game once"):
        play(progress, evidence(framework))


def test_a_game_is_chosen_when_it_tells_more_per_second_and_never_first():
    framework = load_framework()
    weak = full_bank(3)
    slow = replace(weak, slopes=weak.slopes * 0.1, seconds=np.full(len(weak.items), 60.0))
    progress = begin(slow, framework)
    assert choose_activity(progress).game is None
    progress = observe(progress, choose(progress), 2)
    chosen = []
    for _ in range(3):
        activity = choose_activity(progress)
        assert activity.item is None
        chosen.append(activity.game)
        progress = play(progress, evidence(framework, activity.game))
    assert len(set(chosen)) == 3
    assert choose_activity(progress).game is None  # three in a sprint
    assert choose_activity(progress, more_games=True).game not in {None, *chosen}


def test_with_good_items_left_an_item_comes_before_a_game():
    progress = walk(full_bank(), load_framework(), limit=5)
    assert choose_activity(progress, seed=1).item == choose(progress, seed=1)
