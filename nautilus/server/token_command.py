"""`python -m nautilus.server token`: a token for a person or a program, on standard output."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from nautilus.core.errors import NautilusError
from nautilus.server.registry import ENGINES
from nautilus.server.scopes import SCOPES

__all__ = ["token_command"]


def token_command(arguments: Sequence[str]) -> int:
    """Print a token; 2 for a wrong argument or setting."""
    from nautilus.server.command import settings_from
    from nautilus.server.tokens import duration, minted_token

    options = _parser().parse_args(list(arguments))
    try:
        token = minted_token(
            settings_from({}),
            options.subject,
            _words(options.scopes) or (),
            seconds=duration(options.expires),
            portfolios=_words(options.portfolios),
        )
    except NautilusError as error:
        print(error, file=sys.stderr)
        return 2
    print(token)
    return 0


def _parser() -> argparse.ArgumentParser:
    general = [scope for scope in SCOPES if scope.partition(":")[0] not in ENGINES]
    parser = argparse.ArgumentParser(
        prog="python -m nautilus.server token",
        description="Make a token with the secret of NAUTILUS_AUTH_SECRET or its file.",
        epilog=f"Scopes: {', '.join(general)}, and ENGINE:read, ENGINE:write, ENGINE:trade.",
    )
    add = parser.add_argument
    add("--subject", required=True, help="who it is for; the actor in the audit log")
    add("--scopes", default="read", metavar="A,B", help="what it may do (read)")
    add("--expires", default="1h", metavar="TIME", help="how long, such as 15m, 1h or 7d (1h)")
    add("--portfolios", metavar="A,B", help="the only portfolios that it may name (all)")
    return parser


def _words(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(word.strip() for word in text.split(",") if word.strip())
