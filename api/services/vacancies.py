"""Vacancies: describe a job by its occupation, then change what it asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from api.access import Actor, visible_vacancies
from api.errors import Fault, Invalid, NotFound, PreconditionFailed
from api.services import content
from api.services.people import span_faults
from api.store import audit, vacancies
from api.store.people import new_id
from api.store.tables import Vacancy
from passport import load_framework


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a vacancy formally asks; 0, empty and None ask nothing."""

    certificates: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    education: int = 0
    dutch: int = 0
    english: int = 0
    hours_min: float | None = None
    hours_max: float | None = None
    sector: str = ""
    latitude: float | None = None
    longitude: float | None = None
    remote: bool = False


@dataclass(frozen=True, slots=True)
class SkillAsk:
    """What a vacancy asks of one skill: a band from 1 to 5 and its share of the importance."""

    skill: str
    band: int
    importance: float


@dataclass(frozen=True, slots=True)
class VacancyView:
    """A vacancy as its organisation and everybody who may be placed on it see it."""

    id: str
    occupation: str
    title: str
    seats: int
    profile: tuple[SkillAsk, ...]
    requirements: Requirements
    open: bool
    version: int
    created_at: dt.datetime


def create(
    session: Session,
    actor: Actor,
    occupation: str,
    *,
    title: str | None = None,
    seats: int = 1,
    requirements: dict[str, Any] | None = None,
    language: str = "en",
) -> VacancyView:
    """Make a vacancy: the profile and usual demands of its occupation, with the given requirements in their place.

    Raises Invalid with every fault for an unknown occupation, key, or impossible range.
    """
    known = content.load().occupations.get(occupation)
    if known is None:
        raise Invalid(errors=[Fault("/occupation", "unknown-key", "This is no key of an occupation.")])
    asked = replace(usual(known), **(requirements or {}))
    _check(faults(asked, "/requirements"))
    vacancy_id = new_id()
    row = {"id": vacancy_id, "organisation_id": actor.organisation, "occupation": occupation, "seats": seats}
    row |= {"title": title or known.labels[language], "framework": load_framework().version}
    row |= vacancies.profile(known.band, known.importance) | columns(asked)
    vacancies.insert_vacancies(session, [row])
    audit.record(session, actor.label, actor.organisation, "vacancy-created", vacancy_id, occupation=occupation)
    return read(session, actor, vacancy_id)


def read(session: Session, actor: Actor, vacancy_id: str) -> VacancyView:
    """Return a vacancy; raises NotFound when there is none or the actor may not know it."""
    return _view(find(session, actor, vacancy_id))


def page(session: Session, actor: Actor, after: str, limit: int) -> list[VacancyView]:
    """Return at most `limit` vacancies the actor may know in order of id, those after `after`."""
    return [_view(vacancy) for vacancy in vacancies.page(session, visible_vacancies(actor), after, limit)]


def replace_profile(session: Session, actor: Actor, vacancy_id: str, asks: Sequence[SkillAsk]) -> VacancyView:
    """Replace what is asked of the skills; skills left out are not asked, importances are scaled to sum to 1.

    Raises Invalid with every fault, PreconditionFailed when somebody else was first.
    """
    vacancy = find(session, actor, vacancy_id, own=True)
    _check(profile_faults(asks))
    row = load_framework().skills.index
    band, importance = np.zeros((2, len(load_framework().skills)))
    for ask in asks:
        band[row(ask.skill)], importance[row(ask.skill)] = ask.band, ask.importance
    _change(session, vacancy, **vacancies.profile(band, importance))
    audit.record(session, actor.label, actor.organisation, "profile-replaced", vacancy_id, version=vacancy.version)
    return _view(vacancy)


def replace_requirements(session: Session, actor: Actor, vacancy_id: str, requirements: Requirements) -> VacancyView:
    """Replace all formal requirements; raises Invalid with every fault, PreconditionFailed like `replace_profile`."""
    vacancy = find(session, actor, vacancy_id, own=True)
    _check(faults(requirements))
    _change(session, vacancy, **columns(requirements))
    audit.record(session, actor.label, actor.organisation, "requirements-replaced", vacancy_id, version=vacancy.version)
    return _view(vacancy)


