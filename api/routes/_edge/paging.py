"""Keyset paging: an opaque, signed cursor that holds for one caller and one list."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request

from api.errors import Fault, Invalid

Row = TypeVar("Row")
_MAC = 16  # bytes of the signature that are kept


def encode_cursor(secret: bytes, scope: str, position: Sequence[str | int]) -> str:
    """Return a cursor for a position in the list `scope`. It is signed, not encrypted."""
    payload = json.dumps(list(position), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sign(secret, scope, payload) + payload).decode().rstrip("=")


def decode_cursor(secret: bytes, scope: str, cursor: str) -> list[Any]:
    """Return the position of a cursor; raises Invalid when it is not one we made for this list and caller."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _bad_cursor() from None
    mac, payload = raw[:_MAC], raw[_MAC:]
    if not hmac.compare_digest(mac, _sign(secret, scope, payload)):
        raise _bad_cursor()
    position: list[Any] = json.loads(payload)
    return position


def _sign(secret: bytes, scope: str, payload: bytes) -> bytes:
    return hmac.new(secret, b"cursor\0" + scope.encode() + b"\0" + payload, hashlib.sha256).digest()[:_MAC]


def _bad_cursor() -> Invalid:
    return Invalid(errors=[Fault("/query/cursor", "cursor", "This is not a cursor of this list.")])


@dataclass(frozen=True, slots=True)
class Paging:
    """What a list was asked for: at most `limit` rows after the position `after` (None: from the start)."""

    limit: int
    after: list[Any] | None
    _encode: Callable[[Sequence[str | int]], str]

    def cut(self, rows: Sequence[Row], position: Callable[[Row], Sequence[str | int]]) -> tuple[list[Row], str | None]:
        """Return the page and the next cursor, from at most `limit + 1` rows read in order."""
        page = list(rows[: self.limit])
        more = len(rows) > self.limit
        return page, self._encode(position(page[-1])) if more else None


async def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many items.")] = 50,
    cursor: Annotated[
        str | None, Query(min_length=1, max_length=500, description="`nextCursor` of the page before.")
    ] = None,
) -> Paging:
    actor, secret = request.state.actor, request.app.state.secret
    scope = f"{request.url.path}\0{actor.organisation}\0{actor.person}"
    after = None if cursor is None else decode_cursor(secret, scope, cursor)
    return Paging(limit, after, lambda position: encode_cursor(secret, scope, position))


PagingDep = Annotated[Paging, Depends(_paging)]
