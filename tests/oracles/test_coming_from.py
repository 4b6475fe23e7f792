"""Every figure of docs/coming_from.md, ours and theirs, computed anew."""

from __future__ import annotations

import pathlib
import warnings

import numpy as np
import pandas as pd
import pytest

import nautilus as nt

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "coming_from.md").read_text()


@pytest.fixture(scope="module")
def figures() -> dict[str, list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers
        import empyrical as e
        import quantstats.stats as q

        a, k = nt.analytics, nt.risk
        stocks = a.simple_returns(nt.marketdata.load_sample("us_stocks"))
        r = stocks["AAPL"].dropna()
        b = a.simple_returns(nt.marketdata.load_sample("sp500_index"))["SP500"].dropna()
        flat = pd.Series([0.01] * 50, index=pd.bdate_range("2020-01-01", periods=50))
        rows = {
            "analytics.annualized_return": (a.annualized_return(r), e.cagr(r), q.cagr(r)),
            "analytics.annualized_volatility": (
                a.annualized_volatility(r),
                e.annual_volatility(r),
                q.volatility(r),
            ),
            "analytics.sharpe_ratio(risk_free_rate=)": (
                a.sharpe_ratio(r, risk_free_rate=0.02),
                e.sharpe_ratio(r, risk_free=0.02),
                q.sharpe(r, rf=0.02),
            ),
            "analytics.sortino_ratio": (a.sortino_ratio(r), e.sortino_ratio(r), q.sortino(r)),
            "analytics.calmar_ratio": (a.calmar_ratio(r), e.calmar_ratio(r), q.calmar(r)),
            "analytics.omega_ratio": (a.omega_ratio(r), e.omega_ratio(r), q.omega(r)),
            "analytics.max_drawdown": (a.max_drawdown(r), e.max_drawdown(r), q.max_drawdown(r)),
            "analytics.alpha": (a.alpha(r, b), e.alpha(r, b), q.greeks(r, b)["alpha"]),
            "analytics.beta": (a.beta(r, b), e.beta(r, b), q.greeks(r, b)["beta"]),
            "analytics.information_ratio": (
                a.information_ratio(r, b),
                e.excess_sharpe(r, b),
                q.information_ratio(r, b),
            ),
            "analytics.up_capture": (a.up_capture(r, b), e.up_capture(r, b)),
            "analytics.treynor_ratio": (a.treynor_ratio(r, b), q.treynor_ratio(r, b)),
            "risk.value_at_risk(confidence=0.95)": (
                k.value_at_risk(r, confidence=0.95),
                e.value_at_risk(r, 0.05),
                q.var(r),
            ),
            "risk.expected_shortfall(confidence=0.95)": (
                k.expected_shortfall(r, confidence=0.95),
                e.conditional_value_at_risk(r, 0.05),
                q.cvar(r),
            ),
        }
        rounded = {name: [f"{float(x):.3f}" for x in row] for name, row in rows.items()}
        assert np.isnan(a.sharpe_ratio(flat))
        rounded["Sharpe ratio of constant returns"] = [
            "NaN",
            str(e.sharpe_ratio(flat)),
            f"{float(q.sharpe(flat)):.2e}",
        ]
        return rounded


def line_of(name: str) -> list[str]:
    lines = [x for x in PAGE.splitlines() if f"`{name}`" in x or x.startswith(f"| {name}")]
    cells = [c.strip() for c in lines[0].strip("|").split("|")]
    return [c for c in cells[3:6] if c]


def test_every_figure_of_the_page_is_what_the_libraries_give(figures: dict[str, list[str]]) -> None:
    assert {name: line_of(name) for name in figures} == figures


def test_monthly_returns_with_252_raise_where_the_peers_give_3_035() -> None:
    stocks = nt.analytics.simple_returns(nt.marketdata.load_sample("us_stocks"))
    monthly = nt.analytics.aggregate_returns(stocks["AAPL"].dropna(), frequency="month")
    with pytest.raises(nt.core.errors.UnitError, match="spaced monthly; pass 12"):
        nt.analytics.sharpe_ratio(monthly)
    assert f"{nt.analytics.sharpe_ratio(monthly, periods_per_year=12):.3f}" == "0.662"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import empyrical

        assert f"{empyrical.sharpe_ratio(monthly):.3f}" == "3.035"


def test_one_day_is_not_annualised_where_empyrical_gives_1127_percent() -> None:
    one = pd.Series([0.01], index=pd.bdate_range("2020-01-01", periods=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import empyrical

        assert f"{100 * empyrical.cagr(one):.0f}" == "1127"
    assert np.isnan(nt.analytics.annualized_return(one))
