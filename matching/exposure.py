"""What placing people, or listing vacancies for them, does to both sides: one small function per figure."""

from __future__ import annotations

import numpy as np

from matching._checks import Float32, Int32, Int64
from matching.gates import GATES, refusals
from matching.problem import Pool, Vacancies


def filled(taken: Int32, seats: Int32) -> float:
    """Return the share of seats that are taken; NaN when there are none."""
    offered = seats.sum(dtype=np.int64)
    return float(taken.sum(dtype=np.int64) / offered) if offered else np.nan


def covered(counts: Int32, least: int = 1) -> float:
    """Return the share of rows that have at least `least`; NaN when there are no rows."""
    return float(np.mean(counts >= least)) if len(counts) else np.nan


def gini(exposure: Int32, seats: Int32) -> float:
    """Return the Gini coefficient of exposure per seat over all seats: 0 when every seat is shown equally often.

    `exposure` counts how often each vacancy is shown or taken, spread evenly over its seats. NaN without seats or
    exposure. Source: the covariance form of Lerman & Yitzhaki 1989.
    """
    some = seats > 0
    weight = seats[some].astype(np.float64)
    each = exposure[some] / weight
    if not exposure[some].any():
        return np.nan
    order = np.argsort(each, kind="stable")
    weight, each = weight[order] / weight.sum(), each[order]
    place = np.cumsum(weight) - weight / 2.0
    mean = (weight * each).sum()
    return float(2.0 * (weight * each * (place - 0.5)).sum() / mean)


def given_up(best: Float32, got: Float32) -> float:
    """Return the mean fit given up, best minus got, over those who have both; NaN when nobody has."""
    lost = best.astype(np.float64) - got
    lost = lost[~np.isnan(lost)]
    return float(lost.mean()) if lost.size else np.nan


def reasons(pool: Pool, vacancies: Vacancies, people: Int32) -> Int64:
    """Count which gates stand between some people, given as rows, and all vacancies: int64 (people, 6) as GATES."""
    if not len(people):
        return np.zeros((0, len(GATES)), np.int64)
    return refusals(pool.take(people), vacancies, side="people")
