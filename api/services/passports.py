"""Passports: what a person is good at and how sure we are, in words and bands, strengths first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.access import Actor, Purpose, visible_people
from api.errors import NotFound
from api.store import people
from api.store.tables import PassportRow
from passport import Passport, SkillFramework, band_probabilities, load_framework, load_items
from passport.framework import BAND_WIDTH

SURE = 0.8  # below this chance of the nearest band, a range is shown instead
NINETY = 1.6448536269514722  # standard normal quantile of a two-sided 90 % interval
EXPERT_SET = "expert-set, uncalibrated"


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """One skill of a passport; `between` is the range of bands of a 90 % interval when one band promises too much."""

    skill: str
    name: str
    description: str
    band: int
    between: tuple[int, int] | None
    level: float
    standard_error: float
    measured: bool


@dataclass(frozen=True, slots=True)
class PassportView:
    """A passport as people read it: skills in framework order, strengths as keys of measured skills, best first."""

    person_id: str
    framework: str
    bank: str
    norm: str
    issued: dt.date
    provisional: bool
    calibrated: bool
    note: str
    strengths: tuple[str, ...]
    skills: tuple[SkillLevel, ...]


def read(session: Session, actor: Actor, person_id: str, language: str = "en") -> PassportView:
    """Return the newest passport of a person; raises NotFound when there is none or the actor may not know her."""
    purpose = Purpose.SELF if actor.person == person_id else Purpose.GUIDANCE
    row = people.newest_passport(session, visible_people(actor, purpose), person_id)
    framework = load_framework()
    if row is None or row.framework != framework.version:
        raise NotFound()
    return view(row, framework, language)


def keep(session: Session, passport: Passport, assessment_id: str | None = None) -> None:
    """Store a passport as the newest one of its person."""
    people.insert_passports(session, [row(passport) | {"assessment_id": assessment_id}])


def row(passport: Passport) -> dict[str, Any]:
    """Return the columns of a passport, for `api.store.people.insert_passports`."""
    return {
        "person_id": passport.person,
        "framework": passport.framework,
        "bank": passport.bank,
        "norm": passport.norm,
        "mean": passport.mean.astype("<f4").tobytes(),
        "sd": passport.sd.astype("<f4").tobytes(),
        "covariance": people.pack_triangle(passport.covariance),
        "own_information": passport.own_information.astype("<f4").tobytes(),
        "issued": passport.issued,
        "provisional": passport.provisional,
    }


def view(stored: PassportRow, framework: SkillFramework, language: str) -> PassportView:
    """Return a stored passport in words and bands."""
    size = len(framework.skills)
    mean, sd, own = (people.vector(blob, size) for blob in (stored.mean, stored.sd, stored.own_information))
    levels = skill_levels(mean, sd, own > 0, framework, language)
    measured = [level for level in levels if level.measured]
    bank = load_items()
    calibrated = bool(bank.version == stored.bank and bank.calibrated.all())
    return PassportView(
        person_id=stored.person_id,
        framework=stored.framework,
        bank=stored.bank,
        norm=stored.norm,
        issued=stored.issued,
        provisional=stored.provisional,
        calibrated=calibrated,
        note="" if calibrated else EXPERT_SET,
        strengths=tuple(level.skill for level in sorted(measured, key=lambda level: -level.level)),
        skills=levels,
    )


def skill_levels(
    mean: NDArray[np.float32],
    sd: NDArray[np.float32],
    measured: NDArray[np.bool_],
    framework: SkillFramework,
    language: str,
) -> tuple[SkillLevel, ...]:
    """Return one SkillLevel a skill in framework order; mean and sd of shape (skills,) on the latent scale."""
    nearest = bands(mean)
    sure = band_probabilities(mean, sd)[np.arange(len(mean)), nearest - 1] >= SURE
    low, high = bands(mean - NINETY * sd), bands(mean + NINETY * sd)
    return tuple(
        SkillLevel(
            skill=skill,
            name=framework.names[language][k],
            description=framework.descriptions[language][k],
            band=int(nearest[k]),
            between=None if sure[k] or low[k] == high[k] else (int(low[k]), int(high[k])),
            level=round(float(mean[k]), 4),
            standard_error=round(float(sd[k]), 4),
            measured=bool(measured[k]),
        )
        for k, skill in enumerate(framework.skills)
    )


def bands(level: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the band nearest to each level, int8 of the same shape."""
    return np.clip(np.rint(level / BAND_WIDTH) + 3, 1, 5).astype(np.int8)
