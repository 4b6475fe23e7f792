import functools
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.core.results import unexplained
from nautilus.marketdata.simulation import FIELDS, simulate_market, simulated_symbols

TEN_YEARS = {"start": "2010-01-04", "end": "2020-01-08"}
STOCKS = tuple(f"SIM{n:03d}" for n in range(1, 51))
SEEDS = range(12 if os.environ.get("NAUTILUS_PROVE") == "1" else 4)


def same(a, b, rows=slice(None), columns=slice(None)):
    return all(np.array_equal(getattr(a, f), getattr(b, f)[rows, columns]) for f in FIELDS)


# --- laws: deterministic, causal, independent of what else is asked for ---


def test_the_same_seed_gives_the_same_bytes():
    first, second = (simulate_market(seed=3, **TEN_YEARS) for _ in range(2))
    assert same(first, second)
    assert not same(first, simulate_market(seed=4, **TEN_YEARS))


@given(st.integers(0, 2000), st.integers(0, 500), st.integers(0, 2**32))
def test_a_later_end_never_changes_a_bar(days, more, seed):
    start = np.datetime64("2010-01-04")
    names = ("AAPL", "SPY", "TLT", "GLD")
    short = simulate_market(names, start=start, end=start + days, seed=seed)
    long = simulate_market(names, start=start, end=start + days + more, seed=seed)
    assert same(short, long, slice(len(short.times)))


@given(st.lists(st.sampled_from(simulated_symbols()), min_size=1, max_size=6, unique=True))
def test_other_symbols_never_change_a_symbol(names):
    together = simulate_market(names, start="2012-01-03", end="2013-01-03")
    for column, name in enumerate(names):
        alone = simulate_market([name], start="2012-01-03", end="2013-01-03")
        assert same(alone, together, columns=[column])


def test_a_later_start_shows_the_same_bars():
    late = simulate_market(["KO"], start="2015-06-01", end="2016-01-04")
    early = simulate_market(["KO"], start="2010-01-04", end="2016-01-04")
    assert same(late, early, slice(-len(late.times), None))


def test_bars_are_consistent_by_construction():
    market = simulate_market(**TEN_YEARS)
    body = np.stack([market.open, market.close])
    assert (market.high >= body.max(axis=0)).all()
    assert (market.low <= body.min(axis=0)).all()
    assert (market.low > 0).all()
    assert (market.volume >= 0).all()
    assert (market.volume == np.round(market.volume)).all()
    assert unexplained(market) == ()


def test_spy_and_the_index_are_the_market_itself():
    market = simulate_market(["SPY", "SP500"], **TEN_YEARS)
    spy, index = np.diff(np.log(market.close), axis=0).T
    np.testing.assert_allclose(spy, index, atol=2e-6)


def test_the_last_bars_of_the_default_world_are_known():
    market = simulate_market(["AAPL", "SPY", "TLT"], start="2024-12-31", end="2024-12-31")
    assert market.close.round(2).tolist() == [[159.33, 384.31, 146.44]]


def test_the_default_world_is_the_same_on_every_machine():
    """In millionths of a price: below that processors may round differently."""
    market = simulate_market(
        ["SPY", "AAPL", "TLT", *STOCKS[:20]], start="2010-01-04", end="2025-06-30"
    )
    millionths = np.round(np.stack([market.open, market.high, market.low, market.close]) * 1e6)
    digest = hashlib.sha256(
        millionths.astype("<i8").tobytes() + market.volume.astype("<i8").tobytes()
    )
    assert digest.hexdigest() == "c53f557c91a820520ff846b6a875da69ffab314fb7101593356eda14f44f5f90"


# --- stylised facts of daily returns (Cont 2001), medians over 50 stocks ---


def autocorrelation(x, lag):
    x = x - x.mean(axis=0)
    return (x[lag:] * x[:-lag]).sum(axis=0) / (x * x).sum(axis=0)


def excess_kurtosis(x):
    x = x - x.mean(axis=0)
    return (x**4).mean(axis=0) / (x**2).mean(axis=0) ** 2 - 3


def skewness(x):
    x = x - x.mean(axis=0)
    return (x**3).mean(axis=0) / (x**2).mean(axis=0) ** 1.5


def hill(x, share=0.05):
    tail = np.sort(np.abs(x), axis=0)[::-1]
    k = int(share * len(tail))
    return 1 / np.log(tail[:k] / tail[k]).mean(axis=0)


def leverage(x, horizon=10):
    sums = np.cumsum(np.vstack([np.zeros(x.shape[1]), np.abs(x)]), axis=0)
    later = (sums[horizon + 1 :] - sums[1:-horizon]) / horizon
    now = x[:-horizon]
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(now.T, later.T, strict=True)])


def pair_correlation(x):
    table = np.corrcoef(x.T)
    return table[np.triu_indices(len(table), 1)].mean()


@functools.cache
def simulated(seed):
    market = simulate_market(["SP500", "TLT", "GLD", *STOCKS], seed=seed, **TEN_YEARS)
    returns = np.diff(np.log(market.close), axis=0)
    return market, returns[:, 0], returns[:, 3:], returns


@pytest.fixture(scope="module", params=SEEDS)
def world(request):
    return simulated(request.param)


