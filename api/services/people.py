"""People: make one, read one or a page, say what the gates may use, step into or out of the talent pool."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy.orm import Session

from api.access import Actor, Purpose, Role, visible_people
from api.errors import Fault, Invalid, NotFound, PreconditionFailed
from api.services import content
from api.store import audit, people
from api.store.tables import Person


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the gates may use; None is unknown and never counts as no, empty sectors means any."""

    certificates: tuple[str, ...] | None = None
    limits: tuple[str, ...] = ()
    education: int | None = None
    dutch: int | None = None
    english: int | None = None
    hours_min: float | None = None
    hours_max: float | None = None
    sectors: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    reach_km: float | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as she and her caseworker see her."""

    id: str
    visible: bool
    attributes: Attributes
    version: int
    created_at: dt.datetime


UNKNOWN = Attributes()


def create(session: Session, actor: Actor, attributes: Attributes = UNKNOWN) -> PersonView:
    """Make a person in the actor's organisation (none when she came by herself) and record it."""
    person_id = people.new_id()
    columns = _columns(attributes)
    people.insert_people(session, [{"id": person_id, "organisation_id": actor.organisation} | columns])
    audit.record(session, actor.label, actor.organisation, "person-created", person_id)
    return read(session, Actor(Role.SEEKER, person=person_id), person_id)


def read(session: Session, actor: Actor, person_id: str) -> PersonView:
    """Return a person; raises NotFound when there is none or the actor may not know her."""
    return _view(find(session, actor, person_id))


def page(session: Session, actor: Actor, after: str, limit: int) -> list[PersonView]:
    """Return at most `limit` people of the actor's organisation in order of id, those after `after`."""
    return [_view(person) for person in people.page(session, visible_people(actor, Purpose.GUIDANCE), after, limit)]


def replace_attributes(session: Session, actor: Actor, person_id: str, attributes: Attributes) -> PersonView:
    """Replace all attributes; raises Invalid with every fault, PreconditionFailed when somebody else was first."""
    person = find(session, actor, person_id)
    _change(session, person, **_columns(attributes))
    audit.record(session, actor.label, actor.organisation, "attributes-replaced", person_id, version=person.version)
    return _view(person)


def replace_visibility(session: Session, actor: Actor, person_id: str, visible: bool) -> PersonView:
    """Put a person into or out of the talent pool: her own act, so NotFound for everybody else."""
    if actor.person != person_id:
        raise NotFound()
    person = find(session, actor, person_id)
    _change(session, person, visible=visible)
    audit.record(session, actor.label, actor.organisation, "visibility-replaced", person_id, visible=visible)
    return _view(person)


def find(session: Session, actor: Actor, person_id: str) -> Person:
    """Return the row of a person the actor may know; raises NotFound."""
    purpose = Purpose.SELF if actor.person == person_id else Purpose.GUIDANCE
    if (person := people.one(session, visible_people(actor, purpose), person_id)) is None:
        raise NotFound()
    return person


def faults(attributes: Attributes) -> list[Fault]:
    """Return everything that is wrong with attributes whose types and bounds are right."""
    shipped = content.load()
    known = {"certificates": shipped.certificates, "limits": shipped.limits, "sectors": content.SECTORS}
    found = [
        Fault(f"/{name}/{i}", "unknown-key", f"This is no key of {name}.")
        for name, keys in known.items()
        for i, key in enumerate(getattr(attributes, name) or ())
        if key not in keys
    ]
    return found + span_faults(attributes.hours_min, attributes.hours_max, attributes.latitude, attributes.longitude)


def span_faults(
    hours_min: float | None, hours_max: float | None, latitude: float | None, longitude: float | None
) -> list[Fault]:
    """Return what is wrong with a range of hours and a place."""
    found = []
    if hours_min is not None and hours_max is not None and hours_min > hours_max:
        found.append(Fault("/hoursMax", "below-minimum", "The most hours are fewer than the least hours."))
    if (latitude is None) != (longitude is None):
        found.append(Fault("/latitude", "half-place", "Give both latitude and longitude, or neither."))
    return found


def _columns(attributes: Attributes) -> dict[str, Any]:
    if found := faults(attributes):
        raise Invalid(errors=found)
    values = {field.name: getattr(attributes, field.name) for field in fields(attributes)}
    for name in ("certificates", "limits", "sectors"):
        if values[name] is not None:
            values[name] = ";".join(sorted(set(values[name])))
    return values


def _change(session: Session, person: Person, **values: Any) -> None:
    if not people.change(session, person, **values):
        raise PreconditionFailed()


def _view(person: Person) -> PersonView:
    values = {name: getattr(person, name) for name in people.ATTRIBUTES}
    for name in ("certificates", "limits", "sectors"):
        if values[name] is not None:
            values[name] = tuple(key for key in values[name].split(";") if key)
    return PersonView(person.id, person.visible, Attributes(**values), person.version, person.created_at)
