import numpy as np
import pytest

from passport import ContentError, Posterior, games, load_framework
from passport._games import fault_finding, route_planning
from passport.adaptive import RULES
from passport.model import offsets
from passport.passport import own_information
from passport.posterior import prior, settle

from . import banks, players


def rng():
    return np.random.default_rng(3)


def answered(game="find_error", seed=1, form="timed", ability=0.5):
    return players.play(game, seed, form, ability, rng())


def evidence(game="find_error", value=1.0, error_variance=0.5, skills=24, column=15):
    slopes = np.zeros(skills)
    slopes[column] = 0.8
    return games.GameEvidence(game, "timed", slopes, value, error_variance)


# raw trials


def changed(trials, index, **changes):
    return [row | changes if row["trial_index"] == index else row for row in trials]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[:-1], "trials: expected 24, got 23"),
        (lambda t: [*t[:-1], t[0]], "trial 0: trial_index: came twice"),
        (lambda t: changed(t, 3, trial_index=99), "trial 3: trial_index: expected 0 to 23, got 99"),
        (lambda t: changed(t, 3, trial_index=True), "trial 3: trial_index"),
        (lambda t: [*t[:5], None, *t[6:]], "trial 5: trial_index"),
        (lambda t: changed(t, 4, rt=-20), "trial 4: rt: expected ms from 100"),
        (lambda t: changed(t, 4, rt=99.9), "trial 4: rt: expected ms from 100"),
        (lambda t: changed(t, 4, rt=None), "trial 4: rt"),
        (lambda t: changed(t, 4, rt="500"), "trial 4: rt"),
        (lambda t: changed(t, 4, rt=float("nan")), "trial 4: rt"),
        (lambda t: changed(t, 0, rt=t[0]["time_elapsed"] + 1), "trial 0: rt"),
        (lambda t: changed(t, 4, time_elapsed=5.0), "trial 4: time_elapsed"),
        (lambda t: changed(t, 4, time_elapsed=float("inf")), "trial 4: time_elapsed"),
        (lambda t: changed(t, 4, response=None), "trial 4: rt: expected none without a response"),
        (lambda t: changed(t, 6, response=9), "trial 6: response: expected a line"),
        (lambda t: changed(t, 6, response=True), "trial 6: response"),
        (lambda t: changed(t, 6, response="2"), "trial 6: response"),
    ],
)
def test_an_impossible_trial_is_refused_and_named(change, message):
    with pytest.raises(ValueError, match=message):
        games.score("find_error", change(answered()), seed=1)


@pytest.mark.parametrize(
    ("game", "response", "message"),
    [
        ("steady_watch", "pass", " 'tap' or nothing"),
        ("route_planning", [99], "corners from 0"),
        ("route_planning", "up", "a list of at most"),
        ("spot_hazard", [1, 1], "every place once"),
        ("spot_hazard", [6], "places from 0 to 5"),
        ("fault_finding", [-1], "taps from 0"),
        ("changing_rules", 4, "a box from 0 to 3"),
        ("weigh_evidence", {"opened": 99, "choice": "a"}, "opened reports from 0"),
        ("weigh_evidence", {"opened": 1, "choice": ["a"]}, "'a' or 'b'"),
        ("weigh_evidence", "a", "'a' or 'b'"),
    ],
)
def test_a_response_a_game_does_not_know_is_refused(game, response, message):
    trials = changed(answered(game), 2, response=response, rt=500.0)
    with pytest.raises(ValueError, match=f"trial 2: response: expected.*{message}"):
        games.score(game, trials, seed=1)


def test_a_route_through_a_closed_street_and_a_test_after_the_end_are_refused():
    shown = games.stimuli("route_planning", 1)[0]
    closed = next(n for n in range(9) if n not in route_planning.streets(3, shown["blocked"])[shown["start"]])
    with pytest.raises(ValueError, match="open streets"):
        route_planning.read(shown, [closed])
    with pytest.raises(ValueError, match="after the leak was found"):
        fault_finding.read({"parents": [-1, 0]}, [1, 1])


def test_the_order_in_which_trials_arrive_does_not_matter():
    trials = answered()
    assert games.score("find_error", trials, seed=1).value == games.score("find_error", trials[::-1], seed=1).value


