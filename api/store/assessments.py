"""Assessments and their raw answers in the database. Every read takes `visible`, a select of person ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.store.tables import Answer, Assessment


def one(session: Session, visible: Select[tuple[str]], assessment_id: str, *, lock: bool = False) -> Assessment | None:
    """Return the assessment of a visible person, or None; `lock` makes other writers of it wait."""
    query = select(Assessment).where(Assessment.id == assessment_id, Assessment.person_id.in_(visible))
    return session.scalars(query.with_for_update(of=Assessment) if lock else query).one_or_none()


def started(session: Session, person_id: str, bank: str) -> Assessment | None:
    """Return the newest assessment of a person that is not finished and belongs to this bank version, or None."""
    query = select(Assessment).where(
        Assessment.person_id == person_id, Assessment.status == "started", Assessment.bank == bank
    )
    return session.scalars(query.order_by(Assessment.started_at.desc(), Assessment.id).limit(1)).one_or_none()


def insert(session: Session, values: Mapping[str, Any]) -> Assessment:
    """Insert an assessment that starts now."""
    assessment = Assessment(status="started", started_at=dt.datetime.now(dt.UTC), **values)
    session.add(assessment)
    session.flush()
    return assessment


def answers(session: Session, assessment_id: str) -> list[Answer]:
    """Return the answers of an assessment in the order asked."""
    return list(session.scalars(select(Answer).where(Answer.assessment_id == assessment_id).order_by(Answer.position)))


def insert_answer(
    session: Session, assessment_id: str, position: int, item: str, option: int | None, seconds: float | None
) -> Answer:
    """Insert the answer at a position; the database refuses a second one there, or to the same item."""
    answer = Answer(
        assessment_id=assessment_id,
        position=position,
        item=item,
        option=option,
        seconds=seconds,
        answered_at=dt.datetime.now(dt.UTC),
    )
    session.add(answer)
    session.flush()
    return answer
