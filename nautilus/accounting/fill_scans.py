"""The position step over whole columns of fills: loops that compile, and what they return."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.accounting.lots import trade_lots
from nautilus.accounting.positions import average_step
from nautilus.core.jit import kernel

__all__ = ["Scanned", "average_scan", "currency_scan", "scan_at_average", "scan_lots"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
# An interpreted fill takes as long as this many of the steps in which `kernel` counts.
_STEPS = 2


class Scanned(NamedTuple):
    """First unusable row or -1; then by fill, then by symbol."""

    bad_row: int
    realised: Floats
    fx: Floats | None
    gains: Floats
    fx_gains: Floats | None
    charged: Floats
    held: Floats
    costs: Floats


def average_scan(
    codes: Any, traded: Any, prices: Any, fees: Any, fee_step: int, sizes: Any,
    realised: Any, gains: Any, charged: Any, held: Any, costs: Any,
) -> int:  # fmt: skip
    """Fills of one currency at average cost; the first unusable row, or -1."""
    for i in range(len(codes)):
        amount = traded[i] * prices[i]
        if amount - amount != 0.0 or traded[i] == 0.0:
            return i
        s = codes[i]
        held[s], costs[s], _, gain, _ = average_step(
            held[s], costs[s], costs[s], traded[i], prices[i], 1.0
        )
        gain = gain * sizes[s]
        realised[i] = gain
        gains[s] += gain
        charged[s] += fees[i * fee_step]
    return -1


def currency_scan(
    codes: Any, traded: Any, prices: Any, fees: Any, fee_step: int, rates: Any, sizes: Any,
    realised: Any, fx: Any, gains: Any, fx_gains: Any, charged: Any, held: Any, costs: Any,
    bases: Any,
) -> int:  # fmt: skip
    """Fills with exchange rates at average cost; the first unusable row, or -1."""
    for i in range(len(codes)):
        amount = traded[i] * prices[i]
        if amount - amount != 0.0 or traded[i] == 0.0:
            return i
        s = codes[i]
        held[s], costs[s], bases[s], gain, moved = average_step(
            held[s], costs[s], bases[s], traded[i], prices[i], rates[i]
        )
        realised[i] = gain * sizes[s] * rates[i]
        fx[i] = moved * sizes[s]
        gains[s] += realised[i]
        fx_gains[s] += fx[i]
        charged[s] += fees[i * fee_step] * rates[i]
    return -1


def scan_at_average(
    codes: Codes, traded: Floats, prices: Floats, fees: Floats | None, rates: Floats | None,
    sizes: Floats,
) -> Scanned:  # fmt: skip
    """Run a scan at average cost, compiled when that pays."""
    scan = average_scan if rates is None else currency_scan
    runner = kernel(scan, _STEPS * len(codes))
    plain = runner is scan

    def zeros(size: int) -> Any:
        return [0.0] * size if plain else np.zeros(size)

    count, symbols = len(codes), len(sizes)
    inputs: list[Any] = [codes, traded, prices, np.zeros(1) if fees is None else fees]
    inputs = _as_lists(inputs) if plain else inputs
    step, scale = int(fees is not None), sizes.tolist() if plain else sizes
    realised, gains, charged, held, costs = (zeros(n) for n in (count, *[symbols] * 4))
    fx = fx_gains = None
    if rates is None:
        bad = runner(*inputs, step, scale, realised, gains, charged, held, costs)
    else:
        moved, by_symbol = zeros(count), zeros(symbols)
        given = rates.tolist() if plain else rates
        sums = (realised, moved, gains, by_symbol, charged, held, costs, zeros(symbols))
        bad = runner(*inputs, step, given, scale, *sums)
        fx, fx_gains = _array(moved), _array(by_symbol)
    done = [_array(x) for x in (realised, gains, charged, held, costs)]
    return Scanned(int(bad), done[0], fx, done[1], fx_gains, done[2], done[3], done[3] * done[4])


def scan_lots(
    codes: Codes, traded: Floats, prices: Floats, fees: Floats | None, rates: Floats | None,
    sizes: Floats, method: int,
) -> Scanned:  # fmt: skip
    """Run the step over lots, compiled when that pays."""
    runner = kernel(trade_lots, _STEPS * len(codes))
    plain = runner is trade_lots
    count, symbols = len(codes), len(sizes)

    def zeros(size: int) -> Any:
        return [0.0] * size if plain else np.zeros(size)

    inputs: list[Any] = [codes, traded, prices, np.ones(1) if rates is None else rates]
    inputs = _as_lists(inputs) if plain else inputs
    ends = np.cumsum(np.bincount(codes, minlength=symbols))
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    spans = [starts.tolist() if plain else starts.copy() for _ in range(2)]
    lots = [zeros(count), zeros(count)]
    # In one currency cost and base cost are one number, kept in one place.
    lots.append(lots[1] if rates is None else zeros(count))
    gains, moved = zeros(count), zeros(1 if rates is None else count)
    step = int(rates is not None)
    bad = runner(*inputs, step, method, *spans, *lots, gains, moved)
    held, costs = _open_lots(*spans, *lots[:2])
    return _booked(int(bad), codes, fees, rates, sizes, (_array(gains), _array(moved), held, costs))


def _booked(
    bad: int, codes: Codes, fees: Floats | None, rates: Floats | None, sizes: Floats,
    found: tuple[Floats, Floats, Floats, Floats],
) -> Scanned:  # fmt: skip
    """Money of the gains, and sums by symbol in the order of the fills."""
    realised, moved, held, costs = found
    symbols, fx = len(sizes), None
    if bool((sizes != 1.0).any()):
        realised = realised * sizes[codes]
        moved = moved * sizes[codes] if rates is not None else moved
    if rates is not None:
        realised, fx = realised * rates, moved
        fees = None if fees is None else fees * rates
    charged = np.zeros(symbols) if fees is None else _sums(codes, fees, symbols)
    fx_gains = None if fx is None else _sums(codes, fx, symbols)
    gains = _sums(codes, realised, symbols)
    return Scanned(bad, realised, fx, gains, fx_gains, charged, held, costs)


def _open_lots(heads: Any, tails: Any, quantities: Any, costs: Any) -> tuple[Floats, Floats]:
    """Quantity and cost of the open lots of each symbol, added from the oldest lot on."""
    starts, ends = np.asarray(heads, dtype=np.int64), np.asarray(tails, dtype=np.int64)
    counts = ends - starts
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    places = np.arange(len(owner)) + (starts - first)[owner]
    lots, prices = _array(quantities)[places], _array(costs)[places]
    return _sums(owner, lots, len(counts)), _sums(owner, lots * prices, len(counts))


def _sums(codes: Any, values: Floats, symbols: int) -> Floats:
    return np.bincount(codes, values, symbols).astype(np.float64, copy=False)


def _as_lists(columns: list[Any]) -> list[Any]:
    """Python floats: numpy's own are slower to compute with one by one."""
    return [column.tolist() for column in columns]


def _array(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)
