"""Plainly simulated markets of three sizes for the speed benchmarks: a pilot, a city, a country.

Nobody here is a person and no place is a place: towns are scattered over a rectangle, people and vacancies over towns.
What matters for speed is kept: how many pairs pass the gates, and that a few vacancies (remote, any sector, nothing
asked formally) are open to a large part of everybody while most are open to very few.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching import Attributes, Pool, Requirements, Vacancies

SKILLS = tuple(f"skill-{number:02}" for number in range(1, 25))
ASKED = 12
KM_A_DEGREE = 111.19


class Size(NamedTuple):
    """What makes a market: how many, over how wide a land, in how many towns."""

    people: int
    vacancies: int
    land_km: tuple[float, float]
    towns: int


SIZES = {
    "S": Size(600, 200, (40.0, 30.0), 12),
    "M": Size(6_000, 2_000, (60.0, 50.0), 30),
    "L": Size(400_000, 100_000, (300.0, 250.0), 600),
}


def market(size: str | Size, seed: int) -> tuple[Pool, Vacancies]:
    """Return people and vacancies of a market; the same for the same size and seed."""
    it = SIZES[size] if isinstance(size, str) else size
    rng = np.random.default_rng([seed, it.people, it.vacancies])
    towns = rng.random((it.towns, 2)) * it.land_km
    shares = rng.pareto(1.1, it.towns) + 0.1
    shares /= shares.sum()
    return _people(rng, it.people, towns, shares), _vacancies(rng, it.vacancies, towns, shares)


def _people(rng: np.random.Generator, n: int, towns: np.ndarray, shares: np.ndarray) -> Pool:
    general = rng.normal(size=(n, 1)) * 0.6
    mean = general + rng.normal(size=(n, len(SKILLS))) * 0.6
    sd = rng.uniform(0.35, 0.8, (n, len(SKILLS)))
    least = rng.choice([8, 12, 16, 20, 24, 32], n)
    education = np.clip(np.round(rng.normal(3.2, 1.2, n)), 1, 7)
    levels = np.stack([education, rng.integers(1, 7, n), rng.integers(2, 7, n)], axis=1)
    levels[rng.random((n, 3)) < 0.03] = -1
    place = _places(rng, n, towns, shares, 6.0)
    place[rng.random(n) < 0.005] = np.nan
    attributes = Attributes(
        certificates=_bits(rng, n, 16, 0.2),
        certificates_known=rng.random(n) < 0.95,
        limits=_bits(rng, n, 8, 0.05),
        levels=levels.astype(np.int8),
        hours=np.stack([least, np.minimum(least + rng.choice([0, 8, 16], n), 40)], axis=1).astype(np.float32),
        sectors=np.where(rng.random(n) < 0.1, 0, 1 + _bits(rng, n, 3, 0.6) % 7).astype(np.uint32),
        location=place,
        reach_km=rng.choice([5, 10, 15, 20, 30, 40, 60], n, p=[0.05, 0.1, 0.15, 0.2, 0.2, 0.2, 0.1]),
    )
    return Pool([f"person-{row}" for row in range(n)], SKILLS, mean, sd, attributes)


def _vacancies(rng: np.random.Generator, n: int, towns: np.ndarray, shares: np.ndarray) -> Vacancies:
    asked = np.argsort(rng.random((n, len(SKILLS))), axis=1) < ASKED
    band = np.where(asked, rng.choice([1, 2, 3, 4, 5], (n, len(SKILLS)), p=[0.05, 0.2, 0.4, 0.25, 0.1]), 0)
    weight = np.where(asked, rng.gamma(2.0, 1.0, (n, len(SKILLS))), 0.0)
    levels = np.stack([rng.integers(0, 4, n), rng.integers(0, 5, n), np.maximum(rng.integers(-4, 4, n), 0)], axis=1)
    least = rng.choice([8, 16, 24, 32, 36], n)
    requirements = Requirements(
        certificates=np.where(rng.random(n) < 0.3, np.uint64(1) << rng.integers(0, 16, n, dtype=np.uint64), 0),
        demands=_bits(rng, n, 8, 0.12),
        levels=levels.astype(np.int8),
        hours=np.stack([least, np.minimum(least + rng.choice([0, 4, 8], n), 40)], axis=1).astype(np.float32),
        sector=np.where(rng.random(n) < 0.1, 0, 1 << rng.integers(0, 3, n)).astype(np.uint32),
        location=_places(rng, n, towns, shares, 4.0),
        remote=rng.random(n) < 0.08,
    )
    importance = weight / weight.sum(axis=1, keepdims=True)
    return Vacancies([f"vacancy-{row}" for row in range(n)], SKILLS, band, importance, requirements=requirements)


def _places(rng: np.random.Generator, n: int, towns: np.ndarray, shares: np.ndarray, spread_km: float) -> np.ndarray:
    """Return degrees near the towns, a tenth of them anywhere."""
    km = towns[rng.choice(len(towns), n, p=shares)] + rng.normal(size=(n, 2)) * spread_km
    anywhere = rng.random(n) < 0.1
    km[anywhere] = rng.random((anywhere.sum(), 2)) * towns.max(axis=0)
    north = 51.0 + km[:, 1] / KM_A_DEGREE
    return np.stack([north, 4.0 + km[:, 0] / (KM_A_DEGREE * np.cos(np.radians(52.0)))], axis=1).astype(np.float32)


def _bits(rng: np.random.Generator, n: int, width: int, share: float) -> np.ndarray:
    return ((rng.random((n, width)) < share) * (1 << np.arange(width))).sum(axis=1).astype(np.uint64)
