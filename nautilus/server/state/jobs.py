"""Jobs of the engines: who asked for what, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from nautilus.core.errors import NotFoundError
from nautilus.server.state.database import Database
from nautilus.server.state.rows import moment, moment_text
from nautilus.server.state.schema import jobs as table

__all__ = ["ENDED", "Job", "JobResult", "StoredJobs"]

ENDED = ("succeeded", "failed", "cancelled")
MOST_KEPT = 1_000
MOST_BYTES = 1 << 30
_TIMES = ("created_at", "started_at", "ended_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One call that is carried out behind its caller's back.

    Parameters
    ----------
    id : str
        Unguessable.
    engine, operation : str
    status : str
        `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    progress : float
        0 to 1, as far as the work tells.
    stage : str
        What it does now, as far as the work tells.
    created_at, started_at, ended_at : datetime
    subject : str or None
        Who asked; None without authentication.
    portfolio_id : str or None
        The portfolio that its answer is about.
    request_id : str or None
    cancel_asked : bool
    http_status : int or None
        Status of the answer, once there is one.
    size : int
        Bytes of the answer.
    """

    id: str
    engine: str
    operation: str
    created_at: datetime
    status: str = "queued"
    progress: float = 0.0
    stage: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    subject: str | None = None
    portfolio_id: str | None = None
    request_id: str | None = None
    cancel_asked: bool = False
    http_status: int | None = None
    size: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class JobResult:
    """The answer as it would have been sent: its status and its body."""

    status: int
    body: str


_COLUMNS = tuple(table.c[one.name] for one in fields(Job))


class StoredJobs:
    """Jobs of all processes that share the database.

    Who runs a job holds it, and says so again and again: a job whose holder is silent for longer
    than `lease` has died with its server, and reads as `failed`.

    Parameters
    ----------
    database : Database
    holder : str
        This process.
    clock : callable
        The time now, UTC.
    lease, keep : timedelta
        How long a holder may be silent; how long an ended job is kept.

    Examples
    --------
    >>> import asyncio, tempfile
    >>> from nautilus.server.state.database import open_database
    >>> async def once(jobs):
    ...     job = Job(id="job_1", engine="risk", operation="stress", created_at=datetime.now(UTC))
    ...     await jobs.add(job)
    ...     await jobs.end(replace(job, status="succeeded"), JobResult(200, "{}"))
    ...     return (await jobs.get("risk", "job_1")).status, await jobs.result("job_1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = open_database(f"sqlite:///{folder}/state.db")
    ...     print(asyncio.run(once(StoredJobs(database, holder="me"))))
    ...     database.close_now()
    ('succeeded', JobResult(status=200, body='{}'))
    """

    def __init__(
        self,
        database: Database,
        *,
        holder: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lease: timedelta = timedelta(seconds=10),
        keep: timedelta = timedelta(hours=24),
    ) -> None:
        self._database = database
        self._holder = holder
        self._clock = clock
        self.lease = lease
        self._keep = keep

    async def add(self, job: Job) -> None:
        """A new one, held by this process; what is too old or too much goes."""
        values = _values(job) | {"holder": self._holder, "held_until": self._until(), "body": None}
        await self._database.write(_add, values, moment_text(self._clock() - self._keep))

    async def hold(self, running: Mapping[str, Job]) -> set[str]:
        """Say that this process still runs them, and how far; those that shall be cancelled."""
        rows = [_values(job) for job in running.values()]
        return await self._database.write(_hold, rows, self._holder, self._until())

    async def end(self, job: Job, result: JobResult | None) -> None:
        """How it ended."""
        await self._database.write(_end, _values(job), result)

    async def get(self, engine: str, job_id: str) -> Job:
        """A job of an engine.

        Raises
        ------
        NotFoundError
        """
        row = await self._database.read(_get, engine, job_id)
        if row is None:
            raise NotFoundError(
                f"`job_id` {job_id[:64]!r} is unknown to the {engine} engine, or its time is over.",
                field="job_id",
                hint="GET /jobs lists what there is.",
            )
        return self._alive(row)

    async def recent(
        self, engine: str, *, subject: str | None = None, status: str | None = None, most: int = 50
    ) -> list[Job]:
        """Jobs of an engine, the newest first; of everybody where `subject` is None."""
        rows = await self._database.read(_recent, engine, subject, MOST_KEPT if status else most)
        found = [self._alive(row) for row in rows]
        return [job for job in found if status in (None, job.status)][:most]

    async def result(self, job_id: str) -> JobResult | None:
        """The answer of a job that has one."""
        row = await self._database.read(_result, job_id)
        return None if row is None else JobResult(row.http_status, row.body)

    async def ask_to_cancel(self, job_id: str) -> None:
        """Whoever holds it will see it at its next `hold`."""
        await self._database.write(_ask_to_cancel, job_id)

    def _until(self) -> str:
        return moment_text(self._clock() + self.lease)

    def _alive(self, row: Any) -> Job:
        """A job as stored, but failed if nobody holds it any more."""
        values = {one.name: getattr(row, one.name) for one in fields(Job)}
        for name in _TIMES:
            values[name] = None if values[name] is None else moment(values[name])
        job = Job(**{**values, "cancel_asked": bool(values["cancel_asked"])})
        if job.ended or moment(row.held_until) >= self._clock():
            return job
        return replace(job, status="failed", ended_at=moment(row.held_until))


