"""Long work survives its workers: a chunk is done once, whoever dies, and a cancelled job stops."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from api.settings import Settings
from api.store import jobs
from api.store.accounts import now
from api.store.jobs import Chunk, Worker
from api.store.session import make_engine, sessions
from api.store.tables import AuditEntry, Job, JobChunk, Organisation
from tests.api.test_errors import problem_of

CHUNKS = 6


def handler(after_chunk=None, before_chunk=None):
    """A job that writes one audit entry a chunk, so that doing one twice would show."""

    def chunks(_session, job):
        for number in range(CHUNKS):

            def compute(_session, number=number):
                if before_chunk is not None:
                    before_chunk(number)
                return number * number

            def store(session, result, number=number):
                entry = AuditEntry(at=now(), actor="worker", deed="chunk", subject=str(number), detail=str(result))
                session.add(entry)
                if after_chunk is not None:
                    after_chunk(number)

            yield Chunk(10, compute, store)

    return {"count": chunks}


@pytest.fixture
def engine(settings):
    engine = make_engine(settings)
    with sessions(engine).begin() as session:
        session.add(Organisation(id="own", name="Municipality of Nowhere", created_at=now()))
    yield engine
    engine.dispose()


@pytest.fixture
def job(engine):
    with sessions(engine).begin() as session:
        return jobs.create(session, "own", "count", {"people": ["a"]}, total=CHUNKS * 10).id


def worker(engine, settings, handlers) -> Worker:
    return Worker(sessions(engine), handlers, settings)


def state(engine, job) -> Job:
    with sessions(engine, reading=True)() as session:
        return session.get_one(Job, job)


def done(engine) -> list[str]:
    with sessions(engine, reading=True)() as session:
        return list(session.scalars(select(AuditEntry.subject).order_by(AuditEntry.id)))


def expire_lease(engine, job) -> None:
    with sessions(engine).begin() as session:
        past = now() - dt.timedelta(seconds=1)
        session.execute(update(Job).where(Job.id == job).values(lease_until=past))


EVERY_CHUNK = [str(number) for number in range(CHUNKS)]


def test_a_job_is_worked_to_its_end_in_order(engine, settings, job):
    one = worker(engine, settings, handler())
    assert one.run_once()
    assert done(engine) == EVERY_CHUNK
    row = state(engine, job)
    assert (row.status, row.done, row.total) == ("succeeded", 60, 60)
    assert row.finished_at is not None
    assert not one.run_once()


def test_jobs_are_taken_oldest_first_and_each_by_one_worker(engine, settings, job):
    with sessions(engine).begin() as session:
        second = jobs.create(session, "own", "count", {}, total=0).id
    write = sessions(engine)
    with write.begin() as session:
        assert jobs.claim(session, "one").id == job
    with write.begin() as session:
        assert jobs.claim(session, "two").id == second
    with write.begin() as session:
        assert jobs.claim(session, "three") is None


class Killed(BaseException):
    """What no handler catches: the nearest thing to a kill inside one process."""


def test_a_killed_workers_job_is_resumed_without_doing_a_chunk_twice(engine, settings, job):
    def die(number):
        if number == 3:
            raise Killed

    with pytest.raises(Killed):
        worker(engine, settings, handler(after_chunk=die)).run_once()
    assert done(engine) == ["0", "1", "2"]  # the fourth was being written: nothing of it stays
    second = worker(engine, settings, handler())
    assert not second.run_once()  # the lease of the dead still holds
    expire_lease(engine, job)
    assert second.run_once()
    assert done(engine) == EVERY_CHUNK
    assert (state(engine, job).status, state(engine, job).done) == ("succeeded", 60)


def test_a_worker_that_lost_its_lease_stores_nothing_more(engine, settings, job):
    """The first worker sleeps through its lease in the middle of a chunk; a second takes over and finishes."""
    second = worker(engine, settings, handler())

    def sleep(number):
        if number == 2:
            expire_lease(engine, job)
            assert second.run_once()

    assert worker(engine, settings, handler(before_chunk=sleep)).run_once()
    assert done(engine) == EVERY_CHUNK
    row = state(engine, job)
    assert (row.status, row.done, row.owner) == ("succeeded", 60, second.owner)


def test_two_workers_at_once_do_every_chunk_of_every_job_once(engine, settings):
    with sessions(engine).begin() as session:
        for _ in range(8):
            jobs.create(session, "own", "count", {}, total=CHUNKS * 10)

    def work() -> None:
        one = worker(engine, settings, handler())
        while one.run_once():
            pass

    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(done(engine)) == sorted(EVERY_CHUNK * 8)
    with sessions(engine, reading=True)() as session:
        assert session.scalars(select(Job.status).distinct()).all() == ["succeeded"]
        assert session.scalar(select(func.count()).select_from(JobChunk)) == CHUNKS * 8


KILL = """
import os, sys
from pathlib import Path
from api.settings import Settings
from api.store.jobs import Worker
from api.store.session import make_engine, sessions
from tests.api.test_jobs import handler

