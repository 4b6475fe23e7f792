import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import LabelError, MissingInputError, NotEnoughDataError, ParameterError
from nautilus.core.results import unexplained
from nautilus.marketdata import load_sample
from nautilus.risk import expected_shortfall, risk_contributions, value_at_risk

RETURNS = load_sample("us_stocks", start="2015-01-01").pct_change()
measures = pytest.mark.parametrize("measure", ["volatility", "var", "es"])
random_weights = st.lists(st.floats(-1, 1), min_size=20, max_size=20).filter(
    lambda w: sum(abs(x) for x in w) > 0.1
)


def portfolio(w):
    return RETURNS.dropna().to_numpy() @ np.asarray(w)


def plain(measure, values):
    if measure == "volatility":
        return values.std(ddof=1)
    method = "normal" if measure == "var" else "historical"
    return {"var": value_at_risk, "es": expected_shortfall}[measure](values, method=method)


@measures
@given(w=random_weights)
def test_the_parts_sum_to_the_plain_measure(measure, w):
    found = risk_contributions(w, RETURNS, measure=measure)
    assert found.total == pytest.approx(plain(measure, portfolio(w)), rel=1e-10)
    scale = np.abs(found.contributions).sum()
    assert abs(found.contributions.sum() - found.total) <= 1e-12 * max(scale, found.total)


@measures
def test_marginal_risk_is_the_derivative(measure):
    w = np.full(20, 0.05)
    found = risk_contributions(w, RETURNS, measure=measure)
    step = 1e-7
    for i in (0, 7):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        slope = (plain(measure, portfolio(up)) - plain(measure, portfolio(down))) / (2 * step)
        assert found.marginal.iloc[i] == pytest.approx(slope, rel=1e-5)


@measures
def test_order_of_labels_does_not_matter(measure):
    w = pd.Series(np.linspace(0.01, 0.09, 20), index=RETURNS.columns)
    a = risk_contributions(w, RETURNS, measure=measure).contributions
    b = risk_contributions(w[::-1], RETURNS, measure=measure).contributions
    c = risk_contributions(w, RETURNS[RETURNS.columns[::-1]], measure=measure).contributions
    pd.testing.assert_series_equal(a, b)
    pd.testing.assert_series_equal(a, c[a.index], rtol=1e-10)


def test_two_assets_by_hand():
    covariance = pd.DataFrame([[0.04, 0.01], [0.01, 0.09]], index=["A", "B"], columns=["A", "B"])
    found = risk_contributions({"B": 0.25, "A": 0.75}, covariance=covariance)
    assert found.total == pytest.approx((0.04 * 0.5625 + 2 * 0.01 * 0.1875 + 0.09 * 0.0625) ** 0.5)
    assert found.shares["A"] == pytest.approx(0.75 * (0.03 + 0.0025) / found.total**2)
    assert (found.confidence, found.n_used, found.method) == (None, None, "covariance")


def test_a_given_covariance_replaces_the_sample_one():
    w = np.full(20, 0.05)
    found = risk_contributions(w, RETURNS, measure="var", covariance=np.diag(np.full(20, 1e-4)))
    assert found.total == pytest.approx(
        -RETURNS.mean().mean() + 2.3263478740408408 * 0.01 * 0.05**0.5
    )


def test_kinds_and_views():
    frame = pl.DataFrame({c: RETURNS[c].to_numpy() for c in ("KO", "GE")})
    found = risk_contributions({"KO": 0.5, "GE": 0.5}, frame)
    assert found.shares.columns == ["KO", "GE"]
    assert found.to_frame()["shares"].sum() == pytest.approx(1.0)
    assert isinstance(risk_contributions([0.5, 0.5], frame.to_numpy()).shares, np.ndarray)
    assert found.n_used == len(RETURNS) - 1


def test_bars_are_drawn():
    import matplotlib as mpl

    mpl.use("Agg")
    found = risk_contributions(np.full(20, 0.05), RETURNS)
    axes = found.plot()
    assert len(axes.patches) == 40
    assert found.plot(axes) is axes
    import matplotlib.pyplot as plt

    plt.close("all")


@measures
def test_no_risk_is_explained(measure):
    found = risk_contributions([0.0, 0.0], RETURNS[["KO", "GE"]], measure=measure)
    assert found.total == 0.0
    assert found.reasons[0].code == "ZERO_RISK"
    assert unexplained(found) == ()


def test_what_is_refused():
    with pytest.raises(LabelError, match="`weights` must name the same assets: it lacks GE"):
        risk_contributions({"KO": 1.0}, RETURNS[["KO", "GE"]])
    with pytest.raises(ParameterError, match="`measure` must be one of 'volatility', 'var', 'es'"):
        risk_contributions([1.0], RETURNS[["KO"]], measure="cvar")
    with pytest.raises(ParameterError, match="`covariance` says nothing about a historical"):
        risk_contributions([1.0], RETURNS[["KO"]], measure="es", covariance=np.eye(1))
    with pytest.raises(MissingInputError, match="`returns` are needed for measure 'var'"):
        risk_contributions([1.0], measure="var", covariance=np.eye(1))
    with pytest.raises(NotEnoughDataError, match="have 50 rows without NaN, need 100"):
        risk_contributions([1.0], RETURNS[["KO"]].iloc[1:51], measure="es")
