"""What a ledger holds after some events, carried on from what was worked out before."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nautilus.accounting.book import run_ledger
from nautilus.accounting.events import Event, Fill, Mark, Split
from nautilus.accounting.holdings import Position
from nautilus.accounting.ledger import Ledger, apply_event, open_ledger
from nautilus.accounting.schedule import ordered_events

__all__ = ["Held", "held_after"]

# Each event applied alone copies the ledger; beyond this many the whole book is cheaper.
FEW = 50


@dataclass(frozen=True, slots=True)
class Held:
    """Open holdings after a number of events.

    Parameters
    ----------
    count : int
        Events read.
    ledger : Ledger
        Right in quantities and costs; its cash is not, since exchange rates play no part here.
    prices : mapping of symbol -> last price told by a fill or a mark, adjusted for splits since
    last : datetime or None
        Time of the last event.
    """

    count: int = 0
    ledger: Ledger = field(default_factory=open_ledger)
    prices: Mapping[str, float] = field(default_factory=dict)
    last: datetime | None = None

    @property
    def positions(self) -> tuple[Position, ...]:
        """Holdings that are not flat, at the last price told."""
        return tuple(
            Position(
                holding.symbol,
                holding.quantity,
                self.prices[holding.symbol],
                average_cost=holding.average_cost,
                currency=holding.currency,
                multiplier=holding.multiplier,
            )
            for holding in self.ledger.holdings.values()
            if holding.lots
        )


def held_after(
    events: Sequence[Event], base_currency: str = "USD", before: Held | None = None
) -> Held:
    """What is held after these events; marks only tell prices.

    Parameters
    ----------
    events : sequence of events
    base_currency : str
    before : Held, optional
        After the first of them: a few later ones are added to it, to the bit as from the start.

    Raises
    ------
    DataError
        An event that no ledger can book: a symbol that changes its currency or multiplier.

    Examples
    --------
    >>> held_after([Fill(datetime(2024, 1, 2), "AAPL", 10, 185.0)]).positions[0].average_cost
    185.0
    """
    if before is not None and before.count == len(events):
        return before
    if before is not None and _goes_on(before, events[before.count :]):
        return _added(before, events[before.count :])
    # Quantities and costs need no exchange rate: cash and base amounts are not read here.
    rates = {event.currency: 1.0 for event in events if hasattr(event, "currency")}
    ordered = ordered_events(events)
    book = run_ledger(_booked(ordered), fx_rates=rates, base_currency=base_currency)
    return Held(len(events), book.ledger, _told(ordered, {}), _last(ordered))


def _goes_on(before: Held, new: Sequence[Event]) -> bool:
    """Whether new events can be booked after the old ones, one by one."""
    times = [event.timestamp for event in new]
    apart = before.last is not None and before.last < times[0]
    rising = all(first < second for first, second in itertools.pairwise(times))
    known = all(
        getattr(event, "currency", None) in (None, *before.ledger.fx_rates) for event in new
    )
    return len(new) <= FEW and apart and rising and known


def _added(before: Held, new: Sequence[Event]) -> Held:
    ledger = before.ledger
    for event in _booked(new):
        ledger = apply_event(ledger, event)
    return Held(before.count + len(new), ledger, _told(new, before.prices), _last(new))


def _booked(events: Sequence[Event]) -> list[Event]:
    """Without marks, which a ledger refuses where they lack a price of what is held."""
    return [event for event in events if not isinstance(event, Mark)]


def _told(events: Sequence[Event], before: Mapping[str, float]) -> dict[str, float]:
    prices = dict(before)
    for event in events:
        if isinstance(event, Fill):
            prices[event.symbol] = event.price
        elif isinstance(event, Split) and event.symbol in prices:
            prices[event.symbol] /= event.ratio
        elif isinstance(event, Mark):
            prices.update({s: price for s, price in event.prices.items() if price == price})
    return prices


def _last(events: Sequence[Event]) -> datetime | None:
    return events[-1].timestamp if events else None
