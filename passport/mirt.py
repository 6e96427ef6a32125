"""Calibrate a whole bank: items on one or two skills, and the correlation of all skills, from many people's answers.

Monte Carlo or fixed grids over 24 skills are out of reach; the engine's own expectation propagation is the E step. It
gives everybody a Gaussian over all skills; seen through an item that Gaussian has one or two dimensions, where
quadrature is exact, and the M step is a Newton step as for one skill. The correlation matrix is the average of what
is known about people, shrunk towards its own cluster structure as far as its sampling noise asks for (Schafer &
Strimmer 2005).

Items with fewer than `enough` answers keep their expert values and stay uncalibrated; so do anchored items, which
link a new calibration, or items on trial, to an earlier bank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from passport._arrays import frozen
from passport.framework import SkillFramework
from passport.items import ItemBank, require_same_framework
from passport.model import CATEGORIES, Floats, length, offsets
from passport.posterior import Posterior, settle

ENOUGH = 250  # answers an item needs before its expert values are replaced
LEAST_SLOPE, MOST_SLOPE = 0.05, 4.0
SLOPE_SD, STEP_SD = 0.5, 2.0  # weak priors: of the log slope around the expert's, of each step around 0
NEWTON_STEPS = 3
PEOPLE_AT_ONCE = 500
JUMP: Floats = np.eye(CATEGORIES - 1) - np.eye(CATEGORIES - 1, k=-1)  # from intercepts to their differences

SETTLED = 1e-4  # how still the people must stand before items are improved, in latent units

_x, _w = np.polynomial.hermite_e.hermegauss(7)
_pairs = np.stack([axis.ravel() for axis in np.meshgrid(_x, _x, indexing="ij")], axis=1)
QUADRATURE: dict[int, tuple[Floats, Floats]] = {  # nodes (nodes, dimensions) and weights for one and two skills
    1: (_x[:, None], _w / _w.sum()),
    2: (_pairs, np.outer(_w, _w).ravel() / _w.sum() ** 2),
}

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class BankEstimate:
    """What was found: a bank with new numbers, the correlation, and how many answers each item had.

    slopes_se float64 (items, skills) and steps_se (items, 3) hold standard errors given the people's posteriors, NaN
    for items that kept their values; they leave out what is not known about people, so they are a little too small.
    """

    bank: ItemBank
    correlation: Floats
    shrinkage: float
    answers: npt.NDArray[np.int64]
    slopes_se: Floats
    steps_se: Floats
    rounds: int
    converged: bool


def estimate_bank(
    answers: npt.ArrayLike,
    bank: ItemBank,
    framework: SkillFramework,
    *,
    anchored: npt.ArrayLike | None = None,
    enough: int = ENOUGH,
    rounds: int = 40,
    tolerance: float = 2e-3,
    progress: Callable[[int, int], None] | None = None,
) -> BankEstimate:
    """Estimate slopes, steps and correlation from grades int (people, items), -1 = not presented.

    `anchored` bool (items,) keeps items as they are. Stops when no slope or step moves by more than `tolerance` in a
    round. Raises ValueError for anything but grades 0 to 3, FrameworkMismatch for a bank of another framework.
    """
    require_same_framework(bank, framework)
    given = _read(answers, bank)
    counts = (given >= 0).sum(axis=0)
    free = counts >= enough
    if anchored is not None:
        free &= ~frozen(anchored, np.bool_, (len(bank.items),), "anchored")
    found, correlation, shrinkage = _Numbers.start(bank), framework.correlation, 0.0
    done, converged = 0, False
    while done < rounds and not converged:
        mean, covariance = _people(given, found.slopes, found.steps, correlation)
        before = found.slopes.copy(), found.steps.copy()
        for item in map(int, np.flatnonzero(free)):
            _refit(item, given, mean, covariance, bank.slopes[item], found)
        correlation, shrinkage = _correlation(mean, covariance, framework)
        done += 1
        moved = [np.max(np.abs(a - b)) for a, b in zip(before, (found.slopes, found.steps), strict=True)]
        converged = bool(max(moved) < tolerance)
        if progress is not None:
            progress(done, rounds)
    version, calibrated = f"{bank.version}-calibrated", free | bank.calibrated
    made = replace(bank, version=version, slopes=found.slopes, steps=found.steps, calibrated=calibrated)
    return BankEstimate(made, correlation, shrinkage, counts, found.slopes_se, found.steps_se, done, converged)


@dataclass(slots=True, eq=False)
class _Numbers:
    """The numbers of all items while they are being improved."""

    slopes: Floats
    steps: Floats
    slopes_se: Floats
    steps_se: Floats

    @classmethod
    def start(cls, bank: ItemBank) -> Self:
        unknown = np.full(bank.slopes.shape, np.nan), np.full(bank.steps.shape, np.nan)
        return cls(bank.slopes.copy(), bank.steps.copy(), *unknown)


def _read(answers: npt.ArrayLike, bank: ItemBank) -> npt.NDArray[np.int8]:
    given = np.asarray(answers)
    if given.ndim != 2 or given.shape[1] != len(bank.items) or not np.issubdtype(given.dtype, np.integer):
        raise ValueError(
            f"answers: expected whole numbers (people, {len(bank.items)}), got {given.dtype} {given.shape}"
        )
    if given.size and (given.min() < -1 or given.max() >= CATEGORIES):
        raise ValueError(f"answers: expected -1 to {CATEGORIES - 1}, got {given.min()} to {given.max()}")
    return given.astype(np.int8)


def _people(given: npt.NDArray[np.int8], slopes: Floats, steps: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """Return where everybody is: means (people, skills) and covariances (people, skills, skills)."""
    start = Posterior(np.zeros(slopes.shape[1]), correlation)
    offset = offsets(slopes, steps)
    most = int((given >= 0).sum(axis=1).max(initial=0))
    order = np.argsort(given < 0, axis=1, kind="stable")[:, :most]  # a person's own items first
    means, covariances = [], []
    for first in range(0, len(given), PEOPLE_AT_ONCE):
        items = order[first : first + PEOPLE_AT_ONCE]
        grades = np.take_along_axis(given[first : first + PEOPLE_AT_ONCE], items, axis=1)
        mean, covariance, _ = settle(start, slopes[items], offset[items], grades, settled=SETTLED)
        means.append(mean)
        covariances.append(covariance)
    return np.concatenate(means), np.concatenate(covariances)


def _refit(
    item: int, given: npt.NDArray[np.int8], mean: Floats, covariance: Floats, expert: Floats, found: _Numbers
) -> None:
    """Improve one item in place, given where the people who answered it may be."""
    who = given[:, item] >= 0
    skills = np.flatnonzero(expert)
    levels = _spread(mean[who][:, skills], covariance[who][:, skills[:, None], skills])
    grades = given[who, item]
    a, c = found.slopes[item, skills].copy(), -np.cumsum(found.steps[item]) * length(found.slopes[item])
    for _ in range(NEWTON_STEPS):
        scores, hessian = _derivatives(a, c, levels, grades)
        pull, stiffness = _prior(a, c, expert[skills])
        step = np.clip(np.linalg.solve(hessian + stiffness, scores.sum(axis=0) + pull), -0.5, 0.5)
        a, c = np.clip(a + step[: len(a)], LEAST_SLOPE, MOST_SLOPE), c + step[len(a) :]
    norm = float(np.linalg.norm(a))
    found.slopes[item, skills], found.steps[item] = a, -np.diff(c, prepend=0.0) / norm
    # what the scores of single people vary by is what was observed; the Hessian above knows the levels, nobody does
    error = np.linalg.inv(scores.T @ scores + stiffness)
    found.slopes_se[item, skills] = np.sqrt(np.diag(error)[: len(a)])
    carry = np.concatenate([np.outer(-found.steps[item] / norm**2, a), -JUMP / norm], axis=1)
    found.steps_se[item] = np.sqrt(np.einsum("ki,ij,kj->k", carry, error, carry))


def _spread(mean: Floats, covariance: Floats) -> Floats:
    """Return the quadrature nodes of everybody's levels, of shape (people, nodes, loaded skills)."""
    root = np.linalg.cholesky(covariance + 1e-9 * np.eye(mean.shape[1]))
    nodes, _ = QUADRATURE[mean.shape[1]]
    return np.asarray(mean[:, None] + np.einsum("pst,nt->pns", root, nodes))


