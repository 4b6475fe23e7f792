"""Views of jobs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nautilus.server.schemas.bases import Count, Envelope, Moment, Number, Text, View

__all__ = ["JobReply", "JobStatus", "JobView", "JobsReply"]

JobStatus = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class JobView(View):
    job_id: Text = Field(validation_alias="id")
    engine: Text
    operation: Text
    status: JobStatus | None
    progress: Number = Field(description="0 to 1, as far as the work tells.")
    stage: Text
    created_at: Moment
    started_at: Moment
    ended_at: Moment
    portfolio_id: Text
    request_id: Text
    cancel_asked: bool | None
    status_code: Count = Field(
        validation_alias="http_status", description="Of the answer, once it is there."
    )
    size_bytes: Count = Field(validation_alias="size")


class JobsData(View):
    jobs: list[JobView] | None


JobReply = Envelope[JobView]
JobsReply = Envelope[JobsData]
