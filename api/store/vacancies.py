"""Vacancies in the database. Every read takes `visible`, a select of vacancy ids (`api.access.visible_vacancies`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from api.store.tables import Vacancy

REQUIREMENTS = (
    "certificates",
    "demands",
    "education",
    "dutch",
    "english",
    "hours_min",
    "hours_max",
    "sector",
    "latitude",
    "longitude",
    "remote",
)
COLUMNS = ("id", "band", "importance", "seats", *REQUIREMENTS)


def profile(band: ArrayLike, importance: ArrayLike) -> dict[str, bytes]:
    """Return the columns of a profile: bands int8 (skills,), importances scaled to sum to 1 over the skills asked.

    Raises ValueError when no skill is asked or importance lies on none that is.
    """
    asked = np.asarray(band, dtype=np.int8)
    weight = np.where(asked > 0, np.asarray(importance, dtype=np.float64), 0.0)
    if not weight.sum() > 0:
        raise ValueError("no skill is asked with an importance above 0, at least one was expected")
    scaled = (weight / weight.sum()).astype("<f4")
    return {"band": np.where(scaled > 0, asked, 0).astype(np.int8).tobytes(), "importance": scaled.tobytes()}


def insert_vacancies(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert vacancies; rows are column values by name (see `profile`), absent ones take their default."""
    now = dt.datetime.now(dt.UTC)
    texts = {"certificates": "", "demands": "", "sector": ""}
    numbers = {"education": 0, "dutch": 0, "english": 0, "seats": 1, "version": 1, "remote": False, "open": True}
    unknown = dict.fromkeys(("hours_min", "hours_max", "latitude", "longitude"))
    base = texts | numbers | unknown | {"created_at": now}
    for start in range(0, len(rows), 5_000):
        session.execute(insert(Vacancy), [base | dict(row) for row in rows[start : start + 5_000]])


def one(session: Session, visible: Select[tuple[str]], vacancy_id: str) -> Vacancy | None:
    """Return the vacancy, or None when there is none or the actor may not know it."""
    return session.scalars(select(Vacancy).where(Vacancy.id == vacancy_id, Vacancy.id.in_(visible))).one_or_none()


def page(session: Session, visible: Select[tuple[str]], after: str, limit: int) -> list[Vacancy]:
    """Return at most `limit` vacancies in order of id, those after `after`."""
    query = select(Vacancy).where(Vacancy.id.in_(visible), Vacancy.id > after).order_by(Vacancy.id).limit(limit)
    return list(session.scalars(query))


def change(session: Session, vacancy: Vacancy, **values: Any) -> bool:
    """Write values to a vacancy and count up the version; False when somebody else was first."""
    query = update(Vacancy).where(Vacancy.id == vacancy.id, Vacancy.version == vacancy.version)
    changed = session.execute(query.values(**values, version=vacancy.version + 1)).rowcount == 1
    session.refresh(vacancy)
    return changed


def columns(
    session: Session, visible: Select[tuple[str]], *, framework: str, only: str | None = None, open_only: bool = True
) -> dict[str, tuple[Any, ...]]:
    """Read the matching columns of the visible vacancies of this framework version, in order of id, by column name."""
    query = select(*(getattr(Vacancy, name) for name in COLUMNS)).where(
        Vacancy.id.in_(visible), Vacancy.framework == framework
    )
    if open_only:
        query = query.where(Vacancy.open)
    if only is not None:
        query = query.where(Vacancy.id == only)
    rows = list(session.execute(query.order_by(Vacancy.id)))
    values = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
    return dict(zip(COLUMNS, values, strict=True))


def titles(session: Session, visible: Select[tuple[str]], among: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return (title, occupation) of the visible vacancies among some ids."""
    query = select(Vacancy.id, Vacancy.title, Vacancy.occupation).where(Vacancy.id.in_(visible), Vacancy.id.in_(among))
    return {key: (title, occupation) for key, title, occupation in session.execute(query)}
