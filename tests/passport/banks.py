"""Small frameworks and banks made by hand, for tests that need to know everything."""

from __future__ import annotations

import numpy as np

from passport import ItemBank, SkillFramework


def framework(clusters=("one",), correlation=None):
    n = len(clusters)
    skills = tuple(f"skill{i}" for i in range(n))
    return SkillFramework(
        version="test",
        skills=skills,
        names={"en": skills},
        descriptions={"en": skills},
        esco=("",) * n,
        onet=("",) * n,
        clusters=tuple(clusters),
        correlation=np.eye(n) if correlation is None else correlation,
    )


def bank(slopes, steps, seconds=None, version="test-bank"):
    slopes = np.atleast_2d(np.asarray(slopes, dtype=float))
    n = len(slopes)
    return ItemBank(
        framework="test",
        version=version,
        items=tuple(f"item{i}" for i in range(n)),
        slopes=slopes,
        steps=steps,
        seconds=np.full(n, 15.0) if seconds is None else seconds,
        calibrated=np.zeros(n, dtype=bool),
    )


def random_bank(seed, skills=1, items=20):
    """A bank with graded items, every skill covered, one item in three about a second skill as well."""
    rng = np.random.default_rng(seed)
    slopes = np.zeros((items, skills))
    slopes[np.arange(items), np.arange(items) % skills] = rng.uniform(0.7, 1.5, items)
    if skills > 1:
        for i in range(0, items, 3):
            slopes[i, (i + 1) % skills] = 0.4
    steps = np.sort(rng.normal(0, 1, (items, 3)), axis=1)
    return bank(slopes, steps)
