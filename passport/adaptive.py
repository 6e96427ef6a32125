"""One assessment as explicit state: begin, choose, observe, finished.

The choice rule matches the stopping rule: of all items that may be asked, take the one that is expected to remove
most of the variance still above the target, per second of a person's time. `Progress` is the whole state; replaying
the same answers gives the same state to the last bit. The batch functions serve simulations: one person is a batch of
one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from passport._arrays import frozen
from passport.errors import BankExhausted
from passport.framework import SkillFramework, load_framework
from passport.games import GameEvidence, absorb_evidence, next_game
from passport.items import ItemBank, require_same_framework
from passport.model import Floats
from passport.posterior import Posterior, expected_variance, prior, update

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rules:
    """When to stop and what to balance; the defaults are the house's (usual ranges in brackets)."""

    target: float = 0.55  # standard error every skill should reach (.4 to .6); .55 is a reliability of .70
    most_items: int = 45  # (30 to 60)
    most_seconds: float = 900.0  # of answering, pauses not counted
    provisional_items: int = 12  # about four minutes
    cluster_cap: float = 1.5  # a cluster gets at most this times its fair share of the items (1.2 to 2)
    best: int = 5  # one of the best five at random, so that no item is always first (3 to 10)
    longest_answer: float = 60.0  # seconds counted for one answer at most: a pause is not answering


RULES = Rules()


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """Everything about one assessment, replayable.

    asked int32 (n,), rows of the bank; answers int8 (n,), grades; seconds float32 (n,).

    A grade of -1 is a skipped or timed-out item: missing, never wrong. NaN seconds are unknown. `games` is the evidence
    of the games played, each once; a game never makes a skill measured.
    """

    bank: ItemBank
    framework: SkillFramework
    posterior: Posterior
    asked: npt.NDArray[np.int32]
    answers: npt.NDArray[np.int8]
    seconds: npt.NDArray[np.float32]
    games: tuple[GameEvidence, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.asked)
        object.__setattr__(self, "asked", frozen(self.asked, np.int32, (n,), "asked"))
        object.__setattr__(self, "answers", frozen(self.answers, np.int8, (n,), "answers"))
        object.__setattr__(self, "seconds", frozen(self.seconds, np.float32, (n,), "seconds"))

    @property
    def spent(self) -> float:
        """Seconds of answering so far; an unknown time counts as the item's median, a pause as the longest answer."""
        known = np.where(np.isnan(self.seconds), self.bank.seconds[self.asked], self.seconds)
        return float(np.minimum(known, RULES.longest_answer).sum())

    @property
    def owned(self) -> Booleans:
        """Which skills have an answered item of their own, of shape (skills,)."""
        owned = np.zeros(len(self.framework.skills), dtype=bool)
        owned[self.bank.main_skill[self.asked[self.answers >= 0]]] = True
        return owned


def begin(bank: ItemBank, framework: SkillFramework | None = None) -> Progress:
    """Return a fresh assessment. Raises FrameworkMismatch when bank and framework do not belong together."""
    framework = framework or load_framework()
    require_same_framework(bank, framework)
    nothing = np.empty(0)
    return Progress(
        bank,
        framework,
        prior(framework),
        asked=nothing.astype(np.int32),
        answers=nothing.astype(np.int8),
        seconds=nothing.astype(np.float32),
    )


def observe(progress: Progress, item: int, answer: int, seconds: float = float("nan")) -> Progress:
    """Return the assessment after the answer (a grade 0 to 3, or -1 for skipped) to the item in row `item` of the bank.

    Raises ValueError for a grade the item does not have, an item asked before, or a negative time.
    """
    grades = int(np.isfinite(progress.bank.steps[item]).sum()) if 0 <= item < len(progress.bank.items) else -1
    if grades < 0:
        raise ValueError(f"item: expected a row from 0 to {len(progress.bank.items) - 1}, got {item}")
    if item in progress.asked:
        raise ValueError(f"item: {progress.bank.items[item]} was asked before")
    if not -1 <= answer <= grades:
        raise ValueError(f"answer: expected a grade from 0 to {grades}, or -1 for skipped, got {answer}")
    if seconds < 0:
        raise ValueError(f"seconds: expected 0 or more, got {seconds}")
    posterior = update(progress.posterior, progress.bank.slopes[item], progress.bank.steps[item], answer)
    return replace(
        progress,
        posterior=posterior,
        asked=np.append(progress.asked, item),
        answers=np.append(progress.answers, answer),
        seconds=np.append(progress.seconds, seconds),
    )


def choose(progress: Progress, seed: int = 0, weights: npt.ArrayLike | None = None) -> int:
    """Return the row of the item to ask next; the same progress and seed always give the same item.

    `weights` (skills,) >= 0 says how much each skill matters for the vacancies in scope. Raises BankExhausted when no
    item is left.
    """
    asked = np.zeros((1, len(progress.bank.items)), dtype=bool)
    asked[0, progress.asked] = True
    draw = np.random.default_rng([seed, len(progress.asked)]).random(1)
    row = select(
        progress.posterior.mean[None],
        progress.posterior.covariance[None],
        progress.bank,
        progress.framework,
        asked,
        progress.owned[None],
        draw,
        None if weights is None else frozen(weights, np.float64, progress.owned.shape, "weights"),
    )
    if row[0] < 0:
        raise BankExhausted(f"all {len(progress.bank.items)} items of {progress.bank.version} were asked")
    return int(row[0])


@dataclass(frozen=True, slots=True)
class Activity:
    """What to do next: an item (its row) or a game (its key), exactly one of them."""

    item: int | None = None
    game: str | None = None


