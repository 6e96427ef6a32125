"""Long work as its owner sees it: progress, and cancelling."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Actor
from api.errors import Conflict, NotFound
from api.store import audit, jobs
from api.store.tables import Job


def get(session: Session, actor: Actor, job_id: str) -> Job:
    """Return a job of the actor's organisation; raises NotFound for any other."""
    job = session.scalar(select(Job).where(Job.id == job_id, Job.organisation_id == actor.organisation))
    if job is None:
        raise NotFound()
    return job


def cancel(session: Session, actor: Actor, job_id: str) -> Job:
    """Cancel a job; the chunks that are done stay. Raises Conflict when it is already over, unless by cancelling."""
    job = get(session, actor, job_id)
    if job.status == "cancelled":
        return job
    if not jobs.cancel(session, job):
        raise Conflict("This job is already over.", code="job-over")
    audit.record(session, actor.label, actor.organisation, "job-cancelled", job.id, kind=job.kind)
    return job
