"""The generalised partial credit model (Muraki 1992) along a direction in skill space.

For a person at levels theta and an item with slopes a and steps b_1..b_m, the chance of grade k is

    P(k) proportional to exp( sum over h <= k of (a . theta - |a| b_h) ),        k = 0..m

so that b_h is a place on the latent scale: for an item about one skill it is a (theta - b_h), the usual form; for two
skills, b_h lies along the item's own direction (Reckase's multidimensional difficulty). Two grades make it the 2PL.
All functions take any leading shape; steps are NaN padded and a missing grade has probability 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CATEGORIES = 4  # an answer earns 0, 1, 2 or 3


def length(slopes: Floats) -> Floats:
    """Return |a| of slopes (..., skills): the item's discrimination along its own direction."""
    return np.asarray(np.sqrt(np.sum(slopes**2, axis=-1)))


def offsets(slopes: Floats, steps: Floats) -> Floats:
    """Return sum over h <= k of |a| b_h for k = 0..3, of shape (..., 4); +inf for grades an item does not have."""
    scaled = np.where(np.isnan(steps), np.inf, steps) * length(slopes)[..., None]
    return np.concatenate([np.zeros((*scaled.shape[:-1], 1)), np.cumsum(scaled, axis=-1)], axis=-1)


def probabilities(projection: Floats, offset: Floats) -> Floats:
    """Return the probability of every grade, of shape (..., 4), at projection = a . theta of shape (...)."""
    grades = np.arange(offset.shape[-1])
    logits = projection[..., None] * grades - offset
    logits -= logits.max(axis=-1, keepdims=True)
    weights = np.exp(logits)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def information(projection: Floats, offset: Floats) -> Floats:
    """Return Fisher's information about a . theta: the variance of the grade, of shape (...)."""
    chance = probabilities(projection, offset)
    grades = np.arange(offset.shape[-1])
    expected = chance @ grades
    return np.asarray(chance @ grades**2 - expected**2)


def log_likelihood(levels: Floats, slopes: Floats, steps: Floats, answers: npt.NDArray[np.integer]) -> Floats:
    """Return the log-likelihood of answers (n,) on n items at levels (..., skills), of shape (...).

    An answer of -1 is missing and says nothing.
    """
    chance = probabilities(levels @ slopes.T, offsets(slopes, steps))
    taken = answers[:, None] == np.arange(chance.shape[-1])
    with np.errstate(divide="ignore"):
        return np.asarray(np.sum(np.log(chance), axis=(-2, -1), where=taken))
