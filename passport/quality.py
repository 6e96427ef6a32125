"""How good the measurement is: standard errors, reliability, bands, change, and when to measure again.

Item fit and local dependence live in `itemfit`, differences between groups in `dif`, careless answering in `careless`;
all public names are here as well. Levels are on the latent scale: reference population mean 0, sd 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from passport._left_out import levels_from
from passport.careless import Careless, careless, person_fit
from passport.dif import Dif, benjamini_hochberg, dif
from passport.errors import FrameworkMismatch
from passport.framework import BAND_WIDTH
from passport.itemfit import ItemFit, LocalDependence, item_fit, local_dependence
from passport.model import Floats, information, offsets
from passport.passport import BANDS, Passport, band_probabilities

__all__ = [
    "BandQuality",
    "Careless",
    "Change",
    "Dif",
    "ItemFit",
    "LocalDependence",
    "band_quality",
    "benjamini_hochberg",
    "careless",
    "conditional_standard_errors",
    "dif",
    "empirical_reliability",
    "information_matrix",
    "item_fit",
    "levels_from",
    "local_dependence",
    "marginal_reliability",
    "may_retest",
    "person_fit",
    "reliable_change",
    "resting_items",
    "retest_from",
]

RETEST = dt.timedelta(weeks=4)
REST = dt.timedelta(days=183)  # about six months
SURE = 1.959964


def information_matrix(levels: npt.ArrayLike, slopes: Floats, steps: Floats) -> Floats:
    """Return Fisher's information of a set of items, (n, skills, skills), at levels (n, skills).

    slopes (items, skills), steps (items, 3).
    """
    at = np.asarray(levels, dtype=np.float64)
    each = information(at @ slopes.T, offsets(slopes, steps))
    return np.asarray(np.einsum("ni,is,it->nst", each, slopes, slopes, optimize=True))


def conditional_standard_errors(
    levels: npt.ArrayLike, slopes: Floats, steps: Floats, correlation: Floats | None = None
) -> Floats:
    """Return the standard error of every skill at levels (n, skills), of shape (n, skills).

    With `correlation` the prior counts, as in a passport; without it the items stand alone, every skill by itself, and
    a skill without items has an infinite error.
    """
    told = information_matrix(levels, slopes, steps)
    if correlation is not None:
        return np.asarray(np.sqrt(np.einsum("nss->ns", np.linalg.inv(told + np.linalg.inv(correlation)))))
    own = np.einsum("nss->ns", told)
    return np.asarray(np.sqrt(np.divide(1.0, own, out=np.full_like(own, np.inf), where=own > 0)))


def marginal_reliability(sd: npt.ArrayLike, variance: float = 1.0) -> Floats:
    """Return 1 less the mean error variance over the variance in the population, (skills,); sd (people, skills)."""
    return np.asarray(1.0 - np.mean(np.asarray(sd, dtype=np.float64) ** 2, axis=0) / variance)


def empirical_reliability(mean: npt.ArrayLike, sd: npt.ArrayLike) -> Floats:
    """Return var(mean) / (var(mean) + mean error variance), (skills,); mean and sd (people, skills)."""
    between = np.var(np.asarray(mean, dtype=np.float64), axis=0)
    return np.asarray(between / (between + np.mean(np.asarray(sd, dtype=np.float64) ** 2, axis=0)))


@dataclass(frozen=True, slots=True, eq=False)
class BandQuality:
    """How far the shown band may be trusted, each of shape (skills,).

    accuracy: share of people whose true level lies in the band their mean lies in. near: share whose true band is at
    most one away. consistency: share who would get the same band from a second, equally long assessment.
    """

    accuracy: Floats
    near: Floats
    consistency: Floats


def band_quality(mean: npt.ArrayLike, sd: npt.ArrayLike) -> BandQuality:
    """Return how far bands may be trusted for people with mean and sd (people, skills), from the model alone.

    Accuracy follows from the posterior. For consistency, a second assessment of the same length has a mean of
    reliability x level with error variance reliability x sd^2, given the level; reliability = 1 - sd^2, prior N(0, 1).
    """
    centre, error = np.asarray(mean, dtype=np.float64), np.asarray(sd, dtype=np.float64)
    shown = np.searchsorted((BANDS[:-1] - 2.5) * BAND_WIDTH, centre, side="right")
    chance = band_probabilities(centre, error)
    steady = np.clip(1.0 - error**2, 1e-9, None)
    again = band_probabilities(steady * centre, np.sqrt(steady**2 * error**2 + steady * error**2))
    own = np.take_along_axis(chance, shown[..., None], axis=-1)[..., 0]
    close = np.where(np.abs(np.arange(len(BANDS)) - shown[..., None]) <= 1, chance, 0.0).sum(axis=-1)
    same = np.take_along_axis(again, shown[..., None], axis=-1)[..., 0]
    return BandQuality(own.mean(axis=0), close.mean(axis=0), same.mean(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What changed between two passports, each of shape (skills,).

    difference: after less before; error: its standard error; chance: that the level rose. reliable: the difference is
    larger than 1.96 errors, for skills measured both times; of 24 unchanged skills about one may still pass.
    """

    difference: Floats
    error: Floats
    chance: Floats
    reliable: npt.NDArray[np.bool_]


def reliable_change(before: Passport, after: Passport) -> Change:
    """Return the change of every skill (Jacobson & Truax 1991), both passports taken as independent.

    Both means are drawn to the middle, so this rather misses a change than invents one. Raises FrameworkMismatch when
    framework or norm differ: the scales are not the same.
    """
    for name in ("framework", "norm"):
        if getattr(before, name) != getattr(after, name):
            raise FrameworkMismatch(
                f"expected passports of one {name}, got {getattr(before, name)} and {getattr(after, name)}"
            )
    difference = after.mean.astype(np.float64) - before.mean
    error = np.hypot(before.sd.astype(np.float64), after.sd)
    reliable = (np.abs(difference) > SURE * error) & before.measured & after.measured
    return Change(difference, error, ndtr(difference / error), reliable)


def retest_from(issued: dt.date) -> dt.date:
    """Return the first day of a new assessment: four weeks after the last passport, so that it is not just memory."""
    return issued + RETEST


def may_retest(issued: dt.date | None, today: dt.date) -> bool:
    """Return whether a person may be assessed (again); None means never assessed."""
    return issued is None or today >= retest_from(issued)


def resting_items(shown: Mapping[str, dt.date], today: dt.date) -> frozenset[str]:
    """Return the items to keep from a person: shown less than six months ago, answered or not."""
    return frozenset(item for item, day in shown.items() if today < day + REST)
