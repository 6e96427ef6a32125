"""Which occupations fit a passport best: every occupation taken as a vacancy, ranked and explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.services import content
from api.services.content import Occupation
from matching import Explanation, Pool, Vacancies, explain, rank
from passport import load_framework

SHOWN = 5
REASONS = 3
WORTH_NAMING = 0.01  # of the whole fit; less is rounding to a reader


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """A passport as numbers: float32 arrays of shape (skills,), covariance (skills, skills)."""

    mean: NDArray[np.float32]
    sd: NDArray[np.float32]
    own_information: NDArray[np.float32]
    covariance: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Prospect:
    """How one occupation fits: the fit with its 90 % interval, and skills by key. `gap` may be a skill not measured."""

    occupation: Occupation
    fit: float
    low: float
    high: float
    reasons: tuple[str, ...]
    gap: str | None


def prospects(levels: Levels, shown: int = SHOWN) -> tuple[Prospect, ...]:
    """Return the best-fitting occupations, best first, at least one of every sector."""
    occupations = list(content.load().occupations.values())
    skills, measured = load_framework().skills, levels.own_information > 0
    pool = Pool(["person"], skills, levels.mean[None], levels.sd[None], measured=measured[None])
    band, importance = (np.stack([getattr(each, name) for each in occupations]) for name in ("band", "importance"))
    jobs = Vacancies([each.key for each in occupations], skills, band=band, importance=importance)
    order = rank(pool, jobs, k=len(occupations), side="people").ids[0]
    found = []
    for row in _spread([occupations[row].sector for row in order], shown):
        job = int(order[row])
        why = explain(pool, jobs, person=0, vacancy=job, covariance=levels.covariance)
        reasons, gap = _named(why, measured)
        names = tuple(skills[k] for k in reasons), None if gap is None else skills[gap]
        found.append(Prospect(occupations[job], why.fit, *why.interval, *names))
    return tuple(found)


def _spread(sectors: list[str], shown: int) -> list[int]:
    """Choose the first of every sector, and then the first of all; sectors are given in order of fit."""
    firsts = [sectors.index(sector) for sector in dict.fromkeys(sectors)]
    rest = [row for row in range(len(sectors)) if row not in firsts]
    return sorted(firsts + rest[: max(shown - len(firsts), 0)])


def _named(why: Explanation, measured: NDArray[np.bool_]) -> tuple[list[int], int | None]:
    """Return the skills that bring most, measured ones first, and the skill that misses most, which is none of them."""
    most = int(np.argmax(why.loss))
    gap = most if why.loss[most] >= WORTH_NAMING else None
    best = [int(k) for k in np.lexsort((-why.contribution, ~measured)) if k != gap]
    return [k for k in best[:REASONS] if why.contribution[k] >= WORTH_NAMING], gap
