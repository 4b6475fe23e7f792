"""What is held now: positions from objects, mappings or a frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from nautilus.core.errors import DataError, MissingInputError
from nautilus.core.frames import rows

__all__ = ["Position", "read_positions"]


@dataclass(frozen=True, slots=True)
class Position:
    """One holding at one price.

    Parameters
    ----------
    symbol : str
    quantity : float
        Units, negative when short.
    price : float
        Current price of one unit in `currency`.
    average_cost : float, optional
        Price paid for one unit; None when unknown.
    sector, asset_class : str, optional
    currency : str
    multiplier : float
        Units of the underlying in one contract.

    Examples
    --------
    >>> Position("AAPL", 100, 155.0, average_cost=150.0).market_value
    15500.0
    """

    symbol: str
    quantity: float
    price: float
    average_cost: float | None = None
    sector: str | None = None
    asset_class: str | None = None
    currency: str = "USD"
    multiplier: float = 1.0

    @property
    def market_value(self) -> float:
        """Quantity times price times multiplier, negative when short."""
        return self.quantity * self.price * self.multiplier


FIELDS = tuple(f.name for f in fields(Position))
REQUIRED = ("symbol", "quantity", "price")


def read_positions(positions: Any, *, required: Iterable[str] = REQUIRED) -> list[Position]:
    """Positions from a sequence of `Position` or mappings, or from a frame with those columns.

    Parameters
    ----------
    positions : sequence or frame
        Columns that `Position` does not know are left out; an empty cell means the default.
    required : iterable of str
        Fields that must be there; `price` can come from elsewhere.

    Returns
    -------
    list of Position

    Raises
    ------
    MissingInputError
        A required field is missing; the message names it and the position.
    DataError
        Neither positions nor rows.

    Examples
    --------
    >>> read_positions([{"symbol": "AAPL", "quantity": 100, "price": 155.0}])[0].currency
    'USD'
    """
    if isinstance(positions, Position):
        return [positions]
    if isinstance(positions, (list, tuple)) and all(isinstance(p, Position) for p in positions):
        return list(positions)
    mixed = isinstance(positions, Iterable) and not hasattr(positions, "columns")
    found = [_as_row(p) for p in positions] if mixed else rows(positions)
    return [_position(row, tuple(required)) for row in found]


def _as_row(position: Any) -> Mapping[str, Any]:
    if isinstance(position, Position):
        return {name: getattr(position, name) for name in FIELDS}
    if isinstance(position, Mapping):
        return position
    raise DataError(
        f"`positions` must be positions, mappings or a frame, got {type(position).__name__}.",
        field="positions",
    )


def _position(row: Mapping[str, Any], required: tuple[str, ...]) -> Position:
    given = {k: v for k, v in row.items() if k in FIELDS and not _is_empty(v)}
    missing = [name for name in required if name not in given]
    if missing:
        whose = f" of {given['symbol']}" if "symbol" in given else ""
        raise MissingInputError(
            f"`positions` must have `{missing[0]}`{whose}; a missing value is not 0.",
            field=f"positions.{missing[0]}",
        )
    return Position(**{"price": float("nan"), **given})


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value != value
