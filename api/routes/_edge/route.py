"""One request is one transaction: who calls, may they, is it well formed, do it, commit, and only then answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access import ANONYMOUS, Actor, require
from api.errors import Fault, Invalid, Unauthorised
from api.routes._edge import idempotency
from api.routes._edge.body import StrictRequest, check_media, check_query, parse_json
from api.routes._edge.match import unchanged
from api.services.accounts import actor_of
from api.settings import Settings

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Unit:
    """The transaction of one request; it begins when somebody first asks for its session."""

    def __init__(self, request: Request) -> None:
        self._state = request.app.state
        self._safe = request.method in ("GET", "HEAD")
        self._recording: bool | None = None  # None: nobody has asked yet
        self._maker: sessionmaker[Session] = self._state.recorders
        self.session: Session | None = None

    def open(self, *, writing: bool) -> Session:
        """Return the request's session; raises RuntimeError when a reading and a writing one are asked for."""
        if self._safe and self._recording not in (None, writing):
            raise RuntimeError("one operation asked for SessionDep and WritingSessionDep: take the latter alone")
        if self.session is None:
            if not self._safe:
                self._maker = self._state.writers
            elif not writing:
                self._maker = self._state.readers
            self.session, self._recording = self._maker(), writing
        return self.session

    @property
    def recorder(self) -> Session | None:
        """The session, if it reads first and writes its record at the end."""
        return self.session if self._maker is self._state.recorders else None

    def again(self) -> bool:
        """Make ready to run once more as a writer; False when this is no recorder, so that it would not help."""
        if self.recorder is None:
            return False
        self.recorder.close()
        self.session, self._maker = None, self._state.writers
        return True

    def end(self, *, commit: bool) -> None:
        """Commit or roll back, and give the connection back."""
        if self.session is not None:
            try:
                if commit:
                    self.session.commit()
            finally:
                self.session.close()


class EdgeRoute(APIRoute):
    """A route of the JSON API; every one needs an operation_id with a row in `api.access.OPERATIONS`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        if not rest.get("operation_id"):
            raise ValueError(f"{path} came without operation_id, a verbNoun of api.access.OPERATIONS was expected")
        super().__init__(path, endpoint, **rest)

    def get_route_handler(self) -> Handler:
        endpoint = super().get_route_handler()
        known = frozenset(
            each.alias for each in get_flat_params(self.dependant) if isinstance(each.field_info, params.Query)
        )

        async def handle(request: Request) -> Response:
            actor = await _identify(request)
            require(actor, str(self.operation_id))
            request.state.actor = actor
            check_query(request.scope["query_string"], known)
            raw = b"" if request.method in ("GET", "HEAD") else await request.body()
            request = self._read(request, raw)
            key = idempotency.keyed(request, actor, raw) if request.method == "POST" else None
            return await self._transact(request, endpoint, key)

        return handle

    def _read(self, request: Request, raw: bytes) -> Request:
        """Return the request with its body parsed strictly."""
        check_media(request, raw)
        if self.body_field is None:
            if raw and parse_json(raw, 4) != {}:
                raise Invalid(errors=[Fault("", "unexpected-body", "This operation takes no body.")])
            return request
        if not raw:
            if self.body_field.field_info.is_required():
                raise Invalid(errors=[Fault("", "missing", "A body is needed.")])
            return request
        settings: Settings = request.app.state.settings
        return StrictRequest(request, raw, parse_json(raw, settings.json_depth))

    async def _transact(self, request: Request, endpoint: Handler, key: idempotency.Keyed | None) -> Response:
        unit = request.state.unit = Unit(request)
        request.state.matched = False
        settings: Settings = request.app.state.settings
        done = False
        try:
            response: Response | None = None
            if key is not None:
                kept = dt.timedelta(hours=settings.idempotency_hours)
                response = await run_in_threadpool(idempotency.claim, unit.open(writing=True), key, kept)
            if response is None:
                response = await _run(endpoint, request, unit)
                if key is not None and response.status_code < 400:
                    await run_in_threadpool(idempotency.keep, unit.open(writing=True), key, response)
            if request.method == "PUT" and not request.state.matched:
                raise RuntimeError(f"{self.operation_id} changed something without calling require_match")
            done = response.status_code < 400
        finally:
            if unit.session is not None:
                await run_in_threadpool(unit.end, commit=done)
        return _not_modified(response) if unchanged(request, response) else response


async def _run(endpoint: Handler, request: Request, unit: Unit) -> Response:
    try:
        response = await endpoint(request)
        if unit.recorder is not None:
            await run_in_threadpool(unit.recorder.flush)  # be refused now rather than at the commit
    except OperationalError:
        if not unit.again():
            raise
        response = await endpoint(request)
    return response


def _not_modified(response: Response) -> Response:
    return Response(status_code=304, headers={"ETag": response.headers["etag"]})


async def _identify(request: Request) -> Actor:
    """Return whoever the bearer token stands for; raises Unauthorised for a token we do not know."""
    headers = request.headers.getlist("authorization")
    if not headers:
        return ANONYMOUS
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise Unauthorised()
    readers: sessionmaker[Session] = request.app.state.readers
    return await run_in_threadpool(_look_up, readers, token.strip())


def _look_up(readers: sessionmaker[Session], token: str) -> Actor:
    with readers() as session:
        return actor_of(session, token)


def edge_router(tag: str) -> APIRouter:
    """Return a router for one resource, whose routes stand on the edge."""
    return APIRouter(tags=[tag], route_class=EdgeRoute)


# these are `async` because a plain function would cost a hop to another thread each
async def _session(request: Request) -> Session:
    unit: Unit = request.state.unit
    return unit.open(writing=False)


async def _writing_session(request: Request) -> Session:
    unit: Unit = request.state.unit
    return unit.open(writing=True)


async def _actor(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


SessionDep = Annotated[Session, Depends(_session, scope="function")]
WritingSessionDep = Annotated[Session, Depends(_writing_session, scope="function")]
ActorDep = Annotated[Actor, Depends(_actor)]
SettingsDep = Annotated[Settings, Depends(_settings)]
