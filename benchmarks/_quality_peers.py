"""What people would rank by instead, from the same passports: scores of shape (people, vacancies), higher is better."""

from __future__ import annotations

import numpy as np

from matching import Pool, Vacancies


def as_bands(pool: Pool) -> np.ndarray:
    """Return means on the scale of bands: a cosine needs numbers above 0."""
    return pool.mean.astype(float) / 0.75 + 3.0


def average(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Mean of all skills: the same for every vacancy."""
    return pool.mean.astype(float).mean(axis=1)[:, None] + np.zeros(len(vacancies))


def cut_offs(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Everybody who reaches every asked band within half a band comes first; then by the mean of all skills."""
    short = np.maximum(vacancies.band[None] - as_bands(pool)[:, None], 0.0) * (vacancies.band > 0)
    return average(pool, vacancies) - 100.0 * (short > 0.5).any(axis=2)


def correlation(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Correlate levels and bands over the asked skills: the shape of the profile."""
    level, band = as_bands(pool), vacancies.band.astype(float)
    asked = (band > 0).astype(float)
    number = asked.sum(axis=1)
    cross = level @ band.T - (level @ asked.T) * band.sum(axis=1) / number
    own = (level**2) @ asked.T - (level @ asked.T) ** 2 / number
    theirs = (band**2).sum(axis=1) - band.sum(axis=1) ** 2 / number
    return cross / np.sqrt(np.maximum(own * theirs, 1e-9))


def weighted_cosine(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Cosine over the asked skills, weighted by importance."""
    level, band, weight = as_bands(pool), vacancies.band.astype(float), vacancies.importance.astype(float)
    return level @ (weight * band).T / np.sqrt((level**2) @ weight.T * (weight * band**2).sum(axis=1))


def cosine(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Cosine over all skills; what is not asked is 0."""
    level, band = as_bands(pool), vacancies.band.astype(float)
    return level @ band.T / np.linalg.norm(level, axis=1)[:, None] / np.linalg.norm(band, axis=1)


def euclid(pool: Pool, vacancies: Vacancies) -> np.ndarray:
    """Euclidean distance over the asked skills."""
    level, band = as_bands(pool), vacancies.band.astype(float)
    return -np.sqrt(np.maximum((level**2) @ (band > 0).T - 2 * level @ band.T + (band**2).sum(axis=1), 0.0))


PEERS = {
    "mean of all skills": average,
    "hard cut-offs, then mean": cut_offs,
    "profile correlation": correlation,
    "cosine, asked and weighted": weighted_cosine,
    "cosine, all skills": cosine,
    "Euclidean distance": euclid,
}
