"""Every error as problem+json: ours, the framework's, the database's, and what nobody foresaw.

Why not a library: docs/decisions/0001-problem-handlers.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from api.errors import (
    PROBLEMS,
    Conflict,
    Fault,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Problem,
    Unavailable,
    core_problems,
)

MEDIA = "application/problem+json"
MOST_FAULTS = 100

log = structlog.get_logger("edge")

# pydantic's error types -> our code and words; {names} are limits from the contract, never what came
_WORDS = {
    "missing": ("missing", "This is needed."),
    "extra_forbidden": ("unknown", "There is a member here that is not known."),
    "string_too_short": ("too-short", "At least {min_length} characters are needed."),
    "string_too_long": ("too-long", "At most {max_length} characters are allowed."),
    "string_pattern_mismatch": ("pattern", "The text does not have the form that is asked."),
    "too_short": ("too-few", "At least {min_length} are needed."),
    "too_long": ("too-many", "At most {max_length} are allowed."),
    "greater_than": ("range", "This must be more than {gt}."),
    "greater_than_equal": ("range", "This must be at least {ge}."),
    "less_than": ("range", "This must be less than {lt}."),
    "less_than_equal": ("range", "This must be at most {le}."),
    "finite_number": ("not-finite", "Numbers must be finite."),
    "literal_error": ("choice", "This must be one of: {expected}."),
    "enum": ("choice", "This must be one of: {expected}."),
    "string_type": ("type", "This must be text."),
    "int_type": ("type", "This must be a whole number."),
    "int_from_float": ("type", "This must be a whole number."),
    "int_parsing": ("type", "This must be a whole number."),
    "int_parsing_size": ("range", "This number is too large."),
    "float_type": ("type", "This must be a number."),
    "float_parsing": ("type", "This must be a number."),
    "bool_type": ("type", "This must be true or false."),
    "bool_parsing": ("type", "This must be true or false."),
    "list_type": ("type", "This must be a list."),
    "dict_type": ("type", "This must be an object."),
    "model_type": ("type", "This must be an object."),
    "model_attributes_type": ("type", "This must be an object."),
    "none_required": ("type", "This must be null."),
}


def response_of(problem: Problem) -> Response:
    """Return the answer that says this problem."""
    body = {
        "type": f"urn:problem-type:skills-passport:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "errors": [{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in problem.errors],
    }
    return Response(json.dumps(body), problem.status, problem.headers, media_type=MEDIA)


def install(app: FastAPI) -> None:
    """Make every error of this application a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(IntegrityError, _on_integrity)
    for error in (OperationalError, PoolTimeout):
        app.add_exception_handler(error, _on_unavailable)
    app.add_exception_handler(DBAPIError, _on_database)
    for condition in core_problems():
        app.add_exception_handler(condition, _on_core)


async def _on_problem(_request: Request, error: Any) -> Response:
    return response_of(error)


async def _on_invalid(request: Request, error: Any) -> Response:
    found: list[dict[str, Any]] = list(error.errors())
    if any(each["loc"][:1] == ("path",) for each in found):
        return response_of(NotFound())  # an identifier of another form than ours names nothing
    known = _known_members(request.app)
    faults = dict.fromkeys(_fault(each, known) for each in found)
    return response_of(Invalid(errors=list(faults)[:MOST_FAULTS]))


def _fault(found: dict[str, Any], known: frozenset[str]) -> Fault:
    place, *inner = found["loc"]
    if found["type"] == "extra_forbidden":
        inner = inner[:-1]  # the last part is the name that came
    parts = [] if place == "body" else [str(place)]
    for part in inner:
        if not isinstance(part, int) and part not in known:
            break  # a name the caller chose, or a branch of a union: not repeated, not a place
        parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    code, words = _words(found)
    return Fault("".join(f"/{part}" for part in parts), code, words)


def _words(found: dict[str, Any]) -> tuple[str, str]:
    kind, context = found["type"], found.get("ctx", {})
    if kind in _WORDS:
        code, words = _WORDS[kind]
        return code, words.format(**context)
    if kind == "value_error":
        return "value", str(context["error"])  # from our own validators, which do not repeat what came
    return "value", "The value is not valid."


def _known_members(app: FastAPI) -> frozenset[str]:
    """Return every name the contract itself uses: the only names an error may repeat."""
    names = getattr(app.state, "known_members", None)
    if names is None:
        names = app.state.known_members = frozenset(_names(app.openapi()))
    return names


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {}) if isinstance(schema.get("properties"), dict) else ()
        if "in" in schema and isinstance(schema.get("name"), str):
            yield schema["name"]
        yield from (value for value in schema.get("enum", ()) if isinstance(value, str))
        for value in schema.values():
            yield from _names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _names(value)


async def _on_http(request: Request, error: Any) -> Response:
    if error.status_code == 405:
        return response_of(MethodNotAllowed(headers={"Allow": ", ".join(sorted(_methods(request)))}))
    for kind in PROBLEMS:
        if kind.status == error.status_code:
            return response_of(kind(headers=dict(error.headers or {})))
    problem = Problem(headers=dict(error.headers or {}))
    problem.status = error.status_code
    return response_of(problem)


def _methods(request: Request) -> set[str]:
    """Return the methods of all routes of this path; the framework would name those of the first alone."""
    found: set[str] = set()
    for route in request.app.state.routes:
        for method in route.methods or ():
            match, _ = route.matches({**request.scope, "method": method})
            if match is Match.FULL:
                found.add(method)
    return found


async def _on_core(_request: Request, error: Any) -> Response:
    return response_of(core_problems()[type(error)]())


async def _on_integrity(_request: Request, error: Any) -> Response:
    log.warning("integrity_error", error=type(error.orig).__name__)
    return response_of(Conflict())


async def _on_unavailable(_request: Request, error: Any) -> Response:
    if "readonly database" in str(getattr(error, "orig", "")):
        raise error  # a GET that writes: our mistake, and trying again would not help
    log.error("database_unavailable", error=type(error).__name__)
    return response_of(Unavailable())


async def _on_database(request: Request, error: Any) -> Response:
    if error.connection_invalidated:
        return await _on_unavailable(request, error)
    raise error
