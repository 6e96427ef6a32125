"""Who may what, stated once: the table of operations, and the only two ways into people and vacancies.

Default is deny. An operation without a row in `OPERATIONS` keeps the application from starting; a query on people that
does not start at `visible_people` fails a test that reads the sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, and_, exists, false, select, true
from sqlalchemy.sql.elements import ColumnElement

from api.errors import Forbidden, Unauthorised
from api.store.tables import PassportRow, Person, Vacancy


class Role(StrEnum):
    ANONYMOUS = "anonymous"
    SEEKER = "seeker"
    EMPLOYER = "employer"
    CASEWORKER = "caseworker"
    ADMIN = "admin"


class Purpose(StrEnum):
    """Why somebody looks at people. The same caller sees other people for another purpose."""

    SELF = "self"  # the person's own page
    ASSESSMENT = "assessment"  # to start or help an assessment
    GUIDANCE = "guidance"  # to help a person of one's own on
    MATCHING = "matching"  # to find people for a vacancy


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever calls. A seeker is a person; every other role belongs to an organisation."""

    role: Role
    organisation: str | None = None
    person: str | None = None
    token: str | None = None  # the token's id, never the token

    def __post_init__(self) -> None:
        if self.role is Role.SEEKER and self.person is None:
            raise ValueError("a seeker without person came, a person was expected")
        if self.role in STAFF and self.organisation is None:
            raise ValueError(f"a {self.role} without organisation came, an organisation was expected")

    @property
    def label(self) -> str:
        """Return the name under which the audit record knows this caller."""
        return f"{self.role}:{self.token}" if self.token else str(self.role)


STAFF = frozenset({Role.EMPLOYER, Role.CASEWORKER, Role.ADMIN})
ANONYMOUS = Actor(Role.ANONYMOUS)

_ANYBODY = frozenset({Role.ANONYMOUS, Role.SEEKER, Role.EMPLOYER, Role.CASEWORKER, Role.ADMIN})
_KNOWN = _ANYBODY - {Role.ANONYMOUS}
_GUIDES = frozenset({Role.CASEWORKER, Role.ADMIN})
_HIRERS = frozenset({Role.EMPLOYER, Role.ADMIN})
_OWNERS = frozenset({Role.SEEKER, Role.CASEWORKER, Role.ADMIN})  # the person, or who helps the person
_SEEKER = frozenset({Role.SEEKER})

OPERATIONS: dict[str, frozenset[Role]] = {
    # health
    "getLive": _ANYBODY,
    "getReady": _ANYBODY,
    "getMetrics": _ANYBODY,
    # accounts
    "getCurrentAccount": _KNOWN,
    "createToken": frozenset({Role.ADMIN}),
    # people
    "createPerson": _GUIDES,
    "listPeople": _GUIDES,
    "getPerson": _OWNERS,
    "replaceAttributes": _OWNERS,
    "replaceVisibility": _SEEKER,  # only the person decides who may find her
    # assessments
    "createAssessment": frozenset({Role.ANONYMOUS}) | _OWNERS,
    "getAssessment": _OWNERS,
    "getNextItem": _OWNERS,
    "createAnswer": _OWNERS,
    "completeAssessment": _OWNERS,
    # passports
    "getPassport": _OWNERS,
    # vacancies
    "listOccupations": _ANYBODY,
    "getOccupation": _ANYBODY,
    "createVacancy": _HIRERS,
    "listVacancies": _KNOWN,
    "getVacancy": _KNOWN,
    "replaceProfile": _HIRERS,
    "replaceRequirements": _HIRERS,
    # rankings
    "listCandidates": STAFF,
    "explainCandidate": STAFF,
    "listPersonVacancies": _OWNERS,
    "explainPersonVacancy": _OWNERS,
    # caseloads and jobs
    "createCaseload": _GUIDES,
    "listCaseloadResults": _GUIDES,
    "getJob": _GUIDES,
    "createJobCancellation": _GUIDES,
}


def require(actor: Actor, operation: str) -> None:
    """Raise Unauthorised or Forbidden unless the table lets this caller do this operation."""
    roles = OPERATIONS.get(operation, frozenset())
    if actor.role in roles:
        return
    if actor.role is Role.ANONYMOUS:
        raise Unauthorised()
    raise Forbidden()


def visible_people(actor: Actor, purpose: Purpose) -> Select[tuple[str]]:
    """Return the ids of the people this caller may see for this purpose: where every query on people starts."""
    return select(Person.id).where(_people_rule(actor, purpose))


def visible_vacancies(actor: Actor) -> Select[tuple[str]]:
    """Return the ids of the vacancies this caller may see: where every query on vacancies starts."""
    return select(Vacancy.id).where(_vacancies_rule(actor))


def _people_rule(actor: Actor, purpose: Purpose) -> ColumnElement[bool]:
    if actor.role is Role.SEEKER:
        return Person.id == actor.person
    own = Person.organisation_id == actor.organisation
    in_pool = and_(
        Person.visible == true(),
        exists().where(PassportRow.person_id == Person.id, PassportRow.current == true()),
    )
    match actor.role, purpose:
        case ((Role.EMPLOYER | Role.ADMIN), Purpose.MATCHING):
            return in_pool
        case Role.CASEWORKER, Purpose.MATCHING | Purpose.GUIDANCE | Purpose.ASSESSMENT:
            return own
        case Role.ADMIN, Purpose.GUIDANCE | Purpose.ASSESSMENT:
            return own
        case _:
            return false()


def _vacancies_rule(actor: Actor) -> ColumnElement[bool]:
    own = Vacancy.organisation_id == actor.organisation
    if actor.role in (Role.SEEKER, Role.CASEWORKER):
        return Vacancy.open == true()
    if actor.role is Role.EMPLOYER:
        return own
    if actor.role is Role.ADMIN:
        return (Vacancy.open == true()) | own
    return false()
