"""`python -m nautilus.server backup` and `restore`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nautilus.core.errors import NautilusError

__all__ = ["state_command", "state_parser"]


def state_parser() -> argparse.ArgumentParser:
    """The options of both.

    Examples
    --------
    >>> state_parser().parse_args(["backup", "--to", "state-copy.db"]).to
    PosixPath('state-copy.db')
    """
    parser = argparse.ArgumentParser(prog="python -m nautilus.server")
    commands = parser.add_subparsers(dest="command", required=True)
    backup = commands.add_parser(
        "backup", help="copy the state into one file; servers may go on running"
    )
    backup.add_argument("--to", type=Path, required=True, metavar="FILE")
    restore = commands.add_parser(
        "restore", help="put a copy in the place of the state; what was there is kept aside"
    )
    restore.add_argument("--from", type=Path, required=True, metavar="FILE", dest="source")
    for command in (backup, restore):
        command.add_argument(
            "--database", metavar="URL", help="SQLAlchemy URL, or the path of a SQLite file"
        )
    return parser


def state_command(arguments: Sequence[str]) -> int:
    """Carry out a subcommand; the exit code of the process.

    Returns
    -------
    int
        0 when it is done, 1 when it cannot be, 2 for a wrong argument.
    """
    from nautilus.server.bus.addresses import masked
    from nautilus.server.settings import Settings
    from nautilus.server.state.backup import backup, restore

    options = state_parser().parse_args(arguments)
    try:
        given = {} if options.database is None else {"database": options.database}
        url = Settings(**given).database
        if options.command == "backup":
            backup(url, options.to)
            print(f"{masked(url)} is copied to {options.to}.")
            return 0
        kept = restore(url, options.source)
    except (NautilusError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{masked(url)} is restored from {options.source}.")
    if kept is not None:
        print(f"What was there before is in {kept}.")
    return 0
