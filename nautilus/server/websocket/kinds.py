"""What a message of each family is called, and what a slow client loses of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from nautilus.core.errors import ParameterError
from nautilus.server.bus.topics import FAMILIES, check_pattern, families_of

__all__ = ["KINDS", "Kind", "Policy", "check_client_pattern", "kind_of"]


class Policy(Enum):
    """What happens to messages that a client does not take in time."""

    CONFLATE = "conflate"  # the newest of each topic is kept
    DROP_OLDEST = "drop_oldest"  # the newest are kept, a gap is told
    DISCONNECT = "disconnect"  # none is lost: the client is closed by 4008 and resumes


@dataclass(frozen=True, slots=True)
class Kind:
    """The documented `type` of a family, and its policy."""

    type: str
    policy: Policy


_C, _O, _D = Policy.CONFLATE, Policy.DROP_OLDEST, Policy.DISCONNECT

KINDS = MappingProxyType(
    {
        "market.data": Kind("market_data", _C),
        "market.quotes": Kind("market_quote", _C),
        "market.trades": Kind("market_trade", _O),
        "market.orderbook": Kind("market_orderbook", _C),
        "portfolio.pnl": Kind("portfolio_performance", _C),
        "portfolio.positions": Kind("portfolio_positions", _C),
        "portfolio.performance": Kind("portfolio_performance", _C),
        "portfolio.updated": Kind("portfolio_updated", _D),
        "risk.alerts": Kind("risk_alert", _D),
        "risk.limits": Kind("risk_limits", _D),
        "risk.breaches": Kind("risk_breach", _D),
        "risk.breach": Kind("risk_breach", _D),
        "trading.orders": Kind("trading_order", _D),
        "trading.executions": Kind("trading_execution", _D),
        "trading.positions": Kind("trading_position", _D),
        "strategy.execution": Kind("strategy_execution", _D),
        "system.health": Kind("system_health", _O),
        "system.alert": Kind("system_alert", _D),
        "system.alerts": Kind("system_alert", _D),
        "system.maintenance": Kind("system_maintenance", _D),
        "websocket.broadcast": Kind("broadcast", _D),
    }
)


def kind_of(topic: str) -> Kind:
    """The kind of a valid topic that clients may hear.

    Examples
    --------
    >>> kind_of("market.data.AAPL").type, kind_of("risk.alerts.p1").policy.value
    ('market_data', 'disconnect')
    """
    first, second = topic.split(".", 2)[:2]
    return KINDS[f"{first}.{second}"]


def check_client_pattern(pattern: str) -> str:
    """A topic or pattern that a client may subscribe to.

    Raises
    ------
    ParameterError
        No valid pattern, or one that matches only requests between engines.

    Examples
    --------
    >>> check_client_pattern("market.data.*")
    'market.data.*'
    """
    check_pattern(pattern)
    if not any(family.target is None and family.name in KINDS for family in families_of(pattern)):
        heard = ", ".join(name for name in KINDS if FAMILIES[name].target is None)
        raise ParameterError(
            f"clients cannot subscribe to {pattern!r}: it is for engines. Topics for clients begin"
            f" with {heard}.",
            field="topics",
        )
    return pattern
