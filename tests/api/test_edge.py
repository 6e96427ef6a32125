"""What holds for every route: headers, slashes, methods, limits, strict reading, keys, cursors."""

from __future__ import annotations

import asyncio
import json

import pytest

from api.errors import Invalid
from api.routes._edge.body import parse_json
from api.routes._edge.middleware import HEADERS
from api.routes._edge.models import Body
from api.routes._edge.paging import decode_cursor, encode_cursor
from api.routes._edge.route import EdgeRoute
from tests.api.test_errors import MARKER, problem_of

TOKENS = "/v1/tokens"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/", 200),
        ("GET", "/static/passport.css", 200),
        ("GET", "/metrics", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/health/live", 405),
        ("GET", "/v1/accounts/current", 401),
        ("GET", "/health/live?x=1", 400),
        ("POST", "/v1/assessments", 400),
    ],
)
def test_every_answer_carries_the_version_and_the_security_headers(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    for name, value in HEADERS.items():
        if not (name == "Content-Security-Policy" and path == "/"):
            assert answer.headers[name] == value
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["API-Version"] == "1.0.0"
    assert len(answer.headers["X-Request-Id"]) == 32


def test_the_headers_are_those_the_design_rules_ask():
    assert HEADERS["Cache-Control"] == "no-store"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"
    assert HEADERS["X-Frame-Options"] == "DENY"
    assert HEADERS["Strict-Transport-Security"].startswith("max-age=")
    assert "Referrer-Policy" in HEADERS


def test_a_trailing_slash_is_another_path_and_no_redirect(client, tenant):
    for path in ("/health/live/", "/v1/people/", "/v1/openapi.json/", "/v1/", "/v1/jobs/a/"):
        answer = client.get(path, headers=tenant.bearer("admin"), follow_redirects=False)
        problem_of(answer, 404)
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/health/live%0A", "/v1/people%0a", "/v1/people/%00", "/%0d%0aSet-Cookie:x", "/v1%7F"]
)
def test_control_characters_in_a_path_find_nothing(client, tenant, path):
    problem_of(client.get(path, headers=tenant.bearer("admin")), 404)


def test_a_wrong_method_is_told_all_methods_of_the_path(client, app):
    methods: dict[str, set[str]] = {}
    for route in app.state.routes:
        methods.setdefault(route.path, set()).update(route.methods)
    for path, allowed in methods.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} - allowed:
            answer = client.request(method, path.replace("{", "").replace("}", ""))
            problem_of(answer, 405)
            assert {each.strip() for each in answer.headers["Allow"].split(",")} == allowed


def test_a_body_declared_too_large_is_refused_at_once(client, tenant, settings):
    body = b'{"role": "' + b"a" * settings.body_limit + b'"}'
    problem_of(client.post(TOKENS, content=body, headers=tenant.bearer("admin") | JSON), 413)
    problem_of(client.post("/nowhere", content=body, headers=JSON), 413)
    assert client.get("/health/live").status_code == 200


def endless(app, headers: dict[str, str], chunk: bytes) -> tuple[int, int]:
    """Send a body without length and without end; return the status and how many bytes went in before it came."""
    sent, status, before = 0, 0, 0
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": TOKENS,
        "raw_path": TOKENS.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [*raw, (b"transfer-encoding", b"chunked")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }

    async def receive():
        nonlocal sent
        sent += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message):
        nonlocal status, before
        if message["type"] == "http.response.start":
            status, before = message["status"], sent

    asyncio.run(app(scope, receive, send))
    return status, before


def test_a_body_without_length_is_refused_while_it_streams(app, tenant, settings):
    status, before = endless(app, tenant.bearer("admin") | JSON, b" " * 10_000)
    assert status == 413
    assert before <= settings.body_limit + 10_000


def test_a_caller_without_rights_is_refused_before_the_body_is_read(app, tenant):
    assert endless(app, JSON, b" " * 10_000) == (401, 0)
    assert endless(app, tenant.bearer("employer") | JSON, b" " * 10_000) == (403, 0)


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "application/jsonx",
        "",
        "nonsense",
        "application/json, text/plain",
    ],
)
def test_a_body_that_is_not_json_by_its_own_word_is_refused(client, tenant, media):
    headers = tenant.bearer("admin") | {"Content-Type": media}
    problem_of(client.post(TOKENS, content=b'{"role": "admin"}', headers=headers), 415)


def test_a_body_without_content_type_is_refused(client, tenant):
    problem_of(client.post(TOKENS, content=b'{"role": "admin"}', headers=tenant.bearer("admin")), 415)


