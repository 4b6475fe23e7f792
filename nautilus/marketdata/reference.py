"""What each known symbol is: name, sector, asset class, exchange, currency.

Two sector classifications: `example` is the one of the documented REST examples, in which the five
large names are `technology`; `gics` is the Global Industry Classification Standard.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from nautilus.core.checks import check_choice
from nautilus.core.errors import NotFoundError

__all__ = ["Instrument", "asset_class", "find_instrument", "known_symbols", "sectors"]

CLASSIFICATIONS = ("example", "gics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One symbol.

    Parameters
    ----------
    symbol, name : str
    kind : {"stock", "etf", "index"}
    asset_class : {"equity", "fixed_income", "commodity"}
    sector : str or None
        In the classification of the documented examples; None for funds and indices.
    gics_sector : str or None
    exchange : str or None
        Market identifier code (ISO 10383); None for an index.
    currency : str
    simulated : bool
        The symbol exists in the simulated market only.
    classification : str
        What `sector` follows.

    Examples
    --------
    >>> find_instrument("TSLA").sector, find_instrument("TSLA").gics_sector
    ('technology', 'consumer_discretionary')
    """

    symbol: str
    name: str
    kind: str = "stock"
    asset_class: str = "equity"
    sector: str | None = None
    gics_sector: str | None = None
    exchange: str | None = "XNYS"
    currency: str = "USD"
    simulated: bool = False
    classification: str = "example"


GICS_SECTORS = (
    "communication_services",
    "consumer_discretionary",
    "consumer_staples",
    "energy",
    "financials",
    "health_care",
    "industrials",
    "information_technology",
    "materials",
    "real_estate",
    "utilities",
)

# symbol, name, GICS sector, exchange over the years of the sample
_STOCKS = (
    ("AAPL", "Apple Inc.", "information_technology", "XNAS"),
    ("MSFT", "Microsoft Corporation", "information_technology", "XNAS"),
    ("GOOGL", "Alphabet Inc. Class A", "communication_services", "XNAS"),
    ("TSLA", "Tesla, Inc.", "consumer_discretionary", "XNAS"),
    ("NVDA", "NVIDIA Corporation", "information_technology", "XNAS"),
    ("AMD", "Advanced Micro Devices, Inc.", "information_technology", "XNAS"),
    ("BAC", "Bank of America Corporation", "financials", "XNYS"),
    ("BBY", "Best Buy Co., Inc.", "consumer_discretionary", "XNYS"),
    ("CVX", "Chevron Corporation", "energy", "XNYS"),
    ("GE", "General Electric Company", "industrials", "XNYS"),
    ("HD", "The Home Depot, Inc.", "consumer_discretionary", "XNYS"),
    ("JNJ", "Johnson & Johnson", "health_care", "XNYS"),
    ("JPM", "JPMorgan Chase & Co.", "financials", "XNYS"),
    ("KO", "The Coca-Cola Company", "consumer_staples", "XNYS"),
    ("LLY", "Eli Lilly and Company", "health_care", "XNYS"),
    ("MRK", "Merck & Co., Inc.", "health_care", "XNYS"),
    ("PEP", "PepsiCo, Inc.", "consumer_staples", "XNAS"),
    ("PFE", "Pfizer Inc.", "health_care", "XNYS"),
    ("PG", "The Procter & Gamble Company", "consumer_staples", "XNYS"),
    ("RRC", "Range Resources Corporation", "energy", "XNYS"),
    ("UNH", "UnitedHealth Group Incorporated", "health_care", "XNYS"),
    ("WMT", "Walmart Inc.", "consumer_staples", "XNYS"),
    ("XOM", "Exxon Mobil Corporation", "energy", "XNYS"),
)
_EXAMPLE_TECHNOLOGY = ("AAPL", "MSFT", "GOOGL", "TSLA", "NVDA")
_FUNDS = (
    Instrument(symbol="SPY", name="SPDR S&P 500 ETF Trust", kind="etf", exchange="ARCX"),
    Instrument(
        symbol="TLT",
        name="iShares 20+ Year Treasury Bond ETF",
        kind="etf",
        asset_class="fixed_income",
        exchange="XNAS",
    ),
    Instrument(
        symbol="GLD",
        name="SPDR Gold Shares",
        kind="etf",
        asset_class="commodity",
        exchange="ARCX",
    ),
    Instrument(symbol="SP500", name="S&P 500 price index", kind="index", exchange=None),
)
_SIMULATED_COUNT = 500
_SYMBOL_ALIASES = {"GOOG": "GOOGL", "SPX": "SP500", "^GSPC": "SP500", "GSPC": "SP500"}
_ASSET_CLASS_ALIASES = {
    "equity": "equity",
    "equities": "equity",
    "stock": "equity",
    "stocks": "equity",
    "fixed_income": "fixed_income",
    "bond": "fixed_income",
    "bonds": "fixed_income",
    "commodity": "commodity",
    "commodities": "commodity",
    "cash": "cash",
}


