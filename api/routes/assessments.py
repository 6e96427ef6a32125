"""Assessments: short scenario questions, one at a time."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Response
from pydantic import ConfigDict, Field

from api.routes._edge import ActorDep, Body, Identifier, SessionDep, StrictModel, edge_router, personal
from api.routes._fields import AssessmentPath, TextLanguage
from api.routes.passports import PassportAnswer
from api.services import assess

router = edge_router("assessments")


class AssessmentBody(Body):
    """Who is assessed, in which language. Without a token or a person, a new person is made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"language": "en"}]})

    language: TextLanguage = "en"
    person: Annotated[Identifier | None, personal(description="a person of your own organisation")] = None


class AssessmentAnswer(StrictModel):
    """Where an assessment stands."""

    assessment_id: str
    person_id: Annotated[str, personal()]
    language: TextLanguage
    answered: int
    enough: Annotated[bool, Field(description="there are enough answers for a provisional passport")]
    finished: Annotated[bool, Field(description="nothing is left to ask")]
    completed: Annotated[bool, Field(description="the final passport has been issued")]
    started_at: dt.datetime


class StartedAnswer(AssessmentAnswer):
    """A started assessment."""

    token: Annotated[
        str | None, personal(description="bearer token of the new person, shown this once; null for everybody else")
    ]


class ItemAnswer(StrictModel):
    """One question with four answers; answer with the index of one of them."""

    item: str
    position: Annotated[int, Field(description="how many were asked before")]
    scene: str
    question: str
    options: tuple[str, ...]


class NextItem(StrictModel):
    """The question to ask now."""

    finished: Annotated[bool, Field(description="nothing is left to ask")]
    item: ItemAnswer | None


class AnswerBody(Body):
    """The answer to the item that is asked now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"item": "teamwork-01", "option": 2, "seconds": 14.5}]})

    item: Annotated[Identifier, Field(description="`item` of the question as it was given")]
    option: Annotated[
        Annotated[int, Field(ge=0, le=3)] | None, personal(description="index in `options` as shown; null skips")
    ]
    seconds: Annotated[Annotated[float, Field(ge=0, le=86_400)] | None, personal()] = None


class AnsweredAnswer(StrictModel):
    """What the answer led to."""

    item: str
    position: int
    enough: bool
    finished: bool


@router.post(
    "/v1/assessments",
    operation_id="createAssessment",
    status_code=201,
    summary="Start an assessment",
    responses={200: {"model": StartedAnswer, "description": "An open assessment of this person, to go on with"}},
)
def create_assessment(body: AssessmentBody, response: Response, session: SessionDep, actor: ActorDep) -> StartedAnswer:
    """Start an assessment, or go on with the open one. Without a token you become a person and get one."""
    started = assess.start(session, actor, body.language, body.person)
    response.status_code = 201 if started.created else 200
    response.headers["Location"] = f"/v1/assessments/{started.assessment.assessment_id}"
    return StartedAnswer(**_assessment(started.assessment).model_dump(by_alias=False), token=started.token)


@router.get("/v1/assessments/{assessmentId}", operation_id="getAssessment", summary="See where an assessment stands")
def get_assessment(assessment_id: AssessmentPath, session: SessionDep, actor: ActorDep) -> AssessmentAnswer:
    """See how many items were answered and whether a passport can be issued."""
    return _assessment(assess.read(session, actor, assessment_id))


@router.get(
    "/v1/assessments/{assessmentId}/next-item", operation_id="getNextItem", summary="Get the question to ask now"
)
def get_next_item(assessment_id: AssessmentPath, session: SessionDep, actor: ActorDep) -> NextItem:
    """Get the question to ask now; the same one, in the same order, until it is answered."""
    question = assess.next_item(session, actor, assessment_id)
    item = None if question is None else ItemAnswer.model_validate(question, from_attributes=True)
    return NextItem(finished=item is None, item=item)


@router.post(
    "/v1/assessments/{assessmentId}/answers",
    operation_id="createAnswer",
    status_code=201,
    summary="Answer the question asked now",
)
def create_answer(
    assessment_id: AssessmentPath, body: AnswerBody, response: Response, session: SessionDep, actor: ActorDep
) -> AnsweredAnswer:
    """Answer the question asked now, or skip it. The same answer sent again gives the same result."""
    answered = assess.answer(session, actor, assessment_id, body.item, body.option, body.seconds)
    response.headers["Location"] = f"/v1/assessments/{assessment_id}"
    return AnsweredAnswer.model_validate(answered, from_attributes=True)


@router.post(
    "/v1/assessments/{assessmentId}/completions",
    operation_id="completeAssessment",
    status_code=201,
    summary="Issue the passport",
)
def complete_assessment(
    assessment_id: AssessmentPath, response: Response, session: SessionDep, actor: ActorDep
) -> PassportAnswer:
    """Issue the passport for the answers so far: provisional while questions are left, and you can go on later."""
    passport = assess.complete(session, actor, assessment_id)
    response.headers["Location"] = f"/v1/people/{passport.person_id}/passport"
    return PassportAnswer.model_validate(passport, from_attributes=True)


def _assessment(view: assess.AssessmentView) -> AssessmentAnswer:
    return AssessmentAnswer.model_validate(view, from_attributes=True)
