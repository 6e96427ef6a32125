"""Long work: progress and cancelling."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import Path, Response
from pydantic import Field

from api.routes._edge import ActorDep, Count, Identifier, SessionDep, StrictModel, edge_router
from api.services import jobs
from api.store.tables import Job

router = edge_router("jobs")

JobPath = Annotated[Identifier, Path(alias="jobId", description="The job's identifier.")]
RESULTS = {"caseload": "/v1/caseloads/{job}/results"}


class Progress(StrictModel):
    """How far a job is."""

    done: Count
    total: Count


class JobAnswer(StrictModel):
    """A job. `resultUrl` is there once it has succeeded; `problem` says what kind of error ended it."""

    job_id: Identifier
    kind: Annotated[str, Field(max_length=40)]
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: Progress
    result_url: Annotated[str | None, Field(max_length=200)]
    problem: Annotated[str | None, Field(max_length=200)]
    created_at: dt.datetime
    finished_at: dt.datetime | None


def answer(job: Job) -> JobAnswer:
    """Return a job as the contract shows it."""
    template = RESULTS.get(job.kind) if job.status == "succeeded" else None
    return JobAnswer(
        job_id=job.id,
        kind=job.kind,
        status=job.status,
        progress=Progress(done=job.done, total=job.total),
        result_url=template.format(job=job.id) if template else None,
        problem=job.problem,
        created_at=job.created_at,
        finished_at=job.finished_at,
    )


@router.get("/v1/jobs/{jobId}", operation_id="getJob", summary="How far is a job")
def get_job(job_id: JobPath, session: SessionDep, actor: ActorDep) -> JobAnswer:
    """Answer status and progress of a job of the own organisation."""
    return answer(jobs.get(session, actor, job_id))


@router.post(
    "/v1/jobs/{jobId}/cancellations", operation_id="createJobCancellation", status_code=201, summary="Cancel a job"
)
def create_job_cancellation(job_id: JobPath, response: Response, session: SessionDep, actor: ActorDep) -> JobAnswer:
    """Stop a job before its next part; what is done stays done. Cancelling twice is cancelling once."""
    response.headers["Location"] = f"/v1/jobs/{job_id}"
    return answer(jobs.cancel(session, actor, job_id))
