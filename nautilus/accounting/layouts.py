"""Which column of a broker's table is which: recognised names, and the IBKR Flex recipe."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nautilus.core.errors import LabelError, ParameterError

__all__ = ["Layout", "find_layout"]

_KNOWN: dict[str, tuple[str, ...]] = {
    "timestamp": ("timestamp", "datetime", "tradedatetime", "executiontime", "executedat",
                  "filledat", "filltime", "tradetime", "createdat", "timeutc", "dateutc"),
    "date": ("date", "tradedate", "day", "filldate", "executiondate"),
    "time": ("time", "timeofday"),
    "symbol": ("symbol", "ticker", "instrument", "asset", "security", "sym", "stock", "market"),
    "side": ("side", "buysell", "action", "direction", "bs", "transactiontype", "type"),
    "quantity": ("quantity", "qty", "shares", "size", "units", "filledqty", "filledquantity",
                 "volume", "contracts", "noofshares"),
    "price": ("price", "fillprice", "tradeprice", "tprice", "avgprice", "averageprice",
              "executionprice", "filledavgprice", "pricepershare", "priceshare"),
    "fee": ("fee", "fees", "commission", "commissions", "comm", "commfee", "feeamount",
            "brokerage", "totalfees"),
    "currency": ("currency", "ccy", "curr", "currencycode"),
    "multiplier": ("multiplier", "contractsize", "pointvalue"),
    "fill_id": ("fillid", "tradeid", "executionid", "execid", "transactionid", "id"),
}  # fmt: skip
_IBKR: dict[str, tuple[str, ...]] = {
    "timestamp": ("datetime",),
    "date": ("tradedate",),
    "symbol": ("symbol",),
    "side": ("buysell",),
    "quantity": ("quantity",),
    "price": ("tradeprice", "price"),
    "fee": ("ibcommission",),
    "currency": ("currencyprimary", "currency"),
    "multiplier": ("multiplier",),
    "fill_id": ("tradeid", "ibexecid", "transactionid"),
}
_FEE_CURRENCY = (
    "ibcommissioncurrency", "feecurrency", "commissioncurrency", "feeccy", "commissionasset",
)  # fmt: skip
_REQUIRED = ("symbol", "quantity", "price")


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by role.

    Parameters
    ----------
    columns : mapping of role -> column
    fees : tuple of (column, sign)
        Added up; -1 where the table shows what is paid as a negative number.
    signed_fees : bool
        The signs of `fees` are known; otherwise a column of only negative numbers is turned.
    detail : str, optional
        Column that tells executions from summaries of the same trades (IBKR).
    fee_currency : str, optional
        Column with the currency of the fees, where that may differ.
    """

    columns: Mapping[str, str]
    fees: tuple[tuple[str, float], ...] = ()
    signed_fees: bool = False
    detail: str | None = None
    fee_currency: str | None = None


@dataclass(slots=True)
class _Header:
    """Names of a table, found again whatever their case, blanks and punctuation."""

    names: Sequence[str]
    by_key: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.names:
            self.by_key.setdefault(_key(name), name)

    def first(self, keys: Sequence[str]) -> str | None:
        return next((self.by_key[k] for k in keys if k in self.by_key), None)


