from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nautilus as nt
import nautilus.analytics as na
from nautilus.analytics.drawdowns import COLUMNS
from nautilus.core.errors import ParameterError, ShapeError, UnitError

R = [0.1, -0.2, 0.05, -0.1, 0.5, -0.3, 0.1]
falls = st.lists(st.floats(-0.6, 0.19) | st.just(np.nan), max_size=40)


def test_drawdown_table_by_hand() -> None:
    first, second = na.drawdown_table(R)
    assert (first.start, first.trough, first.recovery) == (5, 5, None)
    assert first.depth == pytest.approx(-0.3)
    assert (first.periods, first.periods_to_trough, first.periods_to_recovery) == (2, 1, None)
    assert (second.start, second.trough, second.recovery) == (1, 3, 4)
    assert second.depth == pytest.approx(0.8 * 1.05 * 0.9 - 1)
    assert (second.periods, second.periods_to_trough, second.periods_to_recovery) == (4, 3, 1)


def test_table_in_dates_with_an_open_drawdown() -> None:
    days = pd.date_range("2024-01-01", periods=7, tz="UTC")
    table = na.drawdown_table(pd.Series(R, days), top=1)
    assert len(table) == 1
    assert table.count == 2
    assert table[0].start == days[5]
    assert table[0].recovery is None
    frame = table.to_frame()
    assert frame.index.tolist() == [1]
    assert tuple(frame.columns) == COLUMNS
    html = table._repr_html_()
    assert "-30.00%" in html
    assert "2024-01-06" in html
    assert "open" in html
    assert len(table.plot().patches) == 1
    assert table.to_dict()["drawdowns"][0]["recovery"] is None


def test_missing_returns_are_no_periods() -> None:
    holes = np.insert(np.array(R), [2, 2, 3], np.nan)
    with_holes, without = na.drawdown_table(holes), na.drawdown_table(R)
    assert [d.periods for d in with_holes] == [d.periods for d in without]
    assert [d.depth for d in with_holes] == [d.depth for d in without]
    assert with_holes.n_used == 7


def test_summary_figures_by_hand() -> None:
    depths = [0.8 * 1.05 * 0.9 - 1, -0.3]
    assert na.average_drawdown(R) == pytest.approx(np.mean(depths))
    assert na.longest_drawdown(R) == 4.0
    assert na.max_drawdown(R) == pytest.approx(-0.3)
    squares = np.sum(np.square(depths))
    annual = na.annualized_return(R, periods_per_year=12)
    assert na.burke_ratio(R, periods_per_year=12) == pytest.approx(annual / np.sqrt(squares))
    series = na.drawdown_series(np.array(R))
    assert na.ulcer_index(R) == pytest.approx(np.sqrt(np.mean(series**2)))
    assert na.pain_index(R) == pytest.approx(-series.mean())
    for ratio, below in ((na.martin_ratio, na.ulcer_index(R)), (na.pain_ratio, na.pain_index(R))):
        found = ratio(R, risk_free_rate=0.01, periods_per_year=12)
        assert found == pytest.approx((annual - 0.01) / below)
    sterling = na.sterling_ratio(R, excess=0.05, periods_per_year=12)
    assert sterling == pytest.approx(annual / 0.35)


@given(values=falls)
def test_series_streams_to_the_bit_and_table_agrees(values: list[float]) -> None:
    r = np.array(values, dtype=float)
    if len(r) and (r > 0.2).all():
        return
    live = nt.stream(na.drawdown_series)
    found = [live.update(x) for x in values]
    series = na.drawdown_series(r)
    assert np.array_equal(found, series, equal_nan=True)
    table = na.drawdown_table(r, top=100)
    assert len(table) == table.count
    if len(table):
        assert table[0].depth == pytest.approx(np.nanmin(series))
        assert na.longest_drawdown(r) == max(d.periods for d in table)
        assert na.average_drawdown(r) == pytest.approx(np.mean([d.depth for d in table]))
    assert sum(d.recovery is None for d in table) <= 1


def test_ruin_is_minus_one_and_below_it_nothing_is_defined() -> None:
    assert na.max_drawdown([0.1, -1.0, 0.1]) == -1.0
    assert na.total_return([0.1, -1.0, 0.1]) == -1.0
    assert na.annualized_return([0.1, -1.0, 0.1], periods_per_year=12) == -1.0
    for metric in (na.max_drawdown, na.total_return, na.ulcer_index, na.average_drawdown):
        assert np.isnan(metric([0.1, -1.5, 0.1]))


def test_errors() -> None:
    with pytest.raises(ParameterError, match="`top` must be at least 1, got 0"):
        na.drawdown_table(R, top=0)
    with pytest.raises(ShapeError, match="`returns` must be one series, got 2 columns"):
        na.drawdown_table(np.zeros((3, 2)))
    with pytest.raises(UnitError, match="look like prices"):
        na.drawdown_table([100.0, 101.0, 99.0])
    with pytest.raises(ParameterError, match="`excess` must be at least 0"):
        na.sterling_ratio(R, excess=-1.0)
