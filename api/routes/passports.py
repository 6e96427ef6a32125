"""Passports: what a person is good at, and how sure we are."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

from api.routes._edge import ActorDep, SessionDep, StrictModel, edge_router, personal
from api.routes._fields import LanguageQuery, PersonPath
from api.services import passports

router = edge_router("passports")


class SkillAnswer(StrictModel):
    """One skill: the nearest of five bands, and the level on the latent scale (reference population mean 0, sd 1)."""

    skill: str
    name: str
    description: str
    band: Annotated[int, personal(ge=1, le=5, description="the nearest band")]
    probability: Annotated[float, personal(ge=0, le=1, description="that the level lies in this band")]
    between: Annotated[
        tuple[int, int] | None, personal(description="bands of a 90 % interval, when one band would promise too much")
    ]
    level: Annotated[float, personal()]
    standard_error: Annotated[float, personal()]
    measured: Annotated[
        bool, personal(description="false: no evidence of its own, only inferred; never show it as measured")
    ]
    own_share: Annotated[
        float,
        personal(
            ge=0, le=1, description="share of what is known that the skill's own items told; the rest is inferred"
        ),
    ]


class PassportAnswer(StrictModel):
    """A passport with the versions it was measured by."""

    person_id: Annotated[str, personal()]
    framework: str
    bank: str
    norm: str
    issued: dt.date
    provisional: Annotated[bool, Field(description="questions were left to ask")]
    calibrated: Annotated[bool, Field(description="false: the item parameters are set by experts, not yet by data")]
    note: str
    strengths: Annotated[tuple[str, ...], personal(description="keys of measured skills, strongest first")]
    skills: Annotated[tuple[SkillAnswer, ...], personal(description="in the order of the framework")]


@router.get("/v1/people/{personId}/passport", operation_id="getPassport", summary="Read a passport")
def get_passport(
    person_id: PersonPath, session: SessionDep, actor: ActorDep, language: LanguageQuery = "en"
) -> PassportAnswer:
    """Read the newest passport of yourself, or of a person of your own organisation."""
    passport = passports.read(session, actor, person_id, language)
    return PassportAnswer.model_validate(passport, from_attributes=True)
