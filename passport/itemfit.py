"""Does an item behave as its parameters say, and do two items say the same thing twice?

Item fit compares grades with what all other answers of the same person foretell, over groups of people from low to
high. Nobody's level is taken as known and nobody is judged by the answer itself, so the statistic is chi-square for
adaptive data too, where sum scores (S-X2) do not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from passport._left_out import checked, factors, forecast, outlook
from passport.dif import benjamini_hochberg
from passport.model import Floats, offsets, probabilities

LARGE = 0.10  # effect that matters: a tenth of the whole range of grades (house rule; large surveys use about .1)
LEAST = 200  # answers below which an item's fit is not judged
LEAST_PAIR = 100  # people who answered both items
DEPENDENT = 0.2  # Q3 above the mean Q3 by more: look at the pair (Christensen and others 2017)


@dataclass(frozen=True, slots=True, eq=False)
class ItemFit:
    """Fit of every item, arrays of shape (items,), NaN below the least number of answers.

    answers: how many. statistic, df, p: chi-square; p_adjusted: after Benjamini-Hochberg. effect: root mean square
    over groups of mean grade less expected grade, as a share of the highest grade. misfits: sure and large.
    """

    answers: npt.NDArray[np.int64]
    statistic: Floats
    df: Floats
    p: Floats
    p_adjusted: Floats
    effect: Floats
    misfits: npt.NDArray[np.bool_]


def item_fit(
    answers: npt.ArrayLike,
    mean: npt.ArrayLike,
    covariance: npt.ArrayLike,
    slopes: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    groups: int = 10,
    estimated: bool = False,
    alpha: float = 0.05,
    least: int = LEAST,
) -> ItemFit:
    """Return the fit of every item.

    answers int (people, items), -1 missing; mean (people, skills) and covariance (people, skills, skills): posteriors
    from these answers. `estimated` says that the parameters were estimated from the same answers: the degrees of
    freedom fall by their number. Raises ValueError for wrong shapes.
    """
    data = checked(answers, mean, covariance, slopes, steps)
    view = outlook(data, factors(data))
    chance = forecast(data, view)
    grades = np.arange(chance.shape[2])
    expected = chance @ grades
    variance = chance @ grades**2 - expected**2
    n = np.sum(data.answers >= 0, axis=0)
    statistic, df, effect = np.full((3, len(n)), np.nan)
    for i in np.flatnonzero(n >= least):
        rows = np.flatnonzero(data.answers[:, i] >= 0)
        rows = rows[np.argsort(view.centre[rows, i], kind="stable")]
        highest = int(np.isfinite(data.steps[i]).sum())
        residual = data.answers[rows, i] - expected[rows, i]
        statistic[i], effect[i] = _distance(residual / highest, variance[rows, i] / highest**2, groups)
        df[i] = groups - (highest + 1 if estimated else 0)
    p = chdtrc(df, statistic)
    adjusted = benjamini_hochberg(p)
    return ItemFit(n, statistic, df, p, adjusted, effect, (adjusted < alpha) & (effect >= LARGE))


def _distance(residual: Floats, variance: Floats, groups: int) -> tuple[float, float]:
    """Return chi-square and effect over groups of people in order of their level."""
    parts = np.array_split(np.arange(len(residual)), groups)
    sums = np.array([residual[part].sum() for part in parts])
    spread = np.array([variance[part].sum() for part in parts])
    sizes = np.array([len(part) for part in parts])
    # what chance alone adds to a squared mean is taken off, so that few answers do not look like misfit
    excess = float(np.average((sums**2 - spread) / sizes**2, weights=sizes))
    return float(np.sum(sums**2 / spread)), float(np.sqrt(max(0.0, excess)))


@dataclass(frozen=True, slots=True, eq=False)
class LocalDependence:
    """Residual correlations of items: q3 (items, items), NaN where too few answered both; pairs (n, 2), worst first."""

    q3: Floats
    excess: Floats
    pairs: npt.NDArray[np.intp]


def local_dependence(
    answers: npt.ArrayLike,
    mean: npt.ArrayLike,
    covariance: npt.ArrayLike,
    slopes: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    least: int = LEAST_PAIR,
) -> LocalDependence:
    """Return Q3 (Yen 1984): correlations of grade less expected grade at the posterior mean.

    Q3 is slightly below 0 by nature, so `excess` is Q3 less its mean, and pairs above .2 are named. A pair needs
    `least` people who answered both. Raises ValueError for wrong shapes.
    """
    data = checked(answers, mean, covariance, slopes, steps)
    chance = probabilities(data.mean @ data.slopes.T, offsets(data.slopes, data.steps))
    there = data.answers >= 0
    residual = np.where(there, data.answers - chance @ np.arange(chance.shape[2]), 0.0)
    weight = there.astype(np.float64)
    n = weight.T @ weight
    safe = np.maximum(n, 1.0)
    sums = residual.T @ weight  # of the row's item over people who answered the column's item as well
    product = residual.T @ residual / safe - (sums / safe) * (sums.T / safe)
    spread = (residual**2).T @ weight / safe - (sums / safe) ** 2
    enough = (n >= least) & ~np.eye(len(n), dtype=bool) & (spread > 0) & (spread.T > 0)
    q3 = np.full(n.shape, np.nan)
    q3[enough] = (product / np.sqrt(np.where(enough, spread * spread.T, 1.0)))[enough]
    excess = q3 - (np.nanmean(q3) if enough.any() else 0.0)
    first, second = np.nonzero(np.triu(np.nan_to_num(excess, nan=-1.0) > DEPENDENT, 1))
    order = np.argsort(-excess[first, second], kind="stable")
    return LocalDependence(q3, excess, np.stack([first, second], axis=1)[order])
