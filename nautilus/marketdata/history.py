"""Prices by name: what is stored, else what is simulated, and it says which."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import DataError, MissingInputError
from nautilus.marketdata.trading_days import Date, check_day

if TYPE_CHECKING:
    from nautilus.marketdata.store import Store

__all__ = ["SIMULATED", "price_history"]

SIMULATED = "simulated"


def price_history(
    symbols: Sequence[str] | str,
    start: Date | None = None,
    end: Date | None = None,
    *,
    timeframe: str = "1d",
    source: str | None = None,
    adjustment: str = "total",
    as_of: Any = None,
    store: Store | None = None,
) -> Any:
    """Closes of symbols over one window, all from one source that the frame names.

    A source that is stored and has all the symbols answers; where none has any of them, the
    simulated market does, unless NAUTILUS_SIMULATED_FALLBACK is false.

    Parameters
    ----------
    symbols : sequence of str
        Each once.
    start, end : date, optional
        Both included; by default all there is, of the simulated market the last year.
    timeframe : str
        1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w or 1M.
    source : str, optional
        A stored source, or "simulated".
    adjustment : {"none", "split", "total"}
        total is what a holder earns who reinvests dividends, none is as traded.
    as_of : date or aware time, optional
        Only what was known then.
    store : Store, optional
        By default the one at NAUTILUS_STORE or `~/.nautilus/market`, if there is one.

    Returns
    -------
    DataFrame
        Time by symbol, of days by session label without a zone, else UTC. A bar that a symbol lacks
        is NaN; nothing is filled in. `.attrs` holds source, simulated, caveat and data_as_of.

    Raises
    ------
    NotFoundError
        Nobody knows a symbol; close names are given.
    MissingInputError
        A symbol that is stored together with one that is not: an answer has one source.
    ParameterError, TimeIndexError, DataError

    Examples
    --------
    >>> prices = price_history(["AAPL"], "2024-01-02", "2024-01-05", source="simulated")
    >>> prices.shape, prices.attrs["source"], prices.attrs["data_as_of"]
    ((4, 1), 'simulated', '2024-01-05')
    """
    names = [symbols] if isinstance(symbols, str) else list(symbols)
    if source == SIMULATED:
        return _simulated(names, start, end, timeframe, adjustment)
    if store is not None:
        return _answer(store, names, start, end, timeframe, source, adjustment, as_of)
    from nautilus.marketdata.store import Store, default_root

    if not (default_root() / "catalogue.db").is_file() and source is None:
        return _fallback(names, start, end, timeframe, adjustment)
    with Store() as opened:
        return _answer(opened, names, start, end, timeframe, source, adjustment, as_of)


def _answer(
    store: Store,
    names: list[str],
    start: Date | None,
    end: Date | None,
    timeframe: str,
    source: str | None,
    adjustment: str,
    as_of: Any,
) -> Any:
    known = set(store.symbols("bars", timeframe=timeframe))
    if source is None and not known.intersection(names):
        return _fallback(names, start, end, timeframe, adjustment)
    if source is None and (missing := sorted(set(names) - known)):
        raise MissingInputError(
            f"{', '.join(sorted(known.intersection(names))[:5])} are stored,"
            f" {', '.join(missing[:5])} are not, and an answer has one source. Import the missing"
            " ones, or pass source='simulated' for all.",
            field="symbols",
        )
    answered, times, closes = store.closes(
        names, start, end, timeframe=timeframe, source=source, adjustment=adjustment, as_of=as_of
    )
    if not len(times):
        raise DataError(
            f"nothing is stored of {', '.join(names[:5])} between {start} and {end}.", field="start"
        )
    from nautilus.core.frames import time_frame

    columns = dict(zip(names, closes.T, strict=True))
    frame = time_frame(times.astype("datetime64[ns]"), columns)
    last = frame.index[-1]
    if timeframe not in ("1d", "1w", "1M"):
        frame = frame.tz_localize("UTC")
    frame.attrs.update(source=answered, simulated=False, caveat=None, data_as_of=str(last.date()))
    return frame


def _fallback(
    names: list[str], start: Date | None, end: Date | None, timeframe: str, adjustment: str
) -> Any:
    if os.environ.get("NAUTILUS_SIMULATED_FALLBACK", "true").lower() in ("0", "false", "no", "off"):
        raise MissingInputError(
            f"nothing is stored of {', '.join(names[:5])}. Import it by"
            " `Store().import_prices(path, source='...')`.",
            field="symbols",
        )
    return _simulated(names, start, end, timeframe, adjustment)


def _simulated(
    names: list[str], start: Date | None, end: Date | None, timeframe: str, adjustment: str
) -> Any:
    from nautilus.marketdata.simulation import simulate_market

    today = dt.datetime.now(dt.UTC).date()
    last = check_day(today if end is None else end, "end")
    first = last - 365 if start is None else check_day(start, "start")
    frame = simulate_market(
        names, start=first, end=last, timeframe=timeframe, adjustment=adjustment
    ).prices()
    if not len(frame):
        raise DataError(f"there is no session between {first} and {last}.", field="start")
    frame.attrs.update(simulated=True, data_as_of=str(frame.index[-1].date()))
    return frame