def play(progress: Progress, evidence: GameEvidence) -> Progress:
    """Return the assessment after a game. Raises ValueError when the same game was played before."""
    games = (*progress.games, evidence)
    absorb_evidence(progress.posterior, *games)  # refuses a game that comes twice
    return replace(progress, posterior=absorb_evidence(progress.posterior, evidence), games=games)


def choose_activity(
    progress: Progress,
    seed: int = 0,
    weights: npt.ArrayLike | None = None,
    *,
    form: str = "timed",
    more_games: bool = False,
) -> Activity:
    """Return the item or game that is expected to tell most per second; no game before the first answer.

    `form` is the form of the games a person chose beforehand, timed or untimed. At most three games come in one sprint,
    unless she wants `more_games`. Raises BankExhausted when neither is left.
    """
    known = None if weights is None else frozen(weights, np.float64, progress.owned.shape, "weights")
    posterior = progress.posterior
    gain = expected_gain(posterior.mean[None], posterior.covariance[None], progress.bank, known)[0]
    fresh = np.ones(len(gain), dtype=bool)
    fresh[progress.asked] = False
    best = float(gain[fresh].max(initial=0.0))
    played = [game.game for game in progress.games]
    if len(progress.asked):
        game = next_game(
            posterior,
            progress.framework,
            played,
            best,
            target=RULES.target,
            form=form,
            more=more_games,
            weights=known,
        )
        if game is not None:
            return Activity(game=game)
    return Activity(item=choose(progress, seed, weights))


def finished(progress: Progress) -> bool:
    """Return True when every skill is sure enough and has an own item, or items, time or the bank are used up."""
    if len(progress.asked) >= min(RULES.most_items, len(progress.bank.items)) or progress.spent >= RULES.most_seconds:
        return True
    sure = progress.posterior.sd <= RULES.target
    return bool(np.all(sure & (progress.owned | ~_reportable(progress.bank))))


def provisional(progress: Progress) -> bool:
    """Return True when there are enough answers to show a first, provisional passport."""
    return int(np.sum(progress.answers >= 0)) >= RULES.provisional_items


def expected_gain(
    mean: Floats, covariance: Floats, bank: ItemBank, weights: Floats | None = None, rules: Rules = RULES
) -> Floats:
    """Return how much excess variance each item is expected to remove per second, of shape (people, items).

    Excess is sum over skills of w * max(0, variance - target^2). The expected variance after an answer is exact along
    the item's direction; an item on skills already sure enough earns only what it tells about others.
    """
    reach = covariance @ bank.slopes.T  # (people, skills, items)
    variance = np.einsum("psi,is->pi", reach, bank.slopes)
    centre = mean @ bank.slopes.T
    left = expected_variance(centre, variance, bank.offset)
    removed = reach**2 * ((variance - left) / variance**2)[:, None, :]
    excess = np.maximum(0.0, np.einsum("pss->ps", covariance) - rules.target**2)
    kept = np.minimum(removed, excess[:, :, None])
    weights = np.ones(mean.shape[1]) if weights is None else weights
    return np.asarray(np.einsum("s,psi->pi", weights, kept) / bank.seconds)


def select(
    mean: Floats,
    covariance: Floats,
    bank: ItemBank,
    framework: SkillFramework,
    asked: Booleans,
    owned: Booleans,
    draw: Floats,
    weights: Floats | None = None,
    rules: Rules = RULES,
) -> npt.NDArray[np.intp]:
    """Return the next item of every person, -1 where none is left; `draw` (people,) in [0, 1) picks among the best.

    `asked` has shape (people, items), `owned` (people, skills).
    """
    gain = expected_gain(mean, covariance, bank, weights, rules)
    gain = np.where(_eligible(bank, framework, asked, owned, gain > 0, rules), gain, -1.0)
    best = np.argsort(-gain, axis=1, kind="stable")[:, : rules.best]
    choices = np.sum(np.take_along_axis(gain, best, axis=1) >= 0, axis=1)
    pick = np.minimum((draw * choices).astype(np.intp), np.maximum(choices - 1, 0))
    return np.where(choices > 0, best[np.arange(len(best)), pick], -1)


def _eligible(
    bank: ItemBank, framework: SkillFramework, asked: Booleans, owned: Booleans, useful: Booleans, rules: Rules
) -> Booleans:
    """Say which items may be asked, of shape (people, items).

    An item must be new and its cluster not full. Only items for skills without an own item remain when there are just
    enough places left for them, or when no other item is `useful` any more.
    """
    fresh: Booleans = ~asked
    names, cluster = np.unique(framework.clusters, return_inverse=True)
    main = cluster[bank.main_skill]
    capped = fresh.copy()
    for c in range(len(names)):
        cap = np.ceil(rules.cluster_cap * rules.most_items * np.mean(cluster == c))
        full = np.sum(asked[:, main == c], axis=1) >= cap
        capped[np.ix_(full, main == c)] = False
    lacking: Booleans = ~owned & _reportable(bank)
    left = rules.most_items - asked.sum(axis=1)
    own = fresh & lacking[:, bank.main_skill]
    late = (lacking.sum(axis=1) >= left) | ~np.any(useful & capped, axis=1)
    must = np.logical_and(late, own.any(axis=1))[:, None]
    allowed: Booleans = np.where(must, own, capped)
    return np.where(np.any(allowed, axis=1, keepdims=True), allowed, fresh)


def _reportable(bank: ItemBank) -> Booleans:
    """Say which skills the bank can measure by an item of their own, of shape (skills,)."""
    able = np.zeros(bank.slopes.shape[1], dtype=bool)
    able[bank.main_skill] = True
    return able
