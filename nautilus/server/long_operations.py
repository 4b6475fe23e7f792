"""Endpoints whose work may take long: the answer, or a job that will have it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

from fastapi import APIRouter
from starlette.responses import Response

from nautilus.server.deps import EngineDeps
from nautilus.server.envelope import answer
from nautilus.server.identity import current_subject
from nautilus.server.schemas.jobs import JobReply
from nautilus.server.state.jobs import Job

__all__ = ["accepted", "long_post"]

Endpoint = Callable[..., Awaitable[Any]]
ACCEPTED = "The work goes on as a job; its answer will be at /jobs/{job_id}/result."


def long_post(
    router: APIRouter, path: str, *, operation_id: str, **options: Any
) -> Callable[[Endpoint], Endpoint]:
    """Register a POST endpoint whose work may become a job.

    The endpoint takes `body`, a `LongBody`, and `deps`; it returns a model. Where the request says
    `"async": true` the answer is 202 with a job, and else once the work takes longer than
    `job_after_seconds`. What the job ends with is the answer that would have been sent.

    Parameters
    ----------
    router : APIRouter
    path : str
    operation_id : str
    **options
        Of `router.post`.
    """
    responses: dict[int | str, dict[str, Any]] = {
        202: {"model": JobReply, "description": ACCEPTED},
        **options.pop("responses", {}),
    }

    def register(endpoint: Endpoint) -> Endpoint:
        route = router.post(path, operation_id=operation_id, responses=responses, **options)
        route(_answering(endpoint, operation_id))
        return endpoint

    return register


def _answering(endpoint: Endpoint, operation: str) -> Endpoint:
    @functools.wraps(endpoint)
    async def answered(**values: Any) -> Any:
        deps: EngineDeps[Any] = values["deps"]
        known = {"subject": current_subject(), "portfolio_id": values.get("portfolio_id")}
        work = functools.partial(endpoint, **values)
        run = deps.jobs.start if values["body"].as_job else deps.jobs.finish_or_start
        result = await run(deps.row.name, operation, work, **known)
        return accepted(result) if isinstance(result, Job) else result

    signature, hints = inspect.signature(endpoint), get_type_hints(endpoint, include_extras=True)
    parameters = [one.replace(annotation=hints[one.name]) for one in signature.parameters.values()]
    answered.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=parameters, return_annotation=hints["return"]
    )
    return answered


def accepted(job: Job) -> Response:
    """202 with where to ask."""
    body = answer(JobReply, job).model_dump_json()
    headers = {"Location": f"/jobs/{job.id}", "Retry-After": "1"}
    return Response(body, 202, headers, media_type="application/json")
