"""Vacancies: what a job asks, pre-filled from its occupation."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import ConfigDict, Field

from api.routes._edge import (
    ActorDep,
    Body,
    Page,
    PagingDep,
    SessionDep,
    StrictModel,
    Text,
    edge_router,
    etag,
    require_match,
)
from api.routes._fields import Education, Hours, Key, Keys, Language, Latitude, Longitude, TextLanguage, VacancyPath
from api.services import vacancies

router = edge_router("vacancies")

_REQUIREMENTS = {
    "certificates": ["vca"],
    "demands": ["standing"],
    "education": 2,
    "dutch": 2,
    "english": 0,
    "hoursMin": 24,
    "hoursMax": 36,
    "sector": "industry",
    "latitude": 51.45,
    "longitude": 5.47,
    "remote": False,
}
_PROFILE = {
    "skills": [{"skill": "accuracy", "band": 4, "importance": 0.6}, {"skill": "safety", "band": 3, "importance": 0.4}]
}


class RequirementsBody(Body):
    """What a vacancy formally asks; left out, 0, [] and null ask nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REQUIREMENTS]})

    certificates: Annotated[Keys, Field(default_factory=list)]
    demands: Annotated[Keys, Field(default_factory=list, description="what the work demands; keys as people's limits")]
    education: Education = 0
    dutch: Language = 0
    english: Language = 0
    hours_min: Hours | None = None
    hours_max: Hours | None = None
    sector: Annotated[Key | None, Field(description="null: any")] = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    remote: bool = False

    def given(self) -> dict[str, Any]:
        """Return the members that were sent."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        if "sector" in values:
            values["sector"] = values["sector"] or ""
        return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


class VacancyBody(Body):
    """A new vacancy; what is not given is taken from the occupation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"occupation": "welder"}]})

    occupation: Annotated[Key, Field(description="key of an occupation: listOccupations")]
    title: Annotated[Text | None, Field(description="default: the occupation's name")] = None
    seats: Annotated[int, Field(ge=1, le=10_000)] = 1
    requirements: Annotated[
        RequirementsBody | None, Field(description="given members take the place of the occupation's usual ones")
    ] = None
    language: Annotated[TextLanguage, Field(description="of the default title")] = "en"


class SkillAskBody(Body):
    """What is asked of one skill."""

    skill: Key
    band: Annotated[int, Field(ge=1, le=5)]
    importance: Annotated[float, Field(gt=0, le=1, description="weights; they are scaled to sum to 1")]


class ProfileBody(Body):
    """What is asked of the skills; skills left out are not asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROFILE]})

    skills: Annotated[list[SkillAskBody], Field(min_length=1, max_length=64)]


class SkillAskAnswer(StrictModel):
    """What is asked of one skill."""

    skill: str
    band: int
    importance: Annotated[float, Field(description="share of the whole; all sum to 1")]


class RequirementsAnswer(StrictModel):
    """What a vacancy formally asks."""

    certificates: tuple[str, ...]
    demands: tuple[str, ...]
    education: int
    dutch: int
    english: int
    hours_min: float | None
    hours_max: float | None
    sector: str | None
    latitude: float | None
    longitude: float | None
    remote: bool


class VacancyAnswer(StrictModel):
    """A vacancy."""

    vacancy_id: str
    occupation: str
    title: str
    seats: int
    open: bool
    profile: tuple[SkillAskAnswer, ...]
    requirements: RequirementsAnswer
    created_at: dt.datetime


class Vacancies(Page[VacancyAnswer]):
    """One page of vacancies."""


@router.post("/v1/vacancies", operation_id="createVacancy", status_code=201, summary="Describe a job")
def create_vacancy(body: VacancyBody, response: Response, session: SessionDep, actor: ActorDep) -> VacancyAnswer:
    """Make a vacancy from an occupation: its profile and usual demands are filled in, and can be changed."""
    given = body.requirements.given() if body.requirements else {}
    vacancy = vacancies.create(
        session,
        actor,
        body.occupation,
        title=body.title,
        seats=body.seats,
        requirements=given,
        language=body.language,
    )
    response.headers["Location"] = f"/v1/vacancies/{vacancy.id}"
    return _answer(response, vacancy)


@router.get("/v1/vacancies", operation_id="listVacancies", summary="List vacancies")
def list_vacancies(paging: PagingDep, session: SessionDep, actor: ActorDep) -> Vacancies:
    """List your organisation's vacancies as an employer, all open ones as anybody else."""
    rows = vacancies.page(session, actor, str(paging.after[0]) if paging.after else "", paging.limit + 1)
    items, cursor = paging.cut(rows, lambda vacancy: [vacancy.id])
    return Vacancies(items=[_model(vacancy) for vacancy in items], next_cursor=cursor)


@router.get("/v1/vacancies/{vacancyId}", operation_id="getVacancy", summary="Read a vacancy")
def get_vacancy(vacancy_id: VacancyPath, response: Response, session: SessionDep, actor: ActorDep) -> VacancyAnswer:
    """Read what a vacancy asks."""
    return _answer(response, vacancies.read(session, actor, vacancy_id))


@router.put(
    "/v1/vacancies/{vacancyId}/profile", operation_id="replaceProfile", summary="Replace what is asked of skills"
)
def replace_profile(
    vacancy_id: VacancyPath,
    body: ProfileBody,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
) -> VacancyAnswer:
    """Replace what is asked of the skills, and how much each matters."""
    require_match(request, vacancies.read(session, actor, vacancy_id).version)
    asks = [vacancies.SkillAsk(ask.skill, ask.band, ask.importance) for ask in body.skills]
    return _answer(response, vacancies.replace_profile(session, actor, vacancy_id, asks))


@router.put(
    "/v1/vacancies/{vacancyId}/requirements",
    operation_id="replaceRequirements",
    summary="Replace what is formally asked",
)
def replace_requirements(
    vacancy_id: VacancyPath,
    body: RequirementsBody,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
) -> VacancyAnswer:
    """Replace everything that is formally asked; what is left out is no longer asked."""
    require_match(request, vacancies.read(session, actor, vacancy_id).version)
    requirements = vacancies.Requirements(**body.given())
    return _answer(response, vacancies.replace_requirements(session, actor, vacancy_id, requirements))


def _answer(response: Response, vacancy: vacancies.VacancyView) -> VacancyAnswer:
    response.headers["ETag"] = etag(vacancy.version)
    return _model(vacancy)


def _model(vacancy: vacancies.VacancyView) -> VacancyAnswer:
    requirements = RequirementsAnswer.model_validate(vacancy.requirements, from_attributes=True)
    return VacancyAnswer(
        vacancy_id=vacancy.id,
        occupation=vacancy.occupation,
        title=vacancy.title,
        seats=vacancy.seats,
        open=vacancy.open,
        profile=tuple(SkillAskAnswer.model_validate(ask, from_attributes=True) for ask in vacancy.profile),
        requirements=requirements.model_copy(update={"sector": requirements.sector or None}),
        created_at=vacancy.created_at,
    )
