"""The contract says what the service does, and keeps the design rules."""

from __future__ import annotations

import re

import pytest

from api.access import OPERATIONS, Role
from api.routes._edge.openapi import TAGS
from api.settings import VERSION

VERBS = "get|list|create|replace|complete|explain"
OPEN = {"getLive", "getReady", "getMetrics"}


@pytest.fixture
def contract(client) -> dict:
    answer = client.get("/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(contract) -> list[tuple[str, str, dict]]:
    return [
        (path, method, operation)
        for path, item in contract["paths"].items()
        for method, operation in item.items()
        if method != "servers"
    ]


def everything(node):
    """Yield every object of the contract."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from everything(value)
    elif isinstance(node, list):
        for value in node:
            yield from everything(value)


def test_the_contract_introduces_itself(contract):
    assert contract["openapi"].startswith("3.1")
    assert contract["info"]["version"] == VERSION
    assert all(contract["info"]["contact"][name] for name in ("name", "url", "email"))
    assert contract["info"]["description"]


def test_servers_are_relative_and_carry_the_major_version(contract):
    assert contract["servers"] == [{"url": "/v1"}]
    for path, item in contract["paths"].items():
        assert not path.startswith("/v1")
        if path.startswith(("/health", "/metrics")):
            assert item["servers"] == [{"url": "/"}]


def test_every_path_of_the_contract_is_one_of_the_service(contract, app):
    served = {route.path for route in app.state.routes if hasattr(route, "operation_id")}
    described = set()
    for path, item in contract["paths"].items():
        base = item.get("servers", contract["servers"])[0]["url"].rstrip("/")
        described.add(base + path)
    assert described == served


def test_every_operation_has_a_name_a_tag_and_words(contract):
    names = []
    for _, _, operation in operations(contract):
        names.append(operation["operationId"])
        assert re.fullmatch(rf"({VERBS})([A-Z][a-z]+)+", operation["operationId"])
        assert len(operation["tags"]) == 1
        assert operation["tags"][0] in TAGS
        assert operation["summary"]
        assert operation["description"]
    assert len(names) == len(set(names))
    assert set(names) == set(OPERATIONS)
    assert [tag["name"] for tag in contract["tags"]] == list(TAGS)


def test_paths_are_kebab_case_and_parameters_and_members_camel_case(contract):
    for path in contract["paths"]:
        assert re.fullmatch(r"(/([a-z]+(-[a-z]+)*|\{[a-z]+([A-Z][a-z]+)*\}))+", path)
    for node in everything(contract):
        if isinstance(node.get("properties"), dict):
            assert all(re.fullmatch(r"[a-z]+[0-9]*([A-Z][a-z0-9]*)*", name) for name in node["properties"]), node
        if node.get("in") in ("query", "path"):
            assert re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", node["name"])


def test_nothing_of_the_frameworks_own_errors_is_left(contract):
    assert not [operation for _, _, operation in operations(contract) if "422" in operation["responses"]]
    assert not {"HTTPValidationError", "ValidationError"} & set(contract["components"]["schemas"])
    assert "HTTPValidationError" not in str(contract)


def resolve(contract, node):
    while "$ref" in node:
        target = contract
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def test_every_reference_leads_somewhere(contract):
    for node in everything(contract):
        resolve(contract, node)


def test_every_refusal_is_a_problem_and_the_usual_ones_are_declared(contract):
    for path, method, operation in operations(contract):
        statuses = set(operation["responses"])
        assert {"400", "401", "403"} <= statuses
        assert "404" in statuses or "{" not in path
        assert {"412", "428"} <= statuses or method != "put"
        assert {"413", "415"} <= statuses or method == "get"
        for status, response in operation["responses"].items():
            if status[0] in "45":
                content = resolve(contract, response)["content"]
                assert list(content) == ["application/problem+json"]
    problem = contract["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"type", "title", "status", "detail", "code", "errors"}


def test_every_success_declares_the_version_header(contract):
    for _, _, operation in operations(contract):
        for status, response in operation["responses"].items():
            if status[0] in "23":
                assert "API-Version" in response["headers"]


def test_every_operation_says_who_may_do_it(contract):
    assert contract["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for _, _, operation in operations(contract):
        roles = OPERATIONS[operation["operationId"]]
        assert ({} in operation["security"]) == (Role.ANONYMOUS in roles)
        named = [role for each in operation["security"] for role in each.get("bearer", [])]
        assert set(named) == {str(role) for role in roles - {Role.ANONYMOUS}}


def test_every_body_is_json_closed_and_has_an_example(contract):
    bodies = [operation["requestBody"] for _, _, operation in operations(contract) if "requestBody" in operation]
    assert bodies
    for body in bodies:
        assert list(body["content"]) == ["application/json"]
        media = body["content"]["application/json"]
        assert media["example"]
        assert resolve(contract, media["schema"])["additionalProperties"] is False


def test_what_creates_takes_a_key_and_what_changes_needs_a_version(contract):
    for _, method, operation in operations(contract):
        headers = {each["name"]: each for each in operation.get("parameters", []) if each["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method == "post")
        assert ("If-Match" in headers) == (method == "put")
        if method == "put":
            assert headers["If-Match"]["required"]
            assert "ETag" in operation["responses"]["200"]["headers"]


def test_lists_are_items_and_a_cursor_with_a_bounded_limit(contract):
    for _, _, operation in operations(contract):
        queries = {each["name"]: each for each in operation.get("parameters", []) if each["in"] == "query"}
        if "limit" in queries:
            assert queries["limit"]["schema"]["maximum"] <= 200
        if "cursor" in queries:
            media = operation["responses"]["200"]["content"]["application/json"]
            assert {"items", "nextCursor"} <= set(resolve(contract, media["schema"])["required"])


def test_names_of_schemas_are_plain(contract):
    assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in contract["components"]["schemas"])


def test_personal_data_is_marked(contract):
    marked = [node for node in everything(contract) if node.get("x-personal-data")]
    assert marked


def test_numbers_that_come_in_are_bounded(contract):
    """No number of a body or query reaches a database column that cannot hold it."""
    for _, _, operation in operations(contract):
        parameters = [each["schema"] for each in operation.get("parameters", [])]
        bodies = [media["schema"] for media in operation.get("requestBody", {}).get("content", {}).values()]
        for schema in inputs(contract, [*parameters, *bodies]):
            if schema.get("type") in ("integer", "number"):
                assert "maximum" in schema, (operation["operationId"], schema)
                assert {"minimum", "exclusiveMinimum"} & set(schema), (operation["operationId"], schema)
            if schema.get("type") == "array":
                assert "maxItems" in schema, (operation["operationId"], schema)
            if schema.get("type") == "string" and "enum" not in schema and "const" not in schema:
                bounded = "maxLength" in schema or re.search(r"\{\d+(,\d+)?\}\$$", schema.get("pattern", ""))
                assert bounded, (operation["operationId"], schema)


def inputs(contract, schemas):
    """Yield every schema that these ones lead to."""
    waiting, seen = list(schemas), set()
    while waiting:
        schema = resolve(contract, waiting.pop())
        if id(schema) not in seen:
            seen.add(id(schema))
            yield schema
            waiting += schema.get("anyOf", []) + list(schema.get("properties", {}).values())
            waiting += [schema[name] for name in ("items",) if isinstance(schema.get(name), dict)]
