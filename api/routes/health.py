"""Is the process alive, can it serve, and what does it count."""

from __future__ import annotations

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError
from starlette.responses import Response

from api.errors import Unavailable
from api.routes._edge import SessionDep, StrictModel, edge_router
from api.store.session import at_head

router = edge_router("health")


class Health(StrictModel):
    """The state of the service."""

    status: str


@router.get("/health/live", operation_id="getLive", summary="Is the process alive")
async def get_live() -> Health:
    """Answer as long as the process runs, whatever the database does."""
    # async: it must not wait for a thread while all of them are busy
    return Health(status="live")


@router.get("/health/ready", operation_id="getReady", summary="Can the service be used")
def get_ready(session: SessionDep) -> Health:
    """Answer 503 while the database is away or not at the newest migration."""
    try:
        current = at_head(session.connection())
    except DBAPIError as error:
        raise Unavailable("The database cannot be used.", retry_after=5) from error
    if not current:
        raise Unavailable("The database has not been migrated to this version.", retry_after=5)
    return Health(status="ready")


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Counts for a monitoring system",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(request: Request) -> Response:
    """Answer counts and durations by route, in Prometheus' text format, without anything about anybody."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
