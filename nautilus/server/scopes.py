"""What a token may do: the table of scopes, and the one that a request needs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nautilus.core.errors import ParameterError
from nautilus.server.identity import Identity
from nautilus.server.registry import ENGINES

__all__ = ["SCOPES", "allows", "known_scopes", "needed_scope"]

SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "read": "Whatever changes nothing, on every engine: GET, streams, WebSockets, /process.",
        "write": "Every other request on every engine, but those of `trade`; includes `read`.",
        "trade": "Limits, deployments and broadcasts on every engine; includes `write`.",
        "metrics:read": "/metrics of every engine, and nothing else; `read` includes it.",
        **{f"{name}:read": f"`read` on the {name} engine alone." for name in ENGINES},
        **{f"{name}:write": f"`write` on the {name} engine alone." for name in ENGINES},
        **{f"{name}:trade": f"`trade` on the {name} engine alone." for name in ENGINES},
    }
)

_READING = frozenset({"GET", "HEAD", "OPTIONS", "WEBSOCKET"})
_LEVELS = ("read", "write", "trade")

# By name of the operation, where the method says too little. `/process` only forwards: what it
# forwards to is asked again. An operation that computes and stores nothing is `read`.
_LEVEL_OF = {
    "process": "read",
    "set_limits": "trade",
    "start_monitoring": "trade",
    "deploy": "trade",
    "deploy_strategy": "trade",
    "rollback": "trade",
    "rollback_deployment": "trade",
    "broadcast": "trade",
    "check_limits": "read",
    "mean_variance": "read",
    "risk_parity": "read",
    "factor_portfolio": "read",
    "register_connection": "read",
    "change_subscriptions": "read",
    "cancel_job": "read",  # nobody sees the job of another
}


def needed_scope(engine: str, method: str, operation: str | None = None) -> str:
    """The scope that a request needs.

    Parameters
    ----------
    engine : str
    method : str
        Of HTTP, or `WEBSOCKET`.
    operation : str, optional
        Name of the endpoint, where one matches.

    Examples
    --------
    >>> needed_scope("risk", "GET"), needed_scope("risk", "POST", "set_limits")
    ('risk:read', 'risk:trade')
    >>> needed_scope("risk", "GET", "metrics")
    'metrics:read'
    """
    if operation == "metrics":
        return "metrics:read"
    level = _LEVEL_OF.get(operation or "") or ("read" if method in _READING else "write")
    return f"{engine}:{level}"


def allows(identity: Identity, needed: str) -> bool:
    """Whether an identity has a scope, or one that includes it.

    Examples
    --------
    >>> allows(Identity("alice", frozenset({"write"})), "risk:read")
    True
    >>> allows(Identity("prometheus", frozenset({"metrics:read"})), "risk:read")
    False
    """
    engine, _, level = needed.partition(":")
    if engine == "metrics" and any(scope.endswith(":read") for scope in identity.scopes):
        return True
    enough = _LEVELS[_LEVELS.index(level) :]
    return any(one in identity.scopes or f"{engine}:{one}" in identity.scopes for one in enough)


def known_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """These scopes, if all of them are of the table.

    Raises
    ------
    ParameterError
        An unknown one; the message lists the known ones.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise ParameterError(
                f"`scopes` must be of {', '.join(SCOPES)}; got {scope!r}.", field="scopes"
            )
    return scopes
