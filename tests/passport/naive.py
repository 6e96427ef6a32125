"""Slow twins of the assessment: obviously right, one number at a time or on a dense grid."""

from __future__ import annotations

import math

import numpy as np


def grade_probabilities(levels, slopes, steps):
    """Return the chances of grades 0..m for one person and one item, as the definition says."""
    projection = sum(a * t for a, t in zip(slopes, levels, strict=True))
    norm = math.sqrt(sum(a * a for a in slopes))
    steps = [b for b in steps if not math.isnan(b)]
    weights = [math.exp(sum(projection - norm * steps[h] for h in range(k))) for k in range(len(steps) + 1)]
    return [w / sum(weights) for w in weights]


def posterior_one_skill(slopes, steps, answers, low=-8.0, high=8.0, points=4001):
    """Return mean and standard deviation of one level under N(0, 1) by a dense grid."""
    grid = np.linspace(low, high, points)
    weight = np.exp(-0.5 * grid**2)
    for a, b, x in zip(slopes, steps, answers, strict=True):
        if x >= 0:
            weight = weight * np.array([grade_probabilities([t], [a], b)[x] for t in grid])
    weight = weight / weight.sum()
    mean = float((weight * grid).sum())
    return mean, math.sqrt(float((weight * (grid - mean) ** 2).sum()))


def posterior_two_skills(correlation, slopes, steps, answers, points=161):
    """Return mean (2,) and covariance (2, 2) of two levels by a dense square grid."""
    axis = np.linspace(-5.5, 5.5, points)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    levels = np.stack([x.ravel(), y.ravel()], axis=1)
    inverse = np.linalg.inv(np.array([[1.0, correlation], [correlation, 1.0]]))
    weight = np.exp(-0.5 * np.einsum("ni,ij,nj->n", levels, inverse, levels))
    for a, b, answer in zip(slopes, steps, answers, strict=True):
        if answer >= 0:
            weight = weight * _chance_on_grid(levels, a, b, answer)
    weight = weight / weight.sum()
    mean = weight @ levels
    centred = levels - mean
    return mean, (centred * weight[:, None]).T @ centred


def _chance_on_grid(levels, slopes, steps, answer):
    projection = levels @ np.asarray(slopes)
    norm = math.hypot(*slopes)
    exponents = [projection * k - norm * sum(steps[:k]) for k in range(len(steps) + 1)]
    weights = np.exp(np.stack(exponents, axis=1))
    return weights[:, answer] / weights.sum(axis=1)
