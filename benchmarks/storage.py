"""The store: bars and ticks written and read, beside one Parquet file per symbol and SQLite.

10.14 million one-minute bars (1,000 symbols, 26 sessions) as a day's append each, and ticks (200
symbols; 10 million, with --full 50 million). Medians; the peers are written in the same run.

Run: python benchmarks/storage.py [--full]
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nautilus.marketdata import Store, sessions

SYMBOLS, MINUTES, SESSIONS = 1_000, 390, 26
TICK_SYMBOLS, TICKS_EACH = 200, 50_000
NAMES = [f"S{i:04d}" for i in range(SYMBOLS)]
REPEATS = 9
START = np.timedelta64(13 * 60 + 30, "m")


def days(count: int) -> list[np.datetime64]:
    found = sessions("XNYS", "2025-08-01", "2025-12-31").to_numpy().astype("M8[D]")
    return list(found[:count])


def minute_bars() -> Iterator[pl.DataFrame]:
    chance = np.random.default_rng(0)
    for day in days(SESSIONS):
        times = np.tile((day + START) + np.arange(MINUTES) * np.timedelta64(1, "m"), SYMBOLS)
        steps = chance.normal(0.0, 1e-3, (SYMBOLS, MINUTES))
        close = np.round(100.0 * np.exp(np.cumsum(steps, axis=1)), 2).ravel()
        yield pl.DataFrame(
            {
                "symbol": np.repeat(NAMES, MINUTES),
                "timestamp": pl.Series(times.astype("M8[us]")).dt.replace_time_zone("UTC"),
                "open": close, "high": close + 0.02, "low": close - 0.02, "close": close + 0.01,
                "volume": chance.integers(1, 10_000, len(close)).astype(float),
            }
        )  # fmt: skip


def tick_day(day: np.datetime64) -> pl.DataFrame:
    chance = np.random.default_rng(int(day.astype(int)))
    offsets = np.sort(chance.integers(0, 23_400_000_000, (TICK_SYMBOLS, TICKS_EACH)), axis=1)
    times = ((day + START).astype("M8[us]") + offsets.astype("m8[us]")).ravel()
    steps = chance.choice([-0.01, 0.0, 0.01], (TICK_SYMBOLS, TICKS_EACH))
    return pl.DataFrame(
        {
            "symbol": np.repeat(NAMES[:TICK_SYMBOLS], TICKS_EACH),
            "timestamp": pl.Series(times).dt.replace_time_zone("UTC"),
            "price": np.round(100.0 + np.cumsum(steps, axis=1), 2).ravel(),
            "size": chance.integers(1, 10, len(times)) * 100.0,
            "sequence": np.tile(np.arange(TICKS_EACH), TICK_SYMBOLS),
        }
    )


def median_ms(task: Callable[[], Any]) -> float:
    spent = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        task()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e3


def size_of(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*.parquet"))


def bars(root: Path) -> None:
    store, files, spent = Store(root / "store"), root / "by_symbol", 0.0
    frames = []
    for frame in minute_bars():
        start = time.perf_counter()
        store.append("bars", frame, source="made", timeframe="1m")
        spent += time.perf_counter() - start
        frames.append(frame)
    whole = pl.concat(frames)
    print(f"bars: {len(whole):,} in {SESSIONS} appends: {spent:.1f} s, "
          f"{size_of(store.root) / 1e6:.0f} MB")  # fmt: skip
    files.mkdir()
    start = time.perf_counter()
    for (name,), rows in whole.partition_by("symbol", as_dict=True).items():
        rows.write_parquet(files / f"{name}.parquet", compression="zstd")
    print(f"  peer, a Parquet file per symbol: {time.perf_counter() - start:.1f} s, "
          f"{size_of(files) / 1e6:.0f} MB")  # fmt: skip
    first, last = days(SESSIONS)[5].item(), days(SESSIONS)[9].item()
    on_day = pl.col("timestamp").dt.date() == first

    def whole_day_of_files() -> pl.DataFrame:
        return pl.scan_parquet(files / "*.parquet").filter(on_day).collect()

    asked = {
        "one symbol, 5 days (25)": lambda: store.read("bars", ["S0500"], first, last,
                                                      timeframe="1m"),
        "all symbols, one day (40)": lambda: store.read("bars", None, first, first,
                                                        timeframe="1m"),
        "latest of 1,000 (40)": lambda: store.latest("bars", NAMES, timeframe="1m"),
    }  # fmt: skip
    for name, task in asked.items():
        print(f"  {name}: {median_ms(task):.1f} ms")
    print(f"  peer, one day of all from a file per symbol: {median_ms(whole_day_of_files):.0f} ms")
    sqlite_peer(root, frames[0])


def sqlite_peer(root: Path, day: pl.DataFrame) -> None:
    database = sqlite3.connect(root / "peer.db")
    database.execute(
        "CREATE TABLE bars (symbol TEXT, t INTEGER, o REAL, h REAL, l REAL, c REAL, v REAL,"
        " PRIMARY KEY (symbol, t)) WITHOUT ROWID"
    )
    rows = day.with_columns(pl.col("timestamp").to_physical()).rows()
    start = time.perf_counter()
    with database:
        database.executemany("INSERT INTO bars VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    print(f"  peer, SQLite: {(time.perf_counter() - start) * SESSIONS:.0f} s for as many bars")
    database.close()


def ticks(root: Path, sessions_written: int) -> None:
    store, spent, rows = Store(root / "ticks"), 0.0, 0
    written = days(sessions_written)
    for day in written:
        frame = tick_day(day)
        start = time.perf_counter()
        rows += store.append("trades", frame, source="made").rows
        spent += time.perf_counter() - start
    print(f"ticks: {rows:,} written at {rows / spent / 1e6:.1f} million a second, "
          f"{size_of(store.root) / rows:.2f} bytes a row (6)")  # fmt: skip
    one = written[0].item()
    assert isinstance(one, dt.date)
    each = median_ms(lambda: store.read("trades", ["S0100"], one, one))
    print(f"  one symbol, one day (50,000 rows): {each:.1f} ms")
    columns = ["price", "size"]
    start = time.perf_counter()
    total = 0.0
    for day in written:
        of_day = store.read("trades", None, day.item(), day.item(), columns=columns)
        total += float((of_day["price"] * of_day["size"]).sum())
    print(f"  turnover over all of them: {time.perf_counter() - start:.2f} s ({total:.3g})")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        bars(Path(folder))
        ticks(Path(folder), 5 if "--full" in sys.argv else 1)
