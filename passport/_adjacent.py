"""Adjacent-category logistic regression by Newton's method; with two grades it is plain logistic regression.

log P(k) - log P(k - 1) = c_k + b . x: the partial credit model with known levels, so concave and quickly solved.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from passport.model import Floats

STEPS, STILL = 50, 1e-9


def fit(columns: Floats, grades: npt.NDArray[np.integer]) -> float:
    """Return the largest log-likelihood of grades (people,) given columns (people, variables).

    Grades nobody has are left out. Newton's steps are halved while they would go down, so data that separate fully
    end at their bound.
    """
    values, taken = np.unique(grades, return_inverse=True)
    score = np.concatenate([np.eye(len(values)), values[:, None]], axis=1)[:, 1:]  # (grades, intercepts and 1)
    free = len(values) - 1 + columns.shape[1]
    x, best = np.zeros(free), -np.inf
    direction = np.zeros(free)
    for _ in range(STEPS):
        scale = 1.0
        while True:
            value, gradient, curve = _at(x + scale * direction, columns, score, taken)
            if value >= best - STILL or scale < 1e-6:
                break
            scale /= 2
        x = x + scale * direction
        if value - best < STILL:
            return max(value, best)
        best = value
        direction = np.linalg.solve(curve + 1e-9 * np.eye(free), gradient)
    return best


def _at(x: Floats, columns: Floats, score: Floats, taken: npt.NDArray[np.intp]) -> tuple[float, Floats, Floats]:
    """Return log-likelihood, gradient and negative Hessian at intercepts and weights x."""
    cuts = score.shape[1] - 1
    logits = score[:, :cuts] @ x[:cuts] + (columns @ x[cuts:])[:, None] * score[:, cuts]
    logits -= logits.max(axis=1, keepdims=True)
    chance = np.exp(logits)
    total = chance.sum(axis=1, keepdims=True)
    value = float(np.sum(logits[np.arange(len(taken)), taken]) - np.log(total).sum())
    chance /= total
    expected = chance @ score  # (people, intercepts and 1)
    residual = score[taken] - expected
    gradient = np.concatenate([residual[:, :cuts].sum(axis=0), columns.T @ residual[:, cuts]])
    own = (score.T * chance.sum(axis=0)) @ score - expected.T @ expected  # variances of scores, summed over people
    joint = chance @ (score * score[:, [cuts]]) - expected * expected[:, [cuts]]
    corner = joint[:, :cuts].T @ columns
    weights = (columns * joint[:, [cuts]]).T @ columns
    curve = np.block([[own[:cuts, :cuts], corner], [corner.T, weights]])
    return value, gradient, curve