def test_an_unknown_game_or_form_is_refused():
    with pytest.raises(ValueError, match="game: expected one of find_error"):
        games.stimuli("chess", 1)
    with pytest.raises(ValueError, match="form: expected one of timed, untimed"):
        games.score("find_error", answered(), form="blitz")


def test_missing_and_late_rounds_are_not_wrong_but_make_the_score_less_sure():
    trials = answered(ability=3.0)
    full = games.score("find_error", trials, seed=1)
    late = [
        row | {"rt": 15_001.0, "time_elapsed": 20_000.0 * (i + 1)}
        if i % 8 == 0
        else row | {"time_elapsed": 20_000.0 * (i + 1)}
        for i, row in enumerate(trials)
    ]
    part = games.score("find_error", late, seed=1)
    missing = [row | {"rt": None, "response": None} if i % 8 == 0 else row for i, row in enumerate(trials)]
    assert part.error_variance > full.error_variance
    assert games.score("find_error", missing, seed=1).error_variance == part.error_variance
    assert part.value > full.value - 0.6
    few = [row | {"rt": None, "response": None} if i % 3 == 0 else row for i, row in enumerate(trials)]
    assert games.score("find_error", few, seed=1).flags == ("few answers",)
    assert games.score("find_error", few, seed=1).missing


def test_a_rhythm_no_person_has_is_flagged_and_counts_less_or_not():
    trials = answered()
    plain = games.score("find_error", trials, seed=1)
    wobble = np.random.default_rng(0).normal(size=len(trials))
    even = [row | {"rt": 800 + 40 * w} for row, w in zip(trials, wobble, strict=True)]
    robot = [row | {"rt": 800.0} for row in trials]
    assert plain.flags == ()
    assert games.score("find_error", even, seed=1).flags == ("even times",)
    assert games.score("find_error", even, seed=1).error_variance == pytest.approx(4 * plain.error_variance)
    assert games.score("find_error", robot, seed=1).flags == ("robot times",)
    assert games.score("find_error", robot, seed=1).missing


def test_the_same_answer_every_time_says_nothing():
    trials = [row | {"response": 1} for row in answered()]
    found = games.score("find_error", trials, seed=1)
    assert "same answer" in found.flags
    assert found.missing


# evidence in the posterior


def test_a_neutral_game_leaves_the_prior_as_it_was():
    start = prior(load_framework())
    after = games.absorb_evidence(start, evidence(error_variance=np.inf))
    assert np.array_equal(after.mean, start.mean)
    assert np.array_equal(after.covariance, start.covariance)


def test_evidence_is_the_exact_gaussian_answer_in_any_order():
    start = prior(load_framework())
    two = evidence(), evidence("route_planning", -0.5, 0.7, column=17)
    forward, backward = games.absorb_evidence(start, *two), games.absorb_evidence(start, *two[::-1])
    precision = np.linalg.inv(start.covariance) + sum(np.outer(e.slopes, e.slopes) / e.error_variance for e in two)
    np.testing.assert_allclose(forward.covariance, np.linalg.inv(precision), atol=1e-12)
    pull = sum(e.slopes * e.value / e.error_variance for e in two)
    np.testing.assert_allclose(forward.mean, np.linalg.solve(precision, pull), atol=1e-12)
    np.testing.assert_allclose(forward.mean, backward.mean, atol=1e-12)
    with pytest.raises(ValueError, match="every game once"):
        games.absorb_evidence(start, two[0], two[0])


def test_a_game_and_answers_together_agree_with_quadrature():
    bank = banks.random_bank(4, skills=1, items=8)
    answers = np.array([0, 1, 2, 3, 3, 1, 2, 2])
    game = games.GameEvidence("find_error", "timed", np.array([0.7]), 1.2, 0.51)
    start = games.absorb_evidence(Posterior(np.zeros(1), np.eye(1)), game)
    mean, covariance, _ = settle(start, bank.slopes[None], offsets(bank.slopes, bank.steps)[None], answers[None])
    grid = np.linspace(-6, 6, 2001)
    weight = np.exp(-0.5 * grid**2 - 0.5 * (1.2 - 0.7 * grid) ** 2 / 0.51)
    for a, b, x in zip(bank.slopes[:, 0], bank.steps, answers, strict=True):
        logits = a * (grid[:, None] * np.arange(4) - np.concatenate([[0], np.cumsum(b)]))
        chance = np.exp(logits)
        weight *= chance[:, x] / chance.sum(axis=1)
    weight /= weight.sum()
    assert mean[0, 0] == pytest.approx(weight @ grid, abs=0.01)
    assert np.sqrt(covariance[0, 0, 0]) == pytest.approx(np.sqrt(weight @ (grid - weight @ grid) ** 2), abs=0.01)


