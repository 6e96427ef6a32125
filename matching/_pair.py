"""The numbers of one person and one vacancy in float64, on which all explanations rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from matching._checks import Float64, Int64, as_array, check_count
from matching.fit import FULL_MISS, LEVEL_OF_BAND, expected_ramp
from matching.problem import Pool, Vacancies

DRAWS = 2000
ROUNDING = 1e-4  # covariances travel as float32: an eigenvalue this far below 0 is rounding, not a fault


@dataclass(frozen=True, slots=True)
class Ask:
    """What one vacancy asks beside what one person brings, of shape (asked skills,); `asked` are their columns."""

    asked: Int64
    skills: tuple[str, ...]
    level: Float64
    spread: Float64
    required: Float64
    weight: Float64

    def contribution(self, change: float | Float64 = 0.0) -> Float64:
        """Return importance x share covered, after the levels changed by as much."""
        return self.weight * expected_ramp(self.level + change, self.spread, self.required)


def ask_of(pool: Pool, vacancies: Vacancies, person: int, vacancy: int) -> Ask:
    """Return the numbers of two rows that exist."""
    asked = np.flatnonzero(vacancies.band[vacancy])
    weight = vacancies.importance[vacancy, asked].astype(np.float64)
    return Ask(
        asked=asked,
        skills=tuple(pool.skills[skill] for skill in asked),
        level=pool.mean[person, asked].astype(np.float64),
        spread=pool.sd[person, asked].astype(np.float64),
        required=LEVEL_OF_BAND[vacancies.band[vacancy, asked] - 1],
        weight=weight / weight.sum() if asked.size else weight,
    )


def row_of(name: str, row: int, size: int) -> int:
    """Return a row number of a table of `size` rows, or raise TypeError or IndexError."""
    if isinstance(row, bool) or not isinstance(row, int | np.integer):
        raise TypeError(f"{name}: {type(row).__name__} came, a row number was expected")
    if not 0 <= row < size:
        raise IndexError(f"{name}: row {row} came, 0 to {size - 1} was expected" if size else f"{name}: there are none")
    return int(row)


def interval_of(ask: Ask, root: Float64, seed: int) -> tuple[float, float]:
    """Return the middle 90 % of the fit when levels lie around their means as `root` (asked, skills) says."""
    if not ask.skills:
        return np.nan, np.nan
    levels = ask.level + noise(seed, root.shape[1]) @ root.T
    drawn = np.clip((levels - ask.required) / FULL_MISS + 1.0, 0.0, 1.0) @ ask.weight
    low, high = np.quantile(np.minimum(drawn, 1.0), [0.05, 0.95])
    return float(low), float(high)


def noise(seed: int, skills: int) -> Float64:
    """Return the standard normal draws of an explanation, (DRAWS, skills)."""
    return np.random.Generator(np.random.PCG64(check_count("seed", seed, 0))).standard_normal((DRAWS, skills))


def covariance_of(sd: Float64, covariance: ArrayLike | None) -> Float64:
    """Return the covariance in float64, checked; without one, that of independent skills."""
    if covariance is None:
        return np.diag(sd**2)
    matrix = as_array("covariance", covariance)
    if matrix.shape != (len(sd), len(sd)):
        raise ValueError(f"covariance: shape {matrix.shape} came, {(len(sd), len(sd))} was expected")
    if matrix.dtype.kind != "f":
        raise TypeError(f"covariance: {matrix.dtype} came, floating point numbers were expected")
    matrix = matrix.astype(np.float64)
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-4, atol=1e-6):
        raise ValueError("covariance: a matrix with NaN, infinity or unequal halves came, a symmetric one was expected")
    return (matrix + matrix.T) / 2.0


def root_of(matrix: Float64) -> Float64:
    """Return the symmetric square root of a covariance, which does not depend on the signs of eigenvectors."""
    values, vectors = np.linalg.eigh(matrix)
    if (values < -ROUNDING * max(1.0, np.abs(values).max(initial=0.0))).any():
        raise ValueError(f"covariance: a variance of {values.min():.3g} came, none below 0 was expected")
    root: Float64 = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root
