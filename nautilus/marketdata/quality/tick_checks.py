"""Quotes and trades: crossed markets, prices far from their quote or from their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_non_negative, check_probability, check_window
from nautilus.core.errors import LabelError
from nautilus.core.results import Result
from nautilus.marketdata.quality.bar_columns import Floats, Times, numbers, stamps
from nautilus.marketdata.quality.consistency import Checks
from nautilus.marketdata.quality.issues import Issues, QualityIssue, number, stamp

__all__ = ["TickQuality", "tick_quality"]

Flags = NDArray[np.bool_]

_SIGMAS = 3.0
_BLOCK = 8_192  # ticks whose neighbourhoods are sorted together: bounded memory


@dataclass(frozen=True, slots=True, kw_only=True)
class TickQuality(Result):
    """What is wrong with trades and quotes of one symbol.

    Parameters
    ----------
    n_trades, n_quotes : int
    n_lost : int
        Numbers missing in the sequence of the trades.
    consistency : float
        1 - violations / checks, over `checks`.
    checks : dict of str -> {"checked", "violations"}
    filtered : tuple of int
        Rows of the trades that the filter of Brownlees and Gallo would leave out.
    issues : tuple of QualityIssue
        In order of time, at most 200 of a type; `issue_counts` counts all.
    """

    n_trades: int
    n_quotes: int
    n_lost: int
    consistency: float
    checks: Checks
    filtered: tuple[int, ...]
    issue_counts: dict[str, int]
    issues: tuple[QualityIssue, ...]


def tick_quality(
    trades: Any,
    *,
    quotes: Any = None,
    spreads: float = 5.0,
    neighbours: int = 60,
    trim: float = 0.1,
    granularity: float = 0.0,
) -> TickQuality:
    """Check trades, and quotes where given; flags only.

    Parameters
    ----------
    trades : polars frame
        `timestamp` (UTC), `price`; where known `size`, `sequence`. In the order received.
    quotes : polars frame, optional
        `timestamp`, `bid`, `ask`.
    spreads : float
        A trade may be this many spreads outside the quote before it.
    neighbours : int
        k: trades around one that judge it, half before and half after.
    trim : float
        Share of the k that the trimmed mean and deviation leave out, half at each end.
    granularity : float
        Gamma, in currency: a multiple of the tick, so that a constant price flags nothing. At least
        a basis point of the price is used.

    Returns
    -------
    TickQuality

    Raises
    ------
    LabelError, TimeIndexError, DataError, ParameterError

    References
    ----------
    Brownlees and Gallo (2006), Financial econometric analysis at ultra-high frequency, section
    3.1: |p_i - mean_i(k)| < 3 s_i(k) + gamma. Barndorff-Nielsen, Hansen, Lunde and Shephard (2009),
    rules P2, Q2 and T4.

    Examples
    --------
    >>> import datetime as dt
    >>> import polars as pl
    >>> times = [dt.datetime(2024, 1, 2, 14, 30, s, tzinfo=dt.UTC) for s in range(9)]
    >>> prices = [10.0, 10.1, 10.0, 10.1, 13.0, 10.1, 10.0, 10.1, 10.0]
    >>> ticks = pl.DataFrame({"timestamp": times, "price": prices})
    >>> tick_quality(ticks, neighbours=8, granularity=0.05).filtered
    (4,)
    """
    check_non_negative(spreads, "spreads")
    check_window(neighbours, "neighbours", 4)
    check_probability(trim, "trim")
    check_non_negative(granularity, "granularity")
    issues, checks = Issues(), Checks()
    at, price = _column(trades, "timestamp", "trades"), _column(trades, "price", "trades")
    sizes = _column(trades, "size", "trades") if "size" in trades.columns else None
    _flag(checks, issues, at, "bad_trade", _impossible(price, sizes), price, None)
    _flag(checks, issues, at, "out_of_order", np.append(False, at[1:] < at[:-1]), price, None)
    lost = _sequence(checks, issues, at, trades)
    n_quotes = 0
    if quotes is not None:
        bid, ask = _column(quotes, "bid", "quotes"), _column(quotes, "ask", "quotes")
        quoted = _column(quotes, "timestamp", "quotes")
        n_quotes = len(quoted)
        _flag(checks, issues, quoted, "crossed_quote", bid > ask, bid, ask)
        _flag(checks, issues, quoted, "locked_quote", bid == ask, bid, ask)
        _against_quotes(checks, issues, at, price, (quoted, bid, ask), spreads)
    filtered, mean = _filter(price, neighbours, trim, granularity)
    _flag(checks, issues, at, "filtered_trade", filtered, price, mean)
    checked = sum(c["checked"] for c in checks.values())
    violations = sum(c["violations"] for n, c in checks.items() if n != "locked_quote")
    return TickQuality(
        n_trades=len(at),
        n_quotes=n_quotes,
        n_lost=lost,
        consistency=1.0 - violations / checked if checked else 1.0,
        checks=checks,
        filtered=tuple(np.flatnonzero(filtered).tolist()),
        issue_counts=dict(sorted(issues.counts.items())),
        issues=issues.listed(),
    )


def _column(frame: Any, label: str, name: str) -> Any:
    if label not in getattr(frame, "columns", ()):
        raise LabelError(f"`{name}` must have a column `{label}`.", field=name)
    if label == "timestamp":
        return stamps(frame[label], name)
    return numbers(frame[label], label, name)


def _impossible(price: Floats, sizes: Floats | None) -> Flags:
    bad = ~(np.isfinite(price) & (price > 0))
    return bad if sizes is None else bad | ~(sizes > 0)


def _sequence(checks: Checks, issues: Issues, at: Times, trades: Any) -> int:
    """Repeated numbers are flagged; missing ones are counted."""
    if "sequence" not in trades.columns:
        return 0
    numbers = np.asarray(trades["sequence"].to_numpy(), dtype=np.int64)
    steps = np.diff(numbers)
    again = np.ones(len(numbers), dtype=bool)
    again[np.unique(numbers, return_index=True)[1]] = False
    gap = np.append(False, steps > 1)
    _flag(checks, issues, at, "duplicate", again, numbers, None)
    expected = np.append(numbers[:1], numbers[:-1] + 1)
    _flag(checks, issues, at, "sequence_gap", gap, numbers, expected)
    return int((steps[steps > 1] - 1).sum())


def _against_quotes(
    checks: Checks,
    issues: Issues,
    at: Times,
    price: Floats,
    quotes: tuple[Times, Floats, Floats],
    spreads: float,
) -> None:
    quoted, bid, ask = quotes
    order = np.argsort(quoted, kind="stable")
    places = np.searchsorted(quoted[order], at, side="right") - 1
    known = places >= 0
    rows = order[np.maximum(places, 0)] if len(order) else np.zeros(0, dtype=np.int64)
    if not len(rows):
        return
    room = spreads * (ask[rows] - bid[rows])
    known &= room >= 0  # a crossed quote judges nobody
    outside = known & ((price < bid[rows] - room) | (price > ask[rows] + room))
    middle = (bid[rows] + ask[rows]) / 2
    _flag(
        checks, issues, at, "trade_outside_quote", outside, price, middle, looked=int(known.sum())
    )


def _filter(price: Floats, k: int, trim: float, granularity: float) -> tuple[Flags, Floats]:
    """|p - trimmed mean of the k around| >= 3 trimmed deviations + gamma, and the mean."""
    flags, means = np.zeros(len(price), dtype=bool), np.full(len(price), np.nan)
    usable = np.flatnonzero(np.isfinite(price) & (price > 0))
    clean = price[usable]
    half = k // 2
    if len(clean) < 2 * half + 1:
        return flags, means
    windows = np.lib.stride_tricks.sliding_window_view(clean, 2 * half + 1)
    cut = max(round(half * trim), 1)
    centre = np.clip(np.arange(len(clean)), half, len(clean) - 1 - half) - half
    for start in range(0, len(clean), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(clean)))
        around = windows[centre[rows]].copy()
        own = rows - centre[rows]
        around[np.arange(len(rows)), own] = np.inf  # sorted to the end and left out
        around.sort(axis=1)
        kept = around[:, cut : 2 * half - cut]
        mean, spread = kept.mean(axis=1), kept.std(axis=1, ddof=1)
        gamma = np.maximum(granularity, 1e-4 * clean[rows])
        flags[usable[rows]] = np.abs(clean[rows] - mean) >= _SIGMAS * spread + gamma
        means[usable[rows]] = mean
    return flags, means


_WORDS = {
    "bad_trade": ("high", "leave it out", "price or size is not above 0"),
    "out_of_order": ("medium", "sort by sequence", "earlier than the trade before"),
    "duplicate": ("high", "keep one", "a sequence number that came before"),
    "sequence_gap": ("high", "ask for the missing ones", "numbers are missing before this one"),
    "crossed_quote": ("high", "leave the quote out", "bid above ask"),
    "locked_quote": ("low", "none", "bid equals ask"),
    "trade_outside_quote": ("medium", "check trade and quote", "far outside the quote before it"),
    "filtered_trade": ("medium", "leave it out of estimates", "far from its neighbours"),
}


def _flag(
    checks: Checks,
    issues: Issues,
    at: Times,
    name: str,
    found: Flags,
    values: NDArray[Any],
    expected: NDArray[Any] | None,
    looked: int | None = None,
) -> None:
    rows = np.flatnonzero(found)
    checks[name] = {"checked": len(at) if looked is None else looked, "violations": len(rows)}
    severity, action, evidence = _WORDS[name]

    def issue(row: int) -> QualityIssue:
        compared = None if expected is None else number(float(expected[row]))
        value = number(float(values[row]))
        return QualityIssue(name, stamp(at[row]), severity, value, compared, action, evidence)

    issues.add_each(rows, issue, bars=False)
