"""Realised P&L of a whole book of fills in columns: THE position step, compiled when that pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.lots import lot_method_code, trade_lots
from nautilus.accounting.positions import average_step
from nautilus.core.errors import DataError, ShapeError
from nautilus.core.folds import writable
from nautilus.core.frames import labelled_frame, read
from nautilus.core.jit import kernel
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
        Positive when paid, in base currency.
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
    rates = None if fx_rates is None else _column(fx_rates, "fx_rates", len(codes))
    one = np.ones(1)
    columns = (traded, paid, one if rates is None else rates)
    bad, gains, fx, held, costs = _run(codes, columns, int(rates is not None), len(labels), method)
    if bad >= 0:
        raise _bad_row(bad, traded, paid)
    sizes = np.array([float((multipliers or {}).get(s, 1.0)) for s in labels], dtype=np.float64)
    if multipliers:
        gains, fx = gains * sizes[codes], fx * (one if rates is None else sizes[codes])
    if rates is not None:
        gains = gains * rates
    charged = None if fees is None else _column(fees, "fees", len(codes))
    if charged is not None and rates is not None:
        charged = charged * rates
    return FillsPnl(
        realised=gains,
        fx=None if rates is None else fx,
        symbols=labels,
        realised_by_symbol=_sums(codes, gains, len(labels)),
        fees_by_symbol=np.zeros(len(labels))
        if charged is None
        else _sums(codes, charged, len(labels)),
        fx_by_symbol=None if rates is None else _sums(codes, fx, len(labels)),
        quantities=held,
        cost_bases=costs * sizes,
        lot_method=lot_method,
    )


def _sums(codes: Codes, values: Floats, symbols: int) -> Floats:
    """Sum by symbol, in the order of the fills."""
    return np.bincount(codes, values, symbols).astype(np.float64, copy=False)


def average_scan(
    codes: Any, traded: Any, prices: Any, rates: Any, rate_step: int, gains: Any, fx_gains: Any,
    held: Any, costs: Any, bases: Any,
) -> int:  # fmt: skip
    """All fills at average cost; the first unusable row, or -1."""
    for i in range(len(codes)):
        amount = traded[i] * prices[i]
        if amount - amount != 0.0 or traded[i] == 0.0:
            return i
        s = codes[i]
        held[s], costs[s], bases[s], gains[i], fx_gains[i * rate_step] = average_step(
            held[s], costs[s], bases[s], traded[i], prices[i], rates[i * rate_step]
        )
    return -1


def _run(
    codes: Codes, columns: tuple[Floats, ...], rate_step: int, symbols: int, method: int
) -> tuple[int, Floats, Floats, Floats, Floats]:
    """(bad row, gain by fill, FX effect by fill, quantity and cost by symbol)."""
    scan = trade_lots if method else average_scan
    runner = kernel(scan, len(codes))
    plain = runner is scan
    data = [c.tolist() if plain else c for c in columns]
    gains, fx = _zeros(len(codes), plain), _zeros(len(codes) if rate_step else 1, plain)
    rows = codes.tolist() if plain else codes
    if method:
        lots, spans = _room(codes, symbols, plain)
        bad = runner(rows, *data, rate_step, method, *spans, *lots, gains, fx)
        held, costs = _held(*spans, *lots[:2])
    else:
        state = [_zeros(symbols, plain) for _ in range(3)]
        bad = runner(rows, *data, rate_step, gains, fx, *state)
        held, costs = _array(state[0]), _array(state[0]) * _array(state[1])
    return int(bad), _array(gains), _array(fx), held, costs


def _zeros(size: int, plain: bool) -> Any:
    return [0.0] * size if plain else np.zeros(size)


def _array(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _room(codes: Codes, symbols: int, plain: bool) -> tuple[list[Any], list[Any]]:
    """Three columns of lots with room for every fill, and where each symbol's begin and end."""
    ends = np.cumsum(np.bincount(codes, minlength=symbols))
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    spans = [starts.tolist() if plain else starts.copy() for _ in range(2)]
    return [_zeros(len(codes), plain) for _ in range(3)], spans


def _held(heads: Any, tails: Any, quantities: Any, costs: Any) -> tuple[Floats, Floats]:
    """Quantity and cost of the open lots of each symbol, added from the oldest lot on."""
    starts, ends = np.asarray(heads, dtype=np.int64), np.asarray(tails, dtype=np.int64)
    counts = ends - starts
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    places = np.arange(len(owner)) + (starts - first)[owner]
    lots, prices = _array(quantities)[places], _array(costs)[places]
    return _sums(owner, lots, len(counts)), _sums(owner, lots * prices, len(counts))


def _codes(symbols: Any) -> tuple[Codes, tuple[Any, ...]]:
    """Each fill's symbol as a number, and the labels of the numbers."""
    values = np.asarray(symbols)
    if values.ndim != 1:
        raise ShapeError(f"`symbols` must be 1-D (fill,), got {values.ndim}-D.", field="symbols")
    if values.dtype.kind in "iu" and len(values):
        if values.min() >= 0 and values.max() < 4 * len(values) + 16:
            codes = np.require(values, dtype=np.int64, requirements=["C", "W"])
            return codes, tuple(range(int(values.max()) + 1))
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


def _one(value: float) -> Floats:
    return np.array([value])


def _bad_row(row: int, traded: Floats, prices: Floats) -> DataError:
    if traded[row] == 0.0:
        return DataError(
            f"`quantities` must not be 0, but row {row} is. Drop that row.", field="quantities"
        )
    name = "prices" if np.isfinite(traded[row]) else "quantities"
    value = prices[row] if name == "prices" else traded[row]
    return DataError(f"`{name}` must be finite, but row {row} is {value}.", field=name)
