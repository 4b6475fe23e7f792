"""Real prices, from the folder that NAUTILUS_TEST_DATA names; without it nothing is collected."""

import os
import pathlib

import pytest

from nautilus.analytics import simple_returns
from nautilus.marketdata import read_prices

FOLDER = os.environ.get("NAUTILUS_TEST_DATA")

if not FOLDER:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def folder():
    return pathlib.Path(FOLDER)


@pytest.fixture(scope="session")
def stocks(folder):
    """Adjusted closes of 88 stocks, 2012 to 2017."""
    return read_prices(folder / "equities/stocknet88_daily.parquet", field="adjusted_close")


@pytest.fixture(scope="session")
def spy(folder):
    """Total returns of SPY, 2007-12 to 2017-12."""
    prices = read_prices(folder / "equities/long_daily.parquet", field="adjusted_close")
    return simple_returns(prices["SPY"].dropna()).iloc[1:]


@pytest.fixture(scope="session")
def hundred(folder):
    """Returns of 100 large companies, 2017 to 2020."""
    return simple_returns(read_prices(folder / "equities/us100_close_wide.parquet")).iloc[1:]
