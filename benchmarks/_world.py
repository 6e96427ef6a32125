"""A small labour market whose truth is known: true levels, passports from short and long tests, and chances.

Four kinds of truth, because nobody knows which the real one is: what counts is the weighted shortfall; the weakest of
the important skills; the weighted difference, surplus included; or all three. None of them is the formula that is
ranked by. They are ours, with one style of making data: this is evidence from simulation, no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching import Pool, Vacancies
from passport import load_framework

PEOPLE, VACANCIES = 800, 80
SHORT, LONG = 1.0, 4.0  # information per skill: reliability .5 and .8
DRAWS = 200  # of the levels given all scores, for the best ranking that is possible
STEEP = 2.0  # logits per latent unit
TRUTHS = ("shortfall", "conjunctive", "linear", "mixed")


@dataclass(frozen=True, slots=True)
class World:
    """True levels (people, skills), what the tests said, the passports from both, and what vacancies really need.

    weight, required: (vacancies, skills), in truth; 0 and anything where nothing is asked.
    """

    level: np.ndarray
    seen: np.ndarray
    information: np.ndarray
    covariance: np.ndarray
    pool: Pool
    vacancies: Vacancies
    correlation: np.ndarray
    weight: np.ndarray
    required: np.ndarray


def draw_world(
    seed: int, misstated: float = 0.0, twins: bool = False, people: int = PEOPLE, vacancies: int = VACANCIES
) -> World:
    """Draw people of whom every second had a short test, and vacancies that ask 6 to 12 skills at bands 1 to 5.

    What vacancies state lies off what they need by `misstated`: sd of the log of an importance, and of a level. With
    `twins` everybody with a short test has an equally able twin with a long one.
    """
    rng, framework = np.random.default_rng(seed), load_framework()
    correlation = framework.correlation
    level = rng.standard_normal((people, len(correlation))) @ np.linalg.cholesky(correlation).T
    if twins:
        level[1::2] = level[::2]
    information = np.where(np.arange(people) % 2, LONG, SHORT)[:, None] * np.ones_like(level)
    seen = level + rng.standard_normal(level.shape) / np.sqrt(information)
    mean, covariance = posterior(correlation, information, seen)
    pool = pool_of(framework.skills, mean, covariance)
    jobs = draw_vacancies(rng, framework.skills, vacancies)
    weight = jobs.importance * np.exp(misstated * rng.standard_normal(jobs.band.shape))
    required = (jobs.band - 3.0) * 0.75 + misstated * rng.standard_normal(jobs.band.shape)
    weight /= weight.sum(axis=1, keepdims=True)
    return World(level, seen, information, covariance, pool, jobs, correlation, weight, required)


def posterior(correlation: np.ndarray, information: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means and covariances of levels, given scores `seen` with that information per skill."""
    covariance = np.empty((*information.shape, len(correlation)))
    kinds, kind_of = np.unique(information, axis=0, return_inverse=True)
    for kind, each in enumerate(kinds):
        covariance[kind_of == kind] = np.linalg.inv(np.linalg.inv(correlation) + np.diag(each))
    return np.einsum("pst,pt->ps", covariance, information * seen), covariance


def pool_of(skills: tuple[str, ...], mean: np.ndarray, covariance: np.ndarray) -> Pool:
    """Return passports as a pool."""
    sd = np.sqrt(np.einsum("pss->ps", covariance))
    return Pool([f"person-{row}" for row in range(len(mean))], skills, mean, sd)


def draw_vacancies(rng: np.random.Generator, skills: tuple[str, ...], vacancies: int) -> Vacancies:
    """Draw vacancies, some of which ask more of everything than others."""
    asked = np.argsort(rng.random((vacancies, len(skills))), axis=1) < rng.integers(6, 13, vacancies)[:, None]
    hard = rng.normal(3.2, 0.7, vacancies)[:, None]
    band = np.clip(np.round(hard + rng.normal(0.0, 0.8, asked.shape)), 1, 5).astype(int)
    weight = np.where(asked, rng.gamma(2.0, 1.0, asked.shape), 0.0)
    importance = weight / weight.sum(axis=1, keepdims=True)
    seats = rng.choice((1, 2, 3, 4), vacancies, p=(0.45, 0.3, 0.15, 0.1))
    ids = [f"vacancy-{row}" for row in range(vacancies)]
    return Vacancies(ids, skills, np.where(asked, band, 0), importance, seats)


def chances(world: World, level: np.ndarray) -> dict[str, np.ndarray]:
    """Return the true chance that a placement works out at some levels by kind of truth, each (people, vacancies)."""
    found = {kind: np.empty((len(level), len(world.vacancies))) for kind in TRUTHS}
    for job in range(len(world.vacancies)):
        asked = np.flatnonzero(world.vacancies.band[job])
        weight, above = world.weight[job, asked], level[:, asked] - world.required[job, asked]
        core = weight >= np.median(weight)
        logits = [
            1.5 - 1.5 * STEEP * np.maximum(-above, 0.0) @ weight,
            1.5 + 0.6 * STEEP * np.minimum(above[:, core].min(axis=1), 0.5),
            0.5 + 0.75 * STEEP * above @ weight,
        ]
        for kind, logit in zip(TRUTHS, [*logits, np.mean(logits, axis=0)], strict=True):
            found[kind][:, job] = 1.0 / (1.0 + np.exp(-logit))
    return found


def feasible(world: World, seed: int) -> dict[str, np.ndarray]:
    """Return the expected chances given all scores: what the best ranker that sees no truth would rank by."""
    rng = np.random.default_rng([seed, 1])
    mean = posterior(world.correlation, world.information, world.seen)[0]
    root = np.linalg.cholesky(world.covariance)
    total = {kind: np.zeros((len(mean), len(world.vacancies))) for kind in TRUTHS}
    for _ in range(DRAWS):
        level = mean + np.einsum("pst,pt->ps", root, rng.standard_normal(mean.shape))
        for kind, each in chances(world, level).items():
            total[kind] += each / DRAWS
    return total
