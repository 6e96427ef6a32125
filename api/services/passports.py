"""Passports: what a person is good at and how sure we are, in words and bands, strengths first.

After a calibration the stored raw answers are scored again by the items as they are now (`rescore`). Older passports
are kept, no longer current.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select
from sqlalchemy.orm import Session

from api.access import Actor, Purpose, visible_people
from api.errors import NotFound
from api.store import assessments, audit, people
from api.store.tables import Answer, PassportRow
from passport import (
    ItemBank,
    Passport,
    Progress,
    SkillFramework,
    band_probabilities,
    begin,
    issue,
    load_framework,
    load_items,
    observe,
)
from passport.framework import BAND_WIDTH

SURE = 0.8  # below this chance of the nearest band, a range is shown instead
NINETY = 1.6448536269514722  # standard normal quantile of a two-sided 90 % interval
PRIOR_PRECISION = 1.0  # of a level before any answer: the reference population has sd 1
EXPERT_SET = "expert-set, uncalibrated"


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """One skill of a passport; `between` is the range of bands of a 90 % interval when one band promises too much.

    probability: that the level lies in `band`. own_share: how much of what is known comes from own items (`own_share`).
    """

    skill: str
    name: str
    description: str
    band: int
    probability: float
    between: tuple[int, int] | None
    level: float
    standard_error: float
    measured: bool
    own_share: float


@dataclass(frozen=True, slots=True)
class Rescored:
    """What scoring again did, in people.

    issued: a new passport. current: by these items already. without_answers: passports that came without raw answers.
    """

    issued: int = 0
    current: int = 0
    without_answers: int = 0

    def __add__(self, other: Rescored) -> Rescored:
        return Rescored(
            self.issued + other.issued,
            self.current + other.current,
            self.without_answers + other.without_answers,
        )


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


def rescore(session: Session, actor: Actor, people_ids: Sequence[str] | None = None) -> Rescored:
    """Issue passports again from the stored answers, by today's keys and parameters, for people the actor guides.

    `people_ids` None means all of them; ids the actor may not know are passed over. Doing it twice changes nothing.
    A passport stays as provisional as it was: items left to ask are not asked by scoring.
    """
    visible = visible_people(actor, Purpose.GUIDANCE)
    done = Rescored()
    for person_id in people.identifiers(session, visible, people_ids):
        done += _rescore(session, actor, visible, person_id)
    return done


def _rescore(session: Session, actor: Actor, visible: Select[tuple[str]], person_id: str) -> Rescored:
    bank, framework = load_items(), load_framework()
    stored = people.newest_passport(session, visible, person_id)
    if stored is None:
        return Rescored()
    if (stored.bank, stored.framework) == (bank.version, framework.version):
        return Rescored(current=1)
    if stored.assessment_id is None:
        return Rescored(without_answers=1)
    assessments.one(session, visible, stored.assessment_id, lock=True)
    if people.newest_passport(session, visible, person_id) is not stored:  # another one came before we had the lock
        return Rescored(current=1)
    progress = _scored(assessments.answers(session, stored.assessment_id), bank, framework)
    if not np.any(progress.answers >= 0):
        return Rescored(without_answers=1)
    keep(session, issue(progress, person=person_id, provisional=stored.provisional), stored.assessment_id)
    detail = {"bank": bank.version, "before": stored.bank, "answers": len(progress.answers)}
    audit.record(session, actor.label, actor.organisation, "passport-rescored", person_id, **detail)
    return Rescored(issued=1)


def _scored(answers: Iterable[Answer], bank: ItemBank, framework: SkillFramework) -> Progress:
    """Score raw answers by the bank as it is; an item that left the bank says nothing any more."""
    progress = begin(bank, framework)
    for given in answers:
        if given.item in bank.items:
            item = bank.row(given.item)
            progress = observe(progress, item, -1 if given.option is None else bank.contents[item].key[given.option])
    return progress


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
    levels = skill_levels(mean, sd, own, framework, language)
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
    own_information: NDArray[np.float32],
    framework: SkillFramework,
    language: str,
) -> tuple[SkillLevel, ...]:
    """Return one SkillLevel a skill in framework order; mean, sd and own information of shape (skills,)."""
    nearest = bands(mean)
    chance = band_probabilities(mean, sd)[np.arange(len(mean)), nearest - 1]
    sure, share = chance >= SURE, own_share(sd, own_information)
    low, high = bands(mean - NINETY * sd), bands(mean + NINETY * sd)
    return tuple(
        SkillLevel(
            skill=skill,
            name=framework.names[language][k],
            description=framework.descriptions[language][k],
            band=int(nearest[k]),
            probability=round(float(chance[k]), 4),
            between=None if sure[k] or low[k] == high[k] else (int(low[k]), int(high[k])),
            level=round(float(mean[k]), 4),
            standard_error=round(float(sd[k]), 4),
            measured=bool(own_information[k] > 0),
            own_share=round(float(share[k]), 4),
        )
        for k, skill in enumerate(framework.skills)
    )


def own_share(sd: NDArray[np.float32], own_information: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the share of what is known about each skill that its own items told, from 0 to 1, of the same shape.

    In units of precision, which add up: what is known is the precision of the level less that of the reference
    population (1); own items added `own_information`; the rest came from neighbouring skills. An item on two skills
    counts for each as if the other were known, so the share then leans high; it never exceeds 1.
    """
    known = 1.0 / np.asarray(sd, dtype=np.float64) ** 2 - PRIOR_PRECISION
    own = np.asarray(own_information, dtype=np.float64)
    return np.divide(own, np.maximum(known, own), out=np.zeros_like(own), where=own > 0)


def bands(level: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the band nearest to each level, int8 of the same shape."""
    return np.clip(np.rint(level / BAND_WIDTH) + 3, 1, 5).astype(np.int8)
