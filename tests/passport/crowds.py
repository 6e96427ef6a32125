"""Simulated people who answer graded items, careful or not, for tests that need to know the truth."""

from __future__ import annotations

import numpy as np

from passport import load_framework, load_items
from passport.model import offsets, probabilities
from passport.posterior import prior, settle
from passport.quality import careless


def grades(projection, offset, rng):
    """Draw grades from the partial credit model at a . theta of any shape."""
    return np.sum(rng.random((*projection.shape, 1)) > np.cumsum(probabilities(projection, offset), axis=-1), axis=-1)


def one_skill_bank(rng, items, graded=True):
    """Return slopes (items, 1) and steps (items, 3) of items about one skill."""
    steps = np.sort(rng.normal(0, 0.8, (items, 3)), axis=1)
    if not graded:
        steps[:, 1:] = np.nan
    return rng.uniform(0.7, 1.3, (items, 1)), steps


def real_sitting(rng, people, items=30, blind=False, pace=1.0, straight=False, hasty=False):
    """Return careless indices of people who answer items of the real bank, drawn at random for each."""
    bank, framework = load_items(), load_framework()
    level = rng.multivariate_normal(np.zeros(24), framework.correlation, size=people, method="cholesky")
    rows = np.stack([np.sort(rng.permutation(len(bank.items))[:items]) for _ in range(people)])
    slopes, offset = bank.slopes[rows], offsets(bank.slopes, bank.steps)[rows]
    given = grades(np.einsum("ps,pis->pi", level, slopes), offset, rng)
    if blind:
        given = rng.integers(0, 4, given.shape)
    places = np.where(straight, rng.integers(0, 4, (people, 1)), rng.integers(0, 4, given.shape))
    own_pace = pace * rng.lognormal(0, 0.3, (people, 1))
    taken = bank.seconds[rows] * own_pace * rng.lognormal(0, 0.35, given.shape)
    if hasty:
        taken = rng.lognormal(np.log(3), 0.5, given.shape)
    mean, covariance, _ = settle(prior(framework), slopes, offset, given)
    answers = np.full((people, len(bank.items)), -1)
    seconds = np.full(answers.shape, np.nan)
    np.put_along_axis(answers, rows, given, axis=1)
    np.put_along_axis(seconds, rows, taken, axis=1)
    return careless(
        answers, mean, covariance, bank.slopes, bank.steps, places=places, seconds=seconds, usual=bank.seconds
    )


def area(careful, other):
    """Return the area under the curve: how often a careless person has more evidence than a careful one."""
    return float(np.mean(other[:, None] > careful[None]))
