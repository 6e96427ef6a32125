import json
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport import games, load_framework
from passport._games import changing_rules, fault_finding, find_error, route_planning, spot_hazard, steady_watch
from passport._games import weigh_evidence as weigh
from passport.posterior import prior

from . import players

SHOWN = {
    "find_error": {"left", "right"},
    "steady_watch": {"shape", "variant", "paced"},
    "route_planning": {"size", "blocked", "start", "stops", "gate"},
    "spot_hazard": {"things"},
    "fault_finding": {"parents"},
    "changing_rules": {"rule", "part"},
    "weigh_evidence": {"right", "cost", "prize", "reports"},
}
PLAYS = [(game, form) for game in games.PLAYS for form in games.FORMS]


def rng():
    return np.random.default_rng(3)


# the rounds


@pytest.mark.parametrize(("game", "form"), PLAYS)
def test_the_same_seed_gives_the_same_rounds_and_another_seed_others(game, form):
    assert games.stimuli(game, 5, form) == games.stimuli(game, 5, form)
    assert games.stimuli(game, 5, form) != games.stimuli(game, 6, form)


@pytest.mark.parametrize(("game", "form"), PLAYS)
def test_the_screen_gets_plain_data_and_never_an_answer(game, form):
    rounds = games.stimuli(game, 5, form)
    assert json.loads(json.dumps(rounds)) == rounds
    assert [one["trial_index"] for one in rounds] == list(range(len(rounds)))
    for one in rounds:
        assert set(one) == SHOWN[game] | {"trial_index", "level", "limit"}


@pytest.mark.parametrize(("game", "form"), PLAYS)
def test_practice_is_short_easy_and_different_and_may_show_its_answers(game, form):
    rounds = games.practice(game, 5, form)
    assert 2 <= len(rounds) <= 4
    assert all(one["level"] == 1 and "answer" in one for one in rounds)
    plain = [{k: v for k, v in one.items() if k != "answer"} for one in rounds]
    if game != "fault_finding":  # the easiest networks are all one line
        assert plain != games.stimuli(game, 5, form)[: len(rounds)]


def test_every_game_has_texts_of_short_sentences_in_both_languages_and_an_untimed_form():
    framework = load_framework()
    for game in games.load_games().values():
        assert game.skill in framework.skills
        assert not game.calibrated
        assert game.source
        assert game.untimed.limit is None
        for form in (game.timed, game.untimed):
            assert len(form.instructions["en"]) == len(form.instructions["nl"])
            for text in (*form.instructions["en"], *form.instructions["nl"]):
                for sentence in text.replace("?", ".").replace(":", ".").split("."):
                    assert len(sentence.split()) <= 12, text
    assert len(games.load_games()["route_planning"].timed.levels) >= 8


def test_a_picture_of_a_hazard_is_not_known_by_its_name():
    pairs = [pair for level in games.load_games()["spot_hazard"].timed.levels for pair in level["pairs"]]
    assert len(pairs) == len({pair["key"] for pair in pairs}) == 24
    assert sum(pair["hazard"] == "a" for pair in pairs) == 12
    for pair in pairs:
        for language in ("en", "nl"):
            assert max(len(s.split()) for s in (*pair["a"][language].split("."), *pair["b"][language].split("."))) <= 12


@pytest.mark.parametrize("seed", range(5))
def test_lists_differ_in_the_line_that_is_wrong_and_nowhere_else(seed):
    for one in games._rounds("find_error", seed, "timed"):
        wrong = [i + 1 for i, (a, b) in enumerate(zip(one.shown["left"], one.shown["right"], strict=True)) if a != b]
        assert wrong == ([one.truth] if one.truth else [])


@pytest.mark.parametrize("seed", range(5))
def test_a_rare_lamp_comes_once_in_ten_and_never_twice_in_a_row(seed):
    rare = [one.truth for one in games._rounds("steady_watch", seed, "timed")]
    assert all(sum(rare[i : i + 10]) == 1 for i in range(0, len(rare), 10))
    assert not any(a and b for a, b in pairwise(rare))


@pytest.mark.parametrize("seed", range(5))
def test_every_part_belongs_in_another_box_by_every_rule(seed):
    for one in games._rounds("changing_rules", seed, "timed"):
        part = one.shown["part"]
        assert len({changing_rules.SIGNS[rule].index(sign) for rule, sign in part.items()}) == 3


def test_the_fewest_moves_equal_trying_every_order_of_stops():
    for one in games._rounds("route_planning", 2, "timed"):
        shown = one.shown
        distance = {
            (a, b): route_planning.fewest({**shown, "start": a, "stops": [], "gate": b})
            for a in range(shown["size"] ** 2)
            for b in range(shown["size"] ** 2)
        }
        orders = ([shown["start"], *stops, shown["gate"]] for stops in permutations(shown["stops"]))
        assert one.truth == min(sum(distance[a, b] for a, b in pairwise(order)) for order in orders)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(size=st.integers(2, 20), taps=st.lists(st.integers(0, 19), max_size=40))
def test_no_luck_finds_a_leak_in_a_line_in_fewer_tests_than_halving_does(size, taps):
    parents, suspects, used = [-1, *range(size - 1)], set(range(size)), 0
    for tap in taps:
        if len(suspects) > 1:
            suspects = fault_finding.left_after(suspects, fault_finding.behind(parents)[tap % size])
            used += 1
    assert len(suspects) > 1 or used >= np.ceil(np.log2(size))


