"""The command line of the servers, and the settings that it gives."""

from __future__ import annotations

import argparse
from typing import Any

from pydantic import ValidationError

from nautilus.core.errors import ParameterError
from nautilus.server.bus.addresses import MEMORY
from nautilus.server.registry import ENGINES
from nautilus.server.settings import Settings

__all__ = ["command_parser", "command_settings", "settings_from"]

NAMES = (
    "host",
    "port_offset",
    "engines",
    "database",
    "bus",
    "processes",
    "demo",
    "warm",
    "log_level",
    "log_format",
    "auth",
    "insecure",
)


def command_parser() -> argparse.ArgumentParser:
    """The options of `python -m nautilus.server`.

    Examples
    --------
    >>> command_parser().parse_args(["--port-offset", "1000"]).port_offset
    1000
    """
    parser = argparse.ArgumentParser(
        prog="python -m nautilus.server",
        description="The nine engines on 8100 ... 8900, in one process, without network or keys.",
        epilog="Every setting is also a NAUTILUS_* variable; --print-config shows them. The state"
        " is copied and put back by `backup --to FILE` and `restore --from FILE`;"
        " `token --subject NAME` makes a token; `import prices.csv` stores prices of your own.",
    )
    add = parser.add_argument
    add("--host", help="address to listen on; beyond loopback only with authentication")
    add("--auth", choices=("auto", "on", "off"), help="ask for tokens; auto: where a key is set")
    add(
        "--insecure",
        action="store_true",
        default=None,
        help="listen beyond loopback without authentication",
    )
    add("--port-offset", type=int, metavar="N", help="added to 8100 ... 8900")
    add("--free-ports", action="store_true", help="let the system choose the ports")
    add("--engines", metavar="A,B", help=f"engines to start: {','.join(ENGINES)}")
    add("--database", metavar="URL", help="SQLAlchemy URL, or the path of a SQLite file")
    add(
        "--bus",
        metavar="URL",
        help="memory (default), or redis://host:port/0 for several processes",
    )
    add(
        "--processes",
        action="store_true",
        default=None,
        help="a process per engine, started again when it dies; needs --bus redis://...",
    )
    add("--no-demo", dest="demo", action="store_false", default=None, help="no demo set")
    add("--no-warm", dest="warm", action="store_false", default=None, help="no background imports")
    add("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    add("--log-format", choices=("auto", "json", "console"))
    add("--ready-json", action="store_true", help="print one line of JSON when ready")
    add("--print-config", action="store_true", help="print the settings and stop")
    return parser


def command_settings(options: argparse.Namespace) -> Settings:
    """Arguments over `NAUTILUS_*` variables over defaults.

    Raises
    ------
    ParameterError
        One line for each wrong value; or an address that other machines can reach, without auth.
    """
    given = {name: getattr(options, name) for name in NAMES}
    settings = settings_from({name: value for name, value in given.items() if value is not None})
    if not (settings.loopback or settings.authenticated or settings.insecure):
        raise ParameterError(
            f"`host` {settings.host} can be reached by other machines, so requests need a token:"
            " set NAUTILUS_AUTH_SECRET_FILE to a file of 32 random bytes or more,"
            " as docs/security.md shows, or listen on 127.0.0.1. --insecure opens it to everybody."
        )
    if settings.processes and settings.bus == MEMORY:
        raise ParameterError(
            "`processes` needs a bus that processes share, and --bus is memory: start"
            " `redis-server --appendonly yes` and pass --bus redis://127.0.0.1:6379/0,"
            " or leave out --processes."
        )
    return settings


def settings_from(given: dict[str, Any]) -> Settings:
    """These values over `NAUTILUS_*` variables over defaults, for a server that people start.

    Raises
    ------
    ParameterError
        One line for each wrong value.
    """
    try:
        return Settings(**given, check_host=True)
    except ValidationError as error:
        raise ParameterError("\n".join(_line(item) for item in error.errors())) from None


def _line(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    why = error["msg"].removeprefix("Value error, ").rstrip(".")
    if not name:
        return f"{why}."
    return f"`{name}` (NAUTILUS_{name.upper()}): {why}."
