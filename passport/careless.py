"""Careless answering: several indices together, as a reason to offer another try, never to refuse somebody.

Answers that go against each other, long runs of the same place on the screen, little variation, and answers faster
than anybody reads catch different habits, so their evidence is added up. Only haste counts, never slowness: a
second a word or a minute a scene changes nothing here. Skipped items are no sign of anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc, ndtr

from passport._arrays import frozen
from passport._left_out import checked, factors, forecast, outlook
from passport.model import Floats

OPTIONS = 4
LEAST = 12  # answers below which nobody is flagged
LIMIT = 3.0  # log of the odds of the evidence: about what turns 1 careless person in 20 into an even chance
RAPID = 0.15  # share of an item's median time in which nobody can have read it (over fifteen words a second)
BY_CHANCE = 0.02  # share of answers of a careful person that may be so fast: known scenes, a second look
VARIANCE = (OPTIONS**2 - 1) / 12  # of a place drawn evenly


@dataclass(frozen=True, slots=True, eq=False)
class Careless:
    """Indices of every person, arrays of shape (people,); NaN where what they need was not given.

    person_fit: polytomous standardised log-likelihood, about N(0, 1) for careful people, low = answers that do not go
    together. consistency: log-odds that answers follow the model and not blind choice. long_string: longest run of one
    place. variability: sd of places. rapid: share of answers faster than reading. evidence: log-odds of careless
    against careful from all of them. flagged: offer the person another try.
    """

    person_fit: Floats
    consistency: Floats
    long_string: Floats
    variability: Floats
    rapid: Floats
    evidence: Floats
    flagged: npt.NDArray[np.bool_]


def careless(
    answers: npt.ArrayLike,
    mean: npt.ArrayLike,
    covariance: npt.ArrayLike,
    slopes: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    places: npt.ArrayLike | None = None,
    seconds: npt.ArrayLike | None = None,
    usual: npt.ArrayLike | None = None,
) -> Careless:
    """Return indices and a flag for every person.

    answers int (people, items), grades, -1 missing; mean, covariance: posteriors from these answers, shapes (people,
    skills) and (people, skills, skills). places int (people, n): place on the screen of every answer in the order
    asked, 0 to 3, -1 none. seconds (people, items), NaN unknown, with usual (items,), the items' median times. Raises
    ValueError for wrong shapes.
    """
    data = checked(answers, mean, covariance, slopes, steps)
    fit, consistency = person_fit(data.answers, data.mean, data.covariance, data.slopes, data.steps)
    run, variability, spotted = _places(places, len(data.answers))
    rapid, hasty = _haste(seconds, usual, data.answers >= 0)
    evidence = -consistency + spotted + hasty
    enough = np.sum(data.answers >= 0, axis=1) >= LEAST
    return Careless(fit, consistency, run, variability, rapid, evidence, enough & (evidence > LIMIT))


def person_fit(
    answers: npt.ArrayLike, mean: npt.ArrayLike, covariance: npt.ArrayLike, slopes: npt.ArrayLike, steps: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return the polytomous l_z and the log-odds of the model against blind choice, each of shape (people,).

    Both sum log P(answer given all other answers). Judged by the other answers and not by a level that was fitted to
    all of them, l_z needs no correction (l_z*, Snijders 2001). 0 for people without answers.
    """
    data = checked(answers, mean, covariance, slopes, steps)
    chance = forecast(data, outlook(data, factors(data)))
    possible = chance > 0
    logs = np.log(np.where(possible, chance, 1.0))
    expected = np.sum(chance * logs, axis=2)
    variance = np.sum(chance * logs**2, axis=2) - expected**2
    there = data.answers >= 0
    taken = np.take_along_axis(logs, np.maximum(data.answers, 0)[:, :, None].astype(np.intp), axis=2)[:, :, 0]
    spread = np.sqrt(np.sum(variance, axis=1, where=there))
    surprise = np.sum(taken - expected, axis=1, where=there)
    blind = np.log(possible.sum(axis=2))
    fit = np.divide(surprise, spread, out=np.zeros_like(spread), where=spread > 0)
    return fit, np.asarray(np.sum(taken + blind, axis=1, where=there))


def _places(places: npt.ArrayLike | None, people: int) -> tuple[Floats, Floats, Floats]:
    """Return longest run, sd and evidence. Options are shuffled, so the places of careful people are random."""
    if places is None:
        return np.full(people, np.nan), np.full(people, np.nan), np.zeros(people)
    given = frozen(places, np.int8, (people, None), "places")
    if np.any(given < -1) or np.any(given >= OPTIONS):
        raise ValueError(f"places: expected 0 to {OPTIONS - 1}, or -1 for none")
    longest, run, last = np.zeros(people), np.zeros(people), np.full(people, -1)
    for column in given.T:
        answered = column >= 0
        run = np.where(answered, np.where(column == last, run + 1, 1), run)
        last = np.where(answered, column, last)
        longest = np.maximum(longest, run)
    there = given >= 0
    n = np.maximum(there.sum(axis=1), 1)
    centre = np.sum(given, axis=1, where=there) / n
    variance = np.sum((given - centre[:, None]) ** 2, axis=1, where=there) / n
    by_run = np.minimum(1.0, (n - longest + 1) * float(OPTIONS) ** (1 - longest))
    # the sampling variance of the variance of n even draws from four places is 1 / n
    by_spread = ndtr((variance - VARIANCE) * np.sqrt(n))
    return longest, np.sqrt(variance), np.maximum(_against_chance(by_run), _against_chance(by_spread))


def _haste(
    seconds: npt.ArrayLike | None, usual: npt.ArrayLike | None, answered: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    if seconds is None or usual is None:
        return np.full(len(answered), np.nan), np.zeros(len(answered))
    taken = frozen(seconds, np.float64, answered.shape, "seconds")
    median = frozen(usual, np.float64, (answered.shape[1],), "usual")
    known = answered & ~np.isnan(taken)
    fast = np.sum(known & (taken < RAPID * median), axis=1)
    n = np.maximum(known.sum(axis=1), 1)
    return fast / n, _against_chance(np.where(fast > 0, bdtrc(fast - 1, n, BY_CHANCE), 1.0))


def _against_chance(p: Floats) -> Floats:
    """Return how much a p-value can say against chance at most, as log-odds (Sellke, Bayarri & Berger 2001)."""
    small = np.clip(p, 1e-30, np.exp(-1))
    return np.asarray(-1.0 - np.log(small) - np.log(-np.log(small)))
