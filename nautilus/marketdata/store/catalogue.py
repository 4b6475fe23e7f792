"""The catalogue of the store: which files count. A file that it does not name does not exist."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nautilus.core.errors import DataError, UnavailableError
from nautilus.marketdata.store.files import StoreFullError

__all__ = ["Catalogue", "Coverage", "Part"]

SCHEMA_VERSION = 1
_BUSY_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, timeframe TEXT NOT NULL,
    source TEXT NOT NULL, division TEXT NOT NULL, path TEXT NOT NULL UNIQUE, rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL, first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
    first_owner TEXT NOT NULL, last_owner TEXT NOT NULL, most_revision INTEGER NOT NULL,
    digest TEXT NOT NULL, retired_at REAL);
CREATE INDEX IF NOT EXISTS parts_of ON parts (kind, timeframe, source, first_time)
    WHERE retired_at IS NULL;
CREATE TABLE IF NOT EXISTS coverage (
    kind TEXT NOT NULL, timeframe TEXT NOT NULL, source TEXT NOT NULL, owner TEXT NOT NULL,
    rows INTEGER NOT NULL, first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
    PRIMARY KEY (kind, timeframe, source, owner)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS loaded (
    kind TEXT NOT NULL, timeframe TEXT NOT NULL, source TEXT NOT NULL, owner TEXT NOT NULL,
    first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
    PRIMARY KEY (kind, timeframe, source, owner, first_time, last_time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (
    kind TEXT NOT NULL, timeframe TEXT NOT NULL, source TEXT NOT NULL, basis TEXT NOT NULL,
    appended INTEGER NOT NULL, PRIMARY KEY (kind, timeframe, source)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One file, and what is in it. Times are microseconds since 1970, UTC."""

    kind: str
    timeframe: str
    source: str
    division: str
    path: str
    rows: int
    bytes: int
    first_time: int
    last_time: int
    first_owner: str
    last_owner: str
    most_revision: int
    digest: str
    id: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one source has of one symbol or series; `rows` counts the corrections too."""

    kind: str
    timeframe: str
    source: str
    owner: str
    rows: int
    first_time: int
    last_time: int


_PART = ("kind, timeframe, source, division, path, rows, bytes, first_time, last_time,"
         " first_owner, last_owner, most_revision, digest")  # fmt: skip


class Catalogue:
    """One SQLite file in write-ahead mode: any number of readers, one writer at a time.

    Writers of all processes queue for `writing()`; readers never wait.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._writer = self._connect()
        self._reader = self._connect()
        self._writer.executescript(_TABLES)
        self._writer.execute(
            "INSERT OR IGNORE INTO meta VALUES ('schema', ?), ('revision', 0)", (SCHEMA_VERSION,)
        )
        version = self._value("schema")
        if version != SCHEMA_VERSION:
            self.close()
            raise DataError(
                f"the catalogue {path} has schema version {version}, this release reads"
                f" {SCHEMA_VERSION}. Open it with the release that wrote it, or import anew."
            )

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def close(self) -> None:
        """Give the file back."""
        self._reader.close()
        self._writer.close()

    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[bool]:
        """Be the only writer; what was recorded counts when the block ends, or nothing of it.

        Yields False, and records nothing, when it is somebody else's turn and `wait` is off.
        """
        with self._write_lock:
            if not self._begun(wait):
                yield False
                return
            try:
                yield True
                self._writer.execute("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                    raise StoreFullError(
                        f"no space for the catalogue {self._path}: {error}. Nothing of this call"
                        " was stored. Free space and repeat it."
                    ) from error
                raise

    def _begun(self, wait: bool) -> bool:
        try:
            if not wait:
                self._writer.execute("PRAGMA busy_timeout=0")
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not wait:
                return False
            raise UnavailableError(
                f"another writer has held {self._path} for {_BUSY_SECONDS:g} s. Repeat the call."
            ) from error
        finally:
            if not wait:
                self._writer.execute(f"PRAGMA busy_timeout={int(_BUSY_SECONDS * 1000)}")
        return True

    # Recording: only inside `writing()`.

    def record(self, part: Part) -> None:
        """Let a file count."""
        values = [getattr(part, name.strip()) for name in _PART.split(",")]
        marks = ", ".join("?" * len(values))
        self._writer.execute(f"INSERT INTO parts ({_PART}) VALUES ({marks})", values)
        self._changed()

    def cover(self, rows: Iterable[Coverage]) -> None:
        """Widen what is known to be covered."""
        self._writer.executemany(
            "INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET rows = rows + excluded.rows,"
            " first_time = min(first_time, excluded.first_time),"
            " last_time = max(last_time, excluded.last_time)",
            [
                (c.kind, c.timeframe, c.source, c.owner, c.rows, c.first_time, c.last_time)
                for c in rows
            ],
        )

    def uncover(self, kind: str, timeframe: str, source: str) -> None:
        """Forget what was covered, to be counted anew."""
        for name in ("coverage", "loaded"):
            self._writer.execute(
                f"DELETE FROM {name} WHERE kind = ? AND timeframe = ? AND source = ?",
                (kind, timeframe, source),
            )

    def note_loaded(
        self, kind: str, timeframe: str, source: str, owner: str, first: int, last: int
    ) -> None:
        """Remember that a source was asked for all of a window and answered."""
        self._writer.execute(
            "INSERT OR IGNORE INTO loaded VALUES (?, ?, ?, ?, ?, ?)",
            (kind, timeframe, source, owner, first, last),
        )

    def retire(self, parts: Iterable[Part], at: float) -> None:
        """Let files count no longer; they are deleted later, when no reader is in them."""
        self._writer.executemany(
            "UPDATE parts SET retired_at = ? WHERE id = ?", [(at, part.id) for part in parts]
        )
        self._changed()

    def forget(self, paths: Iterable[str]) -> None:
        """Drop retired files that are deleted."""
        self._writer.executemany(
            "DELETE FROM parts WHERE path = ? AND retired_at IS NOT NULL", [(p,) for p in paths]
        )

    def set_basis(self, kind: str, timeframe: str, source: str, basis: str) -> None:
        """Say what the prices of a source are adjusted for; the source counts as the newest."""
        self._writer.execute(
            "INSERT INTO sources VALUES (?, ?, ?, ?, (SELECT value FROM meta"
            " WHERE name = 'revision')) ON CONFLICT DO UPDATE SET appended = excluded.appended",
            (kind, timeframe, source, basis),
        )

    def _changed(self) -> None:
        self._writer.execute("UPDATE meta SET value = value + 1 WHERE name = 'revision'")

    # Reading.

    def revision(self) -> int:
        """A number that grows with every change."""
        return self._value("revision")

    def parts(
        self,
        kind: str,
        timeframe: str,
        source: str | None = None,
        first: int | None = None,
        last: int | None = None,
        division: str | None = None,
    ) -> list[Part]:
        """Files that count and may hold rows of first..last, in the order of their times."""
        query = f"SELECT {_PART}, id FROM parts WHERE retired_at IS NULL AND kind = ?"
        query += " AND timeframe = ?"
        values: list[Any] = [kind, timeframe]
        for condition, value in (
            ("source = ?", source),
            ("last_time >= ?", first),
            ("first_time <= ?", last),
            ("division = ?", division),
        ):
            if value is not None:
                query += f" AND {condition}"
                values.append(value)
        return [Part(*row) for row in self._rows(f"{query} ORDER BY first_time, id", values)]

    def all_parts(self) -> list[Part]:
        """Every file that counts."""
        query = f"SELECT {_PART}, id FROM parts WHERE retired_at IS NULL ORDER BY id"
        return [Part(*row) for row in self._rows(query)]

    def retired(self, before: float) -> list[str]:
        """Paths of files that have not counted since."""
        query = "SELECT path FROM parts WHERE retired_at <= ?"
        return [path for (path,) in self._rows(query, (before,))]

    def paths(self) -> list[str]:
        """Every file that counts or has counted and is not deleted."""
        return [path for (path,) in self._rows("SELECT path FROM parts")]

    def coverage(
        self, kind: str, timeframe: str | None = None, source: str | None = None
    ) -> list[Coverage]:
        """What each source has of each symbol."""
        query = "SELECT * FROM coverage WHERE kind = ?"
        values: list[Any] = [kind]
        for name, value in (("timeframe", timeframe), ("source", source)):
            if value is not None:
                query += f" AND {name} = ?"
                values.append(value)
        return [Coverage(*row) for row in self._rows(f"{query} ORDER BY source, owner", values)]

    def loaded(self, kind: str, timeframe: str, source: str, owner: str) -> list[tuple[int, int]]:
        """Windows that a source was asked for, in order of their begin."""
        query = ("SELECT first_time, last_time FROM loaded WHERE kind = ? AND timeframe = ?"
                 " AND source = ? AND owner = ? ORDER BY first_time")  # fmt: skip
        return [(a, b) for a, b in self._rows(query, (kind, timeframe, source, owner))]

    def sources(self, kind: str, timeframe: str) -> dict[str, str]:
        """Sources that have any, the one appended to last first, and what they adjust for."""
        query = ("SELECT source, basis FROM sources WHERE kind = ? AND timeframe = ?"
                 " ORDER BY appended DESC, source")  # fmt: skip
        return dict(self._rows(query, (kind, timeframe)))

    def _value(self, name: str) -> int:
        ((value,),) = self._rows("SELECT value FROM meta WHERE name = ?", (name,))
        return int(value)

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._read_lock:
            return self._reader.execute(query, values).fetchall()
