"""The search of calibration: EM steps, Newton inside, SQUAREM around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from passport._em import Anchors, Booleans, Data, Expected, Grid, Parameters, Prior, derivatives, expect, start
from passport.model import Floats

NEWTON_STEPS = 2  # in an M step: one would do near the end, two help at the start
LARGEST_STEP = 1.0  # of one Newton step, in slope or intercept
LONGEST_LEAP = 64.0  # of SQUAREM, in EM steps


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """A point of the search: item parameters and the population."""

    parameters: Parameters
    mean: float
    sd: float

    def vector(self) -> Floats:
        flat = np.nan_to_num(self.parameters.intercepts).ravel()
        return np.concatenate([np.log(self.parameters.slopes), flat, [self.mean, np.log(self.sd)]])

    def moved(self, vector: Floats) -> _State:
        old = self.parameters.intercepts
        intercepts = np.where(np.isnan(old), np.nan, vector[len(old) : -2].reshape(old.shape))
        return _State(Parameters(np.exp(vector[: len(old)]), intercepts), float(vector[-2]), float(np.exp(vector[-1])))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Where the maximum was found."""

    parameters: Parameters
    log_likelihood: float
    population: tuple[float, float]
    grid: Grid
    iterations: int
    converged: bool
    free: Booleans  # (items,): not anchored


@dataclass(slots=True)
class Search:
    """Climbs to the maximum by EM steps; counts them and holds what stays the same."""

    data: Data
    prior: Prior | None
    common: bool
    anchors: Anchors | None
    points: int
    steps: int = 0

    @property
    def free(self) -> Booleans:
        if self.anchors is None:
            return np.ones(len(self.data.has), dtype=bool)
        return np.asarray(np.isnan(self.anchors.slopes))

    def run(self, tolerance: float, limit: int) -> Found:
        """Climb until an EM step gains less than `tolerance` a person; a leap that loses is taken back."""
        state, best, converged = _State(start(self.data, self.anchors), 0.0, 1.0), -np.inf, False
        enough = tolerance * self.data.weights.sum()
        while self.steps < limit and not converged:
            first, here = self._step(state)
            second, ahead = self._step(first)
            converged = abs(ahead - here) < enough and abs(ahead - best) < enough
            best = ahead
            leap = _leap(state, first, second)
            landed, objective = self._step(leap)
            state = landed if np.isfinite(objective) and objective >= max(here, ahead) else second
        grid = Grid.make(self.points, state.mean, state.sd)
        expected, _ = expect(self.data, state.parameters, grid)
        population = (state.mean, state.sd)
        return Found(state.parameters, expected.log_likelihood, population, grid, self.steps, converged, self.free)

    def _step(self, state: _State) -> tuple[_State, float]:
        """Return the next point and the objective at this one."""
        self.steps += 1
        grid = Grid.make(self.points, state.mean, state.sd)
        expected, _ = expect(self.data, state.parameters, grid)
        parameters = self._improved(state.parameters, expected, grid.levels)
        mean, sd = state.mean, state.sd
        if self.anchors is not None:  # the scale is given, the population is found
            share = expected.density / expected.density.sum()
            mean = float(share @ grid.levels)
            sd = float(np.sqrt(share @ (grid.levels - mean) ** 2))
        return _State(parameters, mean, sd), expected.log_likelihood + self._log_prior(state.parameters)

    def _improved(self, parameters: Parameters, expected: Expected, levels: Floats) -> Parameters:
        free = self.free
        for _ in range(NEWTON_STEPS):
            gradient, hessian = derivatives(parameters, self.data, expected, levels, self.prior)
            if self.common:
                newton: Floats = _common_step(gradient, hessian)
            else:
                newton = np.linalg.solve(hessian, gradient[..., None])[..., 0].astype(np.float64)
            step: Floats = np.clip(newton, -LARGEST_STEP, LARGEST_STEP) * free[:, None]
            slopes = np.where(free, np.maximum(parameters.slopes + step[:, 0], 0.02), parameters.slopes)
            parameters = Parameters(slopes, parameters.intercepts + step[:, 1:])
        return parameters

    def _log_prior(self, parameters: Parameters) -> float:
        if self.prior is None:
            return 0.0
        jump = np.diff(np.nan_to_num(parameters.intercepts), axis=1, prepend=0.0)
        slope = np.log(parameters.slopes) / self.prior.log_slope_sd
        return float(-0.5 * (np.sum(slope**2) + np.sum((jump / self.prior.intercept_sd) ** 2)))


def _common_step(gradient: Floats, hessian: Floats) -> Floats:
    """Solve for one shared slope and every item's intercepts: the items are eliminated one by one (Schur)."""
    inner, cross = hessian[:, 1:, 1:], hessian[:, 0, 1:]
    solved = np.linalg.solve(inner, np.stack([gradient[:, 1:], cross], axis=-1))
    slope = (gradient[:, 0] - np.einsum("ik,ik->i", cross, solved[..., 0])).sum()
    slope /= (hessian[:, 0, 0] - np.einsum("ik,ik->i", cross, solved[..., 1])).sum()
    intercepts = solved[..., 0] - slope * solved[..., 1]
    return np.concatenate([np.full((len(gradient), 1), slope), intercepts], axis=1)


def _leap(state: _State, first: _State, second: _State) -> _State:
    """Return the SQUAREM point (Varadhan & Roland 2008, third step length)."""
    origin, once = state.vector(), first.vector()
    change = once - origin
    bend = second.vector() - once - change
    ratio = float(np.linalg.norm(change)) / max(float(np.linalg.norm(bend)), 1e-300)
    length = min(max(ratio, 1.0), LONGEST_LEAP)
    return second.moved(origin + 2.0 * length * change + length**2 * bend)
