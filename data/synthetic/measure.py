"""Passports without answers: drawn from the measurement model, for populations too large to answer item by item."""

from __future__ import annotations

import numpy as np

from data.synthetic.people import FINISHED, PROVISIONAL, STARTED, People
from data.synthetic.simulate import Measured
from data.synthetic.streams import CHUNK, stream
from passport.adaptive import RULES

ITEMS = {PROVISIONAL: (13, 44), FINISHED: (36, 45)}  # range of items answered, as in simulated assessments
PRECISION = 0.72  # own information one item adds to the skills it measures, in simulated assessments
EVEN = 10.0  # how evenly that is spread over skills (Dirichlet): sd is 0.3 of the mean, as in simulated assessments


def draw_passports(people: People, correlation: np.ndarray, seed: int, chunk: int) -> Measured:
    """Draw what an assessment would have found, without simulating its answers.

    Every skill k has a measurement y_k = true_k + e_k with e_k ~ N(0, 1 / information_k), where the information
    grows with the number of items. The passport is the exact posterior under the prior N(0, R): covariance
    (R^-1 + diag(information))^-1 and mean covariance (information * y). So true levels lie around the mean as widely
    as the covariance says, and means are drawn towards the average as real ones are. Careless people measure noise.
    """
    rng, rows = stream(seed, "answers", chunk), len(people.ids)
    skills = len(correlation)
    uniform, share = rng.random(CHUNK)[:rows], rng.dirichlet(np.full(skills, EVEN), CHUNK)[:rows]
    noise = rng.standard_normal((CHUNK, skills))[:rows]
    early = rng.integers(1, RULES.provisional_items, CHUNK)[:rows]
    items = np.where(people.goal == STARTED, early, 0)
    for goal, (low, high) in ITEMS.items():
        items = np.where(people.goal == goal, (low + uniform * (high - low + 1)).astype(np.int64), items)
    has = np.flatnonzero(people.goal >= PROVISIONAL)
    information = np.maximum(items[has, None] * PRECISION * share[has], 1e-3)
    true = np.where(people.careless[has, None], 0.0, people.true[has])
    seen = true + noise[has] / np.sqrt(information)
    precision = np.linalg.inv(correlation) + information[:, :, None] * np.eye(skills)
    covariance = np.linalg.inv(precision)
    mean = np.einsum("pst,pt->ps", covariance, information * seen)
    return _with_gaps(rows, has, mean, covariance, information, items, people.goal)


def _with_gaps(
    rows: int,
    has: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    information: np.ndarray,
    items: np.ndarray,
    status: np.ndarray,
) -> Measured:
    full = Measured(
        mean=np.full((rows, mean.shape[1]), np.nan, np.float32),
        covariance=np.full((rows, *covariance.shape[1:]), np.nan, np.float32),
        information=np.full((rows, mean.shape[1]), np.nan, np.float32),
        items=items,
        status=status,
    )
    full.mean[has], full.covariance[has], full.information[has] = mean, covariance, information
    return full
