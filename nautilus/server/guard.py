"""The door of an engine: a token for everything but its health, on HTTP and WebSocket alike."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import Scope

from nautilus.server.auth import Authenticator, TokenError
from nautilus.server.http_errors import failure
from nautilus.server.identity import Identity, identified
from nautilus.server.portfolio_access import REFUSED, may_use_all
from nautilus.server.request_headers import RequestHeaders
from nautilus.server.scopes import allows, needed_scope

if TYPE_CHECKING:
    from nautilus.server.registry import EngineRow
    from nautilus.server.route_table import RouteTable

__all__ = ["Guard", "bearer", "rejected", "unauthenticated"]

OPEN = ("/live", "/ready", "/health")
REALM = 'Bearer realm="nautilus"'
HOW = (
    "Send Authorization: Bearer <token>. A WebSocket may send it as the subprotocol"
    " nautilus.bearer.<token>, or connect with ?auth=message and send it first."
)


class Guard:
    """Decides who may ask what of one engine.

    Parameters
    ----------
    authenticator : Authenticator
    row : EngineRow
    routes : RouteTable
        Tells which endpoint a path belongs to.
    """

    def __init__(self, authenticator: Authenticator, row: EngineRow, routes: RouteTable) -> None:
        self._authenticator = authenticator
        self._engine = row.name
        self._routes = routes
        self._open = frozenset(prefix + path for prefix in ("", *row.paths) for path in OPEN)

    def is_open(self, method: str, path: str) -> bool:
        """Whether everybody may ask: the health of an engine, spelled exactly so."""
        return path in self._open and method in ("GET", "HEAD")

    async def refusal(self, scope: Scope, headers: RequestHeaders) -> Response | None:
        """Why a request is refused; None after noting who asks."""
        identified(None)
        if self.is_open(scope["method"], scope["path"]):
            return None
        token = bearer(headers)
        if token is None:
            return unauthenticated("A token is needed.")
        try:
            identity = await self._authenticator.identity(token)
        except TokenError as error:
            return rejected(error)
        return self.admitted(identity, scope["method"], scope)

    async def identity(self, token: str) -> Identity:
        """Who a token is for.

        Raises
        ------
        TokenError
        """
        return await self._authenticator.identity(token)

    def admitted(self, identity: Identity, method: str, scope: Scope) -> Response | None:
        """Why an identity may not ask for this; None after noting it."""
        endpoint = self._routes.endpoint(method, scope["path"])
        needed = needed_scope(self._engine, method, endpoint.name)
        if not allows(identity, needed):
            return forbidden_scope(needed)
        if identity.portfolios is not None:
            query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            if not may_use_all(identity, [endpoint.parameters, query]):
                return failure(403, [REFUSED])
        identified(identity)
        return None


def bearer(headers: RequestHeaders) -> str | None:
    """The token of an Authorization header; None without exactly one."""
    given = headers.all("authorization")
    if len(given) != 1:
        return None
    scheme, _, token = given[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def unauthenticated(message: str, code: str = "missing_token", challenge: str = "") -> Response:
    """401 in the documented shape, with what to do."""
    errors = [{"code": code, "field": "authorization", "message": message, "hint": HOW}]
    return failure(401, errors, {"WWW-Authenticate": REALM + challenge})


def rejected(error: TokenError) -> Response:
    """401 for a token that proves nothing."""
    challenge = f', error="invalid_token", error_description="{error.message.replace("`", "")}"'
    return unauthenticated(error.message, error.code, challenge)


def forbidden_scope(needed: str) -> Response:
    """403 that names what is needed."""
    error = {
        "code": "forbidden_scope",
        "field": "authorization",
        "message": f"The token needs the scope `{needed}`.",
        "hint": "GET /info lists the scopes, and which of them include others.",
        "needed_scope": needed,
    }
    challenge = f'{REALM}, error="insufficient_scope", scope="{needed}"'
    return failure(403, [error], {"WWW-Authenticate": challenge})
