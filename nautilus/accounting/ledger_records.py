"""A ledger as JSON-able values and back, equal to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from nautilus.accounting.ledger import MAPPINGS, Holding, Ledger, Lot

__all__ = ["ledger_from_dict", "ledger_to_dict"]


def ledger_to_dict(ledger: Ledger) -> dict[str, Any]:
    """A ledger as JSON-able values; mappings keep their order, on which the last bit depends."""
    data: dict[str, Any] = {}
    for name in (f.name for f in fields(Ledger)):
        value = getattr(ledger, name)
        data[name] = dict(value) if name in MAPPINGS else value
    data["holdings"] = [_holding_to_dict(h) for h in ledger.holdings.values()]
    data["fill_ids"] = sorted(ledger.fill_ids)
    data["marked_at"] = ledger.marked_at.isoformat() if ledger.marked_at else None
    return data


def ledger_from_dict(data: Mapping[str, Any]) -> Ledger:
    """The ledger that `ledger_to_dict` wrote."""
    values = dict(data)
    holdings = [_holding_from_dict(h) for h in values["holdings"]]
    values["holdings"] = {h.symbol: h for h in holdings}
    values["fill_ids"] = frozenset(values["fill_ids"])
    if values["marked_at"] is not None:
        values["marked_at"] = datetime.fromisoformat(values["marked_at"])
    return Ledger(**values)


def _holding_to_dict(holding: Holding) -> dict[str, Any]:
    data = {f.name: getattr(holding, f.name) for f in fields(Holding)}
    data["lots"] = [[lot.quantity, lot.cost, lot.base_cost] for lot in holding.lots]
    return data


def _holding_from_dict(data: Mapping[str, Any]) -> Holding:
    return Holding(**{**data, "lots": tuple(Lot(*lot) for lot in data["lots"])})