@pytest.mark.parametrize(
    "media", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_may_name_its_character_set(client, tenant, media):
    headers = tenant.bearer("admin") | {"Content-Type": media}
    assert client.post(TOKENS, content=b'{"role": "admin"}', headers=headers).status_code == 201


BROKEN = {
    b"": "missing",
    b" ": "json",
    b"null": "type",
    b"[]": "type",
    b'"admin"': "type",
    b"{": "json",
    b'{"role": "admin"} x': "json",
    b"{'role': 'admin'}": "json",
    b'{"role": "admin",}': "json",
    b'\xef\xbb\xbf{"role": "admin"}': "byte-order-mark",
    '{"role": "admin"}'.encode("utf-16"): "utf-8",
    b'{"role": "\xff"}': "utf-8",
    b'{"role": "\xed\xa0\x80"}': "utf-8",
    b'{"role": "\\ud800"}': "text",
    b'{"\\ud800": 1}': "text",
    b'{"role": "\\u0000"}': "text",
    b'{"role": "a\nb"}': "json",
    b'{"role": "admin", "role": "seeker"}': "duplicate",
    b'{"role": "admin", "x": {"a": 1, "a": 1}}': "duplicate",
    b'{"role": NaN}': "not-finite",
    b'{"role": Infinity}': "not-finite",
    b'{"role": -Infinity}': "not-finite",
    b'{"role": 1e999}': "not-finite",
    b'{"role": 9223372036854775808}': "number-range",
    b'{"role": -9223372036854775809}': "number-range",
    b'{"role": ' + b"9" * 5000 + b"}": "number-range",
    b"[" * 400 + b"]" * 400: "depth",
    b'{"a":' * 400 + b"1" + b"}" * 400: "depth",
    b"[" * 900_000: "depth",
    b'"' + b'\\"' * 400_000: "json",
    b"\\" * 900_000: "json",
    b'"' * 900_001: "json",
}


@pytest.mark.parametrize(("raw", "code"), BROKEN.items(), ids=lambda value: str(value)[:30])
def test_json_that_others_let_pass_is_refused(client, tenant, raw, code):
    problem = problem_of(client.post(TOKENS, content=raw, headers=tenant.bearer("admin") | JSON), 400)
    assert code in {fault["code"] for fault in problem["errors"]}


def test_brackets_inside_texts_are_not_depth():
    assert parse_json(json.dumps({"a": "[{" * 400, 'b"\\': '\\"[' * 100}).encode(), 2)


def test_depth_is_counted_exactly():
    assert parse_json(b"[[[1]],[2]]", 3) == [[[1]], [2]]
    with pytest.raises(Invalid):
        parse_json(b"[[[1]],[2]]", 2)


def test_good_text_of_every_plane_is_kept():
    assert parse_json('["é", "😀", "\\ud83d\\ude00", "\\u202e"]'.encode(), 2) == ["é", "😀", "😀", "\u202e"]


def test_the_largest_numbers_a_database_takes_are_kept():
    assert parse_json(b"[9223372036854775807, -9223372036854775808, 1e308]", 2) == [2**63 - 1, -(2**63), 1e308]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=1&limit=2", "duplicate"),
        (f"{MARKER}=1", "unknown"),
        ("Limit=1", "unknown"),
        ("limit", "query"),
        ("&&", "query"),
        ("limit=%FF", "query"),
        ("limit=%00", "text"),
        ("limit=%ED%A0%80", "query"),
        ("&".join(f"x{n}=1" for n in range(100)), "query"),
        ("limit=0", "range"),
        ("limit=201", "range"),
        ("limit=-1", "range"),
        ("limit=1e3", "type"),
        ("limit=" + "9" * 5000, "range"),
        ("limit=", "type"),
        ("cursor=", "too-short"),
        (f"cursor={MARKER}", "cursor"),
        ("cursor=%C3%A9", "cursor"),
    ],
)
def test_a_query_is_read_as_strictly_as_a_body(client, tenant, query, code):
    answer = client.get(f"/v1/people?{query}", headers=tenant.bearer("caseworker"))
    problem = problem_of(answer, 400)
    assert problem["errors"][0]["code"] == code
    assert MARKER not in answer.text


def test_an_operation_without_a_body_takes_none_but_an_empty_object(client, tenant):
    path = "/v1/jobs/none/cancellations"
    headers = tenant.bearer("caseworker")
    problem_of(client.post(path, headers=headers), 404)
    problem_of(client.post(path, json={}, headers=headers), 404)
    problem_of(client.post(path, json={"a": 1}, headers=headers), 400)
    problem_of(client.post(path, content=b"x", headers=headers), 415)


def test_a_cursor_holds_for_its_own_list_and_caller_alone():
    cursor = encode_cursor(b"secret", "/v1/people", ["person-7", 3])
    assert decode_cursor(b"secret", "/v1/people", cursor) == ["person-7", 3]
    for secret, scope, text in (
        (b"secret", "/v1/vacancies", cursor),
        (b"another", "/v1/people", cursor),
        (b"secret", "/v1/people", cursor[:-2]),
        (b"secret", "/v1/people", "A" + cursor[1:]),
        (b"secret", "/v1/people", "!"),
    ):
        with pytest.raises(Invalid):
            decode_cursor(secret, scope, text)


def test_every_body_is_closed(app):
    """Bodies and what they hold derive from Body: unknown members and inside names are refused everywhere."""
    for route in app.state.routes:
        if isinstance(route, EdgeRoute) and route.body_field is not None:
            for model in models_of(route.body_field.field_info.annotation):
                assert issubclass(model, Body), f"{route.operation_id}: {model.__name__}"


def models_of(annotation) -> list[type]:
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        inner = [models_of(field.annotation) for field in annotation.model_fields.values()]
        return [annotation, *(model for models in inner for model in models)]
    return [model for part in getattr(annotation, "__args__", ()) for model in models_of(part)]
