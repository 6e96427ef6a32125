"""Fit: the expected share of what a job asks that a person covers, weighted by importance.

    ramp(x) = clip((x - (r - L)) / L, 0, 1)        nothing at L below what is asked (r), everything when it is met
    s       = E[ramp(x)], x ~ N(mean, sd**2)       expected_ramp: one number per person, skill and asked level
    fit     = sum over the asked skills of importance * s

Asked levels are bands, so all `s` of a person are a table of skills x 5 numbers and a fit is a sum of look-ups.

The canonical fit, to the bit: `s` in float64, rounded to float32; then in float32, skill by skill in column order over
the asked skills only, `total = total + importance * s`, rounded after each product and each sum; at the end no more
than 1. Every implementation, block size and shard gives these bits. A vacancy that asks nothing has no fit: NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from matching._checks import Float32, Float64, Int8
from matching.problem import BANDS

FULL_MISS = 2.0
BAND_WIDTH = 0.75
LEVEL_OF_BAND: Float64 = (np.arange(1.0, BANDS + 1) - 3.0) * BAND_WIDTH  # latent level of bands 1 to 5
LEVEL_OF_BAND.flags.writeable = False

LEAST_SD = 1e-9  # below this a level is known exactly; keeps the division defined
_FAR = 40.0  # standard deviations beyond which both tails are exactly 0 in float64


def expected_ramp(mean: ArrayLike, sd: ArrayLike, required: ArrayLike, full_miss: float = FULL_MISS) -> Float64:
    """Return the expected share of each requirement that is covered, in [0, 1], of the shape arguments broadcast to.

    E[clip((x - required) / full_miss + 1, 0, 1)] for x ~ N(mean, sd**2), in closed form, so uncertainty costs no
    sampling. All arguments are on the latent scale (population sd 1). Never falls when `mean` rises. Raises ValueError
    on NaN or infinity, negative sd, and full_miss that is not positive.
    """
    level, spread, asked = (np.asarray(value, np.float64) for value in (mean, sd, required))
    if not all(np.isfinite(value).all() for value in (level, spread, asked)):
        raise ValueError("mean, sd, required: NaN or infinity came, finite numbers were expected")
    if (spread < 0).any():
        raise ValueError(f"sd: {spread.min()} came, 0 or more was expected")
    if not 0 < full_miss < np.inf:
        raise ValueError(f"full_miss: {full_miss} came, a positive number was expected")
    return _expected_ramp(level, spread, asked, full_miss)


def _expected_ramp(mean: Float64, sd: Float64, required: Float64, full_miss: float) -> Float64:
    """Compute the ramp at the mean, plus what uncertainty adds near its foot and takes near its top.

    With G(c) = E[(c - x)+] the closed form is 1 - (G(required) - G(foot)) / full_miss. G(c) = (c - mean)+ + tail(c);
    taking the two terms apart avoids the difference of large numbers that would otherwise spoil far-away means.
    """
    sd = np.maximum(sd, LEAST_SD)
    foot = required - full_miss
    sure = np.clip((mean - foot) / full_miss, 0.0, 1.0)
    return np.clip(sure + (_tail(mean, sd, foot) - _tail(mean, sd, required)) / full_miss, 0.0, 1.0)


def _tail(mean: Float64, sd: Float64, cut: Float64) -> Float64:
    z = np.minimum(np.abs(cut - mean) / sd, _FAR)
    beyond: Float64 = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) - z * ndtr(-z)
    return sd * beyond


def level_table(mean: Float32, sd: Float32) -> Float32:
    """Return the expected ramp of every skill at every band, float32 of shape (skills x 5, people).

    Row skill * 5 + band - 1 belongs to one skill and band, so that what a vacancy asks of a skill is one contiguous
    row. `mean` and `sd` are of shape (people, skills). Costs 20 bytes per person and skill.
    """
    people, skills = mean.shape
    table = np.empty((skills, BANDS, people), np.float32)
    for skill in range(skills):
        level, spread = mean[:, skill].astype(np.float64), sd[:, skill].astype(np.float64)
        table[skill] = _expected_ramp(level, spread, LEVEL_OF_BAND[:, None], FULL_MISS)
    return table.reshape(skills * BANDS, people)


def all_fits(table: Float32, band: Int8, importance: Float32) -> Float32:
    """Return the canonical fit of every person to every vacancy, float32 (vacancies, people).

    `table` comes from `level_table`; `band` and `importance` are of shape (vacancies, skills), as in Vacancies. All
    vacancies go through one skill at a time: a skill that is not asked has importance 0 and adds 0, which changes no
    bit. Rows of vacancies that ask nothing are NaN.
    """
    total = np.zeros((len(band), table.shape[1]), np.float32)
    for skill in range(band.shape[1]):
        rows = skill * BANDS + np.maximum(band[:, skill].astype(np.intp), 1) - 1
        part = table[rows]
        part *= importance[:, skill, None]
        total += part
    total[~band.any(axis=1)] = np.nan
    return np.minimum(total, np.float32(1.0), out=total)


def fits(table: Float32, band: Int8, importance: Float32) -> Float32:
    """Return the canonical fit of every person to one vacancy, float32 (people,), from its row of Vacancies."""
    return all_fits(table, band[None], importance[None]).reshape(-1)
