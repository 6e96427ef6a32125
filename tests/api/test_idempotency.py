"""The same request with the same key is done once and answered alike, for its caller alone."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from sqlalchemy import func, select, update

from api.store.accounts import now
from api.store.tables import IdempotencyKey, Person, Token
from tests.api.test_errors import problem_of

TOKENS = "/v1/tokens"
ADMIN = {"role": "admin"}


def post(client, tenant, key, body=ADMIN, role="admin", path=TOKENS):
    return client.post(path, json=body, headers=tenant.bearer(role) | {"Idempotency-Key": key})


def count(session, table) -> int:
    return session.scalar(select(func.count()).select_from(table))


def test_the_same_request_is_done_once_and_answered_alike(client, tenant, session):
    first, again = post(client, tenant, "key-1"), post(client, tenant, "key-1")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.headers["content-type"] == again.headers["content-type"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["API-Version"]
    assert count(session, Token) == 5


def test_another_request_under_the_same_key_is_refused(client, tenant):
    post(client, tenant, "key-1")
    assert problem_of(post(client, tenant, "key-1", {"role": "employer"}), 409)["code"] == "idempotency-key-reused"
    other_path = post(client, tenant, "key-1", {}, path="/v1/jobs/none/cancellations")
    assert problem_of(other_path, 409)["code"] == "idempotency-key-reused"


def test_another_caller_with_the_same_key_is_another_request(client, tenant, stranger, session):
    mine, theirs = post(client, tenant, "key-1"), post(client, stranger, "key-1")
    assert mine.json()["token"] != theirs.json()["token"]
    assert count(session, Token) == 10


def test_a_refused_request_leaves_its_key_free(client, tenant):
    problem_of(post(client, tenant, "key-1", {"role": "nobody"}), 400)
    problem_of(post(client, tenant, "key-1", {}, path="/v1/jobs/none/cancellations"), 404)
    assert post(client, tenant, "key-1").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "é".encode("latin-1"), "a" * 201, "a\tb"])
def test_a_key_that_cannot_be_one_is_refused(client, tenant, key):
    problem = problem_of(post(client, tenant, key), 400)
    assert problem["errors"][0]["pointer"] == "/header/Idempotency-Key"


def test_two_keys_at_once_are_refused(client, tenant):
    headers = [*tenant.bearer("admin").items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    problem_of(client.post(TOKENS, json=ADMIN, headers=headers), 400)


def test_without_a_token_a_key_must_not_be_guessable(client, session):
    """Strangers share the keys of those without token: a guessed one would give away somebody's answer."""
    body = {"language": "en"}
    refused = client.post("/v1/assessments", json=body, headers={"Idempotency-Key": "1"})
    assert problem_of(refused, 400)["errors"][0]["code"] == "key-length"
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (client.post("/v1/assessments", json=body, headers=headers) for _ in range(2))
    assert first.status_code == 201
    assert first.content == again.content
    assert again.headers["Location"] == first.headers["Location"]
    assert count(session, Person) == 1


def test_what_is_kept_gives_no_token_away(client, tenant, session):
    plain = post(client, tenant, "key-zebra-7431").json()["token"]
    row = session.scalars(select(IdempotencyKey)).one()
    kept = f"{row.caller} {row.key} {row.request_hash} {row.headers}".encode() + row.body
    assert plain.encode() not in kept
    assert b"zebra-7431" not in kept
    assert b"role" not in row.body


def test_a_key_is_forgotten_after_a_day(client, tenant, session):
    first = post(client, tenant, "key-1")
    session.execute(update(IdempotencyKey).values(created_at=now() - dt.timedelta(hours=25)))
    session.commit()
    second = post(client, tenant, "key-1", {"role": "employer"})
    assert second.status_code == 201
    assert second.content != first.content
    assert count(session, IdempotencyKey) == 1


def test_a_key_on_a_get_means_nothing(client, tenant, session):
    headers = tenant.bearer("admin") | {"Idempotency-Key": "key-1"}
    assert client.get("/v1/accounts/current", headers=headers).status_code == 200
    assert count(session, IdempotencyKey) == 0


def test_equal_requests_at_once_make_one_thing(client, tenant, session):
    answers = []

    def send() -> None:
        answers.append(post(client, tenant, "key-1"))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert count(session, Token) == 5
