import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from nautilus.core.errors import NotBuiltError, ParameterError, UnitError
from nautilus.marketdata import load_sample
from nautilus.risk import expected_shortfall, value_at_risk

PRICES = load_sample("us_stocks", start="2015-01-01")
RETURNS = PRICES.pct_change()
MEASURES = (value_at_risk, expected_shortfall)
samples = arrays(np.float64, st.integers(25, 120), elements=st.floats(-0.15, 0.15))
levels = st.sampled_from([0.9, 0.95, 0.96])
both = pytest.mark.parametrize("measure", MEASURES)
methods = pytest.mark.parametrize("method", ["historical", "normal"])


def test_historical_by_hand():
    returns = np.arange(-50, 50) / 1000  # 100 returns -0.050 ... 0.049
    assert value_at_risk(returns, confidence=0.95) == pytest.approx(0.04505)
    assert expected_shortfall(returns, confidence=0.95) == pytest.approx(0.048)
    # 2.5 of 100: the two worst and half of the third
    assert expected_shortfall(returns, confidence=0.975) == pytest.approx(
        (0.050 + 0.049 + 0.5 * 0.048) / 2.5
    )


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99, 0.995])
def test_historical_is_numpys_quantile(confidence):
    found = value_at_risk(RETURNS, confidence=confidence)
    np.testing.assert_allclose(
        found, -np.nanquantile(RETURNS.to_numpy(), 1 - confidence, axis=0), rtol=1e-12
    )


def test_normal_is_the_closed_form():
    found = value_at_risk(RETURNS, method="normal"), expected_shortfall(RETURNS, method="normal")
    mean, deviation = RETURNS.mean(), RETURNS.std()
    z = norm.ppf(0.01)
    np.testing.assert_allclose(found[0], -(mean + z * deviation), rtol=1e-10)
    np.testing.assert_allclose(found[1], -mean + deviation * norm.pdf(z) / 0.01, rtol=1e-10)


def test_shortfall_is_the_optimum_of_rockafellar_and_uryasev():
    from scipy.optimize import minimize_scalar

    loss = -RETURNS["AAPL"].dropna().to_numpy()
    best = minimize_scalar(lambda a: a + np.maximum(loss - a, 0).mean() / 0.025, bounds=(0, 0.2))
    assert expected_shortfall(RETURNS["AAPL"], confidence=0.975) == pytest.approx(
        best.fun, rel=1e-7
    )


@both
@methods
@given(returns=samples, level=levels, shift=st.floats(-0.05, 0.05), scale=st.floats(0.01, 5))
def test_translation_and_positive_homogeneity(measure, method, returns, level, shift, scale):
    value = measure(returns, confidence=level, method=method)
    moved = measure(returns + shift, confidence=level, method=method)
    scaled = measure(np.minimum(returns * scale, 0.19), confidence=level, method=method)
    assert moved == pytest.approx(value - shift, abs=1e-12)
    if (returns * scale < 0.19).all():
        assert scaled == pytest.approx(value * scale, abs=1e-12)


@methods
@given(returns=samples, level=levels)
def test_shortfall_is_never_below_value_at_risk(method, returns, level):
    var, shortfall = (m(returns, confidence=level, method=method) for m in MEASURES)
    assert shortfall >= var - 1e-15


@given(a=samples, b=samples, level=levels)
def test_historical_shortfall_is_subadditive(a, b, level):
    n = min(len(a), len(b))
    a, b = a[:n] / 2, b[:n] / 2
    parts = sum(expected_shortfall(x, confidence=level) for x in (a, b))
    assert expected_shortfall(a + b, confidence=level) <= parts + 1e-12


@both
@methods
@given(returns=samples, at=st.integers(0, 24))
def test_nan_is_left_out(measure, method, returns, at):
    spoilt = np.insert(returns, at, np.nan)
    options = {"confidence": 0.9, "method": method}
    assert measure(spoilt, **options) == pytest.approx(measure(returns, **options), rel=1e-13)


@both
def test_a_column_alone_is_the_column_of_the_panel(measure):
    panel = RETURNS.copy()
    panel.iloc[:700, 3] = np.nan
    together = measure(panel)
    assert list(together.index) == list(RETURNS.columns)
    for name in RETURNS.columns[:5]:
        assert measure(panel[name]) == pytest.approx(together[name], rel=1e-13)


@both
def test_the_kind_that_came_goes_back(measure):
    assert isinstance(measure(RETURNS["KO"]), float)
    assert isinstance(measure(RETURNS.to_numpy()), np.ndarray)
    frame = pl.DataFrame({c: RETURNS[c].to_numpy() for c in ("KO", "GE")})
    assert measure(frame).columns == ["KO", "GE"]
    assert isinstance(measure(RETURNS), pd.Series)


@both
@methods
def test_horizon_is_the_root_of_time(measure, method):
    one, ten = (measure(RETURNS["KO"], method=method, horizon=h) for h in (1, 10))
    assert ten == pytest.approx(one * math.sqrt(10), rel=1e-14)


@both
def test_a_window_is_the_last_returns(measure):
    assert measure(RETURNS["KO"], window=250) == measure(RETURNS["KO"].iloc[-250:])


def test_too_few_returns_are_nan():
    few = np.linspace(-0.05, 0.05, 99)
    assert math.isnan(value_at_risk(few))
    assert math.isnan(expected_shortfall(few))
    assert not math.isnan(value_at_risk(np.append(few, 0.0)))
    assert math.isnan(value_at_risk([0.01], method="normal"))
    assert not math.isnan(value_at_risk([0.01, 0.02], method="normal"))
    assert math.isnan(value_at_risk([]))


def test_a_constant_return_has_no_spread():
    assert value_at_risk(np.full(200, 0.1), method="normal") == pytest.approx(-0.1, rel=1e-14)
    assert value_at_risk(np.full(200, 0.1)) == -0.1


@both
@pytest.mark.parametrize(
    "options, message",
    [
        ({"confidence": 99}, r"`confidence` must be in \(0, 1\), got 99. Pass 0.99 for 99 %"),
        ({"confidence": 1.0}, r"`confidence` must be in \(0, 1\), got 1.0"),
        ({"method": "historic"}, "`method` must be one of 'historical', 'normal'"),
        ({"horizon": 0}, "`horizon` must be at least 1, got 0"),
        ({"horizon_scaling": "none"}, "`horizon_scaling` must be one of 'sqrt_time'"),
        ({"window": 0}, "`window` must be at least 1, got 0"),
    ],
)
def test_options_out_of_range(measure, options, message):
    with pytest.raises(ParameterError, match=message):
        measure(RETURNS["KO"], **options)


@both
def test_documented_methods_that_are_not_built_say_so(measure):
    with pytest.raises(
        NotBuiltError, match=r"'evt' is documented and not built yet. Available are "
    ):
        measure(RETURNS["KO"], method="evt")


@both
def test_prices_are_refused(measure):
    with pytest.raises(UnitError, match="`returns` look like prices"):
        measure(PRICES["AAPL"])
