"""A caseload of 500 people and 120 vacancies: what lists of five lead to when too many go to the same vacancies.

Everybody applies to all of her list; a true chance decides whether an application could work out; among those that
could, vacancies take who fits best and people what they like best (deferred acceptance).
"""

from __future__ import annotations

import numpy as np

from benchmarks._world import World, chances, draw_world
from matching import Ranking, allocate, exposure, rank, spread

PEOPLE, VACANCIES, K = 500, 120, 5
ARMS = ("random", "best fits", "capped (ours)")
FIGURES = ("seats filled", "hired", "Gini", "mean fit", "vacancies shown", "longest")


def caseload(seed: int) -> dict[str, dict[str, float]]:
    """Return by kind of list what comes of it, and what the capped lists give up and prove."""
    world = draw_world(seed, people=PEOPLE, vacancies=VACANCIES)
    everything = rank(world.pool, world.vacancies, k=VACANCIES, side="people")
    capped = spread(world.pool, world.vacancies, k=K)
    rng = np.random.default_rng([seed, 4])
    columns = rng.permuted(np.tile(np.arange(VACANCIES), (PEOPLE, 1)), axis=1)[:, :K]
    best = np.tile(np.arange(K), (PEOPLE, 1))
    found = {}
    for arm, lists in zip(ARMS, (_some(everything, columns), _some(everything, best), capped.lists), strict=True):
        found[arm] = _outcome(world, lists, seed)
    assert (capped.shown <= capped.cap).all()
    assert capped.total <= capped.upper_bound
    gap = 1.0 - capped.total / capped.upper_bound
    found[ARMS[2]] |= {"fit given up": capped.fit_given_up, "gap": gap, "full lists": capped.people_with(K)}
    return found


def _some(ranking: Ranking, columns: np.ndarray) -> Ranking:
    columns = np.sort(columns, axis=1)
    parts = (np.take_along_axis(getattr(ranking, name), columns, axis=1) for name in ("ids", "fit", "unknown", "tie"))
    return Ranking("people", *parts, size=ranking.size)


def _outcome(world: World, lists: Ranking, seed: int) -> dict[str, float]:
    rng = np.random.default_rng([seed, 5])
    chance = chances(world, world.level)["mixed"]
    works, liking = rng.random(chance.shape) < chance, rng.random(chance.shape)
    at = np.arange(len(lists))[:, None], lists.ids
    ids = np.where(works[at] & (lists.ids >= 0), lists.ids, np.int32(-1))
    order = np.argsort(ids < 0, axis=1, kind="stable")
    kept = (np.take_along_axis(part, order, axis=1) for part in (ids, lists.fit, lists.unknown, lists.tie))
    possible = Ranking("people", *kept, size=lists.size)
    wishes = np.take_along_axis(liking[at], order, axis=1)
    placed = allocate(world.pool, world.vacancies, method="stable", options=possible, wishes=wishes)
    shown = np.bincount(lists.ids[lists.ids >= 0], minlength=len(world.vacancies)).astype(np.int32)
    assert placed.blocking_pairs == 0
    return {
        "seats filled": placed.seats_filled,
        "hired": placed.people_placed,
        "Gini": exposure.gini(shown, world.vacancies.seats),
        "mean fit": float(np.nanmean(lists.fit)),
        "vacancies shown": exposure.covered(shown),
        "longest": float(shown.max()),
    }
