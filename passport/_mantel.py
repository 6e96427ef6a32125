"""Mantel-Haenszel for graded answers over strata of the level; with two grades it is the plain one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from passport.model import Floats

ETS = -2.35  # ln odds ratio to the delta scale


class Table(NamedTuple):
    """What one item's strata say; NaN where an odds ratio cannot be had."""

    delta: float
    delta_se: float
    p_mantel: float
    smd: float


def compare(level: Floats, grades: npt.NDArray[np.int8], focal: npt.NDArray[np.bool_], strata: int) -> Table:
    """Return differences between groups at the same level; level, grades and focal have shape (people,)."""
    cuts = np.quantile(level, np.arange(1, strata) / strata)
    stratum = np.searchsorted(cuts, level)
    values = np.arange(grades.max() + 1)
    counts = np.zeros((strata, 2, len(values)))
    np.add.at(counts, (stratum, focal.astype(int), grades), 1)
    counts = counts[np.all(counts.sum(axis=2) > 0, axis=1)]
    if not len(counts):
        return Table(*[float("nan")] * 4)
    return Table(*_delta(counts), _mantel(counts, values), _smd(counts, values, float(grades.std())))


def _delta(counts: Floats) -> tuple[float, float]:
    """Return the common cumulative odds ratio (Liu & Agresti 1996) on the ETS scale and its standard error.

    The error follows from how much one more person of each group and grade would move the estimating equation.
    """
    size = counts.sum(axis=(1, 2))
    reached = np.cumsum(counts[:, :, ::-1], axis=2)[:, :, ::-1][:, :, 1:]  # (strata, group, cuts): at least grade k
    below = counts.sum(axis=2, keepdims=True) - reached
    agree = np.sum(reached[:, 0] * below[:, 1], axis=1) / size
    cross = np.sum(below[:, 0] * reached[:, 1], axis=1) / size
    if not agree.sum() > 0 or not cross.sum() > 0:
        return float("nan"), float("nan")
    ratio = agree.sum() / cross.sum()  # odds of the reference group over the focal group
    above = np.arange(counts.shape[2])[:, None] > np.arange(counts.shape[2] - 1)  # (grades, cuts)
    pull = (
        np.stack(
            [
                above @ below[:, 1].T - ratio * (~above @ reached[:, 1].T),
                ~above @ reached[:, 0].T - ratio * (above @ below[:, 0].T),
            ],
            axis=0,
        ).transpose(2, 0, 1)
        / size[:, None, None]
    )
    n = counts.sum(axis=2)
    spread = np.sum(counts * pull**2, axis=2) - np.sum(counts * pull, axis=2) ** 2 / n
    return float(ETS * np.log(ratio)), float(-ETS * np.sqrt(spread.sum()) / agree.sum())


def _mantel(counts: Floats, values: npt.NDArray[np.intp]) -> float:
    """Return the p-value of Mantel's test (1963) of the focal group's sum of grades, 1 df."""
    n, both = counts.sum(axis=2), counts.sum(axis=1)
    size = n.sum(axis=1)
    total, squares = both @ values, both @ values**2
    expected = n[:, 1] * total / size
    enough = np.maximum(size - 1, 1)
    variance = n[:, 0] * n[:, 1] * (size * squares - total**2) / (size**2 * enough)
    surprise = float((counts[:, 1] @ values - expected).sum())
    return float(chdtrc(1, surprise**2 / variance.sum())) if variance.sum() > 0 else float("nan")


def _smd(counts: Floats, values: npt.NDArray[np.intp], sd: float) -> float:
    """Return the focal less the reference mean grade at the focal group's levels (Dorans & Schmitt), in item sd."""
    n = counts.sum(axis=2)
    means = counts @ values / n
    return float((means[:, 1] - means[:, 0]) @ n[:, 1] / n[:, 1].sum() / sd)
