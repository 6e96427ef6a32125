"""Organisations, bearer tokens and pseudonyms."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.tables import Organisation, Pseudonym, Token


def now() -> dt.datetime:
    """Return the present moment in UTC."""
    return dt.datetime.now(dt.UTC)


def new_id() -> str:
    """Return an opaque random identifier."""
    return secrets.token_hex(12)


def organisation(session: Session, name: str) -> Organisation:
    """Return the organisation of this name, made when it is not there."""
    found = session.scalar(select(Organisation).where(Organisation.name == name))
    if found is None:
        found = Organisation(id=new_id(), name=name, created_at=now())
        session.add(found)
        session.flush()
    return found


def organisation_called(session: Session, name: str) -> Organisation | None:
    """Return the organisation of this name, or None; unlike `organisation` it makes nothing."""
    return session.scalar(select(Organisation).where(Organisation.name == name))


def create_token(
    session: Session,
    role: str,
    *,
    organisation_id: str | None = None,
    person_id: str | None = None,
    expires_at: dt.datetime | None = None,
) -> tuple[Token, str]:
    """Make a token; the second value is the token itself, which is kept nowhere: show it once."""
    plain = secrets.token_urlsafe(32)
    token = Token(
        id=new_id(),
        hash=_hash(plain),
        role=role,
        organisation_id=organisation_id,
        person_id=person_id,
        created_at=now(),
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    return token, plain


def find_token(session: Session, plain: str) -> Token | None:
    """Return the unexpired token this text stands for.

    The lookup is by hash: how long it takes says nothing about how much of a guess was right.
    """
    token = session.scalar(select(Token).where(Token.hash == _hash(plain)))
    if token is None or (token.expires_at is not None and token.expires_at <= now()):
        return None
    return token


def _hash(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def pseudonyms(session: Session, organisation_id: str, person_ids: Iterable[str]) -> dict[str, str]:
    """Return the name under which this organisation sees each person; new names are made, so the session must write."""
    wanted = list(dict.fromkeys(person_ids))
    known: dict[str, str] = {}
    for start in range(0, len(wanted), 500):  # SQLite takes no more than some hundreds of values at once
        rows = session.execute(
            select(Pseudonym.person_id, Pseudonym.id).where(
                Pseudonym.organisation_id == organisation_id, Pseudonym.person_id.in_(wanted[start : start + 500])
            )
        )
        known.update((person, name) for person, name in rows)
    fresh = [
        Pseudonym(id=secrets.token_hex(10), organisation_id=organisation_id, person_id=person)
        for person in wanted
        if person not in known
    ]
    session.add_all(fresh)
    session.flush()
    known.update((row.person_id, row.id) for row in fresh)
    return known


def person_of(session: Session, organisation_id: str, pseudonym: str) -> str | None:
    """Return the person this organisation knows by this name, or None."""
    return session.scalar(
        select(Pseudonym.person_id).where(Pseudonym.organisation_id == organisation_id, Pseudonym.id == pseudonym)
    )
