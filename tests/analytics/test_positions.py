"""P&L of positions: the documented example, signs, sums, reasons and errors."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.accounting import Dividend, Fee, Fill, Position
from nautilus.analytics import portfolio_pnl
from nautilus.core.errors import DataError, LabelError, MissingInputError, ParameterError
from nautilus.core.results import unexplained

AAPL = Position("AAPL", 100, 155.0, average_cost=150.0, sector="technology", asset_class="equity")


def codes(result):
    return [r.code for r in result.reasons]


def test_documented_example():
    result = portfolio_pnl([AAPL])
    assert result.total_pnl == 500.0
    assert result.total_pnl_percent == pytest.approx(100 / 30, abs=1e-12)
    assert result.total_pnl_fraction == pytest.approx(1 / 30, abs=1e-15)
    assert (result.market_value, result.cost_basis) == (15_500.0, 15_000.0)
    assert (result.unrealised_pnl, result.realised_pnl) == (500.0, 0.0)
    assert result.by_sector == {"technology": 500.0}
    assert result.by_security == {"AAPL": 500.0}
    assert result.by_asset_class == {"equity": 500.0}
    assert result.weights == {"AAPL": 1.0}
    assert codes(result) == ["NO_FILLS"]
    assert unexplained(result) == ()


def test_short_positions_gain_when_the_price_falls():
    result = portfolio_pnl([Position("X", -10, 90.0, average_cost=100.0)])
    assert result.total_pnl == 100.0
    assert (result.market_value, result.cost_basis, result.gross_cost) == (-900.0, -1000.0, 1000.0)
    assert result.total_pnl_percent == pytest.approx(10.0)
    assert result.by_sector == {"UNCLASSIFIED": 100.0}


def test_percent_of_a_hedged_book_is_of_gross_cost():
    pair = [
        Position("A", 10, 110.0, average_cost=100.0),
        Position("B", -10, 100.0, average_cost=100.0),
    ]
    result = portfolio_pnl(pair)
    assert result.cost_basis == 0.0
    assert result.total_pnl_percent == pytest.approx(5.0)
    assert result.weights == pytest.approx({"A": 11.0, "B": -10.0})


def test_multiplier_scales_everything():
    result = portfolio_pnl([Position("ES", 2, 5010.0, average_cost=5000.0, multiplier=50.0)])
    assert (result.total_pnl, result.cost_basis) == (1000.0, 500_000.0)


def test_rows_of_one_symbol_are_added_up():
    lots = [
        Position("A", 10, 12.0, average_cost=10.0, sector="tech"),
        Position("A", 5, 12.0, average_cost=11.0, sector="tech"),
        Position("B", 1, 5.0, average_cost=5.0, sector="tech"),
    ]
    result = portfolio_pnl(lots)
    assert result.by_security == {"A": 25.0, "B": 0.0}
    assert result.n_positions == 2
    assert result.quantities.tolist() == [15.0, 1.0]
    assert result.to_frame().loc["A", "market_value"] == 180.0


def test_prices_replace_those_of_the_positions():
    held = [{"symbol": "AAPL", "quantity": 100, "average_cost": 150.0}]
    index = pd.date_range("2024-01-01", periods=2)
    panel = pd.DataFrame({"AAPL": [1.0, 155.0], "MSFT": [1.0, 2.0]}, index=index)
    for prices in ({"AAPL": 155.0}, pd.Series({"AAPL": 155.0}), panel, panel.iloc[-1],
                   pl.DataFrame({"symbol": ["AAPL"], "price": [155.0]})):  # fmt: skip
        assert portfolio_pnl(held, prices).total_pnl == 500.0
    with pytest.raises(LabelError, match="`prices` must have a price for AAPL"):
        portfolio_pnl(held, {"MSFT": 1.0})


def test_zero_cost_basis_has_no_percent_and_says_so():
    result = portfolio_pnl([Position("GIFT", 10, 5.0, average_cost=0.0)])
    assert result.total_pnl == 50.0
    assert math.isnan(result.total_pnl_percent)
    assert codes(result) == ["NO_FILLS", "UNDEFINED_RATIO"]
    assert unexplained(result) == ()


def test_unknown_cost_is_not_zero_cost():
    result = portfolio_pnl([AAPL, Position("X", 1, 10.0)])
    assert result.market_value == 15_510.0
    assert math.isnan(result.total_pnl)
    assert result.by_security["AAPL"] == 500.0
    assert codes(result) == ["NO_FILLS", "COST_UNKNOWN"]
    assert unexplained(result) == ()


def test_zero_market_value_has_no_weights():
    result = portfolio_pnl([Position("X", 10, 0.0, average_cost=5.0)])
    assert result.total_pnl == -50.0
    assert math.isnan(result.weights["X"])
    assert unexplained(result) == ()


def test_currencies_are_converted_by_given_rates_only():
    mixed = [AAPL, Position("SAP", 10, 120.0, average_cost=100.0, currency="EUR")]
    with pytest.raises(MissingInputError, match=r"several currencies \(EUR, USD\)"):
        portfolio_pnl(mixed)
    with pytest.raises(MissingInputError, match="value of one EUR in USD"):
        portfolio_pnl(mixed, base_currency="USD")
    with pytest.raises(ParameterError, match=r"fx_rates\[EUR\]"):
        portfolio_pnl(mixed, base_currency="USD", fx_rates={"EUR": 0.0})
    result = portfolio_pnl(mixed, base_currency="USD", fx_rates={"EUR": 1.1})
    assert result.total_pnl == pytest.approx(500.0 + 220.0)
    assert result.currency == "USD"
    assert portfolio_pnl([mixed[1]]).currency == "EUR"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("price", {"price": float("nan")}),
        ("price", {"price": float("inf")}),
        ("quantity", {"quantity": float("nan")}),
        ("average_cost", {"average_cost": float("inf")}),
        ("multiplier", {"multiplier": float("nan")}),
        ("quantity", {"quantity": "ten"}),
        ("price", {"price": [1.0]}),
    ],
)
def test_values_that_are_not_numbers_raise(field, values):
    base = {"symbol": "X", "quantity": 1.0, "price": 2.0, "average_cost": 1.0}
    with pytest.raises(DataError, match=f"`{field}` of X must be a finite number"):
        portfolio_pnl([Position(**{**base, **values})])


def test_no_positions_raise():
    with pytest.raises(DataError, match="at least one position"):
        portfolio_pnl([])


def test_frames_give_what_objects_give():
    frame = pd.DataFrame({"symbol": ["AAPL"], "quantity": [100], "price": [155.0],
                          "average_cost": [150.0], "sector": ["technology"]})  # fmt: skip
    for table in (frame, pl.DataFrame(frame.to_dict("list")), frame.to_dict("records")):
        assert portfolio_pnl(table).by_sector == {"technology": 500.0}


def test_text_forms_are_short_and_escaped():
    result = portfolio_pnl([Position("<b>", 1, 2.0, average_cost=1.0)])
    assert repr(result).startswith("PortfolioPnl(total_pnl=1.00 USD, total_pnl_percent=100")
    assert "&lt;b&gt;" in result._repr_html_()
    assert result.to_dict()["by_security"] == {"<b>": 1.0}


def fills():
    day = datetime(2024, 1, 2)
    return [
        Fill(day, "AAPL", 150, 150.0, fee=3.0, fill_id="1"),
        Fill(day + timedelta(days=1), "AAPL", -50, 160.0, fee=2.0, fill_id="2"),
        Fill(day, "MSFT", 10, 100.0, fill_id="3"),
        Fill(day + timedelta(days=2), "MSFT", -10, 90.0, fill_id="4"),
        Dividend(day + timedelta(days=3), "AAPL", 0.5),
    ]


def test_events_give_realised_pnl_dividends_fees_and_average_cost():
    held = Position("AAPL", 100, 155.0, sector="technology")
    result = portfolio_pnl([held], events=fills())
    # 50 x 10 on AAPL, -10 x 10 on MSFT; 100 x 0.5 dividends; 5 of fees; 100 x 5 unrealised.
    assert (result.realised_pnl, result.dividends, result.fees) == (400.0, 50.0, 5.0)
    assert result.unrealised_pnl == 500.0
    assert result.total_pnl == pytest.approx(945.0)
    assert result.by_security == pytest.approx({"AAPL": 1045.0, "MSFT": -100.0})
    assert result.by_sector == pytest.approx({"technology": 1045.0, "UNCLASSIFIED": -100.0})
    assert codes(result) == []
    assert unexplained(result) == ()


def test_positions_that_are_not_what_the_events_leave_are_said():
    result = portfolio_pnl([AAPL, Position("X", 1, 1.0, average_cost=1.0)], events=fills()[:1])
    assert codes(result) == ["POSITIONS_DIFFER"]
    assert "AAPL, X" in result.reasons[0].message


def test_account_fees_belong_to_no_security():
    events = [*fills(), Fee(datetime(2024, 1, 9), 7.0)]
    result = portfolio_pnl([AAPL], events=events)
    assert result.by_security["account"] == -7.0
    assert result.fees == 12.0
    assert math.fsum(result.by_security.values()) == pytest.approx(result.total_pnl)


def test_plot_shows_gains_first():
    held = [Position(s, 1, p, average_cost=2.0) for s, p in (("A", 1.0), ("B", 5.0), ("C", 2.5))]
    axes = portfolio_pnl(held).plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["B", "C", "A"]
    assert [bar.get_width() for bar in axes.patches] == [3.0, 0.5, -1.0]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABCDEF"),
            st.floats(-1e3, 1e3),
            st.floats(0.01, 1e3),
            st.floats(0.01, 1e3),
            st.sampled_from(["tech", "bank", None]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_law_parts_sum_to_the_total(rows):
    sectors = {}
    held = [
        Position(s, q, p, average_cost=c, sector=sectors.setdefault(s, sector))
        for s, q, p, c, sector in rows
    ]
    result = portfolio_pnl(held)
    scale = 1.0 + result.gross_cost + float(np.abs(result.market_values).sum())
    for parts in (result.by_security, result.by_sector, result.by_asset_class):
        assert abs(math.fsum(parts.values()) - result.total_pnl) < 1e-12 * scale
    assert abs(result.market_value - result.cost_basis - result.unrealised_pnl) < 1e-12 * scale


def test_what_was_earned_counts_from_a_time_and_what_is_open_does_not():
    first, second, third = (datetime(2024, 1, d, tzinfo=UTC) for d in (2, 3, 4))
    events = [
        Fill(first, "A", 10, 100.0),
        Fill(second, "A", -2, 110.0, fee=1.0),
        Fill(third, "A", -3, 120.0, fee=2.0),
    ]
    held = [{"symbol": "A", "quantity": 5, "price": 130.0}]
    whole = portfolio_pnl(held, events=events)
    assert (whole.realised_pnl, whole.fees, whole.unrealised_pnl) == (80.0, 3.0, 150.0)
    later = portfolio_pnl(held, events=events, since=third)
    assert (later.realised_pnl, later.fees, later.unrealised_pnl) == (60.0, 2.0, 150.0)
    assert later.total_pnl == 60.0 - 2.0 + 150.0
    assert portfolio_pnl(held, events=events, since=first).realised_pnl == 80.0
