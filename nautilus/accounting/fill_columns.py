"""Realised P&L of a whole book of fills in columns: THE position step, compiled when that pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.fill_scans import scan_at_average, scan_lots
from nautilus.accounting.lots import lot_method_code
from nautilus.core.errors import DataError, ShapeError
from nautilus.core.folds import writable
from nautilus.core.frames import labelled_frame, read
from nautilus.core.results import Result

__all__ = ["FillsPnl", "fills_pnl"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FillsPnl(Result):
    """Realised P&L of each fill and of each symbol.

    Parameters
    ----------
    realised : array (fill,)
        What each fill realised before fees, in base currency at the rate of the fill.
    fx : array (fill,) or None
        FX effect on the cost of what each fill closed; None in a single currency.
    symbols : tuple
        Labels of the arrays by symbol.
    realised_by_symbol, fees_by_symbol : array (symbol,)
    fx_by_symbol : array (symbol,) or None
    quantities : array (symbol,)
        Held after the last fill, negative when short.
    cost_bases : array (symbol,)
        What is held at cost: quantity x average cost x multiplier, in the fills' currency.
    lot_method : str

    Examples
    --------
    >>> fills_pnl(["A", "A"], [10, -4], [100.0, 120.0]).total_realised
    80.0
    """

    realised: Floats
    fx: Floats | None
    symbols: tuple[Any, ...]
    realised_by_symbol: Floats
    fees_by_symbol: Floats
    fx_by_symbol: Floats | None
    quantities: Floats
    cost_bases: Floats
    lot_method: str

    @property
    def total_realised(self) -> float:
        """Realised P&L of the book before fees."""
        return float(self.realised_by_symbol.sum())

    @property
    def total_fees(self) -> float:
        """Fees of all fills."""
        return float(self.fees_by_symbol.sum())

    def to_frame(self) -> Any:
        """One row per symbol."""
        columns = {
            "realised": self.realised_by_symbol,
            "fees": self.fees_by_symbol,
            "quantity": self.quantities,
            "cost_basis": self.cost_bases,
        }
        if self.fx_by_symbol is not None:
            columns["fx"] = self.fx_by_symbol
        return labelled_frame(self.symbols, columns, "symbol")


def fills_pnl(
    symbols: Any,
    quantities: Any,
    prices: Any,
    fees: Any = None,
    *,
    multipliers: Any = None,
    fx_rates: Any = None,
    lot_method: str = "average",
) -> FillsPnl:
    """Realised P&L of fills given as columns, in the order of trading: for books of any size.

    The same step as `run_ledger`, equal to it to the bit, without prices, dividends and splits.

    Parameters
    ----------
    symbols : sequence (fill,)
        Names, or codes 0, 1, 2 ... (fastest).
    quantities : array (fill,)
        Signed, not zero.
    prices : array (fill,)
    fees : array (fill,), optional
        Positive when paid, in the currency of the fill.
    multipliers : mapping of symbol -> multiplier, optional
        1 for those it does not name.
    fx_rates : array (fill,), optional
        Base currency per unit at each fill.
    lot_method : {"average", "fifo", "lifo", "hifo"}

    Returns
    -------
    FillsPnl

    Raises
    ------
    ShapeError
        Columns of different length.
    DataError
        A quantity of zero, or a number that is not finite; the message gives the row.

    Examples
    --------
    >>> result = fills_pnl(["A", "B", "A"], [10, 5, -15], [100.0, 20.0, 120.0])
    >>> result.realised.tolist(), result.quantities.tolist()
    ([0.0, 0.0, 200.0], [-5.0, 5.0])
    """
    method = lot_method_code(lot_method)
    codes, labels = _codes(symbols)
    traded = _column(quantities, "quantities", len(codes))
    paid = _column(prices, "prices", len(codes))
    charged = None if fees is None else _column(fees, "fees", len(codes))
    rates = None if fx_rates is None else _column(fx_rates, "fx_rates", len(codes))
    sizes = np.array([float((multipliers or {}).get(s, 1.0)) for s in labels], dtype=np.float64)
    _check_finite(rates, "fx_rates")
    columns = (codes, traded, paid, charged, rates, sizes)
    found = scan_lots(*columns, method) if method else scan_at_average(*columns)
    if found.bad_row >= 0:
        raise _bad_row(found.bad_row, traded, paid)
    if not np.isfinite(found.charged).all():  # a thousand sums are read sooner than a million fees
        _check_finite(charged, "fees")
    return FillsPnl(
        realised=found.realised,
        fx=found.fx,
        symbols=labels,
        realised_by_symbol=found.gains,
        fees_by_symbol=found.charged,
        fx_by_symbol=found.fx_gains,
        quantities=found.held,
        cost_bases=found.costs * sizes,
        lot_method=lot_method,
    )


def _codes(symbols: Any) -> tuple[Codes, tuple[Any, ...]]:
    """Each fill's symbol as a number, and the labels of the numbers."""
    values = np.asarray(symbols)
    if values.ndim != 1:
        raise ShapeError(f"`symbols` must be 1-D (fill,), got {values.ndim}-D.", field="symbols")
    if values.dtype.kind in "iu" and len(values):
        codes = np.require(values, dtype=np.int64, requirements=["C", "W"])
        largest = int(codes.view(np.uint64).max())  # a negative one is huge
        if largest < 4 * len(values) + 16:
            return codes, tuple(range(largest + 1))
        found, places = np.unique(values, return_inverse=True)
        return places.astype(np.int64), tuple(found.tolist())
    names: Sequence[Any] = values.tolist()
    index: dict[Any, int] = {}
    coded = [index.setdefault(name, len(index)) for name in names]
    return np.array(coded, dtype=np.int64), tuple(index)


def _column(values: Any, name: str, length: int) -> Floats:
    grid, _ = read(values, name, ndim=1)
    if len(grid) != length:
        raise ShapeError(
            f"`{name}` must have one value for each of the {length} symbols, got {len(grid)}.",
            field=name,
        )
    return writable(grid[:, 0])


def _check_finite(values: Floats | None, name: str) -> None:
    if values is not None and not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise DataError(f"`{name}` must be finite, but row {row} is {values[row]}.", field=name)


def _bad_row(row: int, traded: Floats, prices: Floats) -> DataError:
    if traded[row] == 0.0:
        return DataError(
            f"`quantities` must not be 0, but row {row} is. Drop that row.", field="quantities"
        )
    name = "prices" if np.isfinite(traded[row]) else "quantities"
    value = prices[row] if name == "prices" else traded[row]
    return DataError(f"`{name}` must be finite, but row {row} is {value}.", field=name)
