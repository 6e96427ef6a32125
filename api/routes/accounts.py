"""Who calls, and tokens for one's own organisation."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.access import Role
from api.routes._edge import ActorDep, Body, Identifier, SessionDep, StrictModel, Text, edge_router
from api.services import accounts

router = edge_router("accounts")


class OrganisationAnswer(StrictModel):
    """A municipality, an employer or a provider."""

    id: Identifier
    name: Text


class AccountAnswer(StrictModel):
    """What a caller may know about the own account."""

    role: Literal["seeker", "employer", "caseworker", "admin"]
    organisation: OrganisationAnswer | None
    person_id: Identifier | None
    token_id: Identifier
    expires_at: dt.datetime | None


class TokenBody(Body):
    """A token to make: for staff of the own organisation, or for one of its people."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "caseworker", "expiresInDays": 90}]})

    role: Literal["seeker", "employer", "caseworker", "admin"]
    person_id: Annotated[Identifier | None, Field(description="Whose token it is; for the role seeker alone.")] = None
    expires_in_days: Annotated[int | None, Field(ge=1, le=3650, description="Absent: it does not expire.")] = None


class TokenAnswer(StrictModel):
    """A new token. The token itself is shown here and never again."""

    token_id: Identifier
    token: Annotated[str, Field(max_length=100)]
    role: Literal["seeker", "employer", "caseworker", "admin"]
    expires_at: dt.datetime | None


@router.get("/v1/accounts/current", operation_id="getCurrentAccount", summary="Whose token is this")
def get_current_account(session: SessionDep, actor: ActorDep) -> AccountAnswer:
    """Answer the role, the organisation or person, and when the token runs out."""
    account = accounts.current(session, actor)
    organisation = None
    if account.organisation_id is not None:
        organisation = OrganisationAnswer(id=account.organisation_id, name=account.organisation_name)
    return AccountAnswer(
        role=account.role.value,
        organisation=organisation,
        person_id=account.person_id,
        token_id=account.token_id,
        expires_at=account.expires_at,
    )


@router.post("/v1/tokens", operation_id="createToken", status_code=201, summary="Make a token")
def create_token(body: TokenBody, session: SessionDep, actor: ActorDep) -> TokenAnswer:
    """Make a token for the own organisation; it is shown once."""
    made = accounts.issue_token(
        session, actor, Role(body.role), person_id=body.person_id, expires_in_days=body.expires_in_days
    )
    return TokenAnswer(token_id=made.token.id, token=made.plain, role=body.role, expires_at=made.token.expires_at)
