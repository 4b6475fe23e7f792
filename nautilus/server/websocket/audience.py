"""Whom a broadcast is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nautilus.core.errors import ParameterError
from nautilus.server.bus.matching import TopicTrie
from nautilus.server.bus.topics import escape
from nautilus.server.websocket.client import Client

__all__ = ["Audience"]

_BY_PORTFOLIO = (
    "portfolio.pnl",
    "portfolio.positions",
    "portfolio.performance",
    "portfolio.updated",
    "risk.alerts",
    "risk.limits",
    "risk.breaches",
    "trading.orders",
    "trading.executions",
    "trading.positions",
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Clients that meet every condition; one without conditions holds all.

    Parameters
    ----------
    connection_types, client_ids : frozenset of str, optional
        Only these.
    exclude_clients : frozenset of str
        Not these client ids.
    portfolio_id : str, optional
        Only those that listen to something of this portfolio.
    """

    connection_types: frozenset[str] | None = None
    client_ids: frozenset[str] | None = None
    exclude_clients: frozenset[str] = frozenset()
    portfolio_id: str | None = None

    @classmethod
    def of(cls, given: Any) -> Audience:
        """From `client_filter` of a message on the bus, one value or a list for each name.

        Raises
        ------
        ParameterError

        Examples
        --------
        >>> Audience.of({"portfolio_id": "p1"}).portfolio_id
        'p1'
        """
        if not given:
            return cls()
        if not isinstance(given, Mapping):
            raise ParameterError("`client_filter` must be an object.", field="client_filter")
        names = {
            "connection_type": "connection_types",
            "connection_types": "connection_types",
            "client_id": "client_ids",
            "client_ids": "client_ids",
            "exclude_clients": "exclude_clients",
        }
        unknown = set(given) - set(names) - {"portfolio_id"}
        if unknown:
            raise ParameterError(
                f"`client_filter` has no {sorted(unknown)[0]!r}; known are"
                f" {', '.join(sorted({*names, 'portfolio_id'}))}.",
                field="client_filter",
            )
        sets = {
            names[name]: frozenset([value] if isinstance(value, str) else value)
            for name, value in given.items()
            if name in names
        }
        return cls(portfolio_id=given.get("portfolio_id"), **sets)

    def holds(self, client: Client) -> bool:
        """Whether a client belongs to it."""
        if (
            self.connection_types is not None
            and client.connection_type not in self.connection_types
        ):
            return False
        if self.client_ids is not None and client.client_id not in self.client_ids:
            return False
        if client.client_id in self.exclude_clients:
            return False
        return self.portfolio_id is None or self._listens(client, self.portfolio_id)

    def _listens(self, client: Client, portfolio_id: str) -> bool:
        topics = [f"{family}.{escape(portfolio_id)}" for family in _BY_PORTFOLIO]
        trie: TopicTrie[str] = TopicTrie()
        for pattern in client.subscriptions:
            trie.add(pattern, pattern)
        return any(trie.match(topic) and client.may_receive(topic) for topic in topics)
