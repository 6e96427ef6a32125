"""The only wiring: settings in, application out."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api import logs
from api.access import OPERATIONS
from api.metrics import Metrics
from api.routes import (
    accounts,
    assessments,
    caseloads,
    health,
    jobs,
    occupations,
    passports,
    people,
    rankings,
    vacancies,
)
from api.routes._edge import EdgeRoute, problems
from api.routes._edge.middleware import BodyLimit, Observe
from api.routes._edge.openapi import describe
from api.services.caseloads import HANDLERS
from api.settings import Settings
from api.store.jobs import Worker
from api.store.session import make_engine, migrate, sessions
from api.web import start

ROUTERS: tuple[APIRouter, ...] = (
    accounts.router,
    people.router,
    assessments.router,
    passports.router,
    occupations.router,
    vacancies.router,
    rankings.router,
    caseloads.router,
    jobs.router,
    health.router,
)


def create_app(settings: Settings | None = None, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """Return the application; without settings, those of the environment.

    Raises RuntimeError when an operation has no row in the who-may-what table.
    """
    settings = settings or Settings()
    logs.configure()
    app = FastAPI(
        title="Skills passport",
        openapi_url=None,  # served below, to any origin
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    routes = [Route("/v1/openapi.json", _contract, name="contract"), *start.routes()]
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(routes)
    app.state.routes = [*(route for router in routers for route in router.routes), *routes]
    app.state.templates = {route.endpoint: route.path for route in app.state.routes}
    check_operations(app.state.routes, allowed=routes)
    _furnish(app, settings)
    problems.install(app)
    app.add_middleware(BodyLimit, limit=settings.body_limit)
    app.add_middleware(Observe, metrics=app.state.metrics, settings=settings)  # the outermost
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _furnish(app: FastAPI, settings: Settings) -> None:
    state = app.state
    state.settings, state.secret, state.metrics = settings, settings.secret_key(), Metrics()
    state.engine = make_engine(settings)
    if settings.auto_migrate:
        migrate(state.engine)
    state.writers, state.readers = sessions(state.engine), sessions(state.engine, reading=True)
    state.recorders = sessions(state.engine, recording=True)
    state.worker = Worker(state.writers, HANDLERS, settings)


def check_operations(routes: Iterable[BaseRoute], allowed: Iterable[BaseRoute] = ()) -> None:
    """Raise RuntimeError unless every route stands on the edge and has a row in the table; default is deny."""
    open_routes = list(allowed)
    for route in routes:
        if any(route is each for each in open_routes):
            continue
        if not isinstance(route, EdgeRoute) or route.operation_id not in OPERATIONS:
            name = getattr(route, "operation_id", None) or getattr(route, "path", route)
            raise RuntimeError(f"{name} has no row in api.access.OPERATIONS: nobody would know who may do it")


async def _contract(request: Request) -> Response:
    return JSONResponse(request.app.openapi(), headers={"Access-Control-Allow-Origin": "*"})


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    stop, thread = threading.Event(), None
    if app.state.settings.embedded_worker:
        thread = threading.Thread(target=app.state.worker.run_forever, args=(stop,), name="worker", daemon=True)
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if thread is not None:
            thread.join(timeout=10)
        app.state.engine.dispose()
