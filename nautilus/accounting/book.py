"""A book: the ledger and what it was worth over time, from fills and prices in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.closed_trades import RoundTrip, round_trips
from nautilus.accounting.events import Event, Mark
from nautilus.accounting.journal import (
    Journal,
    cash_value,
    dump_journal,
    load_journal,
    open_journal,
)
from nautilus.accounting.ledger import Ledger
from nautilus.accounting.profits import PNL_COLUMNS, pnl_lines
from nautilus.accounting.schedule import as_events, ordered_events
from nautilus.core.folds import ObjectFold, folded
from nautilus.core.frames import labelled_frame, time_series
from nautilus.core.results import Reason, Result

__all__ = ["Book", "flow_return", "period_returns", "pnl_lines", "run_ledger"]

NAN = float("nan")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book(Result):
    """What `run_ledger` returns: the ledger after the last event, and its history of marks.

    Parameters
    ----------
    ledger : Ledger
    events : tuple of events
        In the order of booking, a `Mark` for each session included: feed them to
        `nautilus.stream(run_ledger)` and its value equals `ledger` to the bit.
    marked_at : tuple of datetime
        Times at which net asset value was struck.
    nav_values, flow_values : array (mark,)
        Net asset value, and external flows since the mark before, in base currency.
    fx_rates : mapping of currency -> rate
        What was known before the first event.

    Examples
    --------
    >>> run_ledger([], cash=100.0)
    Book(cash=100, total_pnl=0)
    """

    ledger: Ledger
    events: tuple[Event, ...]
    marked_at: tuple[datetime, ...]
    nav_values: Floats
    flow_values: Floats
    fx_rates: Mapping[str, float]

    @property
    def nav(self) -> Any:
        """Net asset value by mark, in base currency: a pandas Series."""
        return time_series(list(self.marked_at), self.nav_values, "nav")

    @property
    def returns(self) -> Any:
        """Simple returns by mark, external flows removed: a pandas Series.

        (NAV + outflow) / (NAV before + inflow) - 1: money that comes in works from the start of
        the interval, money that goes out until its end. The first one is over the opening cash.
        NaN where nothing was invested.
        """
        values = period_returns(self.ledger.initial_cash, self.nav_values, self.flow_values)
        return time_series(list(self.marked_at), values, "returns")

    @property
    def cash(self) -> float:
        """Cash of all currencies, in base currency."""
        return cash_value(self.ledger.cash, self.ledger.fx_rates)

    @property
    def total_pnl(self) -> float:
        """Sum of `pnl`; NaN where a held symbol has no price."""
        return math.fsum(line.total for line in pnl_lines(self.ledger))

    @property
    def positions(self) -> Any:
        """What is held, a pandas frame by symbol that every `positions` argument takes."""
        held = [h for h in self.ledger.holdings.values() if h.lots]
        return labelled_frame(
            [h.symbol for h in held],
            {
                "quantity": _floats(h.quantity for h in held),
                "price": _floats(self.ledger.prices.get(h.symbol, NAN) for h in held),
                "average_cost": _floats(h.average_cost for h in held),
                "currency": [h.currency for h in held],
                "multiplier": _floats(h.multiplier for h in held),
            },
            "symbol",
        )

    @property
    def pnl(self) -> Any:
        """P&L by symbol in base currency, a pandas frame.

        Columns realised, unrealised, fees, dividends, fx, total = realised + unrealised + fx +
        dividends - fees. Fees and FX gains of cash balances have a row of their own
        ("cash EUR"). `unrealised` is NaN where a held symbol was never marked.
        """
        lines = pnl_lines(self.ledger)
        columns = {name: _floats(getattr(line, name) for line in lines) for name in PNL_COLUMNS}
        return labelled_frame([line.symbol for line in lines], columns, "symbol")

    @property
    def trades(self) -> Any:
        """Round trips, a pandas frame with one row for each closing of a lot.

        Columns symbol, side, opened, closed, quantity, entry, exit, fees, pnl, holding_days: see
        `RoundTrip`. Empty with the same columns when nothing was closed.
        """
        trips = round_trips(self.events, lot_method=self.ledger.lot_method, fx_rates=self.fx_rates)
        columns = {f.name: [getattr(t, f.name) for t in trips] for f in fields(RoundTrip)}
        return labelled_frame(range(1, len(trips) + 1), columns, "trade")

    def to_frame(self) -> Any:
        """P&L by symbol."""
        return self.pnl

    def plot(self, ax: Any = None) -> Any:
        """Net asset value over time; returns the axes."""
        from nautilus.core.plot import line

        times = np.array([t.replace(tzinfo=None) for t in self.marked_at], dtype="M8[us]")
        axes = line(ax, times, self.nav_values)
        axes.set_ylabel(f"net asset value, {self.ledger.base_currency}")
        return axes

    def to_dict(self) -> dict[str, Any]:
        """P&L, positions, cash and the history of net asset value, without the events."""
        from nautilus.core.results import plain

        names = ("nav", "returns", "pnl", "positions", "cash", "total_pnl", "reasons")
        return {name: plain(getattr(self, name)) for name in names}


def flow_return(before: float, after: float, flow: float) -> float:
    """Return of one interval with an external flow; NaN where nothing was invested.

    Examples
    --------
    >>> flow_return(100.0, 210.0, 100.0), flow_return(100.0, 55.0, -55.0)
    (0.050000000000000044, 0.10000000000000009)
    """
    invested = before + max(flow, 0.0)
    return (after + max(-flow, 0.0)) / invested - 1.0 if invested > 0.0 else NAN


def period_returns(opening: float, nav: Floats, flows: Floats) -> Floats:
    """`flow_return` of each mark, over all of them at once."""
    before = np.concatenate([[opening], nav[:-1]]) if len(nav) else nav
    invested = before + np.maximum(flows, 0.0)
    ended = nav + np.maximum(-flows, 0.0)
    growth: Floats = np.full(len(nav), NAN)
    np.divide(ended, invested, out=growth, where=invested > 0.0)
    return growth - 1.0


LEDGER = ObjectFold(
    open=open_journal,
    apply=Journal.apply,
    freeze=Journal.freeze,
    dump=dump_journal,
    load=load_journal,
)


@folded(LEDGER, batch_only=("prices",))
def run_ledger(
    events: Any,
    prices: Any = None,
    *,
    cash: float = 0.0,
    lot_method: str = "average",
    fx_rates: Any = None,
    base_currency: str = "USD",
) -> Book:
    """Keep the book: positions, P&L, net asset value and returns from fills and prices.

    Parameters
    ----------
    events : sequence of Fill, Dividend, Split, Fee, Transfer, FxRate, Mark
        In any order: they are booked by time, at the same time exchange rates, then fills, then
        corporate actions and cash, then marks. A `fill_id` that comes twice is booked once.
    prices : panel (time, symbol), optional
        The book is marked at each row, from the session of the first event on. With one row per
        day, an event belongs to the session of its date in its own zone and is booked before
        that session's close; one on a day without session belongs to the next.
    cash : float
        Opening balance in base currency.
    lot_method : {"average", "fifo", "lifo", "hifo"}
        Which units a closing trade closes: at average cost, the first, the last, the dearest.
    fx_rates : mapping of currency -> rate, or panel (time, currency), optional
        Base currency per unit.
    base_currency : str

    Returns
    -------
    Book

    Raises
    ------
    DataError
        A price that is NaN or missing for a symbol while it is held.
    LabelError
        A traded symbol without a column in `prices`.
    MissingInputError
        A currency whose exchange rate is not known.
    TimeIndexError
        Events with and without a zone; prices without times.

    Notes
    -----
    `nautilus.stream(run_ledger, cash=...)` takes one event at a time, marks included; its `.value`
    is the `Ledger`, equal to `Book.ledger` to the bit. Exchange between currencies is a fill of a
    symbol such as EUR.USD, or two transfers.

    A split or dividend applies to what is held at its time, and a fill of the same time counts as
    made before it. Stamp it earlier than the trades at the new price: at the open, or where all
    times are dates, on the evening before.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2.

    Examples
    --------
    >>> from datetime import datetime
    >>> from nautilus.accounting import Fill, Mark
    >>> book = run_ledger(
    ...     [
    ...         Fill(datetime(2024, 1, 2), "AAPL", 100, 150.0, fee=1.0),
    ...         Fill(datetime(2024, 1, 3), "AAPL", -40, 160.0, fee=1.0),
    ...         Mark(datetime(2024, 1, 3), {"AAPL": 155.0}),
    ...     ],
    ...     cash=20_000,
    ... )
    >>> book.pnl.loc["AAPL", "realised"].item(), book.pnl.loc["AAPL", "unrealised"].item()
    (400.0, 300.0)
    >>> book.nav.iloc[-1].item(), book.cash
    (20698.0, 11398.0)
    """
    constant = fx_rates if fx_rates is None or isinstance(fx_rates, Mapping) else None
    panel = None if constant is fx_rates else fx_rates
    journal = open_journal(
        cash=cash, lot_method=lot_method, fx_rates=constant, base_currency=base_currency
    )
    known = dict(journal.fx_rates)
    ordered = ordered_events(as_events(events), prices, panel)
    marks, nav, flows = _booked(journal, ordered)
    ledger = journal.freeze()
    return Book(
        ledger=ledger,
        events=tuple(ordered),
        marked_at=marks,
        nav_values=nav,
        flow_values=flows,
        fx_rates=known,
        reasons=(*_reasons(ledger), *_undefined(period_returns(ledger.initial_cash, nav, flows))),
    )


def _booked(journal: Journal, events: list[Event]) -> tuple[tuple[datetime, ...], Floats, Floats]:
    """Book all events; times, net asset values and flows of the marks."""
    marks, nav, flows = [], [], []
    for event in events:
        journal.apply(event)
        if isinstance(event, Mark):
            marks.append(event.timestamp)
            nav.append(journal.nav)
            flows.append(journal.net_flow)
    return tuple(marks), _floats(nav), _floats(flows)


def _reasons(ledger: Ledger) -> tuple[Reason, ...]:
    unmarked = [s for s, h in ledger.holdings.items() if h.lots and s not in ledger.prices]
    found = []
    if unmarked:
        names = ", ".join(unmarked[:5]) + (" ..." if unmarked[5:] else "")
        message = f"No price is known for {names}, so its unrealised P&L is not known."
        found.append(Reason("NO_PRICE", ("pnl", "positions", "total_pnl"), message))
    if ledger.duplicates:
        message = f"{ledger.duplicates} fills came with an id that was booked before: left out."
        found.append(Reason("DUPLICATE_FILLS", (), message, float(ledger.duplicates)))
    return tuple(found)


def _undefined(returns: Floats) -> tuple[Reason, ...]:
    missing = int(np.isnan(returns).sum())
    if not missing:
        return ()
    message = f"{missing} returns are undefined: nothing was invested before them."
    return (Reason("NOTHING_INVESTED", ("returns",), message, float(len(returns) - missing)),)


def _floats(values: Any) -> Floats:
    return np.array(list(values), dtype=np.float64)
