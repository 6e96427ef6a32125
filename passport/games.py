"""Seven mini-games, server side: rounds from a seed, raw trials in, evidence about a skill out.

    rounds = stimuli("find_error", seed=7)                  # to the screen: never the right answers
    evidence = score("find_error", trials, seed=7)          # raw trials, as jsPsych writes them
    posterior = absorb_evidence(posterior, evidence)

The score of a game, with mean 0 and sd 1 in the reference population, is lambda * level + e. The error variance holds
the unreliability of the score and what the game has of its own, so one game never makes a skill sure; and because a
passport counts own information from items only, a game never makes a skill measured. Evidence is Gaussian: exact in one
step, in any order, so a passport starts from the prior after all games.

All numbers in `content/games.toml` are assumed until a city calibrates them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from passport._arrays import frozen
from passport._games import (
    changing_rules,
    fault_finding,
    find_error,
    route_planning,
    spot_hazard,
    steady_watch,
    weigh_evidence,
)
from passport._games.common import Dice, Round
from passport._games.content import FORMS, Game, GameForm, read_games
from passport._games.trials import ENOUGH, Trial, check, regular
from passport.framework import CONTENT, SkillFramework, load_framework
from passport.model import Floats
from passport.posterior import Posterior

__all__ = [
    "FORMS",
    "GAMES_PER_SPRINT",
    "Game",
    "GameEvidence",
    "GameForm",
    "absorb_evidence",
    "game_gain",
    "load_games",
    "next_game",
    "practice",
    "score",
    "stimuli",
]

PLAYS: Mapping[str, ModuleType] = MappingProxyType(
    {
        "find_error": find_error,
        "steady_watch": steady_watch,
        "route_planning": route_planning,
        "spot_hazard": spot_hazard,
        "fault_finding": fault_finding,
        "changing_rules": changing_rules,
        "weigh_evidence": weigh_evidence,
    }
)
GAMES_PER_SPRINT = 3
FARTHEST = 3.0  # sd from the mean that a score counts at most: beyond, a score says more about the day than the person
DOUBT = 4.0  # an even rhythm makes the error variance so many times larger
MISSING = frozenset({"robot times", "same answer", "few answers", "not understood"})


@dataclass(frozen=True, slots=True, eq=False)
class GameEvidence:
    """What one game says: value = slopes . levels + e, var(e) = error_variance.

    slopes float64 (skills,). An infinite error variance is a neutral game: it says nothing. `flags` say why.
    """

    game: str
    form: str
    slopes: Floats
    value: float
    error_variance: float
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "slopes", frozen(self.slopes, np.float64, (None,), "slopes"))
        if not np.all(np.isfinite(self.slopes)) or not math.isfinite(self.value):
            raise ValueError("evidence: expected finite slopes and a finite value")
        if not self.error_variance > 0:
            raise ValueError(f"error_variance: expected a number above 0, got {self.error_variance}")

    @property
    def missing(self) -> bool:
        """Whether the game says nothing."""
        return math.isinf(self.error_variance)


@cache
def load_games(path: Path | None = None, framework: SkillFramework | None = None) -> Mapping[str, Game]:
    """Load the specifications of all games by key. Raises ContentError naming game and field."""
    return MappingProxyType(read_games(path or CONTENT / "games.toml", framework or load_framework(), plays=set(PLAYS)))


def stimuli(game: str, seed: int, form: str = "timed") -> list[dict[str, Any]]:
    """Return the rounds for the screen: trial_index, level, limit (ms or None) and what the game shows.

    The same seed always gives the same rounds. Raises ValueError for an unknown game or form.
    """
    return [_screen(index, made, _find(game).form(form)) for index, made in enumerate(_rounds(game, seed, form))]


def practice(game: str, seed: int, form: str = "timed") -> list[dict[str, Any]]:
    """Return the practice rounds for the screen, of the easiest level, with `answer`: they are never scored."""
    made = _rounds(game, seed, form, practice=True)
    specified = _find(game).form(form)
    return [_screen(index, one, specified) | {"answer": one.truth} for index, one in enumerate(made)]


def score(
    game: str,
    trials: Sequence[Trial],
    form: str = "timed",
    seed: int = 0,
    framework: SkillFramework | None = None,
) -> GameEvidence:
    """Return what the raw trials of the rounds made from `seed` say about the game's skill.

    A game that few rounds of were answered, that was played like a machine, or not understood, is neutral and flagged.
    Raises ValueError naming the trial for anything impossible: see `passport._games.trials`.
    """
    specified, play, framework = _find(game).form(form), PLAYS[game], framework or load_framework()
    played = check(trials, _rounds(game, seed, form), play.read, specified.limit)
    flags = regular(played)
    value, variance = 0.0, math.inf
    if played.share < ENOUGH:
        flags.append("few answers")
    else:
        raw = play.raw(played.rounds, played.responses)
        value = min(max((raw - specified.mean) / specified.sd, -FARTHEST), FARTHEST)
        variance = specified.error_variance(played.share) * (DOUBT if "even times" in flags else 1.0)
        flags += ["not understood"] if raw <= specified.floor else []
    if MISSING & set(flags):
        variance = math.inf
    return GameEvidence(game, form, _slopes(_find(game), form, framework), value, variance, tuple(flags))


def absorb_evidence(posterior: Posterior, *evidence: GameEvidence) -> Posterior:
    """Return the posterior after games: one Kalman update each, exact, and the same in any order.

    Raises ValueError when one game comes twice: what it has of its own would count as news.
    """
    games = [one.game for one in evidence]
    if len(set(games)) < len(games):
        raise ValueError(f"evidence: expected every game once, got {', '.join(games)}")
    mean, covariance = posterior.mean, posterior.covariance
    for one in evidence:
        if not one.missing:
            reach = covariance @ one.slopes
            variance = float(one.slopes @ reach) + one.error_variance
            mean = mean + reach * ((one.value - float(one.slopes @ mean)) / variance)
            covariance = covariance - np.outer(reach, reach) / variance
    return Posterior(mean, covariance)


def game_gain(
    covariance: Floats,
    games: Iterable[Game],
    framework: SkillFramework,
    *,
    target: float,
    form: str = "timed",
    weights: Floats | None = None,
) -> Floats:
    """Return how much excess variance each game is expected to remove per second, of shape (people, games).

    covariance (people, skills, skills). The same measure as `adaptive.expected_gain`, so that games and items compete:
    sum over skills of w * max(0, variance - target^2). A Gaussian's variance after does not depend on its value, so
    this is exact and needs no mean.
    """
    games = list(games)
    slopes = np.stack([_slopes(game, form, framework) for game in games])
    error = np.array([game.form(form).error_variance() for game in games])
    reach = covariance @ slopes.T
    variance = np.einsum("psg,gs->pg", reach, slopes) + error
    excess = np.maximum(0.0, np.einsum("pss->ps", covariance) - target**2)
    kept = np.minimum(reach**2 / variance[:, None, :], excess[:, :, None])
    weights = np.ones(covariance.shape[1]) if weights is None else weights
    return np.asarray(np.einsum("s,psg->pg", weights, kept) / [game.form(form).seconds for game in games])


def next_game(
    posterior: Posterior,
    framework: SkillFramework,
    played: Sequence[str],
    item_gain: float,
    *,
    target: float,
    form: str = "timed",
    more: bool = False,
    weights: Floats | None = None,
) -> str | None:
    """Return the game that is expected to tell more per second than the best item, or None.

    `item_gain` is the largest `adaptive.expected_gain`. No game comes twice, and no more than three in one sprint
    unless the person wants `more`.
    """
    left = [game for key, game in load_games().items() if key not in played]
    if not left or (len(played) >= GAMES_PER_SPRINT and not more):
        return None
    covariance = posterior.covariance[None]
    gain = game_gain(covariance, left, framework, target=target, form=form, weights=weights)[0]
    best = int(np.argmax(gain))
    return left[best].key if gain[best] > item_gain else None


def _find(game: str) -> Game:
    if game not in PLAYS:
        raise ValueError(f"game: expected one of {', '.join(PLAYS)}, got {game!r}")
    return load_games()[game]


def _rounds(game: str, seed: int, form: str, *, practice: bool = False) -> list[Round]:
    specified = _find(game)
    chosen, dice = specified.form(form), Dice(game, specified.version, form, int(seed), "practice" * practice)
    levels, trials = (chosen.levels[:1], max(chosen.trials, 8)) if practice else (chosen.levels, chosen.trials)
    made: list[Round] = PLAYS[game].rounds(levels, trials, dice)
    return _varied(made, specified.practice) if practice else made


def _varied(made: list[Round], count: int) -> list[Round]:
    """Return the first rounds in a row whose right answers differ, or just the first: practice should show both."""
    starts = range(len(made) - count + 1)
    start = next((i for i in starts if any(one.truth != made[i].truth for one in made[i : i + count])), 0)
    return made[start : start + count]


def _screen(index: int, made: Round, form: GameForm) -> dict[str, Any]:
    return {"trial_index": index, "level": made.level + 1, "limit": form.limit, **made.shown}


def _slopes(game: Game, form: str, framework: SkillFramework) -> Floats:
    slopes = np.zeros(len(framework.skills))
    slopes[framework.row(game.skill)] = game.form(form).slope
    return slopes