def find(session: Session, actor: Actor, vacancy_id: str, own: bool = False) -> Vacancy:
    """Return the row of a vacancy the actor may know, with `own` one of her organisation; raises NotFound."""
    vacancy = vacancies.one(session, visible_vacancies(actor), vacancy_id)
    if vacancy is None or (own and vacancy.organisation_id != actor.organisation):
        raise NotFound()
    return vacancy


def usual(occupation: content.Occupation) -> Requirements:
    """Return the usual formal demands of an occupation (expert-set)."""
    return Requirements(
        certificates=occupation.certificates,
        demands=occupation.demands,
        education=occupation.education,
        dutch=occupation.dutch,
        english=occupation.english,
        hours_min=occupation.hours_min,
        hours_max=occupation.hours_max,
        sector=occupation.sector,
    )


def faults(requirements: Requirements, at: str = "") -> list[Fault]:
    """Return everything that is wrong with requirements whose types and bounds are right; pointers start with `at`."""
    shipped = content.load()
    found = [
        Fault(f"/{name}/{i}", "unknown-key", f"This is no key of {name}.")
        for name, keys in (("certificates", shipped.certificates), ("demands", shipped.limits))
        for i, key in enumerate(getattr(requirements, name))
        if key not in keys
    ]
    if requirements.sector and requirements.sector not in content.SECTORS:
        found.append(Fault("/sector", "unknown-key", "This is no key of a sector."))
    asked = requirements
    found += span_faults(asked.hours_min, asked.hours_max, asked.latitude, asked.longitude)
    return [Fault(at + fault.pointer, fault.code, fault.detail) for fault in found]


def profile_faults(asks: Sequence[SkillAsk]) -> list[Fault]:
    """Return everything that is wrong with a profile whose types and bounds are right."""
    skills = load_framework().skills
    found = []
    for i, ask in enumerate(asks):
        if ask.skill not in skills:
            found.append(Fault(f"/skills/{i}/skill", "unknown-key", "This is no key of a skill."))
        elif ask.skill in [earlier.skill for earlier in asks[:i]]:
            found.append(Fault(f"/skills/{i}/skill", "double", "This skill comes twice."))
    if not any(ask.band > 0 and ask.importance > 0 for ask in asks):
        found.append(Fault("/skills", "nothing-asked", "Ask at least one skill with an importance above 0."))
    return found


def columns(requirements: Requirements) -> dict[str, Any]:
    """Return the columns of requirements, for `api.store.vacancies`."""
    values = {field.name: getattr(requirements, field.name) for field in fields(requirements)}
    joined = {name: ";".join(sorted(set(values[name]))) for name in ("certificates", "demands")}
    return values | joined


def _check(found: list[Fault]) -> None:
    if found:
        raise Invalid(errors=found)


def _change(session: Session, vacancy: Vacancy, **values: Any) -> None:
    if not vacancies.change(session, vacancy, **values):
        raise PreconditionFailed()


def _view(vacancy: Vacancy) -> VacancyView:
    values = {name: getattr(vacancy, name) for name in vacancies.REQUIREMENTS}
    for name in ("certificates", "demands"):
        values[name] = tuple(key for key in values[name].split(";") if key)
    band = np.frombuffer(vacancy.band, dtype=np.int8)
    importance = np.frombuffer(vacancy.importance, dtype="<f4")
    asks = zip(load_framework().skills, band.tolist(), importance.tolist(), strict=True)
    return VacancyView(
        id=vacancy.id,
        occupation=vacancy.occupation,
        title=vacancy.title,
        seats=vacancy.seats,
        profile=tuple(SkillAsk(skill, asked, round(share, 6)) for skill, asked, share in asks if asked > 0),
        requirements=Requirements(**values),
        open=vacancy.open,
        version=vacancy.version,
        created_at=vacancy.created_at,
    )
