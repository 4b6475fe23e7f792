"""Jobs over HTTP: list, look, follow, cancel, and fetch the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from nautilus.core.errors import ConflictError, NotFoundError
from nautilus.server.deps import Deps
from nautilus.server.envelope import answer
from nautilus.server.http_errors import failure
from nautilus.server.identity import current_identity, may_use_portfolio
from nautilus.server.jobs import lost
from nautilus.server.routing import engine_router
from nautilus.server.schemas.jobs import JobReply, JobsReply, JobStatus, JobView
from nautilus.server.state.jobs import Job

__all__ = ["job_router"]

JobId = Annotated[str, Path(pattern=r"^job_[0-9a-f]{32}$", description="Id of a job.")]
LOOK_SECONDS = 1.0  # at jobs of other processes, and whether the server drains
CANCELLED = {"code": "job_cancelled", "message": "This job was cancelled; it has no answer."}


class StillRunsError(ConflictError):
    """There is no answer yet."""

    code = "job_running"
    retry_after = 1


def job_router() -> Any:
    """The endpoints of jobs, for each path of an engine."""
    router = engine_router("jobs")
    add = router.add_api_route
    add("/jobs", list_jobs, methods=["GET"])
    add("/jobs/{job_id}", read_job, methods=["GET"])
    add("/jobs/{job_id}", cancel_job, methods=["DELETE"])
    shown: dict[int | str, dict[str, Any]] = {
        200: {"description": "The answer of the operation, as it would have been sent."}
    }
    add(
        "/jobs/{job_id}/result",
        job_result,
        methods=["GET"],
        response_model=None,
        responses=shown,
    )
    add("/jobs/{job_id}/events", job_events, methods=["GET"], response_class=EventSourceResponse)
    return router


async def job_of(job_id: JobId, deps: Deps) -> Job:
    """A job of who asks; what belongs to others is unknown."""
    job = await deps.jobs.get(deps.row.name, job_id)
    if not _may_see(job):
        raise NotFoundError(f"`job_id` {job_id!r} is unknown to you.", field="job_id")
    return job


Asked = Annotated[Job, Depends(job_of)]


def _may_see(job: Job) -> bool:
    identity = current_identity()
    if identity is None:
        return True
    allowed = job.portfolio_id is None or may_use_portfolio(identity, job.portfolio_id)
    return allowed and job.subject == identity.subject


async def list_jobs(
    deps: Deps,
    status: Annotated[JobStatus | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JobsReply:
    """Jobs of who asks, the newest first."""
    identity = current_identity()
    subject = identity.subject if identity else None
    found = await deps.jobs.recent(deps.row.name, subject=subject, status=status, most=limit)
    return answer(JobsReply, {"jobs": [job for job in found if _may_see(job)]})


async def read_job(job: Asked) -> JobReply:
    """How far a job is."""
    return answer(JobReply, job)


async def cancel_job(job: Asked, deps: Deps) -> JobReply:
    """End a job; one that has ended stays as it is."""
    return answer(JobReply, await deps.jobs.cancel(job))


async def job_result(job: Asked, deps: Deps) -> Response:
    """The answer that the request would have got, with its status."""
    if not job.ended:
        raise StillRunsError(
            f"the job is {job.status}. GET /jobs/{job.id}/events follows it to its end.",
            field="job_id",
        )
    if job.status == "cancelled":
        return failure(410, [CANCELLED])
    result = await deps.jobs.stored.result(job.id)
    if result is None:
        return lost()
    return Response(result.body, result.status, media_type="application/json")


async def job_events(job: Asked, deps: Deps) -> AsyncIterator[ServerSentEvent]:
    """Each state that a job comes to, as `progress` events; `end` is the last."""
    yield _event(job)
    while not job.ended and not deps.draining.is_set():
        await deps.jobs.news(job.id, job, LOOK_SECONDS)
        now = await deps.jobs.get(job.engine, job.id)
        if now != job:
            yield _event(now)
        job = now


def _event(job: Job) -> ServerSentEvent:
    name = "end" if job.ended else "progress"
    return ServerSentEvent(event=name, raw_data=JobView.model_validate(job).model_dump_json())
