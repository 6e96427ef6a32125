"""The contract: FastAPI's description of the routes, made to say what the edge really does.

Problems instead of 422, the roles of every operation, the headers the edge adds and reads, and one example a body.
"""

from __future__ import annotations

import copy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.access import OPERATIONS, Role
from api.errors import PROBLEMS
from api.routes._edge.idempotency import HEADER, REPLAYED
from api.routes._edge.models import ProblemAnswer
from api.routes._edge.problems import MEDIA
from api.settings import VERSION

BASE = "/v1"
TAGS = {
    "accounts": "Who calls, and tokens for one's own organisation",
    "people": "People, what the gates may use about them, and whether they may be found",
    "assessments": "A short assessment: start, answer, finish; it can always be left and resumed",
    "passports": "What a person is good at, and how sure we are",
    "vacancies": "Jobs on offer and what they ask, with occupations to start from",
    "rankings": "Who fits a vacancy, which vacancies fit a person, and why",
    "caseloads": "A whole caseload against all vacancies in one run",
    "jobs": "Long work: progress and cancelling",
    "health": "Is the service alive and ready",
}
DESCRIPTION = """\
Measured soft-skill passports, and an exact, explained matching of job seekers and vacancies, both ways.

Log in with a bearer token. Every error is `application/problem+json`. Lists are `{items, nextCursor}`. A POST takes an
`Idempotency-Key`: the same key and body is done once and answered alike. A PUT needs `If-Match` with the `ETag` of what
it changes. Members are camelCase, times are UTC, and members that are not in this contract are refused."""
CONTACT = {
    "name": "The skills passport maintainers",
    "url": "https://skills-passport.example/contact",
    "email": "maintainers@skills-passport.example",
}
_NAMES = {kind.status: kind.__name__ for kind in PROBLEMS}
_HEADER = {"schema": {"type": "string"}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of this application; made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title="Skills passport",
            version=VERSION,
            openapi_version="3.1.0",
            summary="Measured skills, explained matches",
            description=DESCRIPTION,
            license_info={"name": "MIT", "identifier": "MIT"},
            servers=[{"url": BASE}],
            tags=[{"name": name, "description": words} for name, words in TAGS.items()],
            routes=app.routes,
        )
        schema["info"]["contact"] = CONTACT  # not above: the framework wants a package to check the address
        _components(schema)
        for path, item in schema["paths"].items():
            for method, operation in item.items():
                _operation(schema, path, method, operation)
        schema["paths"] = dict(_based(path, item) for path, item in schema["paths"].items())
        app.openapi_schema = schema
    return app.openapi_schema


def _based(path: str, item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the path as seen from the server's URL; what lies outside the base says so itself."""
    if path.startswith(BASE + "/"):
        return path.removeprefix(BASE), item
    return path, {"servers": [{"url": "/"}], **item}


def _components(schema: dict[str, Any]) -> None:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem | {"title": "Problem"}
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token, shown once when it was made."}
    }
    components["headers"] = {
        "API-Version": {"description": "The full version of this contract.", "required": True, **_HEADER},
        "ETag": {"description": "The version of this resource, for If-Match.", **_HEADER},
        "Location": {
            "description": "Where the new resource is.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
        "WWW-Authenticate": {"description": "How to log in.", **_HEADER},
        REPLAYED: {"description": "`true` when this is the answer to an earlier request.", **_HEADER},
    }
    components["responses"] = {kind.__name__: _problem_response(kind) for kind in PROBLEMS}


def _problem_response(kind: Any) -> dict[str, Any]:
    example = {
        "type": f"urn:problem-type:skills-passport:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail,
        "code": kind.code,
        "errors": [],
    }
    headers = ["API-Version"]
    headers += {401: ["WWW-Authenticate"], 503: ["Retry-After"]}.get(kind.status, [])
    return {
        "description": kind.title,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


def _operation(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> None:
    roles = OPERATIONS[operation["operationId"]]
    names = sorted(str(role) for role in roles - {Role.ANONYMOUS})
    operation["security"] = ([{}] if Role.ANONYMOUS in roles else []) + [{"bearer": names}]
    parameters = operation.setdefault("parameters", [])
    if method == "post":
        parameters.append(_header(HEADER, "The same key and request is done once and answered alike.", 1, 200))
    if method == "put":
        parameters.append(_header("If-Match", "The ETag of what is changed.", 1, 200) | {"required": True})
    responses = operation["responses"]
    responses.pop("422", None)
    if method == "get" and path.startswith(BASE):
        parameters.append(_header("If-None-Match", "An ETag: answers 304 when nothing has changed since.", 1, 500))
        responses["304"] = {"description": "Not changed since the version that was named"}
    for status, response in responses.items():
        if status[0] in "23":
            _success(response, method)
    for status in _problems(path, method):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{_NAMES[status]}"})
    if body := operation.get("requestBody"):
        _example(schema, body)
    if not parameters:
        del operation["parameters"]


def _header(name: str, words: str, shortest: int, longest: int) -> dict[str, Any]:
    text = {"type": "string", "minLength": shortest, "maxLength": longest}
    return {"name": name, "in": "header", "required": False, "description": words, "schema": text}


def _success(response: dict[str, Any], method: str) -> None:
    names = ["API-Version", *{"post": ["Location", REPLAYED]}.get(method, ["ETag"])]
    headers = response.setdefault("headers", {})
    for name in names:
        headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})


def _problems(path: str, method: str) -> list[int]:
    """Return the statuses this operation may refuse with."""
    found = [400, 401, 403, 503]
    found += [404] if "{" in path else []
    found += [409] if method != "get" else []
    found += [413, 415] if method != "get" else []
    found += [412, 428] if method == "put" else []
    return sorted(found)


def _example(schema: dict[str, Any], body: dict[str, Any]) -> None:
    """Show the example of a body's model where tools look for it."""
    media = body["content"]["application/json"]
    model = media["schema"]
    if "$ref" in model:
        model = schema["components"]["schemas"][model["$ref"].rsplit("/", 1)[1]]
    if examples := model.get("examples"):
        media["example"] = copy.deepcopy(examples[0])
