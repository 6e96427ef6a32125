"""What everything but one answer says about that answer: the honest yardstick of item and person fit.

An answer must be judged by a posterior that does not hold it. At the fixed point of expectation propagation every
answer is a Gaussian factor along its item; given the posterior, that factor is found again in one dimension and
divided out. So any passport with its answers is enough: nothing is estimated anew.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from passport._arrays import frozen
from passport.model import CATEGORIES, Floats, offsets
from passport.posterior import Posterior, foresee, settle

ROUNDS = 100  # an upper limit: about ten are needed
STILL = 1e-8


class Factors(NamedTuple):
    """What each answer added along its item, each of shape (people, items), 0 where there is no answer."""

    precision: Floats
    weighted: Floats


class Outlook(NamedTuple):
    """z = a . theta of every item seen without the answer to it: mean and variance of shape (people, items)."""

    centre: Floats
    variance: Floats


class Data(NamedTuple):
    """Answers with posteriors, checked: people in rows, items in columns."""

    answers: npt.NDArray[np.int8]
    mean: Floats
    covariance: Floats
    slopes: Floats
    steps: Floats


def checked(
    answers: npt.ArrayLike,
    mean: npt.ArrayLike,
    covariance: npt.ArrayLike,
    slopes: npt.ArrayLike,
    steps: npt.ArrayLike,
) -> Data:
    """Return the arrays as `Data`. Raises ValueError for a wrong shape, a grade no item has, or NaN in a posterior."""
    given = frozen(answers, np.int8, (None, None), "answers")
    people, items = given.shape
    a = frozen(slopes, np.float64, (items, None), "slopes")
    b = frozen(steps, np.float64, (items, CATEGORIES - 1), "steps")
    m = frozen(mean, np.float64, (people, a.shape[1]), "mean")
    c = frozen(covariance, np.float64, (people, a.shape[1], a.shape[1]), "covariance")
    if np.any(given < -1) or np.any(given > np.isfinite(b).sum(axis=1)):
        raise ValueError("answers: expected grades the items have, or -1 for missing")
    if not np.all(np.isfinite(m)) or not np.all(np.isfinite(c)):
        raise ValueError("posterior: expected finite numbers, got NaN or infinity")
    return Data(given, m, c, a, b)


def levels_from(answers: npt.ArrayLike, slopes: Floats, steps: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """Return means (people, skills) and covariances (people, skills, skills) of people who answered the same items.

    answers int (people, items), -1 for missing. The prior is N(0, correlation).
    """
    given = frozen(answers, np.int8, (None, len(slopes)), "answers")
    start = Posterior(np.zeros(len(correlation)), correlation)
    shape = (len(given), *slopes.shape)
    offset = np.broadcast_to(offsets(slopes, steps), (*given.shape, CATEGORIES))
    mean, covariance, _ = settle(start, np.broadcast_to(slopes, shape), offset, given)
    return mean, covariance


def factors(data: Data) -> Factors:
    """Return the Gaussian factor of every answer: with the rest it gives the posterior that was put in."""
    offset = offsets(data.slopes, data.steps)
    found = Factors(np.zeros(data.answers.shape), np.zeros(data.answers.shape))
    for i, a in enumerate(data.slopes):
        rows = np.flatnonzero(data.answers[:, i] >= 0)
        variance = np.einsum("s,pst,t->p", a, data.covariance[rows], a)
        known = data.mean[rows] @ a / variance
        precision, weighted = np.zeros((2, len(rows)))
        for _ in range(ROUNDS):
            before, rest = precision, 1.0 / variance - precision
            after = foresee((known - weighted) / rest, 1.0 / rest, np.broadcast_to(offset[i], (len(rows), CATEGORIES)))
            taken = np.arange(len(rows)), data.answers[rows, i]
            sharp = 1.0 / after.variance[taken]
            weighted = after.mean[taken] * sharp - (known - weighted)
            precision = sharp - rest
            if np.max(np.abs(precision - before), initial=0.0) < STILL:
                break
        found.precision[rows, i], found.weighted[rows, i] = precision, weighted
    return found


def without(data: Data, found: Factors, items: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return means and covariances as if the marked items (items,) had not been answered."""
    if not items.any():
        return data.mean, data.covariance
    a, precision = data.slopes[items], np.linalg.inv(data.covariance)
    known = np.einsum("pst,pt->ps", precision, data.mean) - found.weighted[:, items] @ a
    covariance = np.linalg.inv(precision - np.einsum("pi,is,it->pst", found.precision[:, items], a, a))
    return np.einsum("pst,pt->ps", covariance, known), covariance


def outlook(data: Data, found: Factors) -> Outlook:
    """Return how every item looks without the answer to it."""
    variance = np.einsum("is,pst,it->pi", data.slopes, data.covariance, data.slopes, optimize=True)
    rest = 1.0 / variance - found.precision
    return Outlook((data.mean @ data.slopes.T / variance - found.weighted) / rest, 1.0 / rest)


def forecast(data: Data, view: Outlook) -> Floats:
    """Return the chance of every grade of every item before its answer, of shape (people, items, 4)."""
    offset = offsets(data.slopes, data.steps)
    columns = [
        foresee(view.centre[:, i], view.variance[:, i], np.broadcast_to(offset[i], (len(data.answers), CATEGORIES)))
        for i in range(len(offset))
    ]
    return np.stack([column.chance for column in columns], axis=1)
