"""How often a source may be asked: short windows by waiting, the day by counting in a file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from nautilus.core.rate_limit import WindowLimit
from nautilus.marketdata.sources.errors import QuotaExhausted, Throttled

__all__ = ["DailyQuota", "Limiter", "next_midnight"]

_DAY = 86_400.0
Clock = Callable[[], datetime]


def next_midnight(now: datetime, zone: str) -> datetime:
    """When the next day begins in a zone, in UTC.

    Examples
    --------
    >>> next_midnight(datetime(2024, 1, 2, 12, tzinfo=UTC), "America/New_York").isoformat()
    '2024-01-03T05:00:00+00:00'
    """
    local = now.astimezone(ZoneInfo(zone))
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
    return tomorrow.astimezone(UTC)


class DailyQuota:
    """Requests per day of the source's zone, counted over restarts and processes.

    Parameters
    ----------
    source : str
    most : float or None
        Requests a day; None counts nothing and only remembers `exhaust`.
    clock : callable
    path : path, optional
        SQLite file, shared by all sources and processes; None counts in memory.
    zone : str
        Where the day begins.

    Examples
    --------
    >>> quota = DailyQuota("alpha_vantage", 1, lambda: datetime(2024, 1, 2, tzinfo=UTC))
    >>> quota.take()
    >>> quota.exhausted_until() is None
    False
    """

    def __init__(
        self,
        source: str,
        most: float | None,
        clock: Clock,
        path: str | Path | None = None,
        zone: str = "UTC",
    ) -> None:
        self.most = most
        self._source, self._clock, self._zone = source, clock, zone
        self._path = Path(path) if path is not None else None
        self._memory: dict[str, float] = {}
        self._seen: tuple[str, float] = ("", 0.0)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._read()

    def take(self) -> None:
        """Count one request of today.

        Raises
        ------
        QuotaExhausted
            None is left; `until` says when the next day begins.
        """
        used = self._add(1.0)
        if used > self._limit():
            raise self.error()

    def exhaust(self) -> QuotaExhausted:
        """The source itself says that the day is used up: nothing is asked until it ends."""
        self._add(self._limit() if self.most is not None else _DAY)
        return self.error()

    def exhausted_until(self) -> datetime | None:
        """When requests are allowed again; None where they are allowed now."""
        day, used = self._seen
        if day == self._today() and used >= self._limit():
            return next_midnight(self._clock(), self._zone)
        return None

    def error(self) -> QuotaExhausted:
        """What to raise now."""
        until = next_midnight(self._clock(), self._zone)
        allowed = f"{self.most:g} requests a day" if self.most is not None else "the day's quota"
        return QuotaExhausted(
            f"{self._source} has used up {allowed}; it may be asked again after"
            f" {until:%Y-%m-%dT%H:%MZ}. A paid plan raises it: pass its `limits`.",
            source=self._source,
            until=until,
        )

    def _limit(self) -> float:
        return self.most if self.most is not None else _DAY

    def _today(self) -> str:
        return self._clock().astimezone(ZoneInfo(self._zone)).date().isoformat()

    def _add(self, count: float) -> float:
        day = self._today()
        if self._path is None:
            used = self._memory.get(day, 0.0) + count
            self._memory = {day: used}
        else:
            used = self._add_in_file(self._path, day, count)
        self._seen = (day, used)
        return used

    def _add_in_file(self, path: Path, day: str, count: float) -> float:
        with closing(_opened(path)) as database:
            row = database.execute(
                "INSERT INTO quota VALUES (?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
                " used = CASE WHEN day = excluded.day THEN used ELSE 0 END + excluded.used,"
                " day = excluded.day RETURNING used",
                (self._source, day, count),
            ).fetchone()
            database.commit()
        return float(row[0])

    def _read(self) -> None:
        if self._path is None or not self._path.exists():
            return
        with closing(_opened(self._path)) as database:
            row = database.execute(
                "SELECT day, used FROM quota WHERE source = ?", (self._source,)
            ).fetchone()
        if row:
            self._seen = (str(row[0]), float(row[1]))


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=10.0)
    database.execute(
        "CREATE TABLE IF NOT EXISTS quota"
        " (source TEXT PRIMARY KEY, day TEXT NOT NULL, used REAL NOT NULL)"
    )
    return database


@dataclass(slots=True)
class _Log:
    entries: tuple[tuple[float, float], ...] = ()


class Limiter:
    """Every window of a source at once, and its day.

    Parameters
    ----------
    source : str
    limit : WindowLimit
        Windows of a day or longer are the daily quota.
    clock, sleep : callables
    patience_seconds : float
        Longest wait; beyond it the caller is told when to come back.
    path : path, optional
        File of the daily quota.
    zone : str
        Where the source's day begins.
    """

    def __init__(
        self,
        source: str,
        limit: WindowLimit,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        patience_seconds: float,
        path: str | Path | None = None,
        zone: str = "UTC",
    ) -> None:
        short = tuple(window for window in limit.windows if window[1] < _DAY)
        days = [count for count, seconds in limit.windows if seconds >= _DAY]
        self.quota = DailyQuota(source, min(days, default=None), clock, path, zone)
        self._windows = WindowLimit(short) if short else None
        self._source, self._clock, self._sleep = source, clock, sleep
        self._patience = patience_seconds
        self._log = _Log()
        self._turn = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for a turn, first come first served.

        Raises
        ------
        Throttled
            The wait would be longer than the patience.
        QuotaExhausted
        """
        if self.quota.exhausted_until() is not None:
            raise self.quota.error()
        async with self._turn:
            await self._wait()
        await asyncio.to_thread(self.quota.take)

    async def _wait(self) -> None:
        waited = 0.0
        while self._windows is not None:
            now = self._clock().timestamp()
            self._log.entries, allowed, wait = self._windows.step(self._log.entries, now)
            if allowed:
                return
            if waited + wait > self._patience:
                raise Throttled(
                    f"{self._source}: the next request is allowed in {wait:.3g} s, more than"
                    f" `timeout_seconds`; ask again then.",
                    source=self._source,
                    retry_after=wait,
                )
            await self._sleep(wait)
            waited += wait