def find_layout(names: Sequence[str], given: Mapping[str, Any] | None) -> Layout:
    """The layout of a table with these column names.

    Parameters
    ----------
    names : sequence of str
    given : mapping of role -> column, or None
        Goes before what is recognised. None as column means that there is none. For `fee` several
        columns can be given, and a leading minus turns the sign.

    Raises
    ------
    LabelError
        A required role has no column, or a column of costs would be left out.
    ParameterError
        An unknown role.

    Examples
    --------
    >>> find_layout(["Date", "Ticker", "Qty", "Price"], None).columns["symbol"]
    'Ticker'
    """
    header = _Header(list(names))
    chosen = dict(given or {})
    _check_roles(chosen)
    is_flex = header.first(("ibcommission",)) is not None
    known = _IBKR if is_flex else _KNOWN
    found = {role: header.first(keys) for role, keys in known.items()}
    fees = _fees(header, chosen.pop("fee", found.pop("fee", None)), "fee" in (given or {}))
    found.update({role: _named(header, role, name) for role, name in chosen.items()})
    columns = {role: name for role, name in found.items() if name is not None}
    _check_complete(columns, names)
    if not is_flex:
        paid_in = header.first(_FEE_CURRENCY) if fees else None
        _check_costs(names, columns, fees)
        return Layout(columns, fees, signed_fees="fee" in (given or {}), fee_currency=paid_in)
    taxes = header.first(("taxes",))
    paid = tuple((name, -sign) for name, sign in fees) if "fee" not in (given or {}) else fees
    return Layout(
        columns,
        paid + (((taxes, -1.0),) if taxes and "fee" not in (given or {}) else ()),
        signed_fees=True,
        detail=header.first(("levelofdetail",)),
        fee_currency=header.first(_FEE_CURRENCY),
    )


def _check_roles(chosen: Mapping[str, Any]) -> None:
    for role in chosen:
        if role not in _KNOWN:
            close = difflib.get_close_matches(str(role), _KNOWN, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"They are {', '.join(_KNOWN)}."
            raise ParameterError(
                f"`columns` maps our names to yours, and {role!r} is none of ours.",
                field="columns",
                hint=hint,
            )


def _fees(header: _Header, wanted: Any, is_given: bool) -> tuple[tuple[str, float], ...]:
    if wanted is None:
        return ()
    listed = [wanted] if isinstance(wanted, str) else list(wanted)
    found = []
    for name in listed:
        turned = is_given and name.startswith("-") and name not in header.names
        column = _named(header, "fee", name[1:] if turned else name)
        found.append((str(column), -1.0 if turned else 1.0))
    return tuple(found)


def _named(header: _Header, role: str, name: Any) -> str | None:
    if name is None:
        return None
    if name in header.names:
        return str(name)
    close = difflib.get_close_matches(str(name), header.names, n=3, cutoff=0.4)
    near = f" Close names: {', '.join(close)}." if close else ""
    raise LabelError(
        f"`columns` says that `{role}` is in {name!r}, but the table has"
        f" {', '.join(map(str, header.names))}.{near}",
        field="columns",
    )


def _check_complete(columns: Mapping[str, str], names: Sequence[str]) -> None:
    needed = [*_REQUIRED] if {"timestamp", "date"} & set(columns) else ["timestamp", *_REQUIRED]
    missing = [role for role in needed if role not in columns]
    if not missing:
        return
    role = missing[0]
    left = [n for n in names if n not in columns.values()]
    keys = {_key(n): n for n in left}
    near = dict.fromkeys(
        keys[k]
        for alias in (role, *_KNOWN[role])
        for k in difflib.get_close_matches(alias, keys, n=2, cutoff=0.6)
    )
    close = f" Close names: {', '.join(near)}." if near else ""
    example = next(iter(near), left[0] if left else "...")
    raise LabelError(
        f"no column is recognised as `{role}` among {', '.join(map(str, names))}.{close}"
        f" Pass columns={{{role!r}: {example!r}}}.",
        field="columns",
    )


def _check_costs(
    names: Sequence[str], columns: Mapping[str, str], fees: tuple[tuple[str, float], ...]
) -> None:
    """A column that looks like a cost and is not read would lose money silently."""
    read = {*columns.values(), *(name for name, _ in fees)}
    for name in names:
        if _key(name) in _FEE_CURRENCY:
            continue
        if name not in read and re.search(r"fee|commission|tax|duty", str(name).lower()):
            kept = [n for n, _ in fees]
            raise LabelError(
                f"column {name!r} looks like a cost and would be left out. Pass"
                f" columns={{'fee': {[*kept, name]!r}}} to add it, or drop it.",
                field="columns",
            )


def _key(name: Any) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())
