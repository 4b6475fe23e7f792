"""Real price samples that travel inside other packages; each says what is wrong with it.

The packages are located, never imported (skfolio and arch take seconds to import).
"""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, MissingExtraError, NotFoundError, ParameterError
from nautilus.core.frames import time_frame
from nautilus.marketdata.reference import close_names
from nautilus.marketdata.trading_days import Date, check_day

__all__ = ["available_samples", "load_sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a sample lies and what to know before using it."""

    package: str
    path: str
    extra: str | None
    source: str
    licence: str
    caveat: str


_SURVIVORS = (
    "Twenty stocks chosen in 2022, with hindsight, because they survived and mattered: every"
    " result on them is flattered. Closes are adjusted for splits and dividends, so there are no"
    " dividends to book and early prices never traded. 1990-01-02..2022-12-28, no volumes."
)
_PRICE_INDEX = (
    "Price index without dividends, about 2 % a year too low as a benchmark for adjusted stock"
    " prices; alpha against it is overstated by that much."
)
_ARCH = "arch package, from Yahoo Finance"

_MISSING = ("", ".")

_SAMPLES = {
    "us_stocks": Sample(
        "skfolio",
        "datasets/data/sp500_dataset.csv.gz",
        "samples",
        "skfolio.datasets sp500_dataset",
        "BSD-3-Clause",
        _SURVIVORS,
    ),
    "sp500_index": Sample(
        "skfolio",
        "datasets/data/sp500_index.csv.gz",
        "samples",
        "skfolio.datasets sp500_index",
        "BSD-3-Clause",
        f"{_PRICE_INDEX} 1990-01-02..2022-12-28, closes only.",
    ),
    "sp500_ohlcv": Sample(
        "arch",
        "data/sp500/sp500.csv.gz",
        None,
        f"{_ARCH} (^GSPC)",
        "NCSA",
        f"{_PRICE_INDEX} 1999-01-04..2018-12-31; an index cannot be traded, its volume is that of"
        " its members.",
    ),
    "nasdaq_ohlcv": Sample(
        "arch",
        "data/nasdaq/nasdaq.csv.gz",
        None,
        f"{_ARCH} (^IXIC)",
        "NCSA",
        f"{_PRICE_INDEX} 1999-01-04..2018-12-31; an index cannot be traded, its volume is that of"
        " its members.",
    ),
    "vix": Sample(
        "arch",
        "data/vix/vix.csv.gz",
        None,
        "arch package, from the Chicago Board Options Exchange",
        "NCSA",
        "Implied volatility in percent points, not a price: it cannot be bought and held."
        " 2014-01-03..2019-01-03.",
    ),
}


def available_samples() -> dict[str, str]:
    """Caveat by name of every sample that `load_sample` knows.

    Returns
    -------
    dict of name -> caveat

    Examples
    --------
    >>> sorted(available_samples())
    ['nasdaq_ohlcv', 'sp500_index', 'sp500_ohlcv', 'us_stocks', 'vix']
    """
    return {name: sample.caveat for name, sample in _SAMPLES.items()}


def load_sample(
    name: str,
    *,
    start: Date | None = None,
    end: Date | None = None,
) -> Any:
    """Real daily prices as a pandas frame; `.attrs` holds caveat, source and licence.

    Parameters
    ----------
    name : {"us_stocks", "sp500_index", "sp500_ohlcv", "nasdaq_ohlcv", "vix"}
    start, end : date, optional
        First and last day, both included.

    Returns
    -------
    DataFrame
        Session labels without a zone by asset (`us_stocks`, `sp500_index`, `vix`) or by open,
        high, low, close, adjusted_close, volume (the two OHLCV samples). A missing cell is NaN.

    Raises
    ------
    NotFoundError
        Unknown name; close names are given.
    MissingExtraError
        The package that holds the file is not installed; the message names the extra.
    ParameterError
        `end` before `start`, or no date.
    DataError
        Nothing left between `start` and `end`.

    Examples
    --------
    >>> prices = load_sample("sp500_ohlcv", start="2008-09-15", end="2008-09-16")
    >>> prices["close"].tolist()
    [1192.699951, 1213.599976]
    """
    sample = _SAMPLES.get(name)
    if sample is None:
        raise NotFoundError(
            f"unknown sample {name!r}.{close_names(str(name), _SAMPLES)}"
            f" Known are {', '.join(_SAMPLES)}.",
            field="name",
        )
    columns, times, values = _read(_locate(sample, name))
    keep = _between(times, start, end)
    if not keep.any():
        raise DataError(
            f"sample {name!r} runs {times[0]}..{times[-1]}; nothing is left between"
            f" `start` {start} and `end` {end}.",
            field="start",
        )
    frame = time_frame(
        times[keep].astype("datetime64[ns]"),
        dict(zip(columns, values[keep].T, strict=True)),
    )
    frame.attrs.update(caveat=sample.caveat, source=sample.source, licence=sample.licence)
    return frame


def _locate(sample: Sample, name: str) -> Path:
    spec = importlib.util.find_spec(sample.package)
    if spec is not None and spec.submodule_search_locations:
        path = Path(next(iter(spec.submodule_search_locations))) / sample.path
        if path.is_file():
            return path
    hint = f"pip install 'nautilus-quant[{sample.extra}]'" if sample.extra else "pip install arch"
    what = f"the extra `{sample.extra}`" if sample.extra else f"the package {sample.package}"
    raise MissingExtraError(f"sample {name!r} needs {what}.", field="name", hint=hint)


def _read(path: Path) -> tuple[list[str], NDArray[np.datetime64], NDArray[np.float64]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        header, *lines = file.read().splitlines()
    cells = [line.split(",") for line in lines if line]
    times = np.array([_iso(row[0]) for row in cells], dtype="datetime64[D]")
    flat = np.array(["nan" if cell in _MISSING else cell for row in cells for cell in row[1:]])
    names = [_column(label) for label in header.split(",")[1:]]
    return names, times, flat.astype(np.float64).reshape(len(cells), -1)


def _iso(day: str) -> str:
    if "/" not in day:
        return day
    month, date, year = day.split("/")
    return f"{year}-{int(month):02d}-{int(date):02d}"


def _column(label: str) -> str:
    words = {"Adj Close": "adjusted_close", "vix": "VIX"}
    ohlcv = ("Open", "High", "Low", "Close", "Volume")
    return words.get(label, label.lower() if label in ohlcv else label)


def _between(times: NDArray[np.datetime64], start: Any, end: Any) -> NDArray[np.bool_]:
    first = times[0] if start is None else check_day(start, "start")
    last = times[-1] if end is None else check_day(end, "end")
    if last < first and start is not None and end is not None:
        raise ParameterError(f"`end` {last} is before `start` {first}.", field="end")
    keep: NDArray[np.bool_] = (times >= first) & (times <= last)
    return keep
