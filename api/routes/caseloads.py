"""Caseloads: the best vacancies for many people at once."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Response
from pydantic import ConfigDict, Field

from api.routes._edge import ActorDep, Body, Identifier, Page, PagingDep, SessionDep, StrictModel, edge_router, personal
from api.routes.jobs import JobAnswer, JobPath, answer
from api.routes.rankings import ShareAnswer
from api.services import caseloads

router = edge_router("caseloads")


class CaseloadBody(Body):
    """Whom to match, and how many vacancies to name for each."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"vacanciesEach": 5}]})

    people: Annotated[
        Annotated[list[Identifier], Field(min_length=1, max_length=10_000)] | None,
        personal(description="ids of people of your own organisation, each once; absent: all of them"),
    ] = None
    vacancies_each: Annotated[int, Field(ge=1, le=50)] = 5


class OptionAnswer(StrictModel):
    """A vacancy for a person."""

    vacancy_id: str
    fit: float | None
    reasons: tuple[ShareAnswer, ...]
    gaps: tuple[ShareAnswer, ...]
    unknown: Annotated[tuple[str, ...], Field(description="formal requirements that could not be checked")]
    measured: Annotated[float, Field(description="share of the importance that lies on measured skills")]


class RelaxAnswer(StrictModel):
    """The one formal requirement that keeps most vacancies closed by itself."""

    gate: str
    opens: Annotated[int, Field(description="vacancies that would open without it")]


class CaseloadLine(StrictModel):
    """One person's options, or why there are none."""

    position: Annotated[int, Field(description="place in the order asked for, from 0")]
    person_id: Annotated[str, personal()]
    vacancies: Annotated[tuple[OptionAnswer, ...], personal()]
    none: Annotated[str | None, Field(description="why there is no vacancy: no-passport, no-vacancies or gates")]
    refusals: Annotated[dict[str, int], personal(description="vacancies that each formal requirement closes")]
    relax: Annotated[RelaxAnswer | None, personal()]


class CaseloadResults(Page[CaseloadLine]):
    """One page of a caseload, in the order asked for."""


@router.post("/v1/caseloads", operation_id="createCaseload", status_code=202, summary="Match a whole caseload")
def create_caseload(body: CaseloadBody, response: Response, session: SessionDep, actor: ActorDep) -> JobAnswer:
    """Start matching people of your own organisation; the answer says where to follow it."""
    job = caseloads.create(session, actor, body.people, body.vacancies_each)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return answer(job)


@router.get("/v1/caseloads/{jobId}/results", operation_id="listCaseloadResults", summary="Read a caseload's results")
def list_caseload_results(job_id: JobPath, paging: PagingDep, session: SessionDep, actor: ActorDep) -> CaseloadResults:
    """Read the results in the order asked for; while the job runs, those that are there."""
    after = int(paging.after[0]) if paging.after else -1
    rows = caseloads.results(session, actor, job_id, after, paging.limit + 1)
    lines, cursor = paging.cut(rows, lambda line: [line[0]])
    return CaseloadResults(items=[_line(*line) for line in lines], next_cursor=cursor)


def _line(position: int, person: str, result: dict[str, Any]) -> CaseloadLine:
    stored = {"position": position, "personId": person, **result}
    return CaseloadLine.model_validate_json(json.dumps(stored))  # from JSON, so that lists become tuples
