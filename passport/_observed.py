"""Standard errors of calibrated items from the observed information (Louis 1982).

Observed information = complete information less what the unknown levels hide: the sum over people of the covariance,
over where she may be, of the score of the complete data. Scores are of the slopes first, then of all intercepts, item
by item.
"""

from __future__ import annotations

import numpy as np

from passport._climb import Found
from passport._em import Booleans, Data, Parameters, chances, derivatives, expect
from passport.model import Floats

WORTH = 1e-9  # share of people at a grid point below which it is left out


def standard_errors(data: Data, found: Found, *, common: bool) -> tuple[Floats, Floats]:
    """Return standard errors of slopes (items,) and steps (items, m); anchored items get 0, as they were given.

    With `common` all slopes are one parameter. Cost: items x grades squared, times people.
    """
    information, used = _observed(data, found)
    n, m = data.has.shape
    fold = np.eye(len(used))
    if common:
        fold = np.concatenate([(np.arange(len(used)) < n)[:, None].astype(np.float64), fold[:, n:]], axis=1)
    kept = (fold.T @ used) > 0
    folded = (fold.T @ information @ fold)[np.ix_(kept, kept)]
    covariance = fold[:, kept] @ np.linalg.pinv(folded, hermitian=True) @ fold[:, kept].T
    slopes = np.sqrt(np.maximum(np.diag(covariance)[:n], 0.0)) * used[:n]
    return slopes, _step_errors(covariance, found.parameters, n, m)


def _step_errors(covariance: Floats, parameters: Parameters, n: int, m: int) -> Floats:
    """Carry the errors of slope and intercepts to the steps b_k = -(c_k - c_{k-1}) / a (delta method)."""
    errors = np.full((n, m), np.nan)
    jump = np.diff(parameters.intercepts, axis=1, prepend=0.0)
    for i, k in zip(*np.nonzero(~np.isnan(parameters.intercepts)), strict=True):
        slope = parameters.slopes[i]
        rows = [i, n + i * m + k] + ([n + i * m + k - 1] if k else [])
        derivative = np.array([jump[i, k] / slope**2, -1.0 / slope, 1.0 / slope][: len(rows)])
        errors[i, k] = np.sqrt(max(derivative @ covariance[np.ix_(rows, rows)] @ derivative, 0.0))
    return errors


def _observed(data: Data, found: Found) -> tuple[Floats, Booleans]:
    """Return the observed information over all parameters, and which of these were estimated."""
    n, m = data.has.shape
    expected, posterior = expect(data, found.parameters, found.grid)
    _, hessian = derivatives(found.parameters, data, expected, found.grid.levels, None)
    complete = np.zeros((n + n * m, n + n * m))
    for i in range(n):
        place = np.concatenate([[i], n + i * m + np.arange(m)])
        complete[np.ix_(place, place)] = hessian[i]
    used = np.concatenate([found.free, (data.has & found.free[:, None]).ravel()])
    return complete - _hidden(data, found, posterior), used


def _hidden(data: Data, found: Found, posterior: Floats) -> Floats:
    """Return the sum over people of the covariance of the complete-data score over where she may be.

    At level theta the score of a slope is grade x theta - theta x expected grade, that of an intercept is 1 or 0 -
    chance. What moves with theta is (theta - her mean) x grade, and h(theta) = (theta x expected grade, chance),
    which is the same for everybody who answered the item: so the people enter by a few matrix products of items only.
    """
    levels, chance = found.grid.levels, chances(found.parameters, found.grid.levels)
    n, m = data.has.shape
    item = np.concatenate([np.arange(n), np.repeat(np.arange(n), m)])
    moving = np.concatenate([levels * np.einsum("k,ikq->iq", np.arange(1, m + 1), chance), chance.reshape(n * m, -1)]).T
    share = posterior / np.maximum(data.weights, 1e-300)[:, None]
    centre = share @ levels
    spread = share @ levels**2 - centre**2
    expected = (share @ moving) * data.seen[:, item]
    hidden: Floats = -expected.T @ (data.weights[:, None] * expected)
    hidden[:n, :n] += data.grades.T @ ((data.weights * spread)[:, None] * data.grades)
    for q in np.flatnonzero(posterior.sum(axis=0) > WORTH * posterior.sum()):
        both = _together(data.seen, posterior[:, q], data)
        with_grade = _together(data.grades, posterior[:, q] * (levels[q] - centre), data)
        hidden += np.outer(moving[q], moving[q]) * both[np.ix_(item, item)]
        pulled = with_grade[:, item] * moving[q]
        hidden[:n] -= pulled
        hidden[:, :n] -= pulled.T
    return hidden


def _together(left: Floats, weights: Floats, data: Data) -> Floats:
    """Return left^T diag(weights) seen, of shape (items, items); with nothing missing, every column is the same."""
    if data.complete:
        return np.asarray(np.repeat((weights @ left)[:, None], left.shape[1], axis=1))
    return np.asarray(left.T @ (weights[:, None] * data.seen))
