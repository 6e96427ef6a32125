"""Results of caseload runs in the database: one line a person, in the order the people were asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from api.store.tables import CaseloadResult, Job

Line = tuple[int, str, dict[str, Any]]  # position, person, result


def insert_results(session: Session, job_id: str, lines: Sequence[Line]) -> None:
    """Insert the lines of a chunk."""
    rows = [
        {"job_id": job_id, "position": position, "person_id": person, "result": json.dumps(result, allow_nan=False)}
        for position, person, result in lines
    ]
    if rows:
        session.execute(insert(CaseloadResult), rows)


def exists(session: Session, organisation: str | None, kind: str, job_id: str) -> bool:
    """Say whether this is a job of that kind and organisation."""
    query = select(Job.id).where(Job.id == job_id, Job.organisation_id == organisation, Job.kind == kind)
    return session.scalar(query) is not None


def page(session: Session, visible: Select[tuple[str]], job_id: str, after: int, limit: int) -> list[Line]:
    """Return at most `limit` lines about visible people in order of position, those after `after`."""
    query = (
        select(CaseloadResult.position, CaseloadResult.person_id, CaseloadResult.result)
        .where(CaseloadResult.job_id == job_id, CaseloadResult.position > after)
        .where(CaseloadResult.person_id.in_(visible))
        .order_by(CaseloadResult.position)
        .limit(limit)
    )
    return [(position, person, json.loads(text)) for position, person, text in session.execute(query)]
