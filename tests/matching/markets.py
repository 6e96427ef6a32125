"""Small invented markets in which everything happens: unknown attributes, unmeasured skills, ties, asks of nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from matching import Attributes, Pool, Requirements, Vacancies

PLACES = np.array([[51.44, 5.48], [51.48, 5.66], [51.69, 5.30], [52.09, 5.12], [np.nan, np.nan]], np.float32)


def some_attributes(rng, people):
    """Everything is unknown, or absent, for some."""
    ranges = np.sort(rng.choice([0, 8, 16, 24, 32, 40], (people, 2)), axis=1).astype(np.float32)
    ranges[rng.random((people, 2)) < 0.15] = np.nan
    return Attributes(
        certificates=rng.integers(0, 8, people, dtype=np.uint64) | (rng.integers(0, 2, people, dtype=np.uint64) << 63),
        certificates_known=rng.random(people) < 0.8,
        limits=rng.choice([0, 0, 0, 1, 2], people),
        levels=rng.integers(-1, 6, (people, 3)),
        hours=ranges,
        sectors=rng.choice([0, 1, 2, 3, 7], people),
        location=PLACES[rng.integers(0, len(PLACES), people)],
        reach_km=rng.choice([0.0, 15.0, 40.0, 100.0, np.nan], people),
    )


def some_requirements(rng, vacancies):
    """Every gate is asked by some, and not by others."""
    ranges = np.sort(rng.choice([8, 16, 24, 32, 40], (vacancies, 2)), axis=1).astype(np.float32)
    ranges[rng.random((vacancies, 2)) < 0.3] = np.nan
    return Requirements(
        certificates=rng.choice(np.array([0, 0, 1, 2, 2**63], np.uint64), vacancies),
        demands=rng.choice([0, 0, 1, 2, 4], vacancies),
        levels=rng.choice([0, 0, 1, 3], (vacancies, 3)),
        hours=ranges,
        sector=rng.choice([0, 1, 2, 4], vacancies),
        location=PLACES[rng.integers(0, len(PLACES), vacancies)],
        remote=rng.random(vacancies) < 0.2,
    )


def some_people(rng, people, skills, *, gates=True, prefix="person"):
    """Levels in steps of a quarter, so that equal fits are common."""
    return Pool(
        people=[f"{prefix}-{number}" for number in range(people)],
        skills=[f"skill-{number}" for number in range(skills)],
        mean=rng.integers(-8, 9, (people, skills)) / 4,
        sd=rng.choice([0.0, 0.25, 0.5, 1.0], (people, skills)),
        attributes=some_attributes(rng, people) if gates else None,
        measured=rng.random((people, skills)) < 0.8,
    )


def some_vacancies(rng, vacancies, skills, *, gates=True, prefix="vacancy"):
    """Importances in eighths before scaling; about one vacancy in eight asks nothing."""
    band = np.where(rng.random((vacancies, skills)) < 0.6, rng.integers(1, 6, (vacancies, skills)), 0)
    band[rng.random(vacancies) < 0.12] = 0
    weight = np.where(band > 0, rng.integers(1, 9, (vacancies, skills)) / 8, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    return Vacancies(
        vacancies=[f"{prefix}-{number}" for number in range(vacancies)],
        skills=[f"skill-{number}" for number in range(skills)],
        band=band,
        importance=weight / np.where(total > 0, total, 1.0),
        seats=rng.integers(0, 4, vacancies),
        requirements=some_requirements(rng, vacancies) if gates else None,
    )


@st.composite
def markets(draw, people=12, vacancies=8):
    """Pools and vacancies of any size, none included."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    skills, gates = draw(st.integers(1, 5)), draw(st.sampled_from([True, True, True, False]))
    pool = some_people(rng, draw(st.integers(0, people)), skills, gates=gates)
    return pool, some_vacancies(rng, draw(st.integers(0, vacancies)), skills, gates=gates)
