"""Which topics an identity may hear: by the engine that tells of them, and by portfolio."""

from __future__ import annotations

from nautilus.server.bus.topics import FAMILIES, families_of, unescape
from nautilus.server.identity import Identity, may_use_portfolio
from nautilus.server.scopes import allows

__all__ = ["hears_everything", "may_receive", "may_subscribe"]

# By first token. A topic needs `read` on the engine whose HTTP answers say the same.
_ENGINES = {
    "market": "marketdata",
    "portfolio": "analytics",
    "risk": "risk",
    "trading": "strategy",
    "strategy": "strategy",
    "system": "websocket",
}

# The third token is a portfolio.
_BY_PORTFOLIO = frozenset(
    {
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
    }
)

# Of nobody's portfolio, so whoever is restricted to some may hear them too.
_OF_NOBODY = frozenset({"market", "system"})


def may_subscribe(identity: Identity | None, pattern: str) -> bool:
    """Whether an identity may ask for a valid topic or pattern.

    A pattern that matches more than the identity may hear is accepted if it matches anything that
    it may: `may_receive` then decides by message.

    Parameters
    ----------
    identity : Identity or None
        None without authentication: everything is allowed.
    pattern : str
        As `check_pattern` accepts it.

    Examples
    --------
    >>> alice = Identity("alice", frozenset({"read"}), ("p1",))
    >>> [may_subscribe(alice, f"portfolio.pnl.{last}") for last in ("p1", "p2", "*")]
    [True, False, True]
    """
    if identity is None:
        return True
    tokens = pattern.split(".")
    last = tokens[2] if len(tokens) > 2 else ">"
    return any(_may_hear(identity, family.name, last) for family in families_of(pattern))


def may_receive(identity: Identity | None, topic: str) -> bool:
    """Whether a message of this topic may go to an identity.

    Examples
    --------
    >>> alice = Identity("alice", frozenset({"read"}), ("BRK.B",))
    >>> may_receive(alice, "portfolio.pnl.BRK%2EB"), may_receive(alice, "portfolio.pnl.p2")
    (True, False)
    """
    if identity is None:
        return True
    first, _, rest = topic.partition(".")
    second, _, rest = rest.partition(".")
    return _may_hear(identity, f"{first}.{second}", rest.partition(".")[0])


def hears_everything(identity: Identity | None) -> bool:
    """Whether `may_receive` is true for every topic that is meant for clients.

    Examples
    --------
    >>> hears_everything(None), hears_everything(Identity("alice", frozenset({"read"}), ("p1",)))
    (True, False)
    """
    if identity is None:
        return True
    every = {f"{engine}:read" for engine in _ENGINES.values()}
    return identity.portfolios is None and all(allows(identity, scope) for scope in every)


def _may_hear(identity: Identity, family: str, token: str) -> bool:
    """Whether an identity may hear one topic of a family; a wildcard token stands for any."""
    row = FAMILIES.get(family)
    if row is None or row.target is not None:  # requests between engines are for no client
        return False
    first = family.partition(".")[0]
    engine = _ENGINES.get(first)
    if engine is None or not allows(identity, f"{engine}:read"):
        return False
    if identity.portfolios is None or first in _OF_NOBODY:
        return True
    if family not in _BY_PORTFOLIO:
        return False
    if token in ("*", ">"):
        return bool(identity.portfolios)
    return may_use_portfolio(identity, unescape(token))
