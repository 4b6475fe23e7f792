"""Append batch after batch to a store and say on standard output which are acknowledged."""

import datetime as dt
import sys

import polars as pl

from nautilus.marketdata.store import Store


def batch(number: int) -> pl.DataFrame:
    """Batch `number`: 200 trades in three days and two symbols, all telling their number."""
    start = dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC)
    times = [start + dt.timedelta(days=i % 3, seconds=number, microseconds=i) for i in range(200)]
    return pl.DataFrame(
        {
            "symbol": ["A" if i % 2 else "B" for i in range(200)],
            "timestamp": times,
            "price": [float(number)] * 200,
            "size": [1.0] * 200,
            "sequence": [number * 200 + i for i in range(200)],
        }
    )


if __name__ == "__main__":
    root, first = sys.argv[1], int(sys.argv[2])
    with Store(root) as store:
        for number in range(first, first + 10_000):
            store.append("trades", batch(number), source="feed")
            if number % 7 == 6:
                store.compact()
            print(number, flush=True)
