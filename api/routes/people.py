"""People: their attributes and whether they are in the talent pool."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Request, Response
from pydantic import ConfigDict, Field

from api.routes._edge import (
    ActorDep,
    Body,
    Page,
    PagingDep,
    SessionDep,
    StrictModel,
    edge_router,
    etag,
    personal,
    require_match,
)
from api.routes._fields import Education, Hours, Keys, Kilometres, Language, Latitude, Longitude, PersonPath
from api.services import people

router = edge_router("people")

_EXAMPLE = {
    "certificates": ["vca", "forklift"],
    "limits": ["night_shifts"],
    "education": 2,
    "dutch": 3,
    "english": None,
    "hoursMin": 16,
    "hoursMax": 32,
    "sectors": ["industry", "energy"],
    "latitude": 51.44,
    "longitude": 5.48,
    "reachKm": 25,
}


class AttributesBody(Body):
    """What the gates may use. Left out or null is unknown, and never counts as no; no sectors means any."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    certificates: Annotated[Keys | None, personal(description="null: unknown; []: holds none")] = None
    limits: Annotated[Keys, personal(default_factory=list, description="what the person cannot or may not do")]
    education: Annotated[Education | None, personal()] = None
    dutch: Annotated[Language | None, personal()] = None
    english: Annotated[Language | None, personal()] = None
    hours_min: Annotated[Hours | None, personal()] = None
    hours_max: Annotated[Hours | None, personal()] = None
    sectors: Annotated[Keys, personal(default_factory=list, description="wishes; []: any")]
    latitude: Annotated[Latitude | None, personal()] = None
    longitude: Annotated[Longitude | None, personal()] = None
    reach_km: Annotated[Kilometres | None, personal()] = None

    def view(self) -> people.Attributes:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return people.Attributes(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        )


class PersonBody(Body):
    """A new person; what is known about her may come later."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"attributes": _EXAMPLE}]})

    attributes: AttributesBody = Field(default_factory=AttributesBody)


class VisibilityBody(Body):
    """Whether employers may find the person, always under a pseudonym."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"visible": True}]})

    visible: bool


class AttributesAnswer(StrictModel):
    """What the gates may use; null is unknown."""

    certificates: Annotated[tuple[str, ...] | None, personal()]
    limits: Annotated[tuple[str, ...], personal()]
    education: Annotated[int | None, personal()]
    dutch: Annotated[int | None, personal()]
    english: Annotated[int | None, personal()]
    hours_min: Annotated[float | None, personal()]
    hours_max: Annotated[float | None, personal()]
    sectors: Annotated[tuple[str, ...], personal()]
    latitude: Annotated[float | None, personal()]
    longitude: Annotated[float | None, personal()]
    reach_km: Annotated[float | None, personal()]


class PersonAnswer(StrictModel):
    """A person, without name or address."""

    person_id: Annotated[str, personal()]
    visible: Annotated[bool, personal(description="in the talent pool, by her own act")]
    attributes: AttributesAnswer
    created_at: dt.datetime


class People(Page[PersonAnswer]):
    """One page of people."""


@router.post("/v1/people", operation_id="createPerson", status_code=201, summary="Make a person")
def create_person(body: PersonBody, response: Response, session: SessionDep, actor: ActorDep) -> PersonAnswer:
    """Make a person in your own organisation."""
    person = people.create(session, actor, body.attributes.view())
    response.headers["Location"] = f"/v1/people/{person.id}"
    return _answer(response, person)


@router.get("/v1/people", operation_id="listPeople", summary="List your people")
def list_people(paging: PagingDep, session: SessionDep, actor: ActorDep) -> People:
    """List the people of your own organisation."""
    rows = people.page(session, actor, str(paging.after[0]) if paging.after else "", paging.limit + 1)
    items, cursor = paging.cut(rows, lambda person: [person.id])
    return People(items=[_model(person) for person in items], next_cursor=cursor)


@router.get("/v1/people/{personId}", operation_id="getPerson", summary="Read a person")
def get_person(person_id: PersonPath, response: Response, session: SessionDep, actor: ActorDep) -> PersonAnswer:
    """Read yourself, or a person of your own organisation."""
    return _answer(response, people.read(session, actor, person_id))


@router.put("/v1/people/{personId}/attributes", operation_id="replaceAttributes", summary="Replace all attributes")
def replace_attributes(
    person_id: PersonPath,
    body: AttributesBody,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
) -> PersonAnswer:
    """Replace everything the gates may use; what is left out becomes unknown."""
    require_match(request, people.read(session, actor, person_id).version)
    return _answer(response, people.replace_attributes(session, actor, person_id, body.view()))


@router.put(
    "/v1/people/{personId}/visibility", operation_id="replaceVisibility", summary="Join or leave the talent pool"
)
def replace_visibility(
    person_id: PersonPath,
    body: VisibilityBody,
    request: Request,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
) -> PersonAnswer:
    """Let employers find you under a pseudonym, or no longer. Only the person herself can do this."""
    require_match(request, people.read(session, actor, person_id).version)
    return _answer(response, people.replace_visibility(session, actor, person_id, body.visible))


def _answer(response: Response, person: people.PersonView) -> PersonAnswer:
    response.headers["ETag"] = etag(person.version)
    return _model(person)


def _model(person: people.PersonView) -> PersonAnswer:
    attributes = AttributesAnswer.model_validate(person.attributes, from_attributes=True)
    return PersonAnswer(
        person_id=person.id, visible=person.visible, attributes=attributes, created_at=person.created_at
    )
