"""CSV files as names and rows of text; a row that does not fit its header is an error."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from itertools import chain
from os import PathLike
from typing import Any

from nautilus.core.errors import DataError

__all__ = ["read_table"]

_SEPARATORS = ",;\t|"


def read_table(path: str | PathLike[str]) -> tuple[list[str], list[list[str]]]:
    """(names of the columns, rows) of a CSV file, all text.

    Parameters
    ----------
    path : str or path
        UTF-8, with or without byte order mark; a name that ends in .gz is unpacked. The separator
        is the one of comma, semicolon, tab and bar that the header holds most often.

    Returns
    -------
    tuple of (list of str, list of list of str)
        Blank lines are left out, cells beyond the header dropped where they are empty; a name that
        comes again gets .1, .2 ...

    Raises
    ------
    DataError
        No header, a row of another length than the header, or a file that is no UTF-8 text.
    """
    opened: Any = gzip.open if str(path).endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
            return _parsed(lines, str(path))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text. Save it as CSV UTF-8.", field="path") from error


def _parsed(lines: Iterable[str], path: str) -> tuple[list[str], list[list[str]]]:
    lines = iter(lines)
    header = next(lines, "")
    separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(chain([header], lines), delimiter=separator)
    names = next(reader, [])
    if not names:
        raise DataError(f"{path} has no header line.", field="path")
    return _unlike(names), [
        _fitted(row, len(names), f"line {reader.line_num} of {path}") for row in reader if row
    ]


def _fitted(row: list[str], width: int, where: str) -> list[str]:
    if len(row) < width or any(row[width:]):
        raise DataError(
            f"{where} has {len(row)} cells and the header {width}. Quote cells that hold the"
            " separator, and leave out totals.",
            field="path",
        )
    return row[:width]


def _unlike(names: list[str]) -> list[str]:
    return [n if (k := names[:i].count(n)) == 0 else f"{n}.{k}" for i, n in enumerate(names)]
