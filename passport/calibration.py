"""Item parameters from many people's answers: marginal maximum likelihood by EM, for one skill at a time.

    model = GradedCalibration(model="gpcm").fit(answers)
    model.slopes_, model.steps_, model.slopes_se_, model.log_likelihood_, model.converged_

The level of a person is integrated out over N(0, 1) on a fixed grid (Bock & Aitkin 1981). The M step is a Newton step
for all items at once; SQUAREM (Varadhan & Roland 2008) makes the slow end of EM short; standard errors come from the
observed information (Louis 1982). Missing answers (-1) say nothing: missing by design is the normal case.
"""

from __future__ import annotations

import warnings
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from passport._climb import Found, Search
from passport._em import Anchors, Data, Parameters, Prior
from passport._observed import standard_errors
from passport.model import Floats

Model = Literal["2pl", "pcm", "gpcm"]
MODELS = ("2pl", "pcm", "gpcm")
WEAK = Prior(log_slope_sd=0.5, intercept_sd=3.0)  # keeps small samples finite, hardly felt from 250 answers on


class NotConverged(UserWarning):
    """The estimator stopped at its iteration limit; `converged_` is False."""


class GradedCalibration:
    """Estimate slopes and steps of items about one skill from graded answers.

    model: "2pl" (two grades), "pcm" (one slope for all items, estimated), "gpcm" (a slope for every item).
    prior: None is plain marginal maximum likelihood; "weak" is lognormal(0, .5) on slopes and N(0, 3) on intercepts.
    points: nodes of the grid from -6 to 6 (31 to 81). tolerance: largest gain in log-likelihood, per person, that still
    counts as a change (1e-9 to 1e-6). iterations: limit of EM steps.

    After `fit`, with items in the order of the columns: slopes_, slopes_se_ of shape (items,); steps_, steps_se_ of
    shape (items, most grades - 1), NaN padded, on the latent scale; answers_ int (items,), how many each item had;
    mean_, sd_ of the population (0 and 1 unless linked by anchors); log_likelihood_, iterations_, converged_.
    """

    def __init__(
        self,
        model: Model = "gpcm",
        prior: Literal["weak"] | None = None,
        *,
        points: int = 41,
        tolerance: float = 1e-8,
        iterations: int = 500,
    ) -> None:
        self.model, self.prior, self.points = model, prior, points
        self.tolerance, self.iterations = tolerance, iterations

    def fit(self, answers: npt.ArrayLike, weights: npt.ArrayLike | None = None, anchors: Anchors | None = None) -> Self:
        """Estimate from answers int (people, items), grades from 0, -1 = not presented; return self.

        `weights` (people,) counts each row so often. `anchors` holds slopes and steps of items that keep their values
        (NaN rows are free): they fix the scale, and the population's mean and sd are estimated instead. Raises
        ValueError for anything that is not graded answers or an item that nobody or everybody answered alike.
        """
        self._check()
        data = Data.read(answers, weights, binary=self.model == "2pl")
        prior = WEAK if self.prior == "weak" else None
        found = Search(data, prior, self.model == "pcm", anchors, self.points).run(self.tolerance, self.iterations)
        if not found.converged:
            warnings.warn(f"stopped after {found.iterations} iterations", NotConverged, stacklevel=2)
        self._keep(data, found)
        return self

    def _check(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {self.model!r}")
        if self.prior not in (None, "weak"):
            raise ValueError(f"prior: expected None or 'weak', got {self.prior!r}")
        if not 15 <= self.points <= 401:
            raise ValueError(f"points: expected 15 to 401, got {self.points}")

    def _keep(self, data: Data, found: Found) -> None:
        parameters = found.parameters
        self.slopes_ = parameters.slopes
        self.steps_ = steps_of(parameters)
        self.slopes_se_, self.steps_se_ = standard_errors(data, found, common=self.model == "pcm")
        self.mean_, self.sd_ = found.population
        self.answers_ = data.counts
        self.log_likelihood_ = found.log_likelihood
        self.iterations_, self.converged_ = found.iterations, found.converged


def steps_of(parameters: Parameters) -> Floats:
    """Return steps on the latent scale, of shape (items, grades - 1), from slopes and intercepts."""
    differences = np.diff(parameters.intercepts, axis=1, prepend=0.0)
    return np.asarray(-differences / parameters.slopes[:, None])
