"""Every error has one shape, says all faults at once, and repeats nothing that came."""

from __future__ import annotations

import pytest
from fastapi import Request
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from api.access import OPERATIONS, Role
from api.app import create_app
from api.errors import PROBLEMS, Conflict, Fault
from api.routes._edge import Body, SessionDep, StrictModel, WritingSessionDep, edge_router, require_match
from api.store.accounts import now
from api.store.tables import Organisation, Token
from passport.errors import BankExhausted

MARKER = "zebra-7431"


def problem_of(answer, status: int) -> dict:
    """Hold an answer against the one shape of an error and return its members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "errors"}
    assert problem["status"] == status
    assert problem["type"] == f"urn:problem-type:skills-passport:{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    for fault in problem["errors"]:
        assert set(fault) == {"pointer", "code", "detail"}
        assert all(isinstance(value, str) for value in fault.values())
        assert fault["code"]
        assert fault["detail"]
        assert fault["pointer"] == "" or fault["pointer"].startswith("/")
    return problem


class Toy(StrictModel):
    done: bool = True


class ToyBody(Body):
    error: str = ""


FAILURES = {
    "value": lambda: ValueError(MARKER),
    "core": lambda: BankExhausted(MARKER),
    "database": lambda: OperationalError(MARKER, {}, Exception(MARKER)),
    "problem": lambda: Conflict("Not now.", code="not-now", errors=[Fault("/error", "not-now", "Later.")]),
}


def toy() -> Organisation:
    return Organisation(id="toy", name="Toys of Nowhere", created_at=now())


def toy_router():
    router = edge_router("health")

    @router.post("/v1/toys", operation_id="createToy")
    def create_toy(body: ToyBody, session: SessionDep) -> Toy:
        session.add(toy())
        if body.error == "commit":
            session.add(Token(id="toy", hash="0", role="seeker", person_id="nobody", created_at=now()))
        elif body.error:
            session.flush()
            raise FAILURES[body.error]()
        return Toy()

    @router.get("/v1/toys", operation_id="listToys")
    def list_toys(session: SessionDep) -> Toy:
        return Toy(done=session.get(Organisation, "toy") is not None)

    @router.put("/v1/toys", operation_id="replaceToys")
    def replace_toys(body: ToyBody, request: Request) -> Toy:
        if body.error != "forgotten":
            require_match(request, 3)
        return Toy()

    @router.get("/v1/toys/writing", operation_id="getWriting")
    def get_writing(session: SessionDep) -> Toy:
        session.add(toy())
        return Toy()

    @router.get("/v1/toys/recording", operation_id="getRecording")
    def get_recording(session: WritingSessionDep, request: Request) -> Toy:
        if session.get(Organisation, "other") is None:  # somebody else writes while we read
            with request.app.state.writers.begin() as other:
                other.add(Organisation(id="other", name="Elsewhere", created_at=now()))
        session.add(toy())
        return Toy()

    return router


@pytest.fixture
def toys(monkeypatch, settings):
    """A client of an application of a few operations that fail in every way."""
    for name in ("createToy", "listToys", "replaceToys", "getWriting", "getRecording"):
        monkeypatch.setitem(OPERATIONS, name, frozenset(Role))
    app = create_app(settings, routers=[toy_router()])
    with TestClient(app) as client:
        yield client


def test_whatever_fails_unforeseen_is_a_500_that_says_nothing_and_leaves_nothing(toys, capfd):
    answer = toys.post("/v1/toys", json={"error": "value"})
    assert problem_of(answer, 500)["code"] == "internal"
    assert answer.headers["API-Version"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    logged = capfd.readouterr().err
    assert "ValueError" in logged
    assert "test_errors.py" in logged
    assert MARKER not in answer.text + logged
    assert toys.get("/v1/toys").json() == {"done": False}


def test_a_deed_that_is_done_stays(toys):
    assert toys.post("/v1/toys", json={}).json() == {"done": True}
    assert toys.get("/v1/toys").json() == {"done": True}


def test_a_commit_that_fails_is_never_answered_with_success(toys):
    problem_of(toys.post("/v1/toys", json={"error": "commit"}), 409)
    assert toys.get("/v1/toys").json() == {"done": False}


def test_a_database_that_is_away_is_a_503_with_a_time_to_wait(toys):
    answer = toys.post("/v1/toys", json={"error": "database"})
    problem_of(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert MARKER not in answer.text


def test_a_condition_of_a_core_has_a_status(toys):
    answer = toys.post("/v1/toys", json={"error": "core"})
    problem_of(answer, 409)
    assert MARKER not in answer.text


def test_a_service_says_its_own_code_and_faults(toys):
    problem = problem_of(toys.post("/v1/toys", json={"error": "problem"}), 409)
    assert problem["code"] == "not-now"
    assert problem["errors"] == [{"pointer": "/error", "code": "not-now", "detail": "Later."}]


def test_a_get_cannot_write_unless_it_says_so(toys):
    problem_of(toys.get("/v1/toys/writing"), 500)
    assert toys.get("/v1/toys").json() == {"done": False}


def test_a_get_that_records_reads_on_while_others_write_and_is_run_again_when_they_did(toys):
    assert toys.get("/v1/toys/recording").status_code == 200
    assert toys.get("/v1/toys").json() == {"done": True}


def test_a_change_that_does_not_ask_for_the_version_is_our_mistake(toys):
    problem_of(toys.put("/v1/toys", json={"error": "forgotten"}), 500)


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 428), ('"3"', 200), ("*", 200), ('"2", "3"', 200), ('"2"', 412), ('W/"3"', 412), ("3", 412), ("", 412)],
)
def test_a_change_names_the_version_it_changes(toys, header, status):
    headers = {} if header is None else {"If-Match": header}
    answer = toys.put("/v1/toys", json={}, headers=headers)
    assert answer.status_code == status
    if status != 200:
        problem_of(answer, status)


def test_a_path_that_is_not_there_is_a_problem(client):
    for path in ("/nowhere", f"/{MARKER}", "/v1", "/docs", "/redoc", "/openapi.json", "/v1/people/a/b/c"):
        answer = client.get(path)
        problem_of(answer, 404)
        assert MARKER not in answer.text


def test_all_faults_of_a_body_are_told_at_once_without_repeating_what_came(client, tenant):
    body = {"role": MARKER, "expiresInDays": 99999, "personId": f"{MARKER} {MARKER}", MARKER: MARKER}
    answer = client.post("/v1/tokens", json=body, headers=tenant.bearer("admin"))
    problem = problem_of(answer, 400)
    found = {(fault["pointer"], fault["code"]) for fault in problem["errors"]}
    assert found == {("/role", "choice"), ("/expiresInDays", "range"), ("/personId", "pattern"), ("", "unknown")}
    assert MARKER not in answer.text


def test_a_member_of_another_type_is_refused_and_never_turned_into_ours(client, tenant):
    for days in (True, "3", 3.0, 3.5, [3], {}):
        body = {"role": "admin", "expiresInDays": days}
        problem = problem_of(client.post("/v1/tokens", json=body, headers=tenant.bearer("admin")), 400)
        assert [fault["pointer"] for fault in problem["errors"]] == ["/expiresInDays"]


def test_names_of_members_are_those_of_the_contract_alone(client, tenant):
    body = {"role": "admin", "expires_in_days": 3}
    problem = problem_of(client.post("/v1/tokens", json=body, headers=tenant.bearer("admin")), 400)
    assert [fault["code"] for fault in problem["errors"]] == ["unknown"]


def test_every_problem_of_the_tree_has_its_own_status_code_and_words():
    assert len({kind.status for kind in PROBLEMS}) == len(PROBLEMS)
    assert len({kind.code for kind in PROBLEMS}) == len(PROBLEMS)
    assert all(kind().detail for kind in PROBLEMS)
