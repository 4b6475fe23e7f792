"""`python -m nautilus.server import prices.csv`: a user's own prices, used from then on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nautilus.core.errors import NautilusError

__all__ = ["import_command", "import_parser"]


def import_parser() -> argparse.ArgumentParser:
    """The options.

    Examples
    --------
    >>> import_parser().parse_args(["import", "prices.csv"]).source
    'imported'
    """
    parser = argparse.ArgumentParser(prog="python -m nautilus.server")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser(
        "import", help="store prices of a CSV or Parquet file; servers use them from then on"
    ).add_argument
    add("file", type=Path, help="long, wide (a column per symbol), or the bars of one symbol")
    add("--source", default="imported", help="what answers call it")
    add("--timeframe", default="1d", help="1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w or 1M")
    add("--symbol", help="of bars without a column of symbols; default: the name of the file")
    add("--timezone", help="clock of times that carry no zone, such as America/New_York")
    add("--basis", default="raw", choices=("raw", "split", "total"), help="already adjusted for")
    add("--column", action="append", default=[], metavar="OURS=THEIRS", help="close=Kurs, ...")
    add("--database", metavar="URL", help="whose store; see NAUTILUS_STORE")
    return parser


def import_command(arguments: Sequence[str]) -> int:
    """Carry out the command; the exit code of the process.

    Returns
    -------
    int
        0 when it is done, 1 when it cannot be, 2 for a wrong argument.
    """
    from nautilus.marketdata.store import Store
    from nautilus.server.settings import Settings

    options = import_parser().parse_args(arguments)
    try:
        columns = _columns(options.column)
        given = {} if options.database is None else {"database": options.database}
        with Store(Settings(**given).market_folder) as store:
            done = store.import_prices(
                options.file,
                source=options.source,
                timeframe=options.timeframe,
                columns=columns,
                timezone=options.timezone,
                symbol=options.symbol,
                basis=options.basis,
                progress=sys.stderr.isatty(),
            )
            where = store.root
    except (NautilusError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{done.rows:,} rows stored in {where} as source {options.source!r},"
        f" {done.corrections:,} of them corrections; {done.known:,} were known already."
    )
    return 0


def _columns(pairs: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise ValueError(f"--column must be OURS=THEIRS, such as close=Kurs; got {wrong[0]!r}.")
    return dict(pair.split("=", 1) for pair in pairs)