def kurtosis_ratio(stocks):
    """Of returns over 20 days to those over one, medians over the stocks."""
    months = stocks[: len(stocks) // 20 * 20].reshape(-1, 20, stocks.shape[1]).sum(axis=1)
    return np.median(excess_kurtosis(months)) / np.median(excess_kurtosis(stocks))


def test_volatility(world):
    _, market, stocks, returns = world
    assert 0.15 < np.median(stocks.std(axis=0)) * 252**0.5 < 0.35
    assert 0.10 < market.std() * 252**0.5 < 0.20
    assert 0.10 < returns[:, 1].std() * 252**0.5 < 0.18
    assert 0.12 < returns[:, 2].std() * 252**0.5 < 0.20


def test_no_linear_autocorrelation(world):
    _, market, stocks, _ = world
    assert abs(np.median(autocorrelation(stocks, 1))) < 0.06
    assert abs(autocorrelation(market[:, None], 1)[0]) < 0.12


def test_heavy_tails(world):
    _, market, stocks, _ = world
    assert 2 < np.median(excess_kurtosis(stocks)) < 12
    assert 2.5 < np.median(hill(stocks)) < 5
    assert excess_kurtosis(market) > 2


def test_monthly_returns_are_closer_to_normal(world):
    _, _, stocks, _ = world
    assert kurtosis_ratio(stocks) < 1


def test_over_the_seeds_monthly_returns_have_less_than_half_the_excess_kurtosis():
    assert np.median([kurtosis_ratio(simulated(seed)[2]) for seed in SEEDS]) < 0.5


def test_gains_and_losses_differ_little_in_a_stock_and_may_in_the_market(world):
    _, market, stocks, _ = world
    assert -0.3 < np.median(skewness(stocks)) < 0.2
    assert -1.5 < skewness(market) < 1.0


def test_volatility_clusters_and_decays_slowly(world):
    _, _, stocks, _ = world
    by_lag = {k: np.median(autocorrelation(np.abs(stocks), k)) for k in (1, 5, 20, 60)}
    assert by_lag[1] > 0.05
    assert by_lag[5] > 0.03
    assert by_lag[20] > 0.01
    assert by_lag[60] > -0.02


def test_leverage(world):
    _, market, stocks, _ = world
    assert np.median(leverage(stocks)) < -0.005
    assert leverage(market[:, None])[0] < -0.03


def test_volume_follows_volatility(world):
    market, _, stocks, _ = world
    volume = market.volume[1:, 3:]
    found = [np.corrcoef(v, np.abs(r))[0, 1] for v, r in zip(volume.T, stocks.T, strict=True)]
    assert 0.3 < np.median(found) < 0.7


def test_correlation_rises_with_the_market(world):
    _, market, stocks, _ = world
    first_share = np.linalg.eigvalsh(np.corrcoef(stocks.T))[-1] / stocks.shape[1]
    large = np.abs(market) >= np.quantile(np.abs(market), 0.8)
    assert 0.2 < pair_correlation(stocks) < 0.45
    assert 0.2 < first_share < 0.5
    assert pair_correlation(stocks[large]) > 2 * pair_correlation(stocks[~large])


def test_bonds_rise_when_the_market_falls(world):
    _, market, _, returns = world
    assert -0.6 < np.corrcoef(market, returns[:, 1])[0, 1] < -0.15


# --- views, and what is refused ---


def test_frames_say_that_they_are_simulated():
    market = simulate_market(["SPY", "KO"], start="2024-01-02", end="2024-01-03")
    assert market.prices().columns.tolist() == ["SPY", "KO"]
    assert market.prices("volume").shape == (2, 2)
    assert market.bars("KO").columns.tolist() == list(FIELDS)
    long = market.to_frame()
    assert set(long["source"]) == {"simulated"}
    assert long["symbol"].tolist() == ["SPY", "KO"] * 2
    assert "no price in it ever traded" in market.bars("KO").attrs["caveat"]


def test_numpy_is_enough():
    code = (
        "import sys; from nautilus.marketdata import simulate_market;"
        "simulate_market(start='2020-01-02', end='2020-02-03');"
        "print(*(m in sys.modules for m in ('pandas', 'polars', 'scipy', 'numba')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 4


def test_a_symbol_that_is_not_published():
    with pytest.raises(NotFoundError, match=r"'SPYY' is not simulated. Did you mean SPY"):
        simulate_market(["SPYY"], **TEN_YEARS)
    market = simulate_market(["SPY"], start="2024-01-02", end="2024-01-02")
    with pytest.raises(NotFoundError, match="'SPX' is not in this market"):
        market.bars("SPX")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"start": "2009-12-31"}, r"`start` must be in 2010-01-04..2060-12-31, where"),
        ({"end": "2061-01-01"}, r"`end` must be in 2010-01-04..2060-12-31"),
        ({"start": "2015-01-02", "end": "2014-01-02"}, "`end` 2014-01-02 is before `start`"),
        ({"seed": -1}, "`seed` must be a whole number of at least 0, got -1"),
        ({"symbols": []}, "`symbols` must name each symbol once, got none"),
        ({"symbols": ["KO", "KO"]}, "`symbols` must name each symbol once, got KO, KO"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ParameterError, match=message):
        simulate_market(**{**TEN_YEARS, **options})


def test_a_timeframe_that_does_not_exist():
    with pytest.raises(ParameterError, match="`timeframe` must be one of '1m', '5m'"):
        simulate_market(timeframe="2h", **TEN_YEARS)
