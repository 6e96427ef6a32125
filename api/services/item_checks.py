"""Does a calibrated bank describe the answers it came from: item fit, pairs that say one thing twice, reliability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from api.services.calibrate import Calibration, State
from passport.posterior import Posterior, settle
from passport.quality import LocalDependence, empirical_reliability, item_fit, local_dependence

PEOPLE_AT_ONCE = 500
CHANCE = 0.05
SETTLED = 1e-6  # how still a level must stand, in latent units

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """What was found.

    effect, p float64 and misfits bool (items,): item fit, NaN where too few answered. pairs: rows of two items with
    their residual correlation above the average, largest first. reliability float64 (skills,), in these answers.
    """

    effect: Numbers
    p: Numbers
    misfits: NDArray[np.bool_]
    pairs: tuple[tuple[int, int, float], ...]
    reliability: Numbers


def check(made: Calibration, progress: Callable[[int, int], None] | None = None) -> Checks:
    """Judge every item by all other answers of the same people, with the bank and the correlation that were found."""
    mean, covariance = _levels(made, progress)
    grades, bank = made.given.grades, made.bank
    effect, p = np.full((2, len(bank.items)), np.nan)
    misfits = np.zeros(len(bank.items), dtype=bool)
    fresh = np.array([state is State.CALIBRATED for state in made.states])
    for estimated in (True, False):  # numbers that come from these very answers fit them a little by themselves
        rows = np.flatnonzero((fresh == estimated) & (made.given.answered > 0))
        if rows.size:
            found = item_fit(
                grades[:, rows], mean, covariance, bank.slopes[rows], bank.steps[rows], estimated=estimated
            )
            effect[rows], p[rows], misfits[rows] = found.effect, found.p_adjusted, found.misfits
    pairs = _pairs(grades, local_dependence(grades, mean, covariance, bank.slopes, bank.steps))
    sd = np.sqrt(np.einsum("pss->ps", covariance))
    return Checks(effect, p, misfits, pairs, empirical_reliability(mean, sd))


def _pairs(grades: NDArray[np.int8], twice: LocalDependence) -> tuple[tuple[int, int, float], ...]:
    """Return the pairs of items whose residual correlation is large and more than chance among so many pairs."""
    there = (grades >= 0).astype(np.float64)
    both = there.T @ there
    tried = max(int(np.isfinite(twice.excess).sum()) // 2, 1)
    chance = ndtri(1.0 - CHANCE / tried)  # so that one bank in twenty without any such pair names one (Bonferroni)
    return tuple(
        (int(i), int(j), float(twice.excess[i, j]))
        for i, j in twice.pairs
        if twice.excess[i, j] * np.sqrt(both[i, j]) > chance
    )


def _levels(made: Calibration, progress: Callable[[int, int], None] | None) -> tuple[Numbers, Numbers]:
    """Return where everybody is: means (people, skills) and covariances (people, skills, skills)."""
    grades, bank = made.given.grades, made.bank
    start = Posterior(np.zeros(len(made.framework.skills)), made.found.correlation)
    means, covariances = [], []
    for first in range(0, len(grades), PEOPLE_AT_ONCE):
        some = grades[first : first + PEOPLE_AT_ONCE]
        most = int((some >= 0).sum(axis=1).max(initial=0))
        items = np.argsort(some < 0, axis=1, kind="stable")[:, :most]  # a person's own items first
        answers = np.take_along_axis(some, items, axis=1)
        mean, covariance, _ = settle(start, bank.slopes[items], bank.offset[items], answers, settled=SETTLED)
        means.append(mean)
        covariances.append(covariance)
        if progress is not None:
            progress(min(first + PEOPLE_AT_ONCE, len(grades)), len(grades))
    return np.concatenate(means), np.concatenate(covariances)
