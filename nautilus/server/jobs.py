"""Jobs: calls that go on behind their caller's back, and are asked about later."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from nautilus.core.errors import NautilusError, UnavailableError
from nautilus.server.envelope import current_request_id
from nautilus.server.http_errors import failure, library_failure, unexpected
from nautilus.server.reporting import listened
from nautilus.server.state.jobs import Job, JobResult, StoredJobs

__all__ = ["Jobs", "Work", "lost"]

Work = Callable[[], Awaitable[Any]]
_log = logging.getLogger("nautilus.server.jobs")

RESTARTED = {
    "code": "server_restarted",
    "message": "The server stopped while this job ran.",
    "hint": "Send the request again.",
}


def lost() -> Response:
    """The answer of a job that ended with its server."""
    return failure(503, [RESTARTED])


class Jobs:
    """Runs jobs of all engines of a process, and remembers those of all processes.

    Parameters
    ----------
    stored : StoredJobs
    at_once : int
        Jobs that run at once; the others are queued, so that short calls find room beside them.
    most : int
        Jobs that run or are queued; one more is refused.
    most_bytes : int
        A larger answer is a failure.
    patience : float
        Seconds after which a call that nobody asked to be a job becomes one.
    clock : callable
        The time now, UTC.
    """

    def __init__(
        self,
        stored: StoredJobs,
        *,
        at_once: int = 1,
        most: int = 100,
        most_bytes: int = 32 << 20,
        patience: float = 30.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.stored = stored
        self.ended: Counter[tuple[str, str, str]] = Counter()
        self._turns = asyncio.Semaphore(at_once)
        self._most = most
        self._most_bytes = most_bytes
        self._patience = patience
        self._clock = clock
        self._live: dict[str, _LiveJob] = {}
        self._holding: asyncio.Task[None] | None = None
        self._closing = False

    def active(self, engine: str) -> Counter[str]:
        """Jobs of an engine in this process by status: queued or running."""
        return Counter(one.job.status for one in self._live.values() if one.job.engine == engine)

    async def start(
        self,
        engine: str,
        operation: str,
        work: Work,
        *,
        subject: str | None = None,
        portfolio_id: str | None = None,
    ) -> Job:
        """Queue work and return at once.

        Raises
        ------
        UnavailableError
            The server is stopping, or too many jobs are queued.
        """
        self._check_room()
        live = self._new(engine, operation, subject, portfolio_id)
        live.run(self._in_turn(live, work))
        await self._keep(live)
        return live.job

    async def finish_or_start(
        self,
        engine: str,
        operation: str,
        work: Work,
        *,
        subject: str | None = None,
        portfolio_id: str | None = None,
    ) -> Any:
        """What work returns or raises if that is soon, else the Job that it has become."""
        live = self._new(engine, operation, subject, portfolio_id)
        live.begin(self._clock())
        live.run(work())
        try:
            await asyncio.wait({live.task}, timeout=self._patience)
        except asyncio.CancelledError:
            live.task.cancel()
            raise
        if live.task.done() or self._closing:
            return await live.task
        await self._keep(live)
        return live.job

    async def get(self, engine: str, job_id: str) -> Job:
        """A job as it is now.

        Raises
        ------
        NotFoundError
        """
        live = self._live.get(job_id)
        if live is not None and live.job.engine == engine:
            return live.job
        return await self.stored.get(engine, job_id)

    async def recent(
        self, engine: str, *, subject: str | None = None, status: str | None = None, most: int = 50
    ) -> list[Job]:
        """Jobs of an engine as they are now, the newest first."""
        found = await self.stored.recent(engine, subject=subject, most=1_000 if status else most)
        now = [self._live[job.id].job if job.id in self._live else job for job in found]
        return [job for job in now if status in (None, job.status)][:most]

    async def cancel(self, job: Job) -> Job:
        """End a job that has not ended; a process that works for it is killed."""
        live = self._live.get(job.id)
        if live is not None:
            live.task.cancel()
            await asyncio.wait({live.followed}, timeout=5.0)
        elif not job.ended:
            await self.stored.ask_to_cancel(job.id)
        return await self.get(job.engine, job.id)

    async def news(self, job_id: str, known: Job, seconds: float) -> None:
        """Wait until a job of this process differs from what is known, but not for ever."""
        live = self._live.get(job_id)
        if live is None:
            await asyncio.sleep(seconds)
        elif live.job == known:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await live.changed.wait()

    async def close(self) -> None:
        """End all jobs of this process and write down that they ended with it."""
        self._closing = True
        live = list(self._live.values())
        for one in live:
            one.task.cancel()
        if live:
            await asyncio.wait({one.followed for one in live}, timeout=5.0)
        if self._holding is not None:
            self._holding.cancel()

    def _check_room(self) -> None:
        if self._closing:
            raise UnavailableError("The server is stopping. Send the request again in a while.")
        if len(self._live) >= self._most:
            raise UnavailableError(
                f"Busy: {len(self._live)} jobs are running or queued. Try again later."
            )

    def _new(
        self, engine: str, operation: str, subject: str | None, portfolio_id: str | None
    ) -> _LiveJob:
        return _LiveJob(
            Job(
                id=f"job_{secrets.token_hex(16)}",
                engine=engine,
                operation=operation,
                created_at=self._clock(),
                subject=subject,
                portfolio_id=portfolio_id,
                request_id=current_request_id(),
            )
        )

    async def _in_turn(self, live: _LiveJob, work: Work) -> Any:
        async with self._turns:
            live.begin(self._clock())
            return await work()

    async def _keep(self, live: _LiveJob) -> None:
        """From here on it is a job: stored, held, and followed to its end."""
        try:
            await self.stored.add(live.job)
        except BaseException:
            live.task.cancel()
            raise
        if self._closing:
            live.task.cancel()
        self._live[live.job.id] = live
        live.followed = asyncio.create_task(self._follow(live))
        if self._holding is None or self._holding.done():
            self._holding = asyncio.create_task(self._hold())

    async def _follow(self, live: _LiveJob) -> None:
        await asyncio.wait({live.task})
        status, answer = self._outcome(live.task)
        if answer is not None and len(answer.body) > self._most_bytes:
            status, answer = "failed", _too_large(len(answer.body), self._most_bytes)
        ended = live.ended(status, self._clock())
        result = None
        if answer is not None:
            result = JobResult(answer.status_code, bytes(answer.body).decode())
        try:
            await self.stored.end(ended, result)
        except NautilusError as error:  # it reads as lost once nobody says that it lives
            _log.error("the end of %s could not be stored", live.job.id, exc_info=error)
        live.become(ended)  # not before its answer can be read
        del self._live[live.job.id]
        self.ended[live.job.engine, live.job.operation, status] += 1

    def _outcome(self, task: asyncio.Task[Any]) -> tuple[str, Response | None]:
        if task.cancelled():
            return ("failed", lost()) if self._closing else ("cancelled", None)
        error = task.exception()
        if isinstance(error, NautilusError):
            return "failed", library_failure(error)
        if error is not None:
            return "failed", unexpected(error)
        return "succeeded", _response(task.result())

    async def _hold(self) -> None:
        """Say again and again that these jobs live; hear who shall not."""
        while self._live:
            await asyncio.sleep(self.stored.lease.total_seconds() / 4)
            running = {one.job.id: one.job for one in self._live.values()}
            try:
                unwanted = await self.stored.hold(running)
            except NautilusError as error:
                _log.warning("jobs could not be held", exc_info=error)
                continue
            for job_id in unwanted & self._live.keys():
                self._live[job_id].task.cancel()


class _LiveJob:
    """A job of this process, and what it runs."""

    task: asyncio.Task[Any]
    followed: asyncio.Task[None]

    def __init__(self, job: Job) -> None:
        self.job = job
        self.changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def run(self, work: Awaitable[Any]) -> None:
        """Begin in a context of its own, where reports are heard."""
        context = copy_context()
        context.run(listened, self._heard)
        self.task = asyncio.get_running_loop().create_task(_awaited(work), context=context)

    def begin(self, at: datetime) -> None:
        """Its turn has come."""
        self.become(replace(self.job, status="running", started_at=at))

    def ended(self, status: str, at: datetime) -> Job:
        """What it will be when its end is stored."""
        progress = 1.0 if status == "succeeded" else self.job.progress
        return replace(self.job, status=status, ended_at=at, progress=progress)

    def become(self, job: Job) -> None:
        """Change, and tell who waits for it."""
        self.job = job
        self.changed.set()
        self.changed = asyncio.Event()

    def _heard(self, progress: float, stage: str) -> None:
        """From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop ended before the work did
            self._loop.call_soon_threadsafe(self._reported, progress, stage)

    def _reported(self, progress: float, stage: str) -> None:
        if not self.job.ended:
            self.become(replace(self.job, progress=progress, stage=stage))


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work


def _response(result: Any) -> Response:
    """What the endpoint returns as it would have been sent."""
    if isinstance(result, BaseModel):
        return Response(result.model_dump_json(by_alias=True), media_type="application/json")
    if isinstance(result, Response):
        return result
    raise TypeError(f"A job returns a model or a response, not {type(result).__name__}.")


def _too_large(size: int, most: int) -> Response:
    return failure(
        413,
        [
            {
                "code": "result_too_large",
                "message": f"The answer has {size:,} bytes; a job may have {most:,}.",
                "hint": "Ask for less, or raise NAUTILUS_JOB_RESULT_BYTES.",
            }
        ],
    )