def _derivatives(a: Floats, c: Floats, levels: Floats, grades: npt.NDArray[np.int8]) -> tuple[Floats, Floats]:
    """Return everybody's expected score (people, parameters) and the expected negative Hessian over (slopes, c)."""
    number, n = np.arange(CATEGORIES), len(a)
    _, weights = QUADRATURE[n]
    logits = (levels @ a)[..., None] * number + np.concatenate([[0.0], c])
    logits -= logits.max(axis=-1, keepdims=True)
    chance = np.exp(logits)
    chance /= chance.sum(axis=-1, keepdims=True)
    taken = (grades[:, None] == number).astype(np.float64)[:, None]
    residual = weights[:, None] * (taken - chance)
    scores = np.concatenate([np.einsum("pn,pns->ps", residual @ number, levels), residual.sum(axis=1)[:, 1:]], axis=1)
    mean = chance @ number
    variance = weights * (chance @ number**2 - mean**2)
    weighted = weights[:, None] * chance[..., 1:]
    hessian = np.empty((n + CATEGORIES - 1,) * 2)
    hessian[:n, :n] = np.einsum("pn,pns,pnt->st", variance, levels, levels, optimize=True)
    cross = weighted * (number[1:] - mean[..., None])
    hessian[:n, n:] = np.einsum("pnk,pns->sk", cross, levels, optimize=True)
    hessian[n:, :n] = hessian[:n, n:].T
    both = np.einsum("pnk,pnl->kl", weighted, chance[..., 1:], optimize=True)
    hessian[n:, n:] = np.diag(weighted.sum(axis=(0, 1))) - both
    return scores, hessian


