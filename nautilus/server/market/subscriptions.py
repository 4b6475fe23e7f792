"""Live subscriptions: opened by a request, fed by the bus or by a replay, read by one WebSocket."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nautilus.core.errors import ConflictError, NotFoundError, UnavailableError
from nautilus.marketdata.sources.failover import Attempt
from nautilus.server.bus.topics import escape
from nautilus.server.identity import current_subject
from nautilus.server.market.delivery import Delivery, Rules
from nautilus.server.market.replay import Replay

__all__ = ["Subscription", "Subscriptions"]

# Who does not connect within this time has gone.
UNUSED_SECONDS = 300.0
MOST_SUBSCRIPTIONS = 1_000
_FAMILIES = {
    "quotes": "market.quotes", "trades": "market.trades", "level1": "market.data",
    "level2": "market.orderbook", "orderbook": "market.orderbook", "bars": "market.bars",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Subscription:
    """What one client asked to be sent.

    Parameters
    ----------
    symbols : tuple of str
        That the feed or the replay knows.
    unknown : mapping of symbol -> why
    data_types : tuple of str
    source : str
        Who the prices come from.
    replay : Replay, optional
        Instead of the live feed.
    """

    id: str
    symbols: tuple[str, ...]
    unknown: Mapping[str, str]
    data_types: tuple[str, ...]
    rules: Rules
    source: str
    simulated: bool
    attempts: tuple[Attempt, ...]
    expires_at: datetime
    subject: str | None
    method: str = "websocket"
    replay: Replay | None = None
    delivery: Delivery = field(init=False)
    connected: bool = False

    def __post_init__(self) -> None:
        self.delivery = Delivery(self.rules)

    @property
    def topics(self) -> list[str]:
        """Topics of the bus that it is fed from."""
        families = dict.fromkeys(_FAMILIES[kind] for kind in self.data_types)
        return [f"{family}.{escape(symbol)}" for symbol in self.symbols for family in families]


class Subscriptions:
    """All subscriptions of this engine; each is the subject's that opened it.

    Parameters
    ----------
    clock : callable
        The time now, UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._of: dict[str, Subscription] = {}

    def __len__(self) -> int:
        return len(self._of)

    def open(self, **what: object) -> Subscription:
        """A subscription that waits for its client.

        Raises
        ------
        UnavailableError
            Too many are open.
        """
        self._drop_unused()
        if len(self._of) >= MOST_SUBSCRIPTIONS:
            raise UnavailableError(
                f"{MOST_SUBSCRIPTIONS} subscriptions are open. Cancel some by DELETE"
                " /marketdata/subscriptions/{subscription_id}."
            )
        opened = Subscription(
            id="sub_" + secrets.token_urlsafe(18),
            subject=current_subject(),
            expires_at=self._clock() + timedelta(seconds=UNUSED_SECONDS),
            **what,  # type: ignore[arg-type]
        )
        self._of[opened.id] = opened
        return opened

    def own(self) -> list[Subscription]:
        """Those of who asks."""
        self._drop_unused()
        subject = current_subject()
        return [one for one in self._of.values() if one.subject == subject]

    def find(self, subscription_id: str) -> Subscription:
        """One of who asks.

        Raises
        ------
        NotFoundError
            Unknown, expired, or somebody else's: nobody learns which.
        """
        self._drop_unused()
        found = self._of.get(subscription_id)
        if found is None or found.subject != current_subject():
            raise NotFoundError(
                f"there is no subscription {subscription_id[:64]!r}; one that no client connects to"
                f" ends after {UNUSED_SECONDS:g} s. Open one by POST /marketdata/subscribe.",
                field="subscription_id",
            )
        return found

    def connect(self, subscription_id: str) -> Subscription:
        """Take a subscription for one client; the client before it must have gone.

        Raises
        ------
        NotFoundError, ConflictError
        """
        found = self.find(subscription_id)
        if found.connected:
            raise ConflictError(
                "another client reads this subscription. Open one of your own.",
                field="subscription_id",
            )
        found.connected = True
        return found

    def left(self, subscription: Subscription) -> None:
        """Its client has gone; it may come back for a while."""
        subscription.connected = False
        subscription.expires_at = self._clock() + timedelta(seconds=UNUSED_SECONDS)

    def cancel(self, subscription_id: str) -> Subscription:
        """End one of who asks; its client is sent away."""
        found = self.find(subscription_id)
        del self._of[subscription_id]
        return found

    def holds(self, subscription: Subscription) -> bool:
        """Whether it has not been cancelled."""
        return self._of.get(subscription.id) is subscription

    def _drop_unused(self) -> None:
        now = self._clock()
        gone = [s.id for s in self._of.values() if not s.connected and s.expires_at <= now]
        for name in gone:
            del self._of[name]
