"""Simulated fundamentals of the stocks of the reference list. Nothing in them was reported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from nautilus.core.errors import DataError
from nautilus.marketdata.reference import find_instrument

__all__ = ["simulate_fundamentals"]

# Medians and log spreads of a broad list of large companies, in shares and USD.
SHARES, SHARES_SPREAD = 1.0e9, 0.7
BOOK_PER_SHARE, BOOK_SPREAD = 25.0, 0.6
ASSETS_PER_BOOK, ASSETS_SPREAD = 2.2, 0.4
PROFIT_PER_ASSETS, PROFIT_SPREAD = 0.30, 0.45


def simulate_fundamentals(symbols: Iterable[str], *, seed: int = 0) -> dict[str, dict[str, float]]:
    """Simulated facts of companies by fact and symbol; the same seed gives the same numbers.

    They are constant over time and independent of the simulated prices: drawn once per company
    from lognormal distributions, book value and assets related to each other. A factor built on
    them is expected to earn nothing.

    Parameters
    ----------
    symbols : iterable of str
        Stocks of the reference list, the simulated ones included.
    seed : int

    Returns
    -------
    dict of fact -> dict of symbol -> number
        ``shares_outstanding`` in shares; ``book_value``, ``total_assets`` and ``gross_profit`` (of
        a year) in USD.

    Raises
    ------
    NotFoundError
        Unknown symbol.
    DataError
        A fund or an index, which have none.

    Examples
    --------
    >>> facts = simulate_fundamentals(["AAPL", "MSFT"])
    >>> sorted(facts), facts["book_value"]["AAPL"] > 0
    (['book_value', 'gross_profit', 'shares_outstanding', 'total_assets'], True)
    """
    found: dict[str, dict[str, float]] = {
        "shares_outstanding": {}, "book_value": {}, "total_assets": {}, "gross_profit": {}
    }  # fmt: skip
    for symbol in symbols:
        instrument = find_instrument(symbol)
        if instrument.kind != "stock":
            raise DataError(f"{symbol!r} is no stock and has no fundamentals.", field="symbols")
        for fact, value in _company(instrument.symbol, seed).items():
            found[fact][symbol] = value
    return found


def _company(symbol: str, seed: int) -> dict[str, float]:
    digest = hashlib.sha256(f"fundamentals/{symbol}".encode()).digest()[:16]
    words = np.frombuffer(digest, dtype="<u4").tolist()
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
    draws = generator.standard_normal(4).tolist()
    spreads = (SHARES_SPREAD, BOOK_SPREAD, ASSETS_SPREAD, PROFIT_SPREAD)
    scales = [float(np.exp(spread * z)) for spread, z in zip(spreads, draws, strict=True)]
    shares = float(round(SHARES * scales[0]))
    book = shares * BOOK_PER_SHARE * scales[1]
    assets = book * ASSETS_PER_BOOK * max(scales[2], 1.0 / ASSETS_PER_BOOK)
    profit = assets * PROFIT_PER_ASSETS * scales[3]
    return {
        "shares_outstanding": shares,
        "book_value": book,
        "total_assets": assets,
        "gross_profit": profit,
    }
