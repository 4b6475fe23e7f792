"""Inputs for the laws: the same numbers in every kind that a caller may hold."""

import numpy as np
import pandas as pd
import polars as pl

LENGTH, WIDTH = 90, 3
NEW_YORK = "America/New_York"
DAYS = pd.bdate_range("2023-01-02", periods=400)
LABELS = tuple(f"ASSET{i}" for i in range(12))
SINGLE = ("benchmark_returns",)  # one series beside a panel


def numbers(name, rng, length, width):
    """Values (time, asset) that the argument `name` could mean."""
    noise = rng.normal(0.0004, 0.012, (length, width))
    if "returns" in name:
        return noise
    close = 100.0 * np.exp(np.cumsum(noise, axis=0))
    reach = rng.uniform(0.0, 1.0, (length, width))
    if name == "high":
        return close + reach
    if name == "low":
        return close - reach
    if name == "open":
        return np.clip(close + rng.normal(0.0, 0.3, (length, width)), close - 0.05, close + 0.05)
    if name == "session":
        return np.repeat(np.arange(length // 13 + 1.0), 13)[:length, None] + np.zeros(width)
    if name == "volume":
        return np.rint(reach * 1e4)
    return close


def arrays(case, *, seed=1, length=LENGTH, width=WIDTH, missing=0.0):
    """One array per input: (time,) for width 0, else (time, asset)."""
    rng = np.random.default_rng(seed)
    found = []
    for name in case.inputs:
        one = width == 0 or name in SINGLE
        values = numbers(name, rng, length, 1 if one else width)
        values[rng.uniform(size=values.shape) < missing] = np.nan
        found.append(values[:, 0] if one else values)
    return found


def labels(array):
    return list(LABELS[: array.shape[1]])


def pandas(array, index=None, name="KO"):
    index = DAYS[: len(array)] if index is None else index[: len(array)]
    if array.ndim == 1:
        return pd.Series(array, index=index, name=name)
    return pd.DataFrame(array, index=index, columns=labels(array))


def polars(array):
    if array.ndim == 1:
        return pl.Series("KO", array)
    columns = {c: array[:, i] for i, c in enumerate(labels(array))}
    days = pl.Series("day", DAYS[: len(array)].to_numpy()).cast(pl.Date)
    return pl.DataFrame({"day": days, **columns})


def polars_one_column(array):
    return polars(array[:, None] if array.ndim == 1 else array)


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def strided(array):
    """The same values as every second row and column of a larger, reversed array."""
    if array.ndim == 1:
        wide = np.full(2 * len(array), -7.0)
        wide[::2] = array[::-1]
        return wide[::2][::-1]
    wide = np.full((2 * len(array), 2 * array.shape[1]), -7.0)
    wide[::2, ::2] = array[::-1]
    return wide[::2, ::2][::-1]


UNDATED = {
    "numpy": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "read-only": read_only,
    "strided": strided,
    "big endian": lambda a: a.astype(">f8"),
    "list": lambda a: a.tolist(),
    "pandas without index": lambda a: pandas(a, pd.RangeIndex(len(a))),
}
DATED = {
    "pandas": pandas,
    "pandas in a zone": lambda a: pandas(a, DAYS.tz_localize(NEW_YORK)),
    "pandas periods": lambda a: pandas(a, DAYS.to_period("D")),
    "pandas nullable": lambda a: pandas(a).astype("Float64"),
    "polars": polars,
}
KINDS = {**UNDATED, **DATED}
