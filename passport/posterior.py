"""What answers say about all skills at once: a Gaussian posterior, updated one answer at a time.

An item looks at the levels along one direction z = a . theta only. Under a Gaussian the mean and the variance of z
after an answer are integrals in one dimension (Gauss-Hermite), and mean and covariance of all skills follow by a
rank-one update: assumed-density filtering. `settle` repeats this for all answers together until nothing moves
(expectation propagation, Minka 2001), so that the result does not depend on the order of the answers. Likelihoods of
the model are log-concave in z, so every answer adds precision and no variance ever grows.

Every function works on a batch of people: means (people, skills), covariances (people, skills, skills).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from passport._arrays import frozen
from passport.framework import SkillFramework
from passport.model import CATEGORIES, Floats, offsets, probabilities

Integers = npt.NDArray[np.integer]

_x, _w = np.polynomial.hermite_e.hermegauss(21)
NODES: Floats = _x  # standard normal quadrature: exact for polynomials up to degree 41
WEIGHTS: Floats = _w / _w.sum()

AT_ONCE = 16_384  # numbers in one array of the hot loop: small enough to stay in the cache

SWEEPS = 60  # an upper limit: about six are needed
SETTLED = 1e-9  # largest move of a mean in one sweep, in latent units


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What is known about one person: mean float64 (skills,) and covariance float64 (skills, skills)."""

    mean: Floats
    covariance: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", frozen(self.mean, np.float64, (None,), "mean"))
        n = len(self.mean)
        object.__setattr__(self, "covariance", frozen(self.covariance, np.float64, (n, n), "covariance"))
        if not np.all(np.isfinite(self.mean)) or not np.all(np.isfinite(self.covariance)):
            raise ValueError("posterior: expected finite numbers, got NaN or infinity")
        if np.any(np.diag(self.covariance) <= 0):
            raise ValueError("covariance: expected variances above 0")

    @property
    def sd(self) -> Floats:
        """Standard error of every skill, of shape (skills,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def prior(framework: SkillFramework) -> Posterior:
    """Return what is known before the first answer: the reference population. It never depends on who somebody is."""
    return Posterior(np.zeros(len(framework.skills)), framework.correlation)


class Moments(NamedTuple):
    """What every possible grade would say about z, each of shape (..., 4)."""

    chance: Floats
    mean: Floats
    variance: Floats


def foresee(mean: Floats, variance: Floats, offset: Floats) -> Moments:
    """Return, for z ~ N(mean, variance), the chance of each grade and the moments of z after it.

    `mean` and `variance` have shape (...), `offset` (..., 4) as from `model.offsets`; a grade the item does not have
    has chance 0 and the moments of z as they were.
    """
    sd = np.sqrt(variance)[..., None]
    joint = WEIGHTS[:, None] * probabilities(mean[..., None] + sd * NODES, offset[..., None, :])  # (..., nodes, 4)
    chance = joint.sum(axis=-2)
    possible = chance > 0
    share = np.where(possible, chance, 1.0)
    shift = np.where(possible, np.einsum("n,...nk->...k", NODES, joint) / share, 0.0)
    spread = np.where(possible, np.einsum("n,...nk->...k", NODES**2, joint) / share - shift**2, 1.0)
    return Moments(chance, mean[..., None] + sd * shift, variance[..., None] * spread)


def expected_variance(mean: Floats, variance: Floats, offset: Floats) -> Floats:
    """Return the variance of z that is expected to be left after an answer, of shape (...).

    The variance before less the variance of the mean after (law of total variance), so one pass over the nodes with
    first moments is enough: this is the hot loop of choosing an item. `mean` and `variance` have shape (...), `offset`
    (..., 4). Exact for |z| up to 200, far beyond any level and slope the content files allow.
    """
    sd, weight = np.sqrt(variance), np.exp(-offset[..., 1:])
    shape = np.broadcast_shapes(sd.shape, offset.shape[:-1])
    chance, moment = np.zeros((2, CATEGORIES, *shape))
    group = max(1, AT_ONCE // max(int(np.prod(shape)), 1))
    for first in range(0, len(NODES), group):
        nodes = NODES[first : first + group].reshape(-1, *(1,) * len(shape))
        power = np.exp(mean + sd * nodes)
        parts, lifted = [], power
        for grade in range(CATEGORIES - 1):
            parts.append(weight[..., grade] * lifted)
            lifted = lifted * power
        scale = WEIGHTS[first : first + group].reshape(nodes.shape) / (1.0 + sum(parts))
        for grade, part in enumerate(parts, start=1):
            part *= scale
            chance[grade] += part.sum(axis=0)
            part *= nodes
            moment[grade] += part.sum(axis=0)
    chance[0], moment[0] = 1.0 - chance[1:].sum(axis=0), -moment[1:].sum(axis=0)  # chances sum to 1, nodes to 0
    told = np.divide(moment**2, chance, out=np.zeros_like(chance), where=chance > 1e-12).sum(axis=0)
    return np.asarray(variance * (1.0 - told))


def absorb(
    mean: Floats, covariance: Floats, slopes: Floats, offset: Floats, answers: Integers
) -> tuple[Floats, Floats]:
    """Return means and covariances after one answer each.

    slopes (people, skills), offset (people, 4), answers (people,). An answer of -1 is missing and changes nothing.
    """
    reach = np.einsum("pst,pt->ps", covariance, slopes)  # covariance of every skill with z
    variance = np.einsum("ps,ps->p", reach, slopes)
    centre = np.einsum("ps,ps->p", mean, slopes)
    told = (answers >= 0) & (variance > 0)
    variance = np.where(told, variance, 1.0)
    after = foresee(centre, variance, offset)
    rows, taken = np.arange(len(answers)), np.where(told, answers, 0)
    gain = np.where(told, (after.mean[rows, taken] - centre) / variance, 0.0)
    shrink = np.where(told, (variance - after.variance[rows, taken]) / variance**2, 0.0)
    moved = mean + gain[:, None] * reach
    return moved, covariance - shrink[:, None, None] * (reach[:, :, None] * reach[:, None, :])


def settle(
    start: Posterior, slopes: Floats, offset: Floats, answers: Integers, settled: float = SETTLED
) -> tuple[Floats, Floats, Floats]:
    """Return means, covariances and the precision each answer added along its item, by expectation propagation.

    slopes (people, items, skills), offset (people, items, 4), answers (people, items) with -1 for missing. The third
    array has shape (people, items): how much sharper z became, 0 for a missing answer. Cost: sweeps x items x skills^2.
    """
    people, items = answers.shape
    mean = np.repeat(start.mean[None], people, axis=0)
    covariance = np.repeat(start.covariance[None], people, axis=0)
    precision, weighted = np.zeros((people, items)), np.zeros((people, items))
    for _ in range(SWEEPS if items else 0):
        before = mean
        for i in range(items):
            mean, covariance = _refit(
                i, mean, covariance, precision, weighted, slopes[:, i], offset[:, i], answers[:, i]
            )
        if np.max(np.abs(mean - before), initial=0.0) < settled:
            break
    return mean, covariance, precision


def _refit(
    i: int,
    mean: Floats,
    covariance: Floats,
    precision: Floats,
    weighted: Floats,
    slopes: Floats,
    offset: Floats,
    answers: Integers,
) -> tuple[Floats, Floats]:
    """Take answer i out of every posterior, judge it against the rest, put it back (in `precision` and `weighted`)."""
    reach = np.einsum("pst,pt->ps", covariance, slopes)
    variance = np.einsum("ps,ps->p", reach, slopes)
    centre = np.einsum("ps,ps->p", mean, slopes)
    told = (answers >= 0) & (variance > 0)
    variance = np.where(told, variance, 1.0)
    rest = 1.0 / variance - precision[:, i]
    rest_mean = (centre / variance - weighted[:, i]) / rest
    after = foresee(rest_mean, 1.0 / rest, offset)
    rows, taken = np.arange(len(answers)), np.where(told, answers, 0)
    sharp = 1.0 / after.variance[rows, taken]
    more = np.where(told, sharp - rest - precision[:, i], 0.0)
    pull = np.where(told, after.mean[rows, taken] * sharp - rest_mean * rest - weighted[:, i], 0.0)
    precision[:, i] += more
    weighted[:, i] += pull
    scale = 1.0 / (1.0 + more * variance)
    moved = mean + ((pull - more * centre) * scale)[:, None] * reach
    return moved, covariance - (more * scale)[:, None, None] * (reach[:, :, None] * reach[:, None, :])


def update(posterior: Posterior, slopes: Floats, steps: Floats, answer: int) -> Posterior:
    """Return the posterior after one answer to the item with slopes (skills,) and steps (3,); -1 changes nothing."""
    mean, covariance = absorb(
        posterior.mean[None], posterior.covariance[None], slopes[None], offsets(slopes, steps)[None], np.array([answer])
    )
    return Posterior(mean[0], covariance[0])
