"""How far an import has come: a bar, or a call."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

import polars as pl

from nautilus.core.errors import MissingExtraError

__all__ = ["counted"]


def counted(
    pieces: Iterator[pl.DataFrame], progress: bool | Callable[[int], None]
) -> Iterator[pl.DataFrame]:
    """The pieces; each counts when the next one is asked for, which is when it is stored."""
    if callable(progress):
        yield from _told(pieces, progress)
    elif progress:
        yield from _shown(pieces)
    else:
        yield from pieces


def _told(pieces: Iterator[pl.DataFrame], tell: Callable[[int], None]) -> Iterator[pl.DataFrame]:
    rows = 0
    for piece in pieces:
        yield piece
        rows += len(piece)
        tell(rows)


def _shown(pieces: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    if importlib.util.find_spec("rich") is None:
        raise MissingExtraError(
            "a progress bar needs the extra `data`; a function as `progress` needs nothing.",
            hint="pip install 'nautilus-quant[data]'",
        )
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), "rows stored", MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as shown:
        task = shown.add_task("rows", total=None)
        yield from _told(pieces, lambda rows: shown.update(task, completed=rows))
