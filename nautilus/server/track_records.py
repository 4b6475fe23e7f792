"""The returns of a portfolio beside its benchmark: sent, stored, or those its holdings had."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.backcasts import backcast_returns
from nautilus.analytics.returns import simple_returns
from nautilus.core.errors import DataError, MissingInputError, NotFoundError
from nautilus.core.frames import time_series
from nautilus.core.periods import parse_period
from nautilus.core.results import Reason

if TYPE_CHECKING:
    from nautilus.server.history import History
    from nautilus.server.panels import Panel
    from nautilus.server.state.portfolio import NavHistory, Portfolio

__all__ = ["TrackRecord", "backcast_record", "sent_record", "series_of", "stored_record"]

LEAST_SHARED = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackRecord:
    """Returns of a portfolio and of its benchmark, of one source over one window.

    Parameters
    ----------
    returns : array or Series (time,)
    benchmark : array or Series (time,), or None
        None where it is not known beside these returns; `reasons` says why.
    benchmark_symbol : str or None
        Of `benchmark`.
    kind : {"returns", "nav_history", "stored_nav", "holdings_backcast"}
    source : str
        "request", "stored", "simulated", or the name of a store.
    simulated : bool
    as_of : date or None
    reasons : tuple of Reason
    """

    returns: Any
    benchmark: Any = None
    benchmark_symbol: str | None = None
    kind: str
    source: str
    simulated: bool = False
    as_of: date | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def n(self) -> int:
        """Number of returns."""
        return len(self.returns)


def series_of(sent: Sequence[Any], name: str) -> Any:
    """An array of values, or a Series where they have times; null is a missing value.

    Raises
    ------
    DataError
        Times that do not increase, or only some of them.
    """
    values = np.array([np.nan if p.value is None else p.value for p in sent], dtype=np.float64)
    dated = [_utc(point.timestamp) for point in sent if point.timestamp is not None]
    if not dated:
        return values
    if len(dated) < len(sent):
        raise DataError(f"`{name}` must have a time for each value, or for none.", field=name)
    times = np.array(dated, dtype="M8[ns]")
    if (times[1:] <= times[:-1]).any():
        raise DataError(f"`{name}` must have times that increase strictly.", field=name)
    return time_series(times, values, name)


def sent_record(
    *, returns: Any = None, nav: Any = None, benchmark: Any = None, symbol: str
) -> TrackRecord:
    """The record that the request itself carries; its benchmark must come with it."""
    made = simple_returns(nav)[1:] if returns is None else returns
    lost = () if benchmark is not None else (_no_benchmark(symbol, _SEND_IT),)
    return TrackRecord(
        returns=made,
        benchmark=benchmark,
        benchmark_symbol=None if benchmark is None else symbol,
        kind="nav_history" if returns is None else "returns",
        source="request",
        reasons=lost,
    )


async def stored_record(
    portfolio: Portfolio, history: History, window: str, symbol: str, *, simulated: bool = True
) -> TrackRecord | None:
    """The record of the stored net asset values of a window; None with fewer than two returns.

    A simulated benchmark stands beside a simulated portfolio only.
    """
    nav = portfolio.nav
    if len(nav) < 3 or (portfolio.simulated and not simulated):
        return None
    times, values = _within(nav, window)
    if len(values) < 2:
        return None
    own = TrackRecord(
        returns=time_series(times, values, "returns"),
        kind="stored_nav",
        source="simulated" if portfolio.simulated else "stored",
        simulated=portfolio.simulated,
        as_of=times[-1].astype("M8[D]").item(),
    )
    return await _beside(own, history, symbol, times)


async def backcast_record(
    weights: Mapping[str, float],
    history: History,
    window: str,
    symbol: str,
    *,
    run: Callable[..., Awaitable[Any]] = asyncio.to_thread,
    simulated: bool = True,
) -> TrackRecord:
    """The record that today's holdings would have had, at today's weights in every period.

    Raises
    ------
    MissingInputError, NotFoundError
        No source knows all the symbols.
    """
    panel, lost = await panel_beside(list(weights), history, window, symbol)
    if panel.simulated and not simulated:
        raise MissingInputError(
            "only the simulated source knows these symbols, and `fallback_enabled` is false."
            " Send `returns` or `nav_history`.",
            field="returns",
        )

    def made() -> tuple[Any, Any]:
        return backcast_returns(weights, panel.returns), panel.benchmark

    returns, beside = await run(made)
    return TrackRecord(
        returns=returns,
        benchmark=beside,
        benchmark_symbol=panel.benchmark_symbol,
        kind="holdings_backcast",
        source=panel.source,
        simulated=panel.simulated,
        as_of=panel.as_of,
        reasons=(*panel.reasons, *lost),
    )


async def panel_beside(
    symbols: Sequence[str], history: History, window: str, benchmark: str
) -> tuple[Panel, tuple[Reason, ...]]:
    """Returns of symbols with the benchmark's, or without it where nobody knows it."""
    try:
        return await history.returns(symbols, window, benchmark=benchmark), ()
    except NotFoundError as error:
        message = error.message
    return await history.returns(symbols, window), (_no_benchmark(benchmark, message),)


async def _beside(
    own: TrackRecord, history: History, symbol: str, times: NDArray[np.datetime64]
) -> TrackRecord:
    """The record with the benchmark of the same days, if its source may stand beside it."""
    first = times[0].astype("M8[D]")
    days = int((times[-1].astype("M8[D]") - first).astype(int))
    try:
        panel = await history.returns([symbol], f"{days + 1}D", end=own.as_of)
    except (NotFoundError, MissingInputError) as error:
        return replace(own, reasons=(_no_benchmark(symbol, error.message),))
    if panel.simulated and not own.simulated:
        message = f"Only a simulated {symbol} is known, beside net asset values that are not."
        return replace(own, reasons=(_no_benchmark(symbol, message),))
    beside = panel.returns[symbol].reindex(times).to_numpy()
    if np.isfinite(beside).mean() < LEAST_SHARED:
        message = f"{symbol} and the net asset values share fewer than 90 % of their days."
        return replace(own, reasons=(_no_benchmark(symbol, message),))
    return replace(own, benchmark=time_series(times, beside, symbol), benchmark_symbol=symbol)


def _within(nav: NavHistory, window: str) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Days and returns of the window up to the last value; times themselves within a day."""
    days = nav.times.astype("M8[D]").astype("M8[ns]")
    times = days if (days[1:] > days[:-1]).all() else nav.times.astype("M8[ns]")
    start = parse_period(window, "window").start(times[-1].astype("M8[D]"))
    kept = times[1:] > np.datetime64(start, "ns")
    return times[1:][kept], nav.returns()[kept]


_SEND_IT = "It must come with the series of the request: send `benchmark_returns`."


def _no_benchmark(symbol: str, message: str) -> Reason:
    fields = tuple(f"performance_metrics.{name}" for name in NEEDS_BENCHMARK)
    return Reason("BENCHMARK_UNAVAILABLE", fields, f"No returns of {symbol}: {message}")


NEEDS_BENCHMARK = ("alpha", "beta", "correlation", "tracking_error", "information_ratio")


def _utc(moment: Any) -> Any:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
