import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from nautilus.core.errors import DataError, MissingExtraError, NotFoundError, ParameterError
from nautilus.marketdata import samples
from nautilus.marketdata.samples import available_samples, load_sample


def test_twenty_stocks_with_their_caveat():
    prices = load_sample("us_stocks")
    assert prices.shape == (8313, 20)
    assert prices.loc["2022-12-28", "AAPL"] == 125.674
    assert prices.index.is_monotonic_increasing
    assert prices.index.tz is None
    assert "hindsight" in prices.attrs["caveat"]
    assert "no dividends to book" in prices.attrs["caveat"]
    assert prices.attrs["source"] == "skfolio.datasets sp500_dataset"


def test_the_index_has_the_sessions_of_the_stocks():
    index, stocks = load_sample("sp500_index"), load_sample("us_stocks")
    assert index.index.equals(stocks.index)
    assert list(index.columns) == ["SP500"]
    assert "without dividends" in index.attrs["caveat"]


@pytest.mark.parametrize("name", ["sp500_ohlcv", "nasdaq_ohlcv"])
def test_index_bars_contain_their_open_and_close(name):
    bars = load_sample(name)
    assert list(bars.columns) == ["open", "high", "low", "close", "adjusted_close", "volume"]
    assert len(bars) == 5031
    body = bars[["open", "close"]]
    assert (bars["high"] >= body.max(axis=1) - 0.01).mean() > 0.999
    assert (bars["low"] <= body.min(axis=1) + 0.01).mean() > 0.999


def test_a_hole_of_the_file_is_nan():
    vix = load_sample("vix")
    assert vix["VIX"].isna().sum() == 46
    assert vix["VIX"].iloc[-1] == 25.45


def test_start_and_end_are_included():
    prices = load_sample("us_stocks", start="2020-03-16", end="2020-03-18")
    assert prices.index.strftime("%Y-%m-%d").tolist() == ["2020-03-16", "2020-03-17", "2020-03-18"]


def test_equal_to_the_package_itself():
    import pandas as pd

    path = samples._locate(samples._SAMPLES["us_stocks"], "us_stocks")
    theirs = pd.read_csv(path, index_col="Date", parse_dates=True)
    np.testing.assert_array_equal(load_sample("us_stocks").to_numpy(), theirs.to_numpy())


def test_the_packages_are_not_imported():
    code = (
        "import sys; from nautilus.marketdata import load_sample;"
        "load_sample('us_stocks'); load_sample('vix');"
        "print(*(m in sys.modules for m in ('skfolio', 'arch', 'sklearn')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 3


def test_every_sample_has_a_caveat():
    assert all(len(caveat) > 40 for caveat in available_samples().values())


def test_an_unknown_sample_names_close_ones():
    with pytest.raises(NotFoundError, match=r"unknown sample 'us_stock'. Did you mean us_stocks"):
        load_sample("us_stock")


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"needs the extra `samples`. pip install 'nautilu"):
        load_sample("us_stocks")
    with pytest.raises(MissingExtraError, match="'vix' needs the package arch"):
        load_sample("vix")


def test_dates_outside_or_in_the_wrong_order():
    with pytest.raises(ParameterError, match="`end` 2019-01-01 is before `start` 2020-01-01"):
        load_sample("us_stocks", start="2020-01-01", end="2019-01-01")
    with pytest.raises(DataError, match=r"runs 1990-01-02..2022-12-28; nothing is left"):
        load_sample("us_stocks", start="2024-01-01")
