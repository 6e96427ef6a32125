"""The audit record: who did what to whom, written in the transaction of the deed."""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy.orm import Session

from api.store.tables import AuditEntry


def record(
    session: Session,
    actor: str,
    organisation: str | None,
    deed: str,
    subject: str = "",
    **detail: str | int | float | bool | None,
) -> None:
    """Add one entry. `subject` is an opaque id; `detail` holds versions, hashes and counts, never personal data."""
    session.add(
        AuditEntry(
            at=dt.datetime.now(dt.UTC),
            organisation_id=organisation,
            actor=actor,
            deed=deed,
            subject=subject,
            detail=json.dumps(detail, sort_keys=True, allow_nan=False),
        )
    )
