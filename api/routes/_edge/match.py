"""ETag and If-Match: a change names the version it changes."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from api.errors import PreconditionFailed, PreconditionRequired


def etag(version: int) -> str:
    """Return the strong entity tag of a version."""
    return f'"{version}"'


def require_match(request: Request, version: int) -> None:
    """Raise PreconditionRequired without If-Match, PreconditionFailed when it names another version than this one."""
    request.state.matched = True
    wanted = request.headers.get("if-match")
    if wanted is None:
        raise PreconditionRequired()
    if wanted.strip() != "*" and etag(version) not in _tags(wanted):
        raise PreconditionFailed()


def unchanged(request: Request, response: Response) -> bool:
    """Say whether a GET's answer is the one the caller already has (If-None-Match)."""
    tag, known = response.headers.get("etag"), request.headers.get("if-none-match")
    if request.method != "GET" or tag is None or known is None or response.status_code != 200:
        return False
    return known.strip() == "*" or tag in {each.removeprefix("W/") for each in _tags(known)}


def _tags(header: str) -> set[str]:
    return {part.strip() for part in header.split(",")}