def _prior(a: Floats, c: Floats, expert: Floats) -> tuple[Floats, Floats]:
    """Return gradient and negative Hessian of the weak priors."""
    away = np.log(a / expert)
    steps = JUMP.T @ JUMP / STEP_SD**2
    gradient = np.concatenate([-away / (SLOPE_SD**2 * a), -steps @ c])
    hessian = np.zeros((len(gradient),) * 2)
    hessian[: len(a), : len(a)] = np.diag(np.maximum(1.0 - away, 0.1) / (SLOPE_SD**2 * a**2))
    hessian[len(a) :, len(a) :] = steps
    return gradient, hessian


def _correlation(mean: Floats, covariance: Floats, framework: SkillFramework) -> tuple[Floats, float]:
    """Return the correlation of skills shrunk towards its cluster structure, and how far it was shrunk."""
    people = len(mean)
    total = (np.einsum("ps,pt->st", mean, mean) + covariance.sum(axis=0)) / people
    sd = np.sqrt(np.diag(total))
    found = total / np.outer(sd, sd)
    target = _structure(found, framework)
    own = np.einsum("ps,ps->s", mean, mean) / people / np.diag(total)  # share that was measured: reliability
    off = ~np.eye(len(found), dtype=bool)
    noise = ((1.0 - found**2) ** 2 / np.maximum(people * np.outer(own, own), 2.0))[off].sum()
    apart = ((found - target)[off] ** 2).sum()
    shrinkage = float(np.clip(noise / max(apart, 1e-12), 0.0, 1.0))
    return shrinkage * target + (1.0 - shrinkage) * found, shrinkage


def _structure(found: Floats, framework: SkillFramework) -> Floats:
    """Return the matrix with one average correlation for every pair of clusters."""
    names, cluster = np.unique(framework.clusters, return_inverse=True)
    target = np.eye(len(found))
    for c in range(len(names)):
        for d in range(len(names)):
            block = np.ix_(cluster == c, cluster == d)
            pairs = found[block][~np.eye(len(found), dtype=bool)[block]]
            target[block] = np.where(np.eye(len(found), dtype=bool)[block], 1.0, pairs.mean() if pairs.size else 0.0)
    return target