def _values(job: Job) -> dict[str, Any]:
    values = asdict(job)
    for name in _TIMES:
        values[name] = None if values[name] is None else moment_text(values[name])
    return values | {"cancel_asked": int(job.cancel_asked)}


def _add(connection: Connection, values: dict[str, Any], oldest: str) -> None:
    connection.execute(delete(table).where(table.c.ended_at < oldest))
    _leave_room(connection, values["engine"])
    connection.execute(insert(table).values(**values))


def _leave_room(connection: Connection, engine: str) -> None:
    """The oldest ended jobs go where an engine keeps too many, or too much."""
    newer = func.row_number().over(order_by=table.c.ended_at.desc())
    bytes_ = func.sum(table.c.size).over(order_by=table.c.ended_at.desc())
    ended = select(table.c.id, newer.label("place"), bytes_.label("bytes")).where(
        table.c.engine == engine, table.c.ended_at.is_not(None)
    )
    counted = ended.subquery()
    too_much = (counted.c.place >= MOST_KEPT) | (counted.c.bytes > MOST_BYTES)
    connection.execute(delete(table).where(table.c.id.in_(select(counted.c.id).where(too_much))))


def _hold(connection: Connection, rows: list[dict[str, Any]], holder: str, until: str) -> set[str]:
    for row in rows:
        seen = {name: row[name] for name in ("status", "progress", "stage", "started_at")}
        mine = (table.c.id == row["id"]) & (table.c.holder == holder)
        connection.execute(update(table).where(mine).values(held_until=until, **seen))
    asked = select(table.c.id).where(table.c.holder == holder, table.c.cancel_asked == 1)
    return set(connection.execute(asked.where(table.c.ended_at.is_(None))).scalars())


def _end(connection: Connection, values: dict[str, Any], result: JobResult | None) -> None:
    if result is not None:
        values |= {
            "http_status": result.status,
            "body": result.body,
            "size": len(result.body.encode()),
        }
    connection.execute(update(table).where(table.c.id == values["id"]).values(**values))


def _get(connection: Connection, engine: str, job_id: str) -> Any | None:
    found = (table.c.id == job_id) & (table.c.engine == engine)
    return connection.execute(select(*_COLUMNS, table.c.held_until).where(found)).one_or_none()


def _recent(connection: Connection, engine: str, subject: str | None, most: int) -> list[Any]:
    query = select(*_COLUMNS, table.c.held_until).where(table.c.engine == engine)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    newest = query.order_by(table.c.created_at.desc(), table.c.id).limit(most)
    return list(connection.execute(newest).all())


def _result(connection: Connection, job_id: str) -> Any | None:
    query = select(table.c.http_status, table.c.body).where(table.c.id == job_id)
    return connection.execute(query.where(table.c.body.is_not(None))).one_or_none()


def _ask_to_cancel(connection: Connection, job_id: str) -> None:
    running = (table.c.id == job_id) & table.c.ended_at.is_(None)
    connection.execute(update(table).where(running).values(cancel_asked=1))