def find_instrument(symbol: str) -> Instrument:
    """The instrument of a symbol or of one of its aliases, in any case.

    Parameters
    ----------
    symbol : str

    Returns
    -------
    Instrument

    Raises
    ------
    NotFoundError
        Unknown; close names are given.

    Examples
    --------
    >>> find_instrument("^gspc").symbol
    'SP500'
    """
    wanted = str(symbol).upper()
    found = _BY_SYMBOL.get(_SYMBOL_ALIASES.get(wanted, wanted))
    if found is None:
        raise NotFoundError(
            f"unknown symbol {symbol!r}.{close_names(wanted, _BY_SYMBOL)}", field="symbol"
        )
    return found


def known_symbols(*, simulated: bool = True) -> tuple[str, ...]:
    """All symbols with reference data, documented ones first.

    Parameters
    ----------
    simulated : bool
        Also those that exist in the simulated market only (SIM001 ...).

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> known_symbols()[:3], len(known_symbols(simulated=False))
    (('AAPL', 'MSFT', 'GOOGL'), 27)
    """
    return tuple(s for s, i in _BY_SYMBOL.items() if simulated or not i.simulated)


def sectors(
    symbols: Iterable[str] | None = None, *, classification: str = "example"
) -> dict[str, str]:
    """Sector by symbol; funds and indices, which have none, are left out.

    Parameters
    ----------
    symbols : iterable of str, optional
        All known ones by default.
    classification : {"example", "gics"}

    Returns
    -------
    dict of symbol -> sector

    Raises
    ------
    NotFoundError, ParameterError

    Examples
    --------
    >>> sectors(["AAPL", "XOM", "SPY"])
    {'AAPL': 'technology', 'XOM': 'energy'}
    """
    check_choice(classification, "classification", CLASSIFICATIONS)
    names = known_symbols() if symbols is None else symbols
    found = ((name, find_instrument(name)) for name in names)
    pairs = ((n, i.sector if classification == "example" else i.gics_sector) for n, i in found)
    return {name: sector for name, sector in pairs if sector is not None}


def asset_class(word: str) -> str:
    """The asset class behind either vocabulary of the documented API.

    Parameters
    ----------
    word : str
        Such as "equity", "equities" or "bonds", in any case.

    Returns
    -------
    str
        "equity", "fixed_income", "commodity" or "cash".

    Raises
    ------
    NotFoundError
        Unknown; the known words are given.

    Examples
    --------
    >>> asset_class("equities"), asset_class("bonds")
    ('equity', 'fixed_income')
    """
    found = _ASSET_CLASS_ALIASES.get(str(word).lower())
    if found is None:
        raise NotFoundError(
            f"unknown asset class {word!r}. Known are {', '.join(_ASSET_CLASS_ALIASES)}.",
            field="asset_class",
        )
    return found


def close_names(wanted: str, known: Iterable[str]) -> str:
    """` Did you mean ...?` for an error message, or nothing when no name is close."""
    matches = difflib.get_close_matches(wanted, list(known), n=3, cutoff=0.5)
    return f" Did you mean {', '.join(matches)}?" if matches else ""


def _stock(symbol: str, name: str, gics: str, exchange: str) -> Instrument:
    technology = gics == "information_technology" or symbol in _EXAMPLE_TECHNOLOGY
    return Instrument(
        symbol=symbol,
        name=name,
        sector="technology" if technology else gics,
        gics_sector=gics,
        exchange=exchange,
    )


def _simulated_stock(number: int) -> Instrument:
    symbol = f"SIM{number:03d}"
    byte = hashlib.sha256(symbol.encode()).digest()[0]
    gics = GICS_SECTORS[byte % len(GICS_SECTORS)]
    return Instrument(
        symbol=symbol,
        name=f"Simulated company {number}",
        sector="technology" if gics == "information_technology" else gics,
        gics_sector=gics,
        exchange=None,
        simulated=True,
    )


_BY_SYMBOL = {
    i.symbol: i
    for i in (
        *(_stock(*row) for row in _STOCKS[:5]),
        *_FUNDS,
        *(_stock(*row) for row in _STOCKS[5:]),
        *(_simulated_stock(n) for n in range(1, _SIMULATED_COUNT + 1)),
    )
}
