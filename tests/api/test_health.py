"""Alive, ready, counted and logged: without a word about anybody."""

from __future__ import annotations

import json

import pytest
from alembic import command
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.store.session import migration_config
from tests.api.test_errors import MARKER, problem_of


def test_a_process_is_alive_whatever_the_database_does(tmp_path):
    (tmp_path / "passport.sqlite").write_bytes(b"not a database at all, but long enough to be taken for one")
    client = TestClient(create_app(Settings(data=tmp_path, auto_migrate=False, access_log=False)))
    assert client.get("/health/live").json() == {"status": "live"}
    problem_of(client.get("/health/ready"), 503)


def test_a_service_is_ready_when_its_database_is_at_the_newest_revision(client, app):
    assert client.get("/health/ready").json() == {"status": "ready"}
    with app.state.engine.begin() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    answer = client.get("/health/ready")
    problem_of(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


def test_metrics_count_by_template_and_never_by_path(client, tenant):
    client.get(f"/v1/people/{tenant.person}", headers=tenant.bearer("caseworker"))
    client.get(f"/{MARKER}")
    client.request("BREW", "/health/live")
    text = client.get("/metrics").text
    assert 'passport_requests_total{method="GET",route="/v1/people/{personId}",status="200"} 1.0' in text
    assert 'route="unmatched"' in text
    assert 'method="other"' in text
    assert tenant.person not in text
    assert MARKER not in text


def test_two_applications_in_a_process_count_apart(client, settings):
    with TestClient(create_app(settings)) as other:
        other.get("/health/live")
        assert "/health/live" in other.get("/metrics").text
        assert "/health/live" not in client.get("/metrics").text


@pytest.fixture
def logging_client(settings):
    with TestClient(create_app(settings.model_copy(update={"access_log": True}))) as client:
        yield client


def test_a_request_is_one_line_of_json_with_its_id_and_nothing_personal(logging_client, tenant, capfd):
    path = f"/v1/people/{tenant.person}?{MARKER}=1"
    body = {"x": MARKER}
    answer = logging_client.get(path, headers=tenant.bearer("caseworker") | {"User-Agent": f"{MARKER}\r"[:10]})
    logging_client.post("/v1/tokens", json=body, headers=tenant.bearer("admin"))
    text = capfd.readouterr().err
    first, second = [json.loads(line) for line in text.splitlines()]
    assert first["request_id"] == answer.headers["X-Request-Id"] != second["request_id"]
    assert (first["method"], first["route"], first["status"]) == ("GET", "/v1/people/{personId}", 400)
    for secret in (tenant.person, MARKER, MARKER[:8], tenant.tokens["admin"], "testclient"):
        assert secret not in text
