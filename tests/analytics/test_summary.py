from __future__ import annotations

import inspect
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nautilus.analytics as na
from nautilus.analytics.summary_values import all_rows
from nautilus.core.errors import MissingInputError, ParameterError, UnitError
from nautilus.core.results import reasons, unexplained

RNG = np.random.default_rng(17)
DAYS = pd.bdate_range("2020-01-01", periods=600)
B = pd.Series(RNG.standard_t(5, 600) * 0.01 + 0.0003, DAYS)
PANEL = pd.DataFrame({k: 0.5 * B + RNG.normal(0.0003, 0.008, 600) for k in "abc"}, DAYS)
PANEL.iloc[:40, 1] = np.nan
R = PANEL["a"]


def test_every_metric_is_the_function_of_its_name() -> None:
    summary = na.performance_summary(R, B, risk_free_rate=0.02, confidence=0.95, interval=None)
    assert summary.metrics == tuple(all_rows())
    for name, value in summary:
        function = getattr(na, name)
        known = inspect.signature(function).parameters
        options = {"risk_free_rate": 0.02} if "risk_free_rate" in known else {}
        if "confidence" in known and name != "minimum_track_record_length":
            options["confidence"] = 0.95
        args = (R, B) if "benchmark_returns" in known else (R,)
        assert value == pytest.approx(function(*args, **options), rel=1e-12), name


def test_a_panel_column_is_the_series_with_its_errors() -> None:
    whole = na.performance_summary(PANEL, B)
    for label in "abc":
        alone = na.performance_summary(PANEL[label], B)
        for name, value in alone:
            assert getattr(whole, name)[label] == pytest.approx(value, rel=1e-12), name
        for part in ("standard_errors", "lower", "upper"):
            for name, value in getattr(alone, part).items():
                assert getattr(whole, part)[name][label] == pytest.approx(value, rel=1e-9), name
    assert whole.n_used.tolist() == [600.0, 560.0, 600.0]
    assert whole.labels == ("a", "b", "c")


def test_polars_and_numpy_give_the_same_numbers() -> None:
    frame = pl.DataFrame({"t": DAYS.to_numpy(), **{k: PANEL[k].to_numpy() for k in "abc"}})
    found = na.performance_summary(frame, interval=None)
    plain = na.performance_summary(PANEL.to_numpy(), interval=None)
    assert found.sharpe_ratio["a"][0] == plain.sharpe_ratio[0]
    assert na.performance_summary(R, interval=None).end == DAYS[-1]


def test_intervals_surround_and_respect_bounds() -> None:
    summary = na.performance_summary(R, B)
    for name, low in summary.lower.items():
        assert low <= getattr(summary, name) <= summary.upper[name], name
    assert summary.lower["annualized_volatility"] > 0
    assert summary.lower["total_return"] > -1
    assert 0 < summary.lower["hit_rate"] < summary.upper["hit_rate"] < 1
    assert summary.upper["correlation"] < 1
    wide = na.performance_summary(R, B, interval=0.99)
    assert wide.lower["sharpe_ratio"] < summary.lower["sharpe_ratio"]


def test_bootstrap_covers_metrics_of_the_path_and_is_seeded() -> None:
    names = ["sharpe_ratio", "max_drawdown", "beta", "calmar_ratio"]
    first, again, other = (
        na.performance_summary(R, B, bootstrap=200, seed=s, metrics=names) for s in (1, 1, 2)
    )
    assert first.lower == again.lower
    assert first.lower != other.lower
    assert first.lower["max_drawdown"] < first.upper["max_drawdown"] <= 0
    assert (first.method, first.replications) == ("bootstrap", 200)
    hac = na.performance_summary(R, B, metrics=names)
    assert first.standard_errors["sharpe_ratio"] == pytest.approx(
        hac.standard_errors["sharpe_ratio"], rel=0.3
    )
    assert "max_drawdown" not in hac.standard_errors
    assert any(r.code == "NO_STANDARD_ERROR" for r in hac.reasons)


@pytest.mark.parametrize(
    "returns",
    [
        [],
        [0.01],
        [np.nan] * 4,
        [0.0] * 70,
        [0.01, 0.02, 0.03] * 30,
        [0.1, -1.5, 0.1],
        [0.1, np.inf],
    ],
)
@pytest.mark.parametrize("bootstrap", [None, 20])
def test_every_missing_number_is_explained(returns: list[float], bootstrap: int | None) -> None:
    benchmark = np.linspace(-0.01, 0.02, len(returns))
    for summary in (
        na.performance_summary(returns, bootstrap=bootstrap),
        na.performance_summary(returns, benchmark, bootstrap=bootstrap),
        na.performance_summary(np.column_stack([returns, returns]), bootstrap=bootstrap),
    ):
        assert unexplained(summary) == ()
        json.dumps(summary.to_dict(), allow_nan=False)
    compared = na.compare_to_benchmark(returns, benchmark)
    assert unexplained(compared) == ()


