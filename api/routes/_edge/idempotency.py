"""Idempotency-Key: the same request with the same key is done once and answered alike.

The key's row is written in the transaction of the deed. A row holds no secret in the clear: the key is hashed and the
answer is sealed with it, so that a copy of the database gives away no token that an answer showed once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import Actor, Role
from api.errors import Conflict, Fault, Invalid
from api.store.tables import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
ANONYMOUS_LENGTH = 32  # whoever has no token shares the key space with strangers: the key must not be guessable
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Keyed:
    """One request under an idempotency key."""

    caller: str
    key: str
    request_hash: str
    seal: bytes

    @property
    def identity(self) -> tuple[str, str]:
        return self.caller, hashlib.sha256(self.key.encode()).hexdigest()


def keyed(request: Request, actor: Actor, raw: bytes) -> Keyed | None:
    """Return the request's key, None without one; raises Invalid when the header is not a usable key."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise _invalid("key", "Send one key of 1 to 200 visible ASCII characters.")
    if actor.role is Role.ANONYMOUS and len(values[0]) < ANONYMOUS_LENGTH:
        detail = f"Without a token the key needs {ANONYMOUS_LENGTH} characters: send a random UUID."
        raise _invalid("key-length", detail)
    scope = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    secret: bytes = request.app.state.secret
    return Keyed(actor.label, values[0], hashlib.sha256(scope + raw).hexdigest(), secret)


def _invalid(code: str, detail: str) -> Invalid:
    return Invalid(errors=[Fault(f"/header/{HEADER}", code, detail)])


def claim(session: Session, request: Keyed, keep: dt.timedelta) -> Response | None:
    """Return the earlier answer, or None after claiming the key; raises Conflict when it named another request."""
    now = dt.datetime.now(dt.UTC)
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - keep))
    found = session.get(IdempotencyKey, request.identity)
    if found is None:
        caller, key = request.identity
        session.add(
            IdempotencyKey(
                caller=caller,
                key=key,
                request_hash=request.request_hash,
                status=0,
                headers="[]",
                body=b"",
                created_at=now,
            )
        )
        try:
            session.flush()
        except IntegrityError:  # PostgreSQL: another request with the same key has just been committed
            session.rollback()
            found = session.get(IdempotencyKey, request.identity)
        else:
            return None
    if found is None or found.request_hash != request.request_hash:
        raise Conflict("This key was used for another request.", code="idempotency-key-reused")
    return _replay(found, request)


def keep(session: Session, request: Keyed, response: Response) -> None:
    """Write the answer beside the claimed key."""
    row = session.get_one(IdempotencyKey, request.identity)
    headers = [[name, value] for name, value in response.headers.items() if name != "content-length"]
    row.status, row.headers = response.status_code, json.dumps(headers)
    row.body = _sealed(bytes(response.body), request, row.created_at)


def _replay(row: IdempotencyKey, request: Keyed) -> Response:
    response = Response(_sealed(row.body, request, row.created_at), row.status)
    for name, value in json.loads(row.headers):
        response.headers[name] = value
    response.headers[REPLAYED] = "true"
    return response


def _sealed(body: bytes, request: Keyed, moment: dt.datetime) -> bytes:
    """Return the body under a keystream that only who knows the key can make; twice gives the body back."""
    seed = b"\0".join((request.seal, request.caller.encode(), request.key.encode(), moment.isoformat().encode()))
    stream = hashlib.shake_256(seed).digest(len(body))
    return bytes(a ^ b for a, b in zip(body, stream, strict=True))
