"""Single cells of a broker's table: numbers, times and sides as brokers write them."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Any

from nautilus.core.errors import DataError

__all__ = ["is_empty", "read_number", "read_side", "read_time"]

_MISSING = ("", "nan", "na", "n/a", "null", "none", "-", "--")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[;, T]+(\d{2}):?(\d{2})(?::?(\d{2}))?)?")
_BOUGHT = (
    "buy",
    "b",
    "bot",
    "bought",
    "long",
    "cover",
    "buy to open",
    "buy to close",
    "btc",
    "bto",
)
_SOLD = ("sell", "s", "sld", "sold", "short", "sell short", "ss", "sell to open", "sell to close",
         "sto", "stc")  # fmt: skip


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing.

    Examples
    --------
    >>> is_empty(" "), is_empty(float("nan")), is_empty(0)
    (True, True, False)
    """
    if value is None or (isinstance(value, float) and math.isnan(value)) or value != value:
        return True
    return isinstance(value, str) and value.strip().lower() in _MISSING


def read_number(value: Any, where: str) -> float:
    """A number with thousands separators, currency signs or accounting brackets.

    Examples
    --------
    >>> read_number("1,234.50", "price"), read_number("($2.00)", "fee")
    (1234.5, -2.0)
    """
    if not isinstance(value, str):
        return float(value)
    text = value.strip().replace("\u2212", "-").replace(" ", "")
    negative = text.startswith("(") and text.endswith(")")
    text = text.strip("()").replace("$", "").replace("€", "").replace("£", "")
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text):
        hint = " Write decimals with a point." if re.fullmatch(r"[+-]?[\d.]*,\d+", text) else ""
        raise DataError(f"{where} must be a number, got {value!r}.{hint}", field="path_or_frame")
    return -float(text) if negative else float(text)


def read_side(value: Any, where: str) -> float:
    """1.0 for a purchase, -1.0 for a sale, 0.0 for a cancelled trade, whose quantity says it.

    Examples
    --------
    >>> read_side("BUY", "side"), read_side("Sell Short", "side"), read_side("SELL (Ca.)", "side")
    (1.0, -1.0, 0.0)
    """
    word = re.sub(r"[_\s]+", " ", str(value).strip().lower())
    if "(ca" in word:
        return 0.0
    if word in _BOUGHT:
        return 1.0
    if word in _SOLD:
        return -1.0
    raise DataError(f"{where} must be buy or sell, got {value!r}.", field="path_or_frame")


def read_time(value: Any, where: str) -> datetime:
    """ISO 8601 (2023-01-05T09:30:05), 20230105;093005, or a date: then midnight.

    Examples
    --------
    >>> read_time("20230105;093005", "time")
    datetime.datetime(2023, 1, 5, 9, 30, 5)
    """
    if hasattr(value, "to_pydatetime"):
        converted: datetime = value.to_pydatetime(warn=False)
        return converted
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = str(value).strip()
    compact = _COMPACT.fullmatch(text)
    try:
        if compact:
            return datetime(*(int(part or 0) for part in compact.groups()))  # type: ignore[arg-type]
        return datetime.fromisoformat(re.sub(r"[;,]\s*", " ", text))
    except ValueError as error:
        raise DataError(
            f"{where} must be a time such as 2023-01-05 09:30:05 or 20230105;093005,"
            f" got {value!r}. Day and month of other forms cannot be told apart.",
            field="path_or_frame",
        ) from error
