"""Jobs with leases: long work in chunks, of which each is done once even when workers die.

A worker claims a job and holds it by a lease. For each chunk it computes in a reading transaction and then, in one
writing transaction, renews the lease, notes the chunk as done and stores its results. A worker that lost its lease
cannot store; a chunk's primary key refuses a second time.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from api.settings import Settings
from api.store.session import readers
from api.store.tables import Job, JobChunk

OPEN = ("queued", "running")

log = structlog.get_logger("jobs")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a job: `compute` reads and works out, `store` writes what came of it; `size` steps of progress."""

    size: int
    compute: Callable[[Session], Any]
    store: Callable[[Session, Any], None]


Handler = Callable[[Session, Job], Iterable[Chunk]]
"""From a reading session and a job to its chunks: the same ones in the same order whenever it is asked."""


def create(session: Session, organisation: str, kind: str, arguments: Mapping[str, Any], total: int) -> Job:
    """Queue a job in the caller's transaction. `arguments` become JSON and hold identifiers only."""
    job = Job(
        id=secrets.token_hex(12),
        organisation_id=organisation,
        kind=kind,
        arguments=json.dumps(arguments, allow_nan=False),
        status="queued",
        done=0,
        total=total,
        created_at=_now(),
    )
    session.add(job)
    session.flush()
    return job


def claim(session: Session, owner: str, lease: dt.timedelta = dt.timedelta(seconds=60)) -> Job | None:
    """Take the oldest job that is queued, or whose worker's lease has run out; None when there is none."""
    now = _now()
    free = or_(Job.status == "queued", and_(Job.status == "running", Job.lease_until < now))
    query = select(Job).where(free).order_by(Job.created_at, Job.id).limit(1).with_for_update(skip_locked=True)
    job = session.scalars(query).one_or_none()
    if job is not None:
        job.status, job.owner, job.lease_until = "running", owner, now + lease
        session.flush()
    return job


def cancel(session: Session, job: Job) -> bool:
    """Cancel a job that is not finished; False when it already was."""
    changed = session.execute(
        update(Job).where(Job.id == job.id, Job.status.in_(OPEN)).values(status="cancelled", finished_at=_now())
    )
    session.refresh(job)
    return changed.rowcount == 1


class Worker:
    """Works jobs off; any number of workers, in any number of processes, may share a database."""

    def __init__(self, sessions: sessionmaker[Session], handlers: Mapping[str, Handler], settings: Settings) -> None:
        self._readers, self._writers, self._handlers = readers(sessions), sessions, handlers
        self._lease = dt.timedelta(seconds=settings.lease_seconds)
        self._poll = settings.poll_seconds
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"

    def run_forever(self, stop: threading.Event) -> None:
        """Work until `stop` is set; an error of the database is logged and tried again later."""
        while not stop.is_set():
            try:
                worked = self.run_once(stop)
            except DBAPIError as error:
                log.error("worker_database_error", error=type(error).__name__)
                worked = False
            if not worked:
                stop.wait(self._poll)

    def run_once(self, stop: threading.Event | None = None) -> bool:
        """Claim one job and work on it to its end; False when there was none to claim."""
        with self._writers.begin() as session:
            job = claim(session, self.owner, self._lease)
        if job is None:
            return False
        try:
            self._work(job, stop)
        except DBAPIError:
            raise  # the lease runs out and somebody tries again
        except Exception as error:
            log.error("job_failed", job=job.id, kind=job.kind, error=type(error).__name__)
            self._finish(job, "failed", problem=type(error).__name__)
        return True

    def _work(self, job: Job, stop: threading.Event | None) -> None:
        with self._readers() as session:
            chunks = list(self._handlers[job.kind](session, job))
            done = set(session.scalars(select(JobChunk.chunk).where(JobChunk.job_id == job.id)))
        for number, chunk in enumerate(chunks):
            if stop is not None and stop.is_set():
                self._release(job)
                return
            if number not in done and not self._do(job, number, chunk):
                return  # cancelled, or somebody else's by now
        self._finish(job, "succeeded")

    def _do(self, job: Job, number: int, chunk: Chunk) -> bool:
        with self._readers() as session:
            result = chunk.compute(session)
        with self._writers.begin() as session:
            renewed = self._mine(session, job, lease_until=_now() + self._lease, done=Job.done + chunk.size)
            if renewed:
                session.add(JobChunk(job_id=job.id, chunk=number))
                session.flush()
                chunk.store(session, result)
        return renewed

    def _finish(self, job: Job, status: str, problem: str | None = None) -> None:
        with self._writers.begin() as session:
            self._mine(session, job, status=status, finished_at=_now(), problem=problem, lease_until=None)

    def _release(self, job: Job) -> None:
        with self._writers.begin() as session:
            self._mine(session, job, status="queued", owner=None, lease_until=None)

    def _mine(self, session: Session, job: Job, **values: Any) -> bool:
        """Change the job if it is still ours to change."""
        mine = update(Job).where(Job.id == job.id, Job.owner == self.owner, Job.status == "running")
        return session.execute(mine.values(**values)).rowcount == 1


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
