"""Broker fills from a CSV file or a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nautilus.accounting.cells import is_empty, read_number, read_side, read_time
from nautilus.accounting.events import Fill
from nautilus.accounting.layouts import Layout, find_layout
from nautilus.core.errors import DataError, NotFoundError, ParameterError
from nautilus.core.frames import read_csv, rows

__all__ = ["read_fills"]

Row = Mapping[str, Any]


def read_fills(
    path_or_frame: Any,
    *,
    columns: Mapping[str, Any] | None = None,
    timezone: str | None = None,
) -> list[Fill]:
    """Every trade of a broker's table, in its order; what cannot be read is an error, not a gap.

    Recognised are tables with one row per trade: a time (or a date and a time), a symbol, a
    signed quantity or a quantity and a side, a price, and where present fee, currency, multiplier
    and an id of the trade; and the Trades section of an Interactive Brokers Flex query
    (`DateTime` as 20230105;093005, `IBCommission` negative, summaries of executions left out).

    Parameters
    ----------
    path_or_frame : path of a CSV file, or a pandas or polars frame
    columns : mapping of our name -> yours, optional
        For headers that are not recognised: {"timestamp": "Datum", "price": "Kurs"}. Ours are
        timestamp, date, time, symbol, side, quantity, price, fee, currency, multiplier, fill_id.
        None means that there is no such column; `fee` may be a list of columns to add up, and
        "-Commission" turns the sign.
    timezone : str, optional
        Zone of times that carry none ("America/New_York"); times that carry one are converted to
        it. By default they stay as they are.

    Returns
    -------
    list of Fill
        Fees are positive when paid. A column of fees with only negative numbers is read as money
        that left the account.

    Raises
    ------
    LabelError
        A column that is not recognised or not there; close names are given.
    DataError
        A cell that cannot be read, with its line; a side against the sign of its quantity; one id
        on two different trades.
    NotFoundError
        A file that does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"Date": ["2024-01-02"], "Ticker": ["AAPL"], "Side": ["SELL"],
    ...                       "Qty": ["1,000"], "Price": ["185.64"], "Commission": ["-5.00"]})
    >>> fill = read_fills(table)[0]
    >>> fill.symbol, fill.quantity, fill.fee
    ('AAPL', -1000.0, 5.0)
    """
    zone = _zone(timezone)
    table, first_line = _table(path_or_frame)
    if not table:
        raise DataError(
            "`path_or_frame` has no rows, so there are no fills to read.", field="path_or_frame"
        )
    layout = find_layout([str(name) for name in table[0]], columns)
    wanted = _executions(_numbered(table, first_line, layout), layout)
    turn = -1.0 if _is_negative_when_paid(wanted, layout) else 1.0
    fills = [_fill(row, line, layout, turn, zone) for line, row in wanted]
    _check_ids(fills, [line for line, _ in wanted])
    return fills


def _table(data: Any) -> tuple[list[dict[str, Any]], int | None]:
    """Rows, and the line of the first one where they come from a file."""
    if isinstance(data, (str, Path)):
        path = Path(data)
        if not path.is_file():
            raise NotFoundError(f"there is no file {str(path)!r}.", field="path_or_frame")
        return rows(read_csv(path)), 2
    return rows(data), None


def _numbered(
    table: Sequence[Row], first_line: int | None, layout: Layout
) -> list[tuple[str, Row]]:
    """(where it stands, row) without blank rows and repeated headers."""
    named = "row" if first_line is None else "line"
    used = list(layout.columns.values())
    kept = []
    for i, row in enumerate(table):
        is_header = all(str(row[name]) == name for name in used)
        if not is_header and not all(is_empty(row[name]) for name in used):
            kept.append((f"{named} {i + (first_line or 0)}", row))
    return kept


def _executions(table: list[tuple[str, Row]], layout: Layout) -> list[tuple[str, Row]]:
    """IBKR lists orders, executions and closed lots of one trade under each other: one of them."""
    if layout.detail is None:
        return table
    kinds = {str(row[layout.detail]).upper() for _, row in table}
    kept = next((k for k in ("EXECUTION", "ORDER") if k in kinds), None)
    if kept is None:
        return table
    return [(line, row) for line, row in table if str(row[layout.detail]).upper() == kept]


def _fill(row: Row, line: str, layout: Layout, turn: float, zone: ZoneInfo | None) -> Fill:
    def cell(role: str) -> Any:
        value = row[layout.columns[role]] if role in layout.columns else None
        return None if is_empty(value) else value

    symbol = row[layout.columns["symbol"]]
    if symbol != symbol or not str(symbol or "").strip():  # "NA" is a listed company
        raise DataError(f"{line}: `symbol` is empty.", field="path_or_frame")
    currency = str(cell("currency") or "USD").strip()
    quantity = _quantity(cell("quantity"), cell("side"), line)
    try:
        return Fill(
            timestamp=_time(row, layout, line, zone),
            symbol=str(symbol).strip(),
            quantity=quantity,
            price=_number(cell("price"), "price", line),
            fee=_fee(row, layout, line, turn, currency),
            currency=currency,
            multiplier=1.0 if (m := cell("multiplier")) is None else _number(m, "multiplier", line),
            fill_id=None if (i := cell("fill_id")) is None else _id_text(i),
        )
    except DataError as error:
        if error.message.startswith(line):
            raise
        raise DataError(f"{line}: {error.message}", field=error.field) from error


def _number(value: Any, name: str, line: str) -> float:
    if value is None:
        raise DataError(
            f"{line}: `{name}` is empty; a missing number is not 0.", field="path_or_frame"
        )
    return read_number(value, f"{line}: `{name}`")


def _quantity(value: Any, side: Any, line: str) -> float:
    quantity = _number(value, "quantity", line)
    sign = 0.0 if side is None else read_side(side, f"{line}: `side`")
    if sign > 0.0 and quantity < 0.0:
        raise DataError(
            f"{line}: `quantity` is {quantity:g} and the side is {side!r}; one of them is wrong.",
            field="path_or_frame",
        )
    return sign * abs(quantity) if sign else quantity


def _time(row: Row, layout: Layout, line: str, zone: ZoneInfo | None) -> datetime:
    given = {
        r: row[layout.columns[r]] for r in ("timestamp", "date", "time") if r in layout.columns
    }
    name = "timestamp" if not is_empty(given.get("timestamp")) else "date"
    if is_empty(given.get(name)):
        raise DataError(f"{line}: the time is empty.", field="path_or_frame")
    when = read_time(given[name], f"{line}: `{name}`")
    if name == "date" and not is_empty(given.get("time")):
        clock = read_time(f"{when:%Y-%m-%d} {given['time']}", f"{line}: `time`")
        when = datetime.combine(when.date(), clock.timetz())
    if zone is None:
        return when
    return when.replace(tzinfo=zone) if when.tzinfo is None else when.astimezone(zone)


def _fee(row: Row, layout: Layout, line: str, turn: float, currency: str) -> float:
    total = 0.0
    for name, sign in layout.fees:
        if not is_empty(row[name]):
            total += turn * sign * read_number(row[name], f"{line}: `{name}`")
    paid_in = row[layout.fee_currency] if layout.fee_currency else None
    if total and not is_empty(paid_in) and str(paid_in).strip() != currency:
        raise DataError(
            f"{line}: the fee is in {paid_in} and the trade in {currency}. Convert it, or pass"
            " columns={'fee': None} and book it as a Fee event.",
            field="path_or_frame",
        )
    return total + 0.0


def _is_negative_when_paid(table: Sequence[tuple[str, Row]], layout: Layout) -> bool:
    if layout.signed_fees:
        return False
    signs = {
        _sign(read_number(row[name], f"{line}: `{name}`"))
        for line, row in table
        for name, _ in layout.fees
        if not is_empty(row[name])
    }
    return -1 in signs and 1 not in signs


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _id_text(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value).strip()


def _check_ids(fills: Sequence[Fill], lines: Sequence[str]) -> None:
    """One id on different trades is the id of an order: the ledger would drop all but one."""
    seen: dict[str, tuple[Fill, str]] = {}
    for fill, line in zip(fills, lines, strict=True):
        if fill.fill_id is None:
            continue
        other, where = seen.setdefault(fill.fill_id, (fill, line))
        if other != fill:
            raise DataError(
                f"{line}: id {fill.fill_id!r} is that of {where}, a different trade. If it is the"
                " id of an order, pass columns={'fill_id': None} or the column of the execution.",
                field="path_or_frame",
            )


def _zone(timezone: str | None) -> ZoneInfo | None:
    if timezone is None:
        return None
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError) as error:
        raise ParameterError(
            f"`timezone` must be a zone such as 'America/New_York', got {timezone!r}.",
            field="timezone",
        ) from error
