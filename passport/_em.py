"""The arithmetic of calibration for one skill: answers as matrices, the E step, and the derivatives for the M step.

An item with grades 0..m has slope a and intercepts c_1..c_m: log P(k) = k a theta + c_k - log sum, with c_k = -a (b_1
+ ... + b_k) for steps b. In slope and intercepts the expected log-likelihood is concave. The model has a sufficient
statistic: a person's answers x enter the likelihood only through sum of a_i x_i, so with complete data an E step
needs no matrix product over people and grades at all. Arrays over grades leave grade 0 out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from passport.model import Floats

Booleans = npt.NDArray[np.bool_]

REACH = 6.0  # the grid covers this many standard deviations each way
MOST_GRADES = 20


class Prior(NamedTuple):
    """Standard deviations of log slopes (around 0) and of differences of intercepts (around 0)."""

    log_slope_sd: float
    intercept_sd: float


class Anchors(NamedTuple):
    """Items that keep their values: slopes (items,), steps (items, grades - 1); a NaN slope is a free item."""

    slopes: Floats
    steps: Floats


class Parameters(NamedTuple):
    """slopes (items,); intercepts (items, m), NaN for grades an item does not have."""

    slopes: Floats
    intercepts: Floats


class Grid(NamedTuple):
    """Levels and log weights of the grid, each of shape (points,)."""

    levels: Floats
    log_weights: Floats

    @classmethod
    def make(cls, points: int, mean: float = 0.0, sd: float = 1.0) -> Self:
        """Return equidistant points with the weights of N(mean, sd^2); the points themselves never move."""
        levels = np.linspace(-REACH, REACH, points)
        log_weights = -0.5 * ((levels - mean) / sd) ** 2
        return cls(levels, log_weights - np.log(np.sum(np.exp(log_weights))))


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Answers as matrices: `grades` (people, items), 0 where missing; `seen` (people, items), 1 where there is one."""

    grades: Floats
    seen: Floats
    weights: Floats
    has: Booleans  # (items, m): the grades each item has, without grade 0
    totals: Floats  # (items, m): weighted number of answers of each grade
    complete: bool  # nothing is missing

    @classmethod
    def read(cls, answers: npt.ArrayLike, weights: npt.ArrayLike | None, *, binary: bool) -> Self:
        """Check answers and lay them out; raises ValueError saying what came and what was expected."""
        given = np.asarray(answers)
        if given.ndim != 2 or not np.issubdtype(given.dtype, np.integer) or len(given) < 2 or not given.shape[1]:
            raise ValueError(f"answers: expected whole numbers (people, items), got {given.dtype} {given.shape}")
        highest = 1 if binary else MOST_GRADES
        if given.min() < -1 or given.max() > highest:
            raise ValueError(f"answers: expected -1 to {highest}, got {given.min()} to {given.max()}")
        counts = np.ones(len(given)) if weights is None else np.asarray(weights, dtype=np.float64)
        if counts.shape != (len(given),) or not np.all(np.isfinite(counts)) or np.any(counts < 0):
            raise ValueError("weights: expected finite numbers of at least 0, one a person")
        seen = given >= 0
        kept = seen.any(axis=0)
        m = max(int(given.max()), 1)
        totals = np.stack([counts @ (given == k) for k in range(m + 1)], axis=1)
        has = np.arange(1, m + 1) <= given.max(axis=0)[:, None]
        gap = kept & ((totals[:, 0] == 0) | np.any(has & (totals[:, 1:] == 0), axis=1) | ~has.any(axis=1))
        if gap.any():
            shown = np.flatnonzero(gap)[:10].tolist()
            raise ValueError(f"answers: expected every grade from 0 to the highest to occur; not so for items {shown}")
        grades = np.where(seen, given, 0).astype(np.float64)
        return cls(grades, seen.astype(np.float64), counts, has, totals[:, 1:], bool(seen.all()))

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Answers of every item, of shape (items,), each row counted by its weight."""
        return np.asarray(np.round(self.weights @ self.seen), dtype=np.int64)


class Expected(NamedTuple):
    """What an E step says of the items: all that an M step needs.

    pull (items,): sum over people of grade x expected level. seen (items, points): where those who answered are.
    density (points,): where all people are. log_likelihood: at the parameters of the step.
    """

    pull: Floats
    seen: Floats
    density: Floats
    log_likelihood: float


def start(data: Data, anchors: Anchors | None) -> Parameters:
    """Return plain starting values: slope 1, intercepts from the marginal shares; anchors as given."""
    lowest = data.weights @ data.seen - data.totals.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        intercepts = np.where(data.has, np.log(data.totals) - np.log(lowest)[:, None], np.nan)
    if anchors is None:
        return Parameters(np.ones(len(intercepts)), intercepts)
    fixed = ~np.isnan(anchors.slopes)
    known = -np.cumsum(anchors.steps, axis=1)[:, : data.has.shape[1]] * anchors.slopes[:, None]
    intercepts = np.where(fixed[:, None] & data.has, known, intercepts)
    return Parameters(np.where(fixed, anchors.slopes, 1.0), intercepts)


def log_chances(parameters: Parameters, levels: Floats) -> tuple[Floats, Floats]:
    """Return log P(k) - log P(0) of shape (items, m, points), -inf for absent grades, and log P(0) (items, points)."""
    grades = np.arange(1, parameters.intercepts.shape[1] + 1)
    lift = parameters.slopes[:, None, None] * grades[:, None] * levels + parameters.intercepts[:, :, None]
    lift = np.where(np.isnan(lift), -np.inf, lift)
    top = np.maximum(lift.max(axis=1), 0.0)
    return lift, -(top + np.log(np.exp(-top) + np.exp(lift - top[:, None]).sum(axis=1)))


def chances(parameters: Parameters, levels: Floats) -> Floats:
    """Return the chance of every grade from 1 on, of shape (items, m, points)."""
    lift, lowest = log_chances(parameters, levels)
    return np.asarray(np.exp(lift + lowest[:, None]))


def expect(data: Data, parameters: Parameters, grid: Grid) -> tuple[Expected, Floats]:
    """Return the E step and where every person may be on the grid, weighted, float64 (people, points)."""
    _, lowest = log_chances(parameters, grid.levels)
    joint = np.outer(data.grades @ parameters.slopes, grid.levels)
    joint += grid.log_weights + (lowest.sum(axis=0) if data.complete else data.seen @ lowest)
    top = joint.max(axis=1, keepdims=True)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=1, keepdims=True)
    log_likelihood = data.weights @ (np.log(total[:, 0]) + top[:, 0])
    log_likelihood += np.sum(data.totals * np.nan_to_num(parameters.intercepts))
    joint *= data.weights[:, None] / total
    density = joint.sum(axis=0)
    seen = np.broadcast_to(density, lowest.shape) if data.complete else data.seen.T @ joint
    return Expected(data.grades.T @ (joint @ grid.levels), seen, density, float(log_likelihood)), joint


def derivatives(
    parameters: Parameters, data: Data, expected: Expected, levels: Floats, prior: Prior | None
) -> tuple[Floats, Floats]:
    """Return gradient (items, 1 + m) and negative Hessian (items, 1 + m, 1 + m) of the expected log-likelihood.

    The first entry is the slope, the others are the intercepts; absent grades get gradient 0 and a unit diagonal.
    """
    chance = chances(parameters, levels)
    has = ~np.isnan(parameters.intercepts)
    n, m = has.shape
    design = np.arange(1, m + 1)[:, None] * levels  # (m, points): derivative of the logit by the slope
    weighted = chance * expected.seen[:, None]
    mean = np.einsum("kq,ikq->iq", design, chance)
    gradient = np.empty((n, 1 + m))
    gradient[:, 0] = expected.pull - np.einsum("kq,ikq->i", design, weighted)
    gradient[:, 1:] = data.totals - weighted.sum(axis=2)
    hessian = np.zeros((n, 1 + m, 1 + m))
    hessian[:, 0, 0] = np.einsum("kq,ikq->i", design**2, weighted) - np.einsum("iq,iq->i", mean**2, expected.seen)
    cross = np.einsum("ikq,kq->ik", weighted, design) - np.einsum("ikq,iq->ik", weighted, mean)
    hessian[:, 0, 1:] = hessian[:, 1:, 0] = cross
    hessian[:, 1:, 1:] = -weighted @ np.swapaxes(chance, 1, 2)
    hessian[:, np.arange(1, m + 1), np.arange(1, m + 1)] += weighted.sum(axis=2)
    if prior is not None:
        _add_prior(parameters, prior, gradient, hessian)
    items, absent = np.nonzero(~has)
    gradient[items, 1 + absent] = 0.0
    hessian[items, 1 + absent, :] = hessian[items, :, 1 + absent] = 0.0
    hessian[items, 1 + absent, 1 + absent] = 1.0
    return gradient, hessian


def _add_prior(parameters: Parameters, prior: Prior, gradient: Floats, hessian: Floats) -> None:
    a, spread = parameters.slopes, prior.log_slope_sd**2
    gradient[:, 0] -= np.log(a) / (spread * a)
    hessian[:, 0, 0] += np.maximum((1.0 - np.log(a)) / (spread * a**2), 0.0)  # kept concave far from the mode
    m = parameters.intercepts.shape[1]
    difference = np.eye(m) - np.eye(m, k=-1)
    jump = np.nan_to_num(parameters.intercepts) @ difference.T
    gradient[:, 1:] -= jump @ difference / prior.intercept_sd**2
    hessian[:, 1:, 1:] += difference.T @ difference / prior.intercept_sd**2
