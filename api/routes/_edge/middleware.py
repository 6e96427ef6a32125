"""What surrounds every request, as plain ASGI: a request id, headers, limits, one log line, one count, and the net.

Plain ASGI because a body must be counted while it streams, and because nothing may stand between a failed commit and
the status line.
"""

from __future__ import annotations

import time
import traceback
import uuid

import anyio
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import NotFound, Problem, TooLarge
from api.metrics import Metrics
from api.routes._edge.problems import response_of
from api.settings import VERSION, Settings

HEADERS = {
    "API-Version": VERSION,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LINGER_SECONDS = 5.0
LINGER_BYTES = 64_000_000

log = structlog.get_logger("request")


class Observe:
    """Give every answer its headers, count and log it, and answer 500 when all else failed."""

    def __init__(self, app: ASGIApp, metrics: Metrics, settings: Settings) -> None:
        self.app, self.metrics = app, metrics
        self.access_log, self.open_logs = settings.access_log, settings.environment == "development"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, begun, status = uuid.uuid4().hex, time.perf_counter(), 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._run(scope, receive, dressed)
            except ClientDisconnect:
                status = status or 499
            except Exception as error:
                _log_failure(error, str(error) if self.open_logs else None)
                if status:
                    raise  # the answer is on its way: all that is left is to break it off
                await response_of(Problem())(scope, receive, dressed)
            finally:
                self._note(scope, status, time.perf_counter() - begun)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(ord(character) < 32 or ord(character) == 127 for character in scope["path"]):
            await response_of(NotFound())(scope, receive, send)  # routes would match a path before its line feed
        else:
            await self.app(scope, receive, send)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        templates = scope["app"].state.templates
        route = templates.get(scope.get("endpoint"), "unmatched")  # not the path: paths hold identifiers
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(method, route).observe(seconds)
        if self.access_log:
            log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _log_failure(error: Exception, message: str | None) -> None:
    """Log where it happened, not with what: messages and values may be personal."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("unhandled", error=type(error).__name__, message=message, at=places)


class BodyLimit:
    """Refuse a body above the limit as soon as that shows, and see to it that the refusal arrives.

    A server that closes while the other side still sends destroys its own answer on the way. So the answer is sent, the
    rest of the body is read and dropped for a bounded while, and only then is the exchange ended.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        declared = _number(headers.get("content-length"))
        if declared == 0 or (declared is None and "transfer-encoding" not in headers):
            await self.app(scope, receive, send)
            return
        seen, ended, started = 0, False, False

        async def counted() -> Message:
            nonlocal seen, ended
            message = await receive()
            ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise TooLarge()
            return message

        async def lingering(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] != "http.response.body" or message.get("more_body", False) or ended:
                await send(message)
                return
            await send({**message, "more_body": True})
            await _drain(receive)
            await send({"type": "http.response.body", "body": b""})

        try:
            if declared is not None and declared > self.limit:
                raise TooLarge()
            await self.app(scope, counted, lingering)
        except TooLarge as problem:
            if started:
                raise
            await response_of(problem)(scope, receive, lingering)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None


async def _drain(receive: Receive) -> None:
    left = LINGER_BYTES
    with anyio.move_on_after(LINGER_SECONDS):
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b"")) + 1
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return