settings = Settings(data=Path(sys.argv[1]), database_url=sys.argv[2] or None)
die = lambda number: os.kill(os.getpid(), 9) if number == 4 else None
Worker(sessions(make_engine(settings)), handler(after_chunk=die), settings).run_once()
"""


def test_a_process_killed_inside_a_transaction_leaves_whole_chunks(engine, settings, job):
    where = [str(settings.data), settings.database_url or ""]
    killed = subprocess.run([sys.executable, "-c", KILL, *where], check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    assert done(engine) == EVERY_CHUNK[:4]
    expire_lease(engine, job)
    assert worker(engine, settings, handler()).run_once()
    assert done(engine) == EVERY_CHUNK


def test_a_cancelled_job_stops_before_its_next_chunk(engine, settings, job):
    def cancel(number):
        if number == 2:
            with sessions(engine).begin() as session:
                assert jobs.cancel(session, session.get_one(Job, job))

    assert worker(engine, settings, handler(before_chunk=cancel)).run_once()
    assert done(engine) == ["0", "1"]
    assert state(engine, job).status == "cancelled"


def test_a_job_that_fails_says_the_kind_of_error_and_nothing_of_its_data(engine, settings, job):
    def fail(number):
        if number == 1:
            raise ValueError("zebra-7431")

    assert worker(engine, settings, handler(before_chunk=fail)).run_once()
    row = state(engine, job)
    assert (row.status, row.problem, row.done) == ("failed", "ValueError", 10)


def test_a_job_of_an_unknown_kind_fails_and_blocks_nobody(engine, settings, job):
    assert worker(engine, settings, {}).run_once()
    assert state(engine, job).status == "failed"


def test_a_database_that_is_away_fails_no_job(engine, settings, job):
    def lose(_number):
        raise OperationalError("", {}, Exception())

    with pytest.raises(OperationalError):
        worker(engine, settings, handler(before_chunk=lose)).run_once()
    expire_lease(engine, job)
    assert worker(engine, settings, handler()).run_once()
    assert state(engine, job).status == "succeeded"


def test_a_worker_that_is_told_to_stop_hands_its_job_back(engine, settings, job):
    stop = threading.Event()
    first = worker(engine, settings, handler(after_chunk=lambda number: stop.set() if number == 1 else None))
    assert first.run_once(stop)
    assert state(engine, job).status == "queued"
    assert worker(engine, settings, handler()).run_once()
    assert done(engine) == EVERY_CHUNK


def test_a_worker_runs_until_it_is_stopped(engine, settings, job):
    stop = threading.Event()
    quick = settings.model_copy(update={"poll_seconds": 0.01})
    last = handler(after_chunk=lambda number: stop.set() if number == CHUNKS - 1 else None)
    worker(engine, quick, last).run_forever(stop)
    assert done(engine) == EVERY_CHUNK


def make_job(session, tenant, kind="caseload", **values) -> Job:
    job = jobs.create(session, tenant.organisation, kind, {}, total=7)
    for name, value in values.items():
        setattr(job, name, value)
    session.commit()
    return job


def test_a_job_is_shown_to_its_organisation_alone(client, session, tenant, stranger):
    job = make_job(session, tenant, done=3, status="running")
    answer = client.get(f"/v1/jobs/{job.id}", headers=tenant.bearer("caseworker"))
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["status"], shown["progress"], shown["resultUrl"]) == ("running", {"done": 3, "total": 7}, None)
    problem_of(client.get(f"/v1/jobs/{job.id}", headers=stranger.bearer("caseworker")), 404)
    problem_of(client.post(f"/v1/jobs/{job.id}/cancellations", headers=stranger.bearer("admin")), 404)
    assert state(client.app.state.engine, job.id).status == "running"


def test_a_finished_job_says_where_its_result_is(client, session, tenant):
    job = make_job(session, tenant, status="succeeded", finished_at=now())
    shown = client.get(f"/v1/jobs/{job.id}", headers=tenant.bearer("caseworker")).json()
    assert shown["resultUrl"] == f"/v1/caseloads/{job.id}/results"
    assert shown["finishedAt"].endswith("Z")


def test_cancelling_twice_is_cancelling_once_and_a_finished_job_cannot_be(client, session, tenant):
    job = make_job(session, tenant)
    path = f"/v1/jobs/{job.id}/cancellations"
    for _ in range(2):
        answer = client.post(path, headers=tenant.bearer("caseworker"))
        assert answer.status_code == 201
        assert answer.json()["status"] == "cancelled"
    finished = make_job(session, tenant, status="succeeded")
    problem = problem_of(client.post(f"/v1/jobs/{finished.id}/cancellations", headers=tenant.bearer("caseworker")), 409)
    assert problem["code"] == "job-over"
    deeds = session.scalars(select(AuditEntry).where(AuditEntry.deed == "job-cancelled")).all()
    assert [json.loads(deed.detail) for deed in deeds] == [{"kind": "caseload"}]


def test_the_embedded_worker_lives_as_long_as_the_server(settings: Settings, tenant):
    from starlette.testclient import TestClient

    from api.app import create_app

    embedded = settings.model_copy(update={"embedded_worker": True, "poll_seconds": 0.01})
    with TestClient(create_app(embedded)):
        assert "worker" in {thread.name for thread in threading.enumerate()}
    assert "worker" not in {thread.name for thread in threading.enumerate()}
