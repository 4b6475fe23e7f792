"""Every indicator against TA-Lib, `ta` or its definition in numpy, on made-up and real bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import ta
import talib

import nautilus as nt
from nautilus import indicators as i


def made_up(seed, scale=1.0, level=100.0, tick=None, length=700):
    rng = np.random.default_rng(seed)
    close = level * np.exp(np.cumsum(rng.normal(0, 0.01 * scale, length)))
    open_ = np.append(close[0], close[:-1]) * np.exp(rng.normal(0, 0.004 * scale, length))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.004 * scale, length)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.004 * scale, length)))
    volume = np.rint(rng.lognormal(12, 0.7, length))
    prices = [open_, high, low, close]
    if tick is not None:
        prices = [np.rint(x / tick) * tick for x in prices]
    return pd.DataFrame(
        dict(zip(("open", "high", "low", "close", "volume"), [*prices, volume], strict=True))
    )


def real():
    sample = nt.marketdata.load_sample("sp500_ohlcv")
    return sample[["open", "high", "low", "close", "volume"]].reset_index(drop=True)


DATA = {
    "random": lambda: made_up(1),
    "in ticks": lambda: made_up(2, tick=0.25),
    "high level": lambda: made_up(3, scale=1e-4, level=1e6),
    "S&P 500": real,
}


@pytest.fixture(scope="module", params=DATA)
def bars(request):
    frame = DATA[request.param]()
    return {name: frame[name].to_numpy(dtype=np.float64) for name in frame}


def close_to(found, expected, scale, late=0):
    """Equal to 1e-9 of a scale where both are there; neither has values that the other lacks."""
    found, expected = np.asarray(found)[late:], np.asarray(expected)[late:]
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    there = ~np.isnan(found)
    np.testing.assert_allclose(found[there], expected[there], rtol=1e-9, atol=1e-9 * scale)


def both(names, found, expected, scale):
    for name, a, b in zip(names, found, expected, strict=True):
        assert name
        close_to(a, b, scale)


def test_talib_agrees_bar_by_bar(bars):
    h, low, c, v = (bars[n] for n in ("high", "low", "close", "volume"))
    level = np.abs(c).max()
    close_to(i.sma(c, 20), talib.SMA(c, 20), level)
    close_to(i.ema(c, 20), talib.EMA(c, 20), level)
    close_to(i.rsi(c, 14), talib.RSI(c, 14), 100)
    close_to(i.williams_r(h, low, c), talib.WILLR(h, low, c, 14), 100)
    close_to(i.momentum(c), talib.MOM(c, 10), level)
    close_to(i.roc(c), talib.ROC(c, 10), 100)
    close_to(i.ultimate_oscillator(h, low, c), talib.ULTOSC(h, low, c), 100)
    close_to(i.commodity_channel_index(h, low, c), talib.CCI(h, low, c, 20), 1e3)
    close_to(i.standard_deviation(c, 20), talib.STDDEV(c, 20), level)
    close_to(i.linear_regression(c, 14).value, talib.LINEARREG(c, 14), level)
    close_to(i.linear_regression(c, 14).slope, talib.LINEARREG_SLOPE(c, 14), level)
    close_to(i.atr(h, low, c), talib.ATR(h, low, c, 14), level)
    close_to(i.obv(c, v), talib.OBV(c, v), v.sum())
    close_to(i.accumulation_distribution(h, low, c, v), talib.AD(h, low, c, v), v.sum())
    close_to(i.money_flow_index(h, low, c, v), talib.MFI(h, low, c, v, 14), 100)
    close_to(i.volume_sma(v, 20), talib.SMA(v, 20), v.max())
    close_to(i.parabolic_sar(h, low).sar, talib.SAR(h, low), level)
    upper, middle, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    found = i.bollinger_bands(c)
    both(found._fields[:3], found[:3], (upper, middle, lower), level)


def test_talib_agrees_where_it_begins_later(bars):
    """It blanks %K until %D is there, and begins the fast average of the MACD anew."""
    h, low, c = (bars[n] for n in ("high", "low", "close"))
    k, d = talib.STOCH(h, low, c, 14, 3, 0, 3, 0)
    found = i.stochastic(h, low, c)
    close_to(found.k, k, 100, late=17)
    close_to(found.d, d, 100)
    line, signal, histogram = talib.MACD(c, 12, 26, 9)
    ours, level = i.macd(c), np.abs(c).max()
    for a, b in zip(ours, (line, signal, histogram), strict=True):
        close_to(a, b, level, late=400)
    close_to(i.ppo(c).line, talib.PPO(c, 12, 26, talib.MA_Type.EMA), 100)


def test_talibs_newer_functions_agree(bars):
    h, low, c, v = (bars[n] for n in ("high", "low", "close", "volume"))
    close_to(i.chaikin_money_flow(h, low, c, v), talib.CMF(h, low, c, v, 20), 1.0)
    close_to(i.vwap(h, low, c, v), talib.VWAP(h, low, c, v), np.abs(c).max())


def test_ta_agrees_where_it_is_right(bars):
    frame = pd.DataFrame(bars)
    h, low, c, v = (frame[n] for n in ("high", "low", "close", "volume"))
    level = np.abs(c).max()
    bands = ta.volatility.BollingerBands(c, 20, 2)
    close_to(i.bollinger_bands(c).upper, bands.bollinger_hband(), level)
    close_to(100 * i.bollinger_width(c), bands.bollinger_wband(), 100)
    close_to(i.bollinger_bands(c).position, bands.bollinger_pband(), 1e3)
    fast = ta.momentum.StochasticOscillator(h, low, c, 14, 3).stoch()
    close_to(i.stochastic(h, low, c, 14, 1, 3).k, fast, 100)
    cmf = ta.volume.ChaikinMoneyFlowIndicator(h, low, c, v, 20).chaikin_money_flow()
    close_to(i.chaikin_money_flow(h, low, c, v), cmf, 1.0)
    lines = ta.trend.IchimokuIndicator(h, low, 9, 26, 52, visual=False)
    found = i.ichimoku(h, low)
    close_to(found.tenkan, lines.ichimoku_conversion_line(), level, late=60)
    close_to(found.kijun, lines.ichimoku_base_line(), level, late=60)
    close_to(found.senkou_a, lines.ichimoku_a(), level, late=60)
    close_to(found.senkou_b, lines.ichimoku_b(), level, late=60)
    channel = ta.volatility.KeltnerChannel(h, low, c, 20, 10, original_version=False, multiplier=2)
    ours = i.keltner_channels(h, low, c)
    for a, b in (
        (ours.middle, channel.keltner_channel_mband()),
        (ours.upper, channel.keltner_channel_hband()),
    ):
        close_to(a, b, level, late=500)


def test_the_definitions_in_numpy(bars):
    o, h, low, c = (pd.Series(bars[n]) for n in ("open", "high", "low", "close"))
    returns = np.log(c).diff()
    close_to(i.historical_volatility(c), returns.rolling(20).std() * 252**0.5, 1.0)
    variance = 0.5 * np.log(h / low) ** 2 - (2 * np.log(2) - 1) * np.log(c / o) ** 2
    mean = variance.rolling(20).mean().clip(lower=0)
    close_to(i.garman_klass_volatility(o, h, low, c), np.sqrt(mean * 252), 1.0)
    typical, v = (h + low + c) / 3, pd.Series(bars["volume"])
    rolling = (typical * v).rolling(20).sum() / v.rolling(20).sum()
    close_to(i.rolling_vwap(h, low, c, v), rolling, np.abs(c).max())
    clouds = i.ichimoku(h, low)
    close_to(clouds.cloud_a, clouds.senkou_a.shift(26), 1.0)
    close_to(clouds.cloud_b, clouds.senkou_b.shift(26), 1.0)
    line = i.linear_regression(c, 14)
    x = np.arange(14.0)
    for t in (13, 200, 699):
        y = c.to_numpy()[t - 13 : t + 1]
        np.testing.assert_allclose(line.r_squared[t], np.corrcoef(x, y)[0, 1] ** 2, rtol=1e-6)


def test_the_macd_is_the_difference_of_two_averages_to_the_bit(bars):
    c = bars["close"]
    found = i.macd(c)
    np.testing.assert_array_equal(found.line, i.ema(c, 12) - i.ema(c, 26))
    np.testing.assert_array_equal(found.histogram, found.line - found.signal)


FLAT = np.full(60, 7.3)
NEUTRAL = {
    "rsi": (i.rsi(FLAT), 50.0),
    "stochastic": (i.stochastic(FLAT, FLAT, FLAT).d, 50.0),
    "commodity_channel_index": (i.commodity_channel_index(FLAT, FLAT, FLAT), 0.0),
    "williams_r": (i.williams_r(FLAT, FLAT, FLAT), -50.0),
    "money_flow_index": (i.money_flow_index(FLAT, FLAT, FLAT, FLAT), 50.0),
    "ultimate_oscillator": (i.ultimate_oscillator(FLAT, FLAT, FLAT), 50.0),
    "position": (i.bollinger_bands(FLAT).position, 0.5),
    "bollinger_width": (i.bollinger_width(FLAT), 0.0),
    "standard_deviation": (i.standard_deviation(FLAT), 0.0),
    "slope": (i.linear_regression(FLAT).slope, 0.0),
    "historical_volatility": (i.historical_volatility(FLAT), 0.0),
    "garman_klass_volatility": (i.garman_klass_volatility(FLAT, FLAT, FLAT, FLAT), 0.0),
    "atr": (i.atr(FLAT, FLAT, FLAT), 0.0),
    "chaikin_money_flow": (i.chaikin_money_flow(FLAT, FLAT, FLAT, 0 * FLAT), 0.0),
    "vwap": (i.vwap(FLAT, FLAT, FLAT, 0 * FLAT), np.nan),
    "rolling_vwap": (i.rolling_vwap(FLAT, FLAT, FLAT, 0 * FLAT), np.nan),
    "r_squared": (i.linear_regression(FLAT).r_squared, np.nan),
}


@pytest.mark.parametrize("name", NEUTRAL)
def test_where_nothing_moves_there_is_the_published_value(name):
    found, expected = NEUTRAL[name]
    np.testing.assert_array_equal(found[-1], expected)


def test_a_bad_tick_far_above_leaves_no_trace():
    rng = np.random.default_rng(0)
    x = 100 + rng.normal(size=300)
    spoiled = x.copy()
    spoiled[100] = 1e12
    for function in (i.sma, i.standard_deviation, lambda y: i.linear_regression(y).value):
        found, clean = np.asarray(function(spoiled)), np.asarray(function(x))
        np.testing.assert_allclose(found[125:], clean[125:], rtol=1e-13)


def test_a_session_of_new_york_is_not_a_day_of_utc():
    times = pd.date_range("2025-08-01 23:00", periods=4, freq="30min", tz="UTC")
    price = pd.Series([1.0, 3.0, 5.0, 7.0], index=times)
    volume = pd.Series(1.0, index=times)
    assert i.vwap(price, price, price, volume).tolist() == [1.0, 2.0, 3.0, 4.0]
    found = i.vwap(price, price, price, volume, zone="UTC")
    assert found.tolist() == [1.0, 2.0, 5.0, 6.0]
    assert i.vwap(price, price, price, volume, zone="UTC", anchor="start").iloc[-1] == 4.0
