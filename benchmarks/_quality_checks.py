"""What must hold exactly, whatever the data: sums, monotonicity, and the formula against plain drawing."""

from __future__ import annotations

import numpy as np

from benchmarks._world import World
from matching import explain
from matching.fit import LEVEL_OF_BAND, all_fits, level_table

RAISES, DRAWS, PAIRS = 100_000, 2_000_000, 4


def worst_sum(world: World, rng: np.random.Generator, pairs: int = 200) -> float:
    """Return the largest difference between a fit and its contributions, and between 1 and contributions and losses."""
    worst = 0.0
    for _ in range(pairs):
        person, vacancy = int(rng.integers(len(world.pool))), int(rng.integers(len(world.vacancies)))
        why = explain(world.pool, world.vacancies, person, vacancy, covariance=world.covariance[person])
        worst = max(worst, abs(why.contribution.sum() - why.fit), abs(why.contribution.sum() + why.loss.sum() - 1.0))
    assert worst < 1e-12, worst
    return worst


def lowered(world: World, rng: np.random.Generator, raises: int = RAISES) -> int:
    """Return how many fits fell when one level of somebody was raised by up to two; none may."""
    fell = 0
    people, skills = world.pool.mean.shape
    for _ in range(-(-raises // people)):
        mean = world.pool.mean.copy()
        skill = rng.integers(skills, size=people)
        mean[np.arange(people), skill] += (rng.random(people) * 2.0).astype(np.float32)
        before, after = (
            all_fits(level_table(each, world.pool.sd), world.vacancies.band, world.vacancies.importance)
            for each in (world.pool.mean, mean)
        )
        fell += int((after < before).any(axis=0).sum())
    assert fell == 0, fell
    return fell


def worst_draw(world: World, rng: np.random.Generator) -> float:
    """Return the largest difference between a fit and the mean of two million draws, over some pairs."""
    worst = 0.0
    for _ in range(PAIRS):
        person, vacancy = int(rng.integers(len(world.pool))), int(rng.integers(len(world.vacancies)))
        asked = np.flatnonzero(world.vacancies.band[vacancy])
        required = LEVEL_OF_BAND[world.vacancies.band[vacancy, asked] - 1]
        weight = world.vacancies.importance[vacancy, asked].astype(float)
        mean, sd = (part[person, asked].astype(float) for part in (world.pool.mean, world.pool.sd))
        total = 0.0
        for _ in range(20):
            level = mean + sd * rng.standard_normal((DRAWS // 20, len(asked)))
            total += float((np.clip((level - required) / 2.0 + 1.0, 0.0, 1.0) @ weight).mean()) / 20
        fit = explain(world.pool, world.vacancies, person, vacancy).fit
        worst = max(worst, abs(fit - total / weight.sum()))
    assert worst < 1e-3, worst
    return worst
