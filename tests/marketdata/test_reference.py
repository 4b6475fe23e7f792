import pytest

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata.reference import (
    asset_class,
    find_instrument,
    known_symbols,
    sectors,
)


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "GOOGL", "TSLA", "NVDA"])
def test_the_documented_five_are_technology_as_in_the_examples(symbol):
    found = find_instrument(symbol)
    assert (found.sector, found.classification) == ("technology", "example")


def test_gics_differs_where_the_examples_simplify():
    assert sectors(["GOOGL", "TSLA", "AAPL"], classification="gics") == {
        "GOOGL": "communication_services",
        "TSLA": "consumer_discretionary",
        "AAPL": "information_technology",
    }


@pytest.mark.parametrize(
    "symbol, kind, cls",
    [
        ("SPY", "etf", "equity"),
        ("TLT", "etf", "fixed_income"),
        ("GLD", "etf", "commodity"),
        ("SP500", "index", "equity"),
    ],
)
def test_funds_have_a_class_and_no_sector(symbol, kind, cls):
    found = find_instrument(symbol)
    assert (found.kind, found.asset_class, found.sector, found.currency) == (kind, cls, None, "USD")
    assert sectors([symbol]) == {}


def test_every_sample_stock_has_a_sector():
    from nautilus.marketdata.samples import load_sample

    columns = list(load_sample("us_stocks", start="2022-12-27").columns)
    assert set(sectors(columns)) == set(columns)


def test_simulated_names_are_marked():
    assert find_instrument("SIM007").simulated
    assert len(known_symbols()) == len(known_symbols(simulated=False)) + 500


def test_both_vocabularies_of_asset_classes():
    assert {asset_class(w) for w in ("equity", "equities", "Equities")} == {"equity"}
    assert asset_class("commodities") == "commodity"
    with pytest.raises(NotFoundError, match=r"unknown asset class 'art'. Known are equity"):
        asset_class("art")


def test_an_unknown_symbol_names_close_ones():
    with pytest.raises(NotFoundError, match=r"unknown symbol 'APPL'. Did you mean .*AAPL"):
        find_instrument("APPL")


def test_an_unknown_classification():
    with pytest.raises(ParameterError, match="`classification` must be one of 'example', 'gics'"):
        sectors(classification="icb")