def test_reasons_say_how_much_there_is_and_is_needed() -> None:
    summary = na.performance_summary([0.01, 0.02], periods_per_year=252)
    found = {path: reason for path, reason in reasons(summary)}
    assert found["kurtosis"].code == "INSUFFICIENT_DATA"
    assert (found["kurtosis"].have, found["kurtosis"].need) == (2.0, 4.0)
    assert found["annualized_return"].code == "SHORT_SPAN"
    assert found["sortino_ratio"].code == "NO_LOSSES"
    assert found["calmar_ratio"].code == "SHORT_SPAN"
    assert found[""].code in ("LOW_SAMPLE", "LOW_TAIL_SAMPLE")
    ruined = na.performance_summary([0.1, -1.5, 0.1] * 30)
    assert {p: r.code for p, r in reasons(ruined)}["max_drawdown"] == "RUIN"


def test_reasons_of_a_panel_name_the_assets() -> None:
    panel = PANEL.assign(flat=0.001)
    summary = na.performance_summary(panel, interval=None)
    spread = next(r for r in summary.reasons if r.code == "ZERO_SPREAD")
    assert "sharpe_ratio" in spread.fields
    assert "(flat)" in spread.message
    many = pd.DataFrame(np.full((80, 6), 0.001))
    message = na.performance_summary(many, interval=None).reasons[0].message
    assert "(0, 1, 2 and 3 more)" in message


def test_caveats_for_short_samples() -> None:
    codes = [r.code for r in na.performance_summary(R.iloc[:20]).reasons]
    assert "LOW_SAMPLE" in codes
    assert "LOW_TAIL_SAMPLE" in codes
    assert "LOW_TAIL_SAMPLE" not in [
        r.code for r in na.performance_summary(R, confidence=0.9).reasons
    ]


def test_a_benchmark_with_holes_sets_the_periods_of_all_metrics() -> None:
    holes = B.copy()
    holes.iloc[::10] = np.nan
    summary = na.performance_summary(R, holes, interval=None)
    assert summary.n_used == 540
    assert summary.sharpe_ratio == pytest.approx(na.sharpe_ratio(R[holes.notna()]))


def test_tables_and_pictures() -> None:
    one = na.performance_summary(R, B)
    frame = one.to_frame()
    assert list(frame.columns) == ["value", "standard_error", "lower", "upper"]
    assert frame.loc["sharpe_ratio", "value"] == one.sharpe_ratio
    assert "95% interval" in one._repr_html_()
    assert one.plot().get_title(loc="left") == "sharpe ratio"
    panel = na.performance_summary(PANEL)
    assert panel.to_frame().shape == (len(panel.metrics), 3)
    lower = panel.to_frame("lower")
    assert lower.loc["sharpe_ratio", "b"] == panel.lower["sharpe_ratio"]["b"]
    assert lower.loc["max_drawdown"].isna().all()
    assert len(panel.plot(metric="beta" if panel.beta is not None else "hit_rate").patches) == 3
    with pytest.raises(ParameterError, match="`what` must be one of 'value'"):
        panel.to_frame("median")
    wide = pd.DataFrame(np.tile(R.to_numpy()[:, None], 10)).rename(columns=lambda i: f"<{i}>")
    html = na.performance_summary(wide, interval=None)._repr_html_()
    assert "&lt;0&gt;" in html
    assert "2 more assets" in html


def test_results_of_frames_are_json() -> None:
    frame = pl.DataFrame({"t": DAYS.to_numpy(), "a": R.to_numpy(), "b": B.to_numpy()})
    for panel in (PANEL, frame):
        text = json.dumps(na.performance_summary(panel).to_dict(), allow_nan=False)
        assert "sharpe_ratio" in text
    assert json.loads(json.dumps(na.compare_to_benchmark(PANEL, B).to_dict()))["beta"]["a"]


def test_a_choice_of_metrics() -> None:
    summary = na.performance_summary(R, metrics=["sharpe_ratio", "rachev_ratio"])
    assert summary.metrics == ("sharpe_ratio", "rachev_ratio")
    assert summary.max_drawdown is None
    with pytest.raises(ParameterError, match="`metrics` must be names of the summary, got 'sharp'"):
        na.performance_summary(R, metrics=["sharp"])
    with pytest.raises(MissingInputError, match="`beta` needs benchmark_returns"):
        na.performance_summary(R, metrics=["beta"])


def test_options_are_checked() -> None:
    with pytest.raises(ParameterError, match=r"`interval` must be in \(0, 1\), got 95"):
        na.performance_summary(R, interval=95)
    with pytest.raises(ParameterError, match="`bootstrap` must be at least 2, got 1"):
        na.performance_summary(R, bootstrap=1)
    with pytest.raises(UnitError, match="look like prices"):
        na.performance_summary((1 + R).cumprod())
    with pytest.raises(UnitError, match="spaced daily; pass 252"):
        na.performance_summary(R, periods_per_year=12)
