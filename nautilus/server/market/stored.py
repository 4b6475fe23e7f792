"""The store of a server process, opened at its first use, and the closes that it serves."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nautilus.core.errors import MissingInputError
from nautilus.marketdata.history import SIMULATED
from nautilus.server.history import Closes, Days, Floats

if TYPE_CHECKING:
    from nautilus.marketdata.store import Store

__all__ = ["MarketStore", "StoredCloses"]

# A session and the longest run of days without one, from which a window takes its base.
DAYS_BEFORE = 14


class MarketStore:
    """One folder; polars and SQLite are loaded when there is something to read or to write.

    Parameters
    ----------
    root : path

    Examples
    --------
    >>> MarketStore("/nowhere").filled
    False
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._lock = threading.Lock()
        self._store: Store | None = None

    @property
    def filled(self) -> bool:
        """Whether anybody has ever stored something; costs no import."""
        return self._store is not None or (self.root / "catalogue.db").is_file()

    def open(self) -> Store:
        """The store; made if there is none. Off the event loop at first."""
        with self._lock:
            if self._store is None:
                from nautilus.marketdata.store import Store

                self._store = Store(self.root)
            return self._store

    def close(self) -> None:
        """Give the catalogue back."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None


class StoredCloses:
    """Daily closes of the store, adjusted for splits and dividends, one source in an answer."""

    name = "stored"
    simulated = False

    def __init__(self, market: MarketStore) -> None:
        self._market = market
        self._known: tuple[int, dict[str, frozenset[str]]] = (-1, {})

    def revision(self) -> str:
        """Changes with every append."""
        return str(self._market.open().revision()) if self._market.filled else ""

    def serving(self, symbols: Sequence[str]) -> Closes | None:
        """The stored source that has all of them; None where none of them is stored.

        Raises
        ------
        MissingInputError
            Some are stored and some are not: simulated prices would not fit beside real ones.
        """
        if not self._market.filled:
            return None
        by_source = self.symbols()
        for name, known in by_source.items():
            if known.issuperset(symbols):
                return _OneSource(self._market.open(), name)
        stored = [s for s in symbols if any(s in known for known in by_source.values())]
        if not stored:
            return None
        missing = [symbol for symbol in symbols if symbol not in stored]
        told = f"{', '.join(missing[:5])} are not" if missing else "no single source has all"
        raise MissingInputError(
            f"{', '.join(stored[:5])} are stored, {told}, and an answer has one source. Import"
            " the missing ones, or send `returns` with the request.",
            field="symbols",
        )

    def symbols(self) -> dict[str, frozenset[str]]:
        """What each real source has daily bars of, the one appended to last first."""
        if not self._market.filled:
            return {}
        store = self._market.open()
        revision = store.revision()
        if self._known[0] != revision:
            names = [name for name in store.sources("bars") if name != SIMULATED]
            found = {name: frozenset(store.symbols("bars", source=name)) for name in names}
            self._known = (revision, found)
        return self._known[1]

    def closes(
        self, symbols: Sequence[str], start: np.datetime64, end: np.datetime64
    ) -> tuple[Days, Floats]:
        """Sessions and closes of the source that serves the symbols."""
        source = self.serving(symbols)
        if source is None:
            raise MissingInputError(f"nothing is stored of {', '.join(symbols[:5])}.")
        return source.closes(symbols, start, end)


class _OneSource:
    """The closes of one stored source."""

    simulated = False

    def __init__(self, store: Store, name: str) -> None:
        self.name = name
        self._store = store

    def revision(self) -> str:
        return str(self._store.revision())

    def serving(self, symbols: Sequence[str]) -> Closes | None:
        return self

    def closes(
        self, symbols: Sequence[str], start: np.datetime64, end: np.datetime64
    ) -> tuple[Days, Floats]:
        """Only sessions on which all of them have a close: nothing is filled in."""
        first, last = start - DAYS_BEFORE, max(end, start)
        basis = self._store.sources("bars")[self.name]
        names = list(dict.fromkeys(symbols))
        _, times, closes = self._store.closes(
            names, str(first), str(last), source=self.name,
            adjustment="split" if basis == "split" else "total",
        )  # fmt: skip
        whole = ~np.isnan(closes).any(axis=1)
        if not whole.any():
            raise MissingInputError(
                f"source {self.name!r} has no session from {start} to {end} on which all of"
                f" {', '.join(symbols[:5])} have a close.",
                field="symbols",
            )
        days, values = times[whole].astype("M8[D]"), closes[whole]
        shown = slice(max(int(np.searchsorted(days, start, side="right")) - 1, 0), None)
        columns = [names.index(symbol) for symbol in symbols]
        return days[shown], values[shown][:, columns]
