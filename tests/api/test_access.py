"""Who may what: default is deny, the table is complete, and people are reached through one door only."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest
from sqlalchemy import select

import api
from api.access import ANONYMOUS, OPERATIONS, STAFF, Actor, Purpose, Role, require, visible_people, visible_vacancies
from api.app import ROUTERS, check_operations, create_app
from api.errors import Forbidden, Unauthorised
from api.routes._edge import StrictModel, edge_router
from api.store.accounts import now
from api.store.tables import Organisation, PassportRow, Person, Vacancy
from tests.api.test_errors import problem_of

HERE = Path(api.__file__).parent
PERSONAL = {"Person", "PassportRow", "Assessment", "Answer", "CaseloadResult"}
DOORS = {"access.py", "store/people.py", "store/tables.py"}

SEEKER = Actor(Role.SEEKER, person="own-hidden")
EMPLOYER = Actor(Role.EMPLOYER, organisation="own")
CASEWORKER = Actor(Role.CASEWORKER, organisation="own")
ADMIN = Actor(Role.ADMIN, organisation="own")


def test_every_operation_has_a_row_and_every_row_an_operation():
    operations = [route.operation_id for router in ROUTERS for route in router.routes]
    assert len(operations) == len(set(operations))
    assert set(operations) == set(OPERATIONS)


def test_an_operation_without_a_row_keeps_the_application_from_starting(settings):
    router = edge_router("health")

    @router.get("/v1/secrets", operation_id="listSecrets")
    def list_secrets() -> StrictModel:
        return StrictModel()

    with pytest.raises(RuntimeError, match="listSecrets"):
        create_app(settings, routers=[*ROUTERS, router])


def test_a_route_that_does_not_stand_on_the_edge_keeps_the_application_from_starting():
    from fastapi import APIRouter

    router = APIRouter()
    router.add_api_route("/v1/secrets", lambda: None, operation_id="getLive")
    with pytest.raises(RuntimeError):
        check_operations(router.routes)


def test_a_route_without_operation_id_cannot_be_made():
    with pytest.raises(ValueError, match="operation_id"):
        edge_router("health").add_api_route("/v1/secrets", lambda: None)


@pytest.mark.parametrize(("operation", "role"), list(itertools.product(sorted(OPERATIONS), Role)))
def test_the_table_decides_for_every_operation_and_role(operation, role):
    actor = {
        Role.ANONYMOUS: ANONYMOUS,
        Role.SEEKER: SEEKER,
        Role.EMPLOYER: EMPLOYER,
        Role.CASEWORKER: CASEWORKER,
        Role.ADMIN: ADMIN,
    }[role]
    if role in OPERATIONS[operation]:
        require(actor, operation)
    else:
        with pytest.raises(Unauthorised if role is Role.ANONYMOUS else Forbidden):
            require(actor, operation)


def test_what_the_table_does_not_name_nobody_may():
    for actor in (ANONYMOUS, SEEKER, ADMIN):
        with pytest.raises((Unauthorised, Forbidden)):
            require(actor, "eraseEverything")


def test_every_route_answers_every_role_as_the_table_says(client, app, tenant):
    for router in ROUTERS:
        for route in router.routes:
            path = route.path.replace("{", "").replace("}", "")
            (method,) = route.methods
            for role in Role:
                answer = client.request(method, path, headers=tenant.bearer(role))
                if role in OPERATIONS[route.operation_id]:
                    assert answer.status_code not in (401, 403) or answer.json()["code"] != "forbidden"
                else:
                    problem_of(answer, 401 if role is Role.ANONYMOUS else 403)


def test_staff_without_organisation_and_a_seeker_without_person_cannot_exist():
    # an organisation of None would read as "everybody who came by herself"
    for role in STAFF:
        with pytest.raises(ValueError, match="organisation"):
            Actor(role)
    with pytest.raises(ValueError, match="person"):
        Actor(Role.SEEKER)


@pytest.fixture
def world(session):
    """Two organisations and nobody's, each with a hidden person, one in the pool, and one visible without passport."""
    for name in ("own", "other"):
        session.add(Organisation(id=name, name=name, created_at=now()))
    session.flush()
    for owner, kind in itertools.product(("own", "other", "nobody"), ("hidden", "pool", "empty")):
        person = f"{owner}-{kind}"
        organisation = None if owner == "nobody" else owner
        session.add(Person(id=person, organisation_id=organisation, visible=kind != "hidden", created_at=now()))
        session.flush()
        if kind != "empty":
            session.add(passport(person))
    for owner, state in itertools.product(("own", "other"), ("open", "closed")):
        session.add(vacancy(owner, state))
    session.flush()
    return session


def passport(person: str) -> PassportRow:
    return PassportRow(
        id=person,
        person_id=person,
        framework="1",
        bank="1",
        norm="1",
        mean=b"",
        sd=b"",
        own_information=b"",
        issued=now().date(),
        provisional=False,
        created_at=now(),
    )


