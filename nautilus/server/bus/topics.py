"""Topics: the closed list of families, what a token may hold, patterns, and builders of names."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote

from nautilus.core.errors import ParameterError

__all__ = [
    "FAMILIES",
    "FEED_ENSURE",
    "HISTORY_REQUEST",
    "PORTFOLIO_ENSURE",
    "RISK_BREACH_ALERT",
    "REFERENCE_REQUEST",
    "RISK_CHECK_REQUEST",
    "WEBSOCKET_BROADCAST",
    "Family",
    "check_pattern",
    "check_topic",
    "escape",
    "families_of",
    "family_of",
    "market_bars",
    "market_data",
    "market_orderbook",
    "market_quotes",
    "market_trades",
    "matches",
    "portfolio_performance",
    "portfolio_pnl",
    "portfolio_positions",
    "portfolio_updated",
    "risk_alerts",
    "risk_breaches",
    "risk_limits",
    "system_health",
    "unescape",
]

MOST_TOKENS = 8
LONGEST_TOKEN = 200
LONGEST_TOPIC = 256
_TOKEN = re.compile(r"[A-Za-z0-9_%:=^/-]+")
_UNSAFE = re.compile(rb"[^A-Za-z0-9_:=^/-]")


@dataclass(frozen=True, slots=True)
class Family:
    """All topics with the same first two tokens; one stream where messages are stored.

    Parameters
    ----------
    name : str
        The two tokens.
    target : str or None
        The engine that its messages are for; None for everybody.
    purpose : str
    latest : bool
        A newer message makes an older one of the same topic worthless, as with prices.
    """

    name: str
    target: str | None
    purpose: str
    latest: bool = False


_ROWS = (
    Family("market.data", None, "Price, change, volume, bid and ask of a symbol", latest=True),
    Family("market.quotes", None, "Best bid and ask of a symbol", latest=True),
    Family("market.trades", None, "Trades of a symbol", latest=True),
    Family("market.orderbook", None, "Depth of a symbol", latest=True),
    Family("market.bars", None, "One-minute bars of a symbol, built from its trades"),
    Family("market.feed", "marketdata", "Requests to the live feed"),
    Family("market.history", "marketdata", "Requests for stored or simulated bars"),
    Family("market.reference", "marketdata", "Requests for what a symbol is"),
    Family("portfolio.pnl", None, "P&L of a portfolio", latest=True),
    Family("portfolio.positions", None, "Positions of a portfolio", latest=True),
    Family("portfolio.performance", None, "Performance of a portfolio", latest=True),
    Family("portfolio.feed", "analytics", "Requests to follow portfolios live"),
    Family("portfolio.updated", None, "A stored portfolio has a new version"),
    Family("risk.alerts", None, "Alerts of a portfolio"),
    Family("risk.limits", None, "Limits of a portfolio as last checked"),
    Family("risk.breaches", None, "Breaches of a portfolio, opened or resolved"),
    Family("risk.breach", None, "A breach that everybody should hear of"),
    Family("risk.check", "risk", "Requests to check a portfolio"),
    Family("factors.calculation", "factors", "Requests to calculate factors"),
    Family("ml.prediction", "ml", "Requests for a prediction"),
    Family("trading.orders", None, "Orders of a portfolio"),
    Family("trading.executions", None, "Executions of a portfolio"),
    Family("trading.positions", None, "Positions after executions"),
    Family("strategy.execution", None, "What deployed strategies do"),
    Family("system.health", None, "Health of engines"),
    Family("system.alert", None, "Alerts of the system, singular as documented"),
    Family("system.alerts", None, "Alerts of the system"),
    Family("system.maintenance", None, "Announced maintenance"),
    Family("websocket.broadcast", "websocket", "Messages for connected clients"),
)
FAMILIES = MappingProxyType({row.name: row for row in _ROWS})

FEED_ENSURE = "market.feed.ensure.request"
HISTORY_REQUEST = "market.history.request"
REFERENCE_REQUEST = "market.reference.request"
PORTFOLIO_ENSURE = "portfolio.feed.ensure.request"
RISK_CHECK_REQUEST = "risk.check.request"
RISK_BREACH_ALERT = "risk.breach.alert"
WEBSOCKET_BROADCAST = "websocket.broadcast"


def escape(identifier: str) -> str:
    """An id as one token: `%`, `.` and whatever else a token may not hold, percent-encoded.

    Raises
    ------
    ParameterError
        Empty.

    Examples
    --------
    >>> escape("BRK.B"), escape("100%"), unescape(escape("BRK.B"))
    ('BRK%2EB', '100%25', 'BRK.B')
    """
    if not identifier:
        raise ParameterError("an id in a topic must not be empty.", field="topic")
    return _UNSAFE.sub(lambda m: b"%%%02X" % m[0][0], identifier.encode()).decode()


def unescape(token: str) -> str:
    """The id that `escape` wrote."""
    return unquote(token)


@lru_cache(maxsize=4096)
def check_topic(topic: str) -> str:
    """A topic that may be published to.

    Raises
    ------
    ParameterError
        A token with other characters, too long, or of no known family.

    Examples
    --------
    >>> check_topic("market.quotes.BRK%2EB")
    'market.quotes.BRK%2EB'
    """
    tokens = _tokens(topic, "topic")
    for token in tokens:
        _check_token(token, topic)
    _known_family(tokens, topic)
    return topic


def check_pattern(pattern: str) -> str:
    """A topic, or one with `*` for any one token and a trailing `>` for one or more.

    Raises
    ------
    ParameterError
        As for `check_topic`; a wildcard that is only a part of a token, `>` before the end, or a
        pattern that no family can match.

    Examples
    --------
    >>> check_pattern("portfolio.*.portfolio_001"), check_pattern("market.>")
    ('portfolio.*.portfolio_001', 'market.>')
    """
    tokens = _tokens(pattern, "pattern")
    for position, token in enumerate(tokens):
        if token == ">" and position == len(tokens) - 1:
            continue
        if token != "*":
            _check_token(token, pattern)
    if not families_of(pattern):
        _known_family(tokens, pattern)
        raise ParameterError(f"no topic can match {pattern!r}.", field="pattern")
    return pattern


@lru_cache(maxsize=4096)
def family_of(topic: str) -> Family:
    """The family of a valid topic.

    Examples
    --------
    >>> family_of("risk.check.request").target
    'risk'
    """
    first, second = topic.split(".", 2)[:2]
    return FAMILIES[f"{first}.{second}"]


def families_of(pattern: str) -> tuple[Family, ...]:
    """Families with topics that a pattern may match.

    Examples
    --------
    >>> [family.name for family in families_of("*.positions.p1")]
    ['portfolio.positions', 'trading.positions']
    """
    wanted = pattern.split(".")
    head = ".".join(wanted[:2])
    return tuple(row for row in _ROWS if matches(head, row.name))


def matches(pattern: str, topic: str) -> bool:
    """Whether a pattern matches a topic: the definition, without the speed of `TopicTrie`.

    Examples
    --------
    >>> matches("risk.*.p1", "risk.alerts.p1"), matches("risk.>", "risk")
    (True, False)
    """
    wanted, given = pattern.split("."), topic.split(".")
    for position, token in enumerate(wanted):
        if token == ">":
            return len(given) > position
        if position >= len(given) or token not in ("*", given[position]):
            return False
    return len(wanted) == len(given)


def market_bars(symbol: str) -> str:
    """One-minute bars of a symbol."""
    return f"market.bars.{escape(symbol)}"


def market_data(symbol: str) -> str:
    """`market.data.{symbol}`.

    Examples
    --------
    >>> market_data("BRK.B")
    'market.data.BRK%2EB'
    """
    return f"market.data.{escape(symbol)}"


def market_quotes(symbol: str) -> str:
    """`market.quotes.{symbol}`."""
    return f"market.quotes.{escape(symbol)}"


def market_trades(symbol: str) -> str:
    """`market.trades.{symbol}`."""
    return f"market.trades.{escape(symbol)}"


def market_orderbook(symbol: str) -> str:
    """`market.orderbook.{symbol}`."""
    return f"market.orderbook.{escape(symbol)}"


def portfolio_pnl(portfolio_id: str) -> str:
    """`portfolio.pnl.{portfolio_id}`."""
    return f"portfolio.pnl.{escape(portfolio_id)}"


def portfolio_positions(portfolio_id: str) -> str:
    """`portfolio.positions.{portfolio_id}`."""
    return f"portfolio.positions.{escape(portfolio_id)}"


def portfolio_performance(portfolio_id: str) -> str:
    """`portfolio.performance.{portfolio_id}`."""
    return f"portfolio.performance.{escape(portfolio_id)}"


def portfolio_updated(portfolio_id: str) -> str:
    """`portfolio.updated.{portfolio_id}`."""
    return f"portfolio.updated.{escape(portfolio_id)}"


def risk_alerts(portfolio_id: str) -> str:
    """`risk.alerts.{portfolio_id}`."""
    return f"risk.alerts.{escape(portfolio_id)}"


def risk_limits(portfolio_id: str) -> str:
    """`risk.limits.{portfolio_id}`."""
    return f"risk.limits.{escape(portfolio_id)}"


def risk_breaches(portfolio_id: str) -> str:
    """`risk.breaches.{portfolio_id}`."""
    return f"risk.breaches.{escape(portfolio_id)}"


def system_health(engine: str) -> str:
    """`system.health.{engine}`."""
    return f"system.health.{escape(engine)}"


def _tokens(topic: str, name: str) -> list[str]:
    if not isinstance(topic, str) or not topic:
        raise ParameterError(f"`{name}` must be a topic such as risk.check.request.", field=name)
    if len(topic) > LONGEST_TOPIC:
        raise ParameterError(
            f"`{name}` must have at most {LONGEST_TOPIC} characters, got {len(topic)}.", field=name
        )
    tokens = topic.split(".")
    if len(tokens) > MOST_TOKENS:
        raise ParameterError(
            f"`{name}` must have at most {MOST_TOKENS} tokens, got {len(tokens)}.", field=name
        )
    return tokens


def _check_token(token: str, topic: str) -> None:
    if len(token) > LONGEST_TOKEN or _TOKEN.fullmatch(token) is None:
        raise ParameterError(
            f"a token must be 1 to {LONGEST_TOKEN} of [A-Za-z0-9_%:=^/-], got {token!r} in"
            f" {topic!r}. Make ids tokens with escape(); `*` is a whole token, `>` the last.",
            field="topic",
        )


def _known_family(tokens: list[str], topic: str) -> None:
    name = ".".join(tokens[:2])
    if name not in FAMILIES and "*" not in tokens[:2] and ">" not in tokens[:2]:
        near = difflib.get_close_matches(name, FAMILIES, n=3)
        hint = f" Did you mean {', '.join(near)}?" if near else f" Known: {', '.join(FAMILIES)}."
        raise ParameterError(f"{topic!r} is of no known family of topics.{hint}", field="topic")