# the scores


def test_perfect_play_earns_the_best_score_and_careless_play_is_not_understood():
    for game in games.PLAYS:
        good = [games.score(game, players.play(game, seed, "timed", 3.0, rng()), seed=seed) for seed in range(8)]
        assert np.mean([one.value for one in good]) > 1, game
        wild = []
        for seed in range(30):
            shown = games.stimuli(game, seed)
            generator = np.random.default_rng([seed, 7])
            responses = [players.randomly(one, generator) for one in shown]
            wild.append(games.score(game, players.trials(shown, responses, generator), seed=seed))
        assert np.mean([one.missing for one in wild]) > 0.8, game


@pytest.fixture(scope="module", params=PLAYS, ids="-".join)
def crowd(request):
    """People with a level of the skill, and an ability in the game that is only partly that skill."""
    game, form = request.param
    n, generator = 300, np.random.default_rng(11)
    specified = games.load_games()[game].form(form)
    level, special = generator.normal(size=(2, n))
    ability = specified.loading * level + np.sqrt(1 - specified.loading**2) * special
    found = [
        games.score(game, players.play(game, seed, form, a, generator), form, seed) for seed, a in enumerate(ability)
    ]
    return specified, level, ability, found


@pytest.mark.slow
def test_the_score_correlates_with_ability_and_level_as_reliability_and_loading_say(crowd):
    specified, level, ability, found = crowd
    value = np.array([one.value for one in found])
    assert np.corrcoef(value, ability)[0, 1] == pytest.approx(np.sqrt(specified.reliability), abs=0.06)
    assert np.corrcoef(value, level)[0, 1] == pytest.approx(specified.slope, abs=0.11)
    assert abs(value.mean()) < 0.2
    assert value.std() == pytest.approx(1, abs=0.15)


@pytest.mark.slow
def test_95_percent_intervals_after_a_game_hold_the_true_level(crowd):
    _, level, _, found = crowd
    start = prior(load_framework())
    row = int(np.argmax(found[0].slopes))
    after = [games.absorb_evidence(start, one) for one in found]
    inside = [abs(a.mean[row] - t) <= 1.96 * a.sd[row] for a, t in zip(after, level, strict=True)]
    assert 0.915 <= np.mean(inside) <= 0.985
    assert np.mean([one.missing for one in found]) < 0.06


def test_a_route_that_misses_a_stop_does_not_arrive():
    shown = games.stimuli("route_planning", 0)[-1]
    direct = players.route_planning({**shown, "stops": [], "level": 1}, 9.0, rng())
    assert route_planning.read(shown, direct) is None
    assert route_planning.read(shown, players.route_planning(shown, 9.0, rng())) is not None


def test_halving_a_line_of_eight_is_perfect_and_a_test_that_tells_nothing_costs():
    one = fault_finding.rounds([{"pipes": 8, "branches": 0}], 1, games.Dice("x"))
    best = [4, 6, 7]
    assert fault_finding.raw(one, [fault_finding.read(one[0].shown, best)]) == 1
    assert fault_finding.raw(one, [[0, *best]]) == pytest.approx(3 / 4)
    assert fault_finding.raw(one, [[4]]) == pytest.approx(1 / 3)
    assert fault_finding.raw(one, [[]]) == 0


def test_the_best_policy_loses_nothing_and_unopened_reports_do_not_matter():
    for one in games._rounds("weigh_evidence", 4, "timed"):
        shown, lead, opened = one.shown, 0, 0
        rule = (len(shown["reports"]), shown["right"], shown["cost"], shown["prize"])
        while opened < rule[0]:
            stop = shown["prize"] * max(
                weigh.chance_of_a(shown["right"], lead), 1 - weigh.chance_of_a(shown["right"], lead)
            )
            if stop >= weigh.worth_of_opening(*rule, opened, lead):
                break
            lead += 1 if shown["reports"][opened] == "a" else -1
            opened += 1
        choice = "a" if lead >= 0 else "b"
        assert weigh.raw([one], [(opened, choice)]) == pytest.approx(1)
        other = [*shown["reports"][:opened], *("b" for _ in shown["reports"][opened:])]
        twin = games.Round(one.level, {**shown, "reports": other}, None)
        assert weigh.raw([twin], [(opened, choice)]) == pytest.approx(1)


def test_tapping_everything_earns_nothing_where_holding_back_counts():
    rounds = games._rounds("spot_hazard", 1, "timed")
    assert abs(spot_hazard.raw(rounds, [set(range(6))] * len(rounds))) < 0.5
    rounds = games._rounds("steady_watch", 1, "timed")
    assert abs(steady_watch.raw(rounds, [True] * len(rounds))) < 1
    assert steady_watch.raw(rounds, [not one.truth for one in rounds]) > 4


def test_the_guesses_of_find_error_are_judged_by_the_line():
    rounds = games._rounds("find_error", 1, "timed")
    assert find_error.raw(rounds, [one.truth for one in rounds]) == 1
    assert find_error.raw(rounds, [0] * len(rounds)) == np.mean([one.truth == 0 for one in rounds])
