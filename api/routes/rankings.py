"""Rankings: people for a vacancy, vacancies for a person, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from api.routes._edge import ActorDep, StrictModel, WritingSessionDep, edge_router, personal
from api.routes._fields import CandidatePath, PersonPath, VacancyPath
from api.services import shortlists
from api.services.explanations import ExplanationView

router = edge_router("rankings")

Limit = Annotated[int, Query(ge=1, le=200, description="At most so many items.")]
Fit = Annotated[
    float | None,
    Field(description="expected share of what is asked that is covered, 0 to 1; not a chance; null: nothing is asked"),
]


class ShareAnswer(StrictModel):
    """A skill and its share of the whole fit."""

    skill: str
    share: float


class MatchAnswer(StrictModel):
    """One match: the fit with its 90 % interval, and where it comes from."""

    fit: Fit
    fit_low: Fit
    fit_high: Fit
    reasons: Annotated[tuple[ShareAnswer, ...], Field(description="what contributes most")]
    gaps: Annotated[tuple[ShareAnswer, ...], Field(description="what is missed most")]
    unknown: Annotated[tuple[str, ...], Field(description="formal requirements that could not be checked")]
    measured: Annotated[float, Field(description="share of the importance that lies on measured skills")]


class CandidateAnswer(MatchAnswer):
    """A person for a vacancy: a pseudonym for those who hire, the person's id for the own caseworker."""

    candidate_id: Annotated[str, personal()]


class PersonVacancyAnswer(MatchAnswer):
    """A vacancy for a person."""

    vacancy_id: str
    title: str
    occupation: str


class Candidates(StrictModel):
    """The best people, best first; `refusals` counts whom each formal requirement refuses."""

    items: tuple[CandidateAnswer, ...]
    considered: Annotated[int, Field(description="people looked at, refused ones included")]
    refusals: dict[str, int]


class PersonVacancies(StrictModel):
    """The best vacancies, best first; `refusals` counts which of them each formal requirement closes."""

    items: tuple[PersonVacancyAnswer, ...]
    considered: Annotated[int, Field(description="vacancies looked at, closed ones included")]
    refusals: dict[str, int]


class SkillPartAnswer(StrictModel):
    """One asked skill; contributions sum to the fit, contribution and loss to the importance."""

    skill: str
    band: int
    importance: float
    contribution: Annotated[float, personal()]
    loss: Annotated[float, personal()]
    meets: Annotated[float, personal(description="chance that the level is at least what is asked")]
    measured: Annotated[bool, personal()]


class HelpAnswer(StrictModel):
    """One change, and the fit after it alone."""

    kind: Annotated[
        str, Field(description="step: half a band higher; ask: raised to what is asked; gate: a refusal to lift")
    ]
    key: Annotated[str, Field(description="the skill, or the formal requirement")]
    change: Annotated[float | None, personal(description="levels, hours a week or kilometres; null where keys say it")]
    keys: Annotated[tuple[str, ...], personal(description="what is missing")]
    fit: Fit


class ExplanationAnswer(StrictModel):
    """One fit, explained exactly."""

    fit: Fit
    fit_low: Fit
    fit_high: Fit
    measured: Annotated[float, Field(description="share of the importance that lies on measured skills")]
    skills: tuple[SkillPartAnswer, ...]
    gates: Annotated[dict[str, str], personal(description="yes, no or unknown by formal requirement")]
    what_helps: Annotated[tuple[HelpAnswer, ...], Field(description="single changes, largest gain first")]


@router.get("/v1/vacancies/{vacancyId}/candidates", operation_id="listCandidates", summary="Rank people for a vacancy")
def list_candidates(
    vacancy_id: VacancyPath, session: WritingSessionDep, actor: ActorDep, limit: Limit = 20
) -> Candidates:
    """Rank the people you may see. Those who hire see everybody in the talent pool, under pseudonyms."""
    found = shortlists.candidates(session, actor, vacancy_id, limit)
    items = tuple(CandidateAnswer(candidate_id=match.id, **_match(match)) for match in found.items)
    return Candidates(items=items, considered=found.considered, refusals=found.refusals)


@router.get(
    "/v1/vacancies/{vacancyId}/candidates/{candidateId}/explanation",
    operation_id="explainCandidate",
    summary="Explain a candidate's fit",
)
def explain_candidate(
    vacancy_id: VacancyPath, candidate_id: CandidatePath, session: WritingSessionDep, actor: ActorDep
) -> ExplanationAnswer:
    """Explain why a candidate fits as she does, and what would help most."""
    return _explanation(shortlists.explain_candidate(session, actor, vacancy_id, candidate_id))


@router.get(
    "/v1/people/{personId}/vacancies", operation_id="listPersonVacancies", summary="Rank vacancies for a person"
)
def list_person_vacancies(
    person_id: PersonPath, session: WritingSessionDep, actor: ActorDep, limit: Limit = 20
) -> PersonVacancies:
    """Rank the open vacancies for yourself, or for a person of your own organisation."""
    found = shortlists.vacancies_for(session, actor, person_id, limit)
    items = tuple(
        PersonVacancyAnswer(vacancy_id=match.id, title=match.title, occupation=match.occupation, **_match(match))
        for match in found.items
    )
    return PersonVacancies(items=items, considered=found.considered, refusals=found.refusals)


@router.get(
    "/v1/people/{personId}/vacancies/{vacancyId}/explanation",
    operation_id="explainPersonVacancy",
    summary="Explain how a person fits a vacancy",
)
def explain_person_vacancy(
    person_id: PersonPath, vacancy_id: VacancyPath, session: WritingSessionDep, actor: ActorDep
) -> ExplanationAnswer:
    """Explain how a person fits one vacancy, which formal requirement closes it, and what would help most."""
    return _explanation(shortlists.explain_vacancy(session, actor, person_id, vacancy_id))


def _match(match: shortlists.Match) -> dict[str, object]:
    return MatchAnswer.model_validate(match, from_attributes=True).model_dump(by_alias=False)


def _explanation(view: ExplanationView) -> ExplanationAnswer:
    return ExplanationAnswer.model_validate(view, from_attributes=True)