def vacancy(owner: str, state: str) -> Vacancy:
    return Vacancy(
        id=f"{owner}-{state}",
        organisation_id=owner,
        occupation="welder",
        title="Welder",
        framework="1",
        band=b"",
        importance=b"",
        open=state == "open",
        created_at=now(),
    )


OWN = {"own-hidden", "own-pool", "own-empty"}
POOL = {"own-pool", "other-pool", "nobody-pool"}
NOBODY: set[str] = set()
PEOPLE = {
    ANONYMOUS: {},
    SEEKER: {purpose: {"own-hidden"} for purpose in Purpose},
    EMPLOYER: {Purpose.MATCHING: POOL},
    CASEWORKER: {Purpose.MATCHING: OWN, Purpose.GUIDANCE: OWN, Purpose.ASSESSMENT: OWN},
    ADMIN: {Purpose.MATCHING: POOL, Purpose.GUIDANCE: OWN, Purpose.ASSESSMENT: OWN},
}
VACANCIES = {
    ANONYMOUS: NOBODY,
    SEEKER: {"own-open", "other-open"},
    EMPLOYER: {"own-open", "own-closed"},
    CASEWORKER: {"own-open", "other-open"},
    ADMIN: {"own-open", "other-open", "own-closed"},
}


@pytest.mark.parametrize(("actor", "purpose"), list(itertools.product(PEOPLE, Purpose)), ids=str)
def test_each_role_sees_the_people_of_its_purpose_and_no_others(world, actor, purpose):
    assert set(world.scalars(visible_people(actor, purpose))) == PEOPLE[actor].get(purpose, NOBODY)


@pytest.mark.parametrize("actor", list(VACANCIES), ids=str)
def test_each_role_sees_its_vacancies_and_no_others(world, actor):
    assert set(world.scalars(visible_vacancies(actor))) == VACANCIES[actor]


def test_a_person_who_leaves_the_pool_is_gone_at_once(world):
    world.get_one(Person, "other-pool").visible = False
    world.get_one(PassportRow, "nobody-pool").current = False
    assert set(world.scalars(visible_people(EMPLOYER, Purpose.MATCHING))) == {"own-pool"}


# the source is read: a query on people that does not start at the visibility rule cannot be written elsewhere


def modules() -> list[Path]:
    return [path for path in HERE.rglob("*.py") if path.relative_to(HERE).as_posix() not in DOORS]


def queries_on_people(tree: ast.AST) -> list[str]:
    """Return what in a module reads people: select(Person), Person.column, session.get(Person, ...)."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Person":
            found.append(f"line {node.lineno}: Person.{node.attr}")
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            people = any(isinstance(argument, ast.Name) and argument.id == "Person" for argument in node.args)
            if people and name in READS:
                found.append(f"line {node.lineno}: {name}(Person)")
    return found


READS = {"select", "get", "get_one", "query", "aliased", "exists", "delete", "update", "join", "select_from"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(HERE).as_posix())
def test_people_are_queried_behind_the_visibility_rule_alone(path):
    assert queries_on_people(ast.parse(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "select(Person)",
        "select(Person.id)",
        "session.get(Person, key)",
        "x.where(Person.visible)",
        "sa.select(Person).join(y)",
        "session.query(Person)",
        "session.get_one(Person, key)",
    ],
)
def test_the_reader_of_sources_finds_every_way_round(source):
    assert queries_on_people(ast.parse(source))


@pytest.mark.parametrize("layer", ["routes", "services", "web", "terminal"])
def test_only_the_store_queries_what_is_personal(layer):
    for path in (HERE / layer).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert node.value.id not in PERSONAL, f"{path.name} line {node.lineno}"


def test_nobody_writes_sql_by_hand():
    for path in modules():
        source = path.read_text("utf-8")
        if "migrations" not in path.parts and path.name != "session.py":
            imported = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
            names = {each.name for node in imported if node.module == "sqlalchemy" for each in node.names}
            assert not names & {"text", "literal_column"}, path.name
            assert "exec_driver_sql" not in source, path.name


def test_every_read_in_the_store_of_people_takes_what_is_visible():
    tree = ast.parse((HERE / "store" / "people.py").read_text("utf-8"))
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        calls = {getattr(node.func, "id", "") for node in ast.walk(function) if isinstance(node, ast.Call)}
        if "select" in calls and function.name not in FOR_LOADING:
            assert "visible" in {argument.arg for argument in function.args.args}, function.name


FOR_LOADING = {"known"}  # says which ids are taken, to the command line alone


def test_what_is_for_loading_is_out_of_reach_of_requests():
    for path in modules():
        source = path.read_text("utf-8")
        if any(f"people.{name}(" in source for name in FOR_LOADING):
            assert path.name == "bulk.py"
        if path.parent.name in ("routes", "_edge", "web"):
            assert "bulk" not in source, path.name


def test_the_pool_is_not_joined_by_having_a_passport_alone(world):
    hidden = select(Person.id).where(Person.visible.is_(False))
    seen = set(world.scalars(visible_people(EMPLOYER, Purpose.MATCHING)))
    assert not seen & set(world.scalars(hidden))
