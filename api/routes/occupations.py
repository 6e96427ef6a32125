"""Occupations: what jobs usually ask, with the source of every value."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.errors import NotFound
from api.routes._edge import StrictModel, edge_router
from api.routes._fields import OccupationPath
from api.services import content

router = edge_router("vacancies")


class Labels(StrictModel):
    """A name in every language."""

    en: str
    nl: str


class OccupationSummary(StrictModel):
    """An occupation by its names."""

    key: str
    labels: Labels
    sector: str
    esco: Annotated[str, Field(description="URI in ESCO; empty where there is none")]
    isco08: str


class AskAnswer(StrictModel):
    """What an occupation asks of one skill."""

    skill: str
    band: Annotated[int, Field(description="1 to 5; 0: not asked")]
    importance: Annotated[float, Field(description="share of the whole; all skills sum to 1")]
    se: Annotated[float | None, Field(description="standard error of the band's value, on the latent scale")]
    source: str
    prior: Annotated[bool, Field(description="true: a starting value, not yet confirmed by employers")]


class OccupationAnswer(OccupationSummary):
    """An occupation with its usual profile and formal demands (the demands are set by experts)."""

    onet: str
    job_zone: int | None
    certificates: tuple[str, ...]
    demands: tuple[str, ...]
    education: int
    dutch: int
    english: int
    hours_min: float | None
    hours_max: float | None
    asks: tuple[AskAnswer, ...]


class Term(StrictModel):
    """A key with its names."""

    key: str
    labels: Labels


class Occupations(StrictModel):
    """All occupations, and the keys that vacancies and people are described with."""

    items: tuple[OccupationSummary, ...]
    next_cursor: str | None
    certificates: tuple[Term, ...]
    limits: Annotated[tuple[Term, ...], Field(description="keys of people's `limits` and of vacancies' `demands`")]
    sectors: tuple[str, ...]


@router.get("/v1/occupations", operation_id="listOccupations", summary="List occupations")
def list_occupations() -> Occupations:
    """List every occupation, and the keys of certificates, limits and sectors."""
    shipped = content.load()
    return Occupations(
        items=tuple(
            OccupationSummary(
                key=each.key, labels=Labels(**each.labels), sector=each.sector, esco=each.esco, isco08=each.isco08
            )
            for each in shipped.occupations.values()
        ),
        next_cursor=None,
        certificates=_terms(shipped.certificates.values()),
        limits=_terms(shipped.limits.values()),
        sectors=tuple(content.SECTORS),
    )


@router.get("/v1/occupations/{occupation}", operation_id="getOccupation", summary="Read an occupation")
def get_occupation(occupation: OccupationPath) -> OccupationAnswer:
    """Read what an occupation usually asks, with the source of every value."""
    if (found := content.load().occupations.get(occupation)) is None:
        raise NotFound()
    names = [name for name in OccupationAnswer.model_fields if name not in ("labels", "asks")]
    asks = tuple(AskAnswer.model_validate(ask, from_attributes=True) for ask in found.asks)
    return OccupationAnswer(**{name: getattr(found, name) for name in names}, labels=Labels(**found.labels), asks=asks)


def _terms(terms: object) -> tuple[Term, ...]:
    return tuple(Term(key=term.key, labels=Labels(**term.labels)) for term in terms)  # type: ignore[attr-defined]
