"""Which endpoint a path belongs to, before the app is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute, compile_path

__all__ = ["Endpoint", "RouteTable"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The name of an endpoint and what its path carries."""

    name: str | None
    parameters: Mapping[str, str]


NOWHERE = Endpoint(None, {})


class RouteTable:
    """Routes in the order in which an app asks them, matched as it does.

    Parameters
    ----------
    mounted : iterable of (prefix, route)

    Examples
    --------
    >>> from starlette.routing import Route
    >>> async def limits(request): ...
    >>> table = RouteTable([("/risk", Route("/limits/{portfolio_id}", limits, methods=["GET"]))])
    >>> table.endpoint("GET", "/risk/limits/p1")
    Endpoint(name='limits', parameters={'portfolio_id': 'p1'})
    """

    def __init__(self, mounted: Iterable[tuple[str, BaseRoute]]) -> None:
        self._fixed: dict[tuple[str, str], Endpoint] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        for prefix, route in mounted:
            name = str(getattr(route, "operation_id", None) or getattr(route, "name", ""))
            for method in sorted(getattr(route, "methods", None) or {"WEBSOCKET"}):
                self._add(method, prefix + route.path, name)  # type: ignore[attr-defined]

    def _add(self, method: str, path: str, name: str) -> None:
        if "{" in path:
            pattern = compile_path(path)[0]
            self._patterns.setdefault(method, []).append((pattern, name))
        else:
            self._fixed.setdefault((method, path), Endpoint(name, {}))

    def endpoint(self, method: str, path: str) -> Endpoint:
        """The endpoint that answers; a nameless one if none does."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed
        for pattern, name in self._patterns.get(method, ()):
            if found := pattern.match(path):
                return Endpoint(name, found.groupdict())
        return NOWHERE

    def __iter__(self) -> Any:
        """(method, path or pattern) of every endpoint."""
        yield from self._fixed
        for method, rows in self._patterns.items():
            yield from ((method, pattern.pattern) for pattern, _ in rows)