def test_a_game_alone_makes_no_skill_sure_and_none_measured():
    framework = load_framework()
    start = prior(framework)
    for game in games.load_games().values():
        best = evidence(game.key, 3.0, game.timed.error_variance(), column=framework.row(game.skill))
        after = games.absorb_evidence(
            start,
            games.GameEvidence(best.game, "timed", best.slopes / 0.8 * game.timed.slope, 3.0, best.error_variance),
        )
        assert after.sd.min() > RULES.target
        empty = np.zeros((1, 0, 24))
        _, _, precision = settle(after, empty, np.zeros((1, 0, 4)), np.zeros((1, 0), dtype=int))
        assert not own_information(empty, precision).any()


def test_the_gain_of_a_game_is_the_excess_variance_it_removes_per_second():
    framework = load_framework()
    start = prior(framework)
    known = list(games.load_games().values())
    gain = games.game_gain(start.covariance[None], known, framework, target=RULES.target)[0]
    for game, one in zip(known, gain, strict=True):
        slopes = np.zeros(24)
        slopes[framework.row(game.skill)] = game.timed.slope
        after = games.absorb_evidence(
            start, games.GameEvidence(game.key, "timed", slopes, 0.3, game.timed.error_variance())
        )
        removed = np.minimum(np.diag(start.covariance - after.covariance), 1 - RULES.target**2).sum()
        assert one == pytest.approx(removed / game.timed.seconds)
    assert games.game_gain(np.eye(24)[None] * 0.2, known, framework, target=RULES.target).max() == 0


def test_the_next_game_beats_the_best_item_comes_once_and_never_as_a_fourth_unless_wanted():
    framework = load_framework()
    start = prior(framework)

    def ask(played, item_gain=0.0, **more):
        return games.next_game(start, framework, played, item_gain, target=RULES.target, **more)

    first = ask([])
    assert first in games.PLAYS
    assert ask([first]) not in (None, first)
    assert ask([], item_gain=1.0) is None
    assert ask(["find_error", "steady_watch", "spot_hazard"]) is None
    assert ask(["find_error", "steady_watch", "spot_hazard"], more=True) is not None
    assert ask(list(games.PLAYS), more=True) is None
    weights = np.zeros(24)
    weights[framework.row("decisions")] = 1
    assert ask([], weights=weights) == "weigh_evidence"


@pytest.mark.parametrize("changes", [{"value": np.nan}, {"error_variance": 0.0}, {"error_variance": np.nan}])
def test_impossible_evidence_is_refused(changes):
    with pytest.raises(ValueError, match="expected"):
        evidence(**changes)


# the content file


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('key = "find_error"', 'key = "chess"', "game chess: expected one of"),
        ('skill = "accuracy"', 'skill = "charm"', "game find_error: field skill: unknown skill 'charm'"),
        ("practice = 3", "practice = 9", "game find_error: field practice"),
        ("limit = 15000", "limit = 15", "game find_error: field timed.limit"),
        ("reliability = 0.8\n", "reliability = 1.8\n", "game find_error: field timed.reliability: expected a number"),
        ("reliability = 0.8\n", "", "game find_error: the field 'reliability' is missing"),
        ("reliability = 0.8\n", "reliability = 0.8\nluck = 1\n", "field timed.luck: unknown"),
        ('en = "Find the error"', 'en = ""', "field en: expected a text"),
        ("[[game]]", "[game", "not a TOML file"),
    ],
)
def test_a_broken_specification_is_refused_with_game_and_field(tmp_path, old, new, message):
    text = (games.CONTENT / "games.toml").read_text(encoding="utf-8")
    path = tmp_path / "games.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError, match=message):
        games.load_games(path)
