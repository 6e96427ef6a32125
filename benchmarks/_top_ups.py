"""Short and long tests of equally able people: who is selected, with and without measuring some of them more."""

from __future__ import annotations

import numpy as np

from benchmarks._world import LONG, SHORT, World, chances, pool_of, posterior
from matching import Pool, measure_more, rank

SELECTED, INVITED = 0.10, 0.20
MORE = LONG - SHORT  # a second sitting makes a short test as long as a long one
ARMS = ("as they are", "top-up of 20 %, at random", "top-up of 20 %, by the queue")


def top_ups(world: World, seed: int) -> dict[str, dict[str, float]]:
    """Return by arm the impact ratio of short to long tests and the mean true chance of the selected, both at 10 %."""
    k = round(SELECTED * len(world.pool))
    invited = round(INVITED * len(world.pool))
    queue = measure_more(world.pool, world.vacancies, k=k, covariance=world.covariance)
    rng = np.random.default_rng([seed, 2])
    short = np.flatnonzero(world.information[:, 0] == SHORT)
    chosen = [np.empty(0, int), rng.choice(short, invited, replace=False), queue.people[:invited].astype(int)]
    truth = chances(world, world.level)["mixed"]
    found = {}
    for arm, rows in zip(ARMS, chosen, strict=True):
        pool = _measured_again(world, rows, np.random.default_rng([seed, 3]))
        ids = rank(pool, world.vacancies, k=k).ids
        found[arm] = _selected(ids, world.information[:, 0] == SHORT, truth)
    found[ARMS[2]]["short tests among the invited"] = float(np.isin(chosen[2], short).mean())
    return found


def _measured_again(world: World, rows: np.ndarray, rng: np.random.Generator) -> Pool:
    """Return the pool after a second sitting of some; everybody's luck is drawn, so that it is the same in all arms."""
    again = world.level + rng.standard_normal(world.level.shape) / np.sqrt(MORE)
    information, seen = world.information.copy(), world.seen.copy()
    information[rows] += MORE
    seen[rows] = (world.information[rows] * world.seen[rows] + MORE * again[rows]) / information[rows]
    return pool_of(world.pool.skills, *posterior(world.correlation, information, seen))


def _selected(ids: np.ndarray, short: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    picked = short[ids]
    rates = picked.sum() / short.sum(), (~picked).sum() / (~short).sum()
    chance = np.take_along_axis(truth, ids.T.astype(int), axis=0).mean()
    return {"impact ratio": float(rates[0] / rates[1]), "mean chance": float(chance)}
