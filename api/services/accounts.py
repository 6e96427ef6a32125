"""Accounts: who a token stands for, and making tokens for one's own organisation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.access import STAFF, Actor, Purpose, Role, visible_people
from api.errors import Fault, Invalid, Unauthorised
from api.store import accounts, audit, people
from api.store.tables import Organisation, Token


@dataclass(frozen=True, slots=True)
class Account:
    """What a caller may know about the own account."""

    role: Role
    organisation_id: str | None
    organisation_name: str | None
    person_id: str | None
    token_id: str | None
    expires_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made; `plain` is shown once and kept nowhere."""

    token: Token
    plain: str


def actor_of(session: Session, plain: str) -> Actor:
    """Return the actor a bearer token stands for; raises Unauthorised when it is unknown or expired."""
    token = accounts.find_token(session, plain)
    if token is None:
        raise Unauthorised()
    return Actor(Role(token.role), token.organisation_id, token.person_id, token.id)


def current(session: Session, actor: Actor) -> Account:
    """Return the account of this caller."""
    token = session.get(Token, actor.token)
    organisation = session.get(Organisation, actor.organisation) if actor.organisation else None
    return Account(
        role=actor.role,
        organisation_id=actor.organisation,
        organisation_name=organisation.name if organisation else None,
        person_id=actor.person,
        token_id=actor.token,
        expires_at=token.expires_at if token else None,
    )


def issue_token(
    session: Session,
    actor: Actor,
    role: Role,
    *,
    person_id: str | None = None,
    expires_in_days: int | None = None,
) -> NewToken:
    """Make a token within the actor's organisation; a seeker's token is for one of its own people."""
    if (role is Role.SEEKER) != (person_id is not None):
        detail = "A seeker's token names a person, and no other token does."
        raise Invalid(errors=[Fault("/personId", "person", detail)])
    own = visible_people(actor, Purpose.GUIDANCE)
    if person_id is not None and people.one(session, own, person_id) is None:
        raise Invalid(errors=[Fault("/personId", "person", "Your organisation does not know this person.")])
    organisation = actor.organisation if role in STAFF else None
    expires_at = None if expires_in_days is None else accounts.now() + dt.timedelta(days=expires_in_days)
    token, plain = accounts.create_token(
        session, role, organisation_id=organisation, person_id=person_id, expires_at=expires_at
    )
    audit.record(session, actor.label, actor.organisation, "token-created", token.id, role=str(role))
    return NewToken(token, plain)


def found_organisation(session: Session, name: str, role: Role, *, expires_in_days: int | None = None) -> str:
    """Make a staff token for the organisation of this name, made when new; return the token itself (command line)."""
    if role not in STAFF:
        raise ValueError(f"the role {role} came, one of {', '.join(sorted(STAFF))} was expected")
    owner = accounts.organisation(session, name)
    expires_at = None if expires_in_days is None else accounts.now() + dt.timedelta(days=expires_in_days)
    token, plain = accounts.create_token(session, role, organisation_id=owner.id, expires_at=expires_at)
    audit.record(session, "command-line", owner.id, "token-created", token.id, role=str(role))
    return plain
