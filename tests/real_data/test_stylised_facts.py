"""The bands in which the simulated market is tested hold for real stocks too."""

import importlib.util
import pathlib
from types import SimpleNamespace

import numpy as np
import pytest

from nautilus.marketdata import read_prices

PATH = pathlib.Path(__file__).parents[1] / "marketdata/test_simulation.py"
FACTS = (
    "test_no_linear_autocorrelation",
    "test_heavy_tails",
    "test_monthly_returns_are_closer_to_normal",
    "test_volatility_clusters_and_decays_slowly",
    "test_leverage",
    "test_volume_follows_volatility",
    "test_correlation_rises_with_the_market",
    "test_bonds_rise_when_the_market_falls",
)


@pytest.fixture(scope="module")
def simulation():
    spec = importlib.util.spec_from_file_location("simulation_bands", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world(folder, stocks):
    """What the simulation's tests take: 81 stocks, SPY and TLT from 2012-09 to 2016-07."""
    funds = read_prices(folder / "equities/etf23_close_wide.parquet")
    volume = read_prices(folder / "equities/stocknet88_daily.parquet", field="volume")
    whole = stocks.columns[stocks.notna().all()]
    days = stocks.index.intersection(funds.index)
    prices = [funds.loc[days, ["SPY", "TLT", "SPY"]], stocks.loc[days, whole]]
    returns = np.diff(np.log(np.column_stack(prices)), axis=0)
    traded = np.column_stack([np.zeros((len(days), 3)), volume.loc[days, whole]])
    return SimpleNamespace(volume=traded), returns[:, 0], returns[:, 3:], returns


@pytest.mark.parametrize("fact", FACTS)
def test_real_stocks_lie_in_the_band_of(fact, simulation, world):
    getattr(simulation, fact)(world)


def test_volatility_lies_in_the_bands_of_the_simulation(world):
    _, market, stocks, returns = world
    assert stocks.shape[1] == 81
    assert 0.15 < np.median(stocks.std(axis=0)) * 252**0.5 < 0.35
    assert 0.10 < market.std() * 252**0.5 < 0.20
    assert 0.10 < returns[:, 1].std() * 252**0.5 < 0.18


@pytest.mark.parametrize(
    "fact",
    [
        "test_heavy_tails",
        "test_volatility_clusters_and_decays_slowly",
        "test_leverage",
        "test_volume_follows_volatility",
        "test_correlation_rises_with_the_market",
        "test_bonds_rise_when_the_market_falls",
    ],
)
def test_independent_normal_returns_lie_outside(fact, simulation, world):
    rng = np.random.default_rng(1)
    returns = rng.normal(0, 0.01, world[3].shape)
    noise = SimpleNamespace(volume=rng.random(world[0].volume.shape))
    with pytest.raises(AssertionError):
        getattr(simulation, fact)((noise, returns[:, 0], returns[:, 3:], returns))
