"""Tokens for some portfolios: no request names another one, in its path, query or body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nautilus.server.http_errors import RefusedError
from nautilus.server.identity import Identity, current_identity, may_use_portfolio

__all__ = ["REFUSED", "checked_body", "may_use_all"]

NAMES = frozenset({"portfolio_id", "portfolio_ids", "portfolios"})

# The same whether the portfolio exists or not.
REFUSED = {
    "code": "forbidden_portfolio",
    "field": "portfolio_id",
    "message": "The token is restricted to other portfolios.",
}


def may_use_all(identity: Identity, value: Any) -> bool:
    """Whether an identity may use every portfolio that a path, query or body names.

    Examples
    --------
    >>> alice = Identity("alice", frozenset({"read"}), ("p1",))
    >>> may_use_all(alice, {"client_filter": {"portfolio_ids": ["p1", "p2"]}})
    False
    """
    return all(may_use_portfolio(identity, one) for one in _named(value))


def checked_body(body: Any) -> Any:
    """The body of a request, if the identity of this task may use what it names.

    Raises
    ------
    RefusedError
        403 `forbidden_portfolio`.
    """
    identity = current_identity()
    if identity is not None and identity.portfolios is not None and not may_use_all(identity, body):
        raise RefusedError(403, REFUSED)
    return body


def _named(value: Any) -> Iterable[str]:
    """Every portfolio that is named, however deep."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            for name, part in item.items():
                if name in NAMES:
                    yield from _texts(part)
                stack.append(part)
        elif isinstance(item, list):
            stack.extend(item)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, Mapping)):
        yield from (one for one in value if isinstance(one, str))
