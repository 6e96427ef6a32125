"""A prober that reads only the contract and feeds every field and parameter what nobody should send.

For every operation and every role that may do it: no server error, every refusal a problem that repeats nothing, and
the service goes on. A new operation is covered by being in the contract.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.access import OPERATIONS
from api.app import create_app
from tests.api.test_errors import MARKER
from tests.api.test_openapi import resolve
from tests.api.world import World, example_of, headers_of, new_world, roles_of

pytestmark = pytest.mark.slow
HOLE = "@hole@"
JSON = {"Content-Type": "application/json"}
DEEP = "[" * 400 + "]" * 400
TOKENS = [  # what takes the place of a member's value, as it is written in JSON
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "9223372036854775807",
    "9223372036854775808",
    "2147483648",
    "-1",
    "0",
    "1.5",
    "1e-320",
    "true",
    "null",
    '""',
    f'"{MARKER}"',
    '"\\ud800"',
    f'"\\u0000{MARKER}"',
    f'"{MARKER}\\r\\n\\t\\u202e=cmd()"',
    json.dumps("😀" * 60),
    json.dumps(MARKER * 2000),
    "[]",
    "{}",
    f'["{MARKER}"]',
    f'{{"{MARKER}": "{MARKER}"}}',
    "[null]",
    "[" + "1," * 3000 + "1]",
    DEEP,
]
BODIES = [  # what takes the place of the whole body
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b"NaN",
    b'"' + MARKER.encode() + b'"',
    b"{",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"\x00",
    DEEP.encode(),
    b'{"a":' * 400 + b"1" + b"}" * 400,
    b"[" * 900_000,
    b'"' + b'\\"' * 400_000,
    f'{{"{MARKER}": 1, "{MARKER}": 2}}'.encode(),
    f'{{"{MARKER}": 1}}'.encode(),
]
TEXTS = [  # what takes the place of a parameter or header
    "",
    " ",
    MARKER,
    f"{MARKER}'\"<>;--",
    "NaN",
    "1e999",
    "-1",
    "0",
    "1.5",
    "9223372036854775808",
    "9" * 5000,
    "true",
    "null",
    "a" * 3000,
    "../../etc/passwd",
    "%",
    "é😀\u202e",
]
RAW = ["%00", "%FF", "%ED%A0%80", "%0A", f"{MARKER}%0d%0aX:y", "%C3%28", "%25"]  # already percent-encoded


@pytest.fixture(scope="module")
def home(tmp_path_factory, fresh) -> Iterator[World]:
    with TestClient(create_app(fresh(tmp_path_factory.mktemp("hostile")))) as client:
        yield new_world(client, "Municipality of Nowhere")
        client.app.state.engine.dispose()


@pytest.fixture
def world(home: World) -> World:
    """The same world with a fresh assessment, vacancy and job, as earlier probes may have used them up."""
    world = World(home.client, home.contract, home.tenant, {})
    world.ids["personId"] = home.tenant.person
    world.call("replaceVisibility", "seeker", json={"visible": True}, headers={"If-Match": "*"})
    for name, role in (
        ("createVacancy", "admin"),
        ("createCaseload", "caseworker"),
        ("createAssessment", "caseworker"),
    ):
        assert world.call(name, role).status_code in (200, 201, 202)
    world.ids = home.ids | world.ids
    return world


def members(contract: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Iterator[list[str | int]]:
    """Yield the place of every member that a schema allows, also inside lists and branches."""
    schema = resolve(contract, schema)
    if depth > 6:
        return
    for branch in schema.get("anyOf", []) + schema.get("oneOf", []):
        yield from members(contract, branch, depth + 1)
    for name, inner in schema.get("properties", {}).items():
        yield [name]
        yield from ([name, *rest] for rest in members(contract, inner, depth + 1))
    if isinstance(schema.get("items"), dict):
        yield [0]
        yield from ([0, *rest] for rest in members(contract, schema["items"], depth + 1))
    if isinstance(schema.get("additionalProperties"), dict):
        yield [MARKER]


def planted(example: Any, place: list[str | int]) -> str:
    """Return the example as JSON with a hole at a place, making what lies on the way there."""
    body = copy.deepcopy(example)
    node = body
    for part, following in zip(place, [*place[1:], None], strict=True):
        fresh = HOLE if following is None else [] if isinstance(following, int) else {}
        if isinstance(part, int):
            if not node or following is None:
                node[:] = [fresh]
        elif following is None or not isinstance(node.get(part), type(fresh)):
            node[part] = fresh
        node = node[part]
    return json.dumps(body)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_value_of_any_member_or_parameter_breaks_an_operation(world, name):
    path, method, operation = world.find(name)
    for rank, role in enumerate(roles_of(operation)):
        if "requestBody" in operation:
            # reading a body is the same for every role; what is done with it may not be
            probe_members(world, path, method, operation, role, TOKENS if rank == 0 else TOKENS[9:16])
        probe_parameters(world, path, method, operation, role)
    assert world.sent > 5
    assert world.client.get("/health/live").status_code == 200
    assert world.client.get("/health/ready").status_code == 200


def probe_members(
    world: World, path: str, method: str, operation: dict[str, Any], role: str, tokens: list[str]
) -> None:
    media = operation["requestBody"]["content"]["application/json"]
    headers = JSON | headers_of(operation)
    url = world.url(path)
    world.send(method, url, role, content=json.dumps(media["example"]), headers=headers)
    extra = {MARKER: MARKER} | media["example"]
    assert world.send(method, url, role, content=json.dumps(extra), headers=headers).status_code == 400
    for place in {json.dumps(each): each for each in members(world.contract, media["schema"])}.values():
        text = planted(media["example"], place)
        for token in tokens:
            world.send(method, url, role, content=text.replace(f'"{HOLE}"', token), headers=headers)
        if isinstance(place[-1], str):
            twice = text.replace(f'"{place[-1]}": "{HOLE}"', f'"{place[-1]}": 1, "{place[-1]}": 2')
            assert world.send(method, url, role, content=twice, headers=headers).status_code == 400


def probe_parameters(world: World, path: str, method: str, operation: dict[str, Any], role: str) -> None:
    body = example_of(operation)
    rest: dict[str, Any] = {"headers": headers_of(operation)} | ({} if body is None else {"json": body})
    texts = [quote(text, safe="") for text in TEXTS] + RAW
    for parameter in operation.get("parameters", []):
        name, place = parameter["name"], parameter["in"]
        for text in texts:
            if place == "path":
                world.send(method, world.url(path, **{name: text or "%20"}), role, **rest)
            elif place == "query":
                world.send(method, f"{world.url(path)}?{name}={text}", role, **rest)
        for text in TEXTS if place == "header" else []:
            headers = {"headers": rest["headers"] | {name: text.encode("utf-8")}}
            world.send(method, world.url(path), role, **(rest | headers))
    for query in (f"{MARKER}={MARKER}", f"{MARKER}", "a=1&a=2", "%FF=1", "=", "&" * 2000):
        answer = world.send(method, f"{world.url(path)}?{query}", role, **rest)
        assert answer.status_code == 400, query


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_body_as_a_whole_breaks_an_operation(world, name):
    path, method, operation = world.find(name)
    if method == "get":
        url = world.url(path)
        world.send(method, url, roles_of(operation)[0], content=b"x" * 1000, headers=JSON)
        return
    for role in roles_of(operation):
        probe_bodies(world, method, world.url(path), headers_of(operation), role)
    huge = b'{"' + MARKER.encode() + b'": "' + b"a" * 20_000_000 + b'"}'
    for role in ("anonymous", roles_of(operation)[0]):
        assert world.send(method, world.url(path), role, content=huge, headers=JSON).status_code == 413
    assert world.client.get("/health/ready").status_code == 200


def probe_bodies(world: World, method: str, url: str, match: dict[str, str], role: str) -> None:
    for raw in BODIES:
        world.send(method, url, role, content=raw, headers=JSON | match)
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image/png", MARKER, ""):
        headers = {"Content-Type": media} | match
        assert world.send(method, url, role, content=b'{"a": 1}', headers=headers).status_code == 415
    world.send(method, url, role, content=b"a=1", headers=match)


@pytest.mark.parametrize("name", [name for name in sorted(OPERATIONS) if name.startswith(("get", "list", "explain"))])
def test_the_prober_reaches_every_reading_operation_with_something_real(world, name):
    """It would prove nothing about an operation that it never gets to work."""
    path, method, operation = world.find(name)
    statuses = {world.send(method, world.url(path), role).status_code for role in roles_of(operation)}
    assert 200 in statuses
