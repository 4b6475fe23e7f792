from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nautilus.analytics as na
from nautilus.core.errors import OverlapError
from nautilus.core.results import unexplained

RNG = np.random.default_rng(29)
DAYS = pd.bdate_range("2023-01-02", periods=250)
B = pd.Series(RNG.normal(0.0004, 0.01, 250), DAYS)
R = 0.9 * B + RNG.normal(0.0002, 0.004, 250)


def test_period_and_annual_figures_are_apart() -> None:
    found = na.compare_to_benchmark(R, B, risk_free_rate=0.02)
    assert found.portfolio_return == pytest.approx(na.total_return(R))
    assert found.benchmark_return == pytest.approx(na.total_return(B))
    assert found.excess_return == pytest.approx(na.total_return(R) - na.total_return(B))
    geometric = (1 + na.total_return(R)) / (1 + na.total_return(B)) - 1
    assert found.excess_return_geometric == pytest.approx(geometric)
    assert found.tracking_error == pytest.approx((R - B).std() * 250**0.5)
    assert found.tracking_error_annualized == pytest.approx(na.tracking_error(R, B))
    assert found.information_ratio == pytest.approx(found.excess_return / found.tracking_error)
    assert found.information_ratio_annualized == pytest.approx(na.information_ratio(R, B))
    assert found.alpha_annualized == pytest.approx(na.alpha(R, B, risk_free_rate=0.02))
    assert found.alpha == pytest.approx(found.alpha_annualized * 250 / 252)
    assert found.beta == pytest.approx(na.beta(R, B))
    error = found.standard_errors
    assert error["alpha"] == pytest.approx(error["alpha_annualized"] * 250 / 252)
    assert found.lower["beta"] < found.beta < found.upper["beta"]


def test_overlap_window_and_used_periods_are_reported() -> None:
    holes = B.copy()
    holes.iloc[5] = np.nan
    found = na.compare_to_benchmark(R, holes.iloc[20:], min_overlap=0.9)
    assert found.overlap == pytest.approx(230 / 250)
    assert (found.start, found.end) == (DAYS[20], DAYS[-1])
    assert found.n_used == 230
    assert na.compare_to_benchmark(R, holes).n_used == 249
    with pytest.raises(OverlapError, match="need 90%"):
        na.compare_to_benchmark(R, B.iloc[100:])


def test_a_panel_against_one_benchmark() -> None:
    panel = pd.DataFrame({"a": R, "late": R.where(DAYS[50] <= DAYS)})
    found = na.compare_to_benchmark(panel, B)
    assert found.benchmark_return["late"] == pytest.approx(na.total_return(B.iloc[50:]))
    assert found.n_used.tolist() == [250.0, 200.0]
    assert found.to_frame().loc["beta", "a"] == pytest.approx(na.beta(R, B))


def test_short_and_flat_series_explain_themselves() -> None:
    for r, b in (([0.01], [0.02]), ([0.01] * 5, [0.0] * 5), ([], [])):
        found = na.compare_to_benchmark(r, b)
        assert unexplained(found) == ()
        assert any(x.code == "LOW_SAMPLE" for x in found.reasons)
    short = na.compare_to_benchmark([0.01], [0.02])
    assert next(x for x in short.reasons if x.code == "INSUFFICIENT_DATA").need == 3


def test_tables() -> None:
    found = na.compare_to_benchmark(R, B)
    frame = found.to_frame()
    assert frame.loc["tracking_error", "value"] == found.tracking_error
    assert frame.index[0] == "portfolio_return"
    assert "95% interval" in found._repr_html_()
    assert "<table" in na.compare_to_benchmark(R.to_frame("a"), B)._repr_html_()
