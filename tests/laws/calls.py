"""Calls of what is no series function: ledgers, attribution, readers, optimisers, and records."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

import nautilus as nt
from nautilus.accounting import Fill, Mark
from nautilus.factors import (
    FundamentalFeatures,
    IndustryRanking,
    fundamental_features,
    industry_relative,
    standardize,
    style_factor_returns,
    style_scores,
)

from .data import DAYS, LABELS


@dataclass(frozen=True)
class Call:
    """One call of a public name.

    Parameters
    ----------
    public : callable
        The function or class that the call is about.
    arguments : callable
        `arguments() -> (args, kwargs)`, made anew each time.
    by : callable, optional
        The function that makes an instance of a class, where nobody calls the class.
    """

    public: Callable[..., Any]
    arguments: Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]
    by: Callable[..., Any] | None = None


def call(public, *args, by=None, **kwargs):
    """Arguments that are values: numbers, words, tuples."""
    return Call(public, lambda: (args, kwargs), by)


def making(public, make, by=None, **kwargs):
    """Positional arguments that are made anew, so that a law sees whether they are written to."""
    return Call(public, lambda: (make(), dict(kwargs)), by)


a, c, m, p, r = nt.analytics, nt.accounting, nt.marketdata, nt.portfolio, nt.risk
FACTS = {
    name: dict(zip(LABELS[:3], (10.0, 30.0, 20.0), strict=True))
    for name in ("shares_outstanding", "book_value")
}
FOLDER = tempfile.mkdtemp()
JAN_2, JAN_3, JAN_4 = (datetime(2024, 1, d) for d in (2, 3, 4))


def panel(width=3, length=60):
    rng = np.random.default_rng(11)
    values = rng.normal(0.0005, 0.01, (length, width)) + rng.normal(0.0, 0.005, (length, 1))
    return pd.DataFrame(values, index=DAYS[:length], columns=list(LABELS[:width]))


def prices():
    return 100.0 * (1.0 + panel()).cumprod()


def series():
    return panel()["ASSET0"]


def benchmark():
    return panel()["ASSET1"]


def events():
    return [
        Fill(JAN_2, "AAPL", 100.0, 150.0, fee=1.0, fill_id="a"),
        Fill(JAN_2, "MSFT", -10.0, 370.0, fee=1.0, fill_id="b"),
        Mark(JAN_2, {"AAPL": 151.0, "MSFT": 371.0}),
        Fill(JAN_3, "AAPL", -150.0, 160.0, fee=1.0, fill_id="c"),
        c.Dividend(JAN_3, "MSFT", 0.75),
        Mark(JAN_3, {"AAPL": 155.0, "MSFT": 372.0}),
        c.Split(JAN_4, "AAPL", 4.0),
        c.Fee(JAN_4, 2.5),
        c.Transfer(JAN_4, 1000.0),
        c.FxRate(JAN_4, "EUR", 1.1),
        Mark(JAN_4, {"AAPL": 39.0, "MSFT": 373.0}),
    ]


def ledger():
    opened = c.open_ledger(cash=20_000.0)
    for event in events()[:3]:
        opened = c.apply_event(opened, event)
    return opened


def book():
    return c.run_ledger(events(), cash=20_000.0)


def columns_of_fills():
    return ["A", "B", "A"], np.array([10.0, 5.0, -15.0]), np.array([100.0, 20.0, 120.0])


def broker_table():
    return pd.DataFrame(
        {
            "Date": ["2024-01-02"],
            "Ticker": ["AAPL"],
            "Side": ["SELL"],
            "Qty": ["1,000"],
            "Price": ["185.64"],
            "Commission": ["-5.00"],
        }
    )


def positions():
    return [
        c.Position("AAPL", 100.0, 155.0, average_cost=150.0, sector="technology"),
        c.Position("XOM", -20.0, 110.0, average_cost=100.0, sector="energy"),
    ]


def two_periods():
    weights = [[0.5, 0.5], [0.5, 0.5]], [[0.6, 0.4], [0.6, 0.4]]
    return *weights, [[0.10, 0.02], [0.04, 0.0]], [[0.08, 0.03], [0.02, 0.01]]


def by_segment():
    names = ("portfolio_weights", "benchmark_weights", "portfolio_returns", "benchmark_returns")
    return dict(zip(names, two_periods(), strict=True))


def both_ways():
    return a.attribute_active_return(**by_segment())


def currencies():
    return (
        {"UK": 0.6, "US": 0.4},
        {"UK": 0.5, "US": 0.5},
        {"UK": 0.05, "US": 0.03},
        {"UK": 0.04, "US": 0.03},
        {"UK": 0.0, "US": -0.02},
    )


def bars():
    times = pd.date_range("2024-01-02 09:30", periods=8, freq="30min")
    values = np.arange(8.0)
    return pd.DataFrame(
        {"open": values, "high": values + 1, "low": values - 1, "close": values, "volume": 10.0},
        index=times,
    )


def table():
    return pd.DataFrame(
        {"Date": ["2024-01-02", "2024-01-02"], "Ticker": ["A", "B"], "Close": [10.0, 20.0]}
    )


def latencies():
    made = m.LatencyHistogram()
    made.record([1_000_000, 2_000_000, 40_000_000])
    return made


def ticks():
    at = [datetime(2024, 1, 2, 14, 30, second, tzinfo=UTC) for second in range(40)]
    return pl.DataFrame({"timestamp": at, "price": 10.0 + 0.01 * (np.arange(40) % 3)})


def daily_bars():
    rows = [f"2025-08-{day:02d}" for day in (1, 4, 5, 6, 8, 11, 12, 13, 14, 15)]
    return pd.DataFrame({"close": np.linspace(10.0, 11.0, 10)}, index=pd.to_datetime(rows))


def ingested():
    live = m.Ingestion("example", list)
    trades = [m.TradeTick("A", 1_704_205_800_000_000 + i, 9.5, 1.0, i // 2) for i in range(9)]
    live.accept(trades, [(t.timestamp + 5) * 1_000 for t in trades])
    return live


def ingestion_counts():
    return ingested().counts()


def growing_bars():
    bars = m.TickBars("1m")
    bars.update_batch("A", [0, 1, 60_000_000], [9.5, 9.6, 9.7], [1.0, 2.0, 3.0])
    return bars


def finished_bar():
    return growing_bars().finish()[0]


def evaluated(name):
    frame = pl.DataFrame({"close": np.arange(30.0)})
    return frame.select(nt.indicators.expression(name))


def simulated():
    return (["SPY", "TLT"],)


YEAR = {"start": "2020-01-02", "end": "2020-06-30", "seed": 7}
TARGETS = ({"A": 0.5, "B": 0.5}, {"A": 10.0}, {"A": 100.0, "B": 30.0})

ACCOUNTING = [
    making(c.Book, lambda: (events(),), by=c.run_ledger, cash=20_000.0),
    call(c.Costs, commission_per_share=0.005, min_commission=1.0),
    call(c.Dividend, JAN_2, "AAPL", 0.24),
    call(c.Fee, JAN_2, 1.0),
    call(c.Fill, JAN_2, "AAPL", 1.0, 100.0),
    making(c.FillsPnl, columns_of_fills, by=c.fills_pnl),
    call(c.FxRate, JAN_2, "EUR", 1.1),
    call(c.Holding, "AAPL"),
    making(c.Ledger, tuple, by=ledger),
    call(c.Lot, 1.0, 100.0, 100.0),
    making(c.Mark, lambda: (JAN_2, {"AAPL": 1.0})),
    making(c.PnlExplanation, lambda: (book(), JAN_2, JAN_4), by=c.explain_pnl),
    call(c.Position, "AAPL", 1.0, 100.0),
    making(c.Reconciliation, lambda: (book(),), by=c.reconcile),
    call(c.RoundTrip, "AAPL", "long", JAN_2, JAN_3, 1.0, 1.0, 2.0, 0.0, 1.0, 1.0),
    call(c.Split, JAN_2, "AAPL", 4.0),
    call(c.Transfer, JAN_2, 100.0),
    making(c.Valuation, lambda: (ledger(), {"AAPL": 150.0, "MSFT": 370.0}), by=c.mark_to_market),
    making(c.apply_event, lambda: (ledger(), events()[3])),
    making(c.apply_fill, lambda: (ledger(), events()[3])),
    making(c.event_from_dict, lambda: (c.event_to_dict(events()[6]),)),
    making(c.event_to_dict, lambda: (events()[2],)),
    making(c.explain_pnl, lambda: (book(), JAN_2, JAN_3)),
    making(c.fills_pnl, columns_of_fills, lot_method="fifo"),
    making(c.mark_to_market, lambda: (ledger(), {"AAPL": 150.0, "MSFT": 370.0})),
    call(c.open_ledger, cash=1e6),
    making(c.read_fills, lambda: (broker_table(),)),
    making(c.reconcile, lambda: (book(),)),
    making(c.read_positions, lambda: ([{"symbol": "AAPL", "quantity": 1, "price": 155.0}],)),
    *[
        making(c.run_ledger, lambda: (events(),), cash=20_000.0, lot_method=method)
        for method in ("average", "fifo", "lifo", "hifo")
    ],
]

ANALYTICS = [
    making(
        a.ActiveAttribution,
        lambda: (),
        by=a.attribute_active_return,
        portfolio_returns=[0.02, -0.01, 0.03, 0.01],
        benchmark_returns=[0.01, -0.02, 0.03, 0.00],
        factor_returns=[0.01, -0.02, 0.03, 0.00],
    ),
    call(
        a.attribute_active_return,
        portfolio_weights={"UK": 0.4, "US": 0.6},
        benchmark_weights={"UK": 0.5, "US": 0.5},
        portfolio_returns={"UK": 0.2, "US": 0.1},
        benchmark_returns={"UK": 0.1, "US": 0.1},
    ),
    making(a.ActiveAttribution, tuple, by=both_ways),
    making(a.backcast_returns, lambda: ({"ASSET1": 0.7, "ASSET2": 0.2}, panel())),
    making(a.AlphaBeta, lambda: (series(), benchmark()), by=a.alpha_beta),
    making(a.BookHistory, lambda: (book(),), by=a.book_history),
    Call(a.attribute_active_return, lambda: ((), by_segment())),
    making(a.book_history, lambda: (book(),)),
    making(a.Attribution, two_periods, by=a.brinson),
    making(a.BenchmarkComparison, lambda: (series(), benchmark()), by=a.compare_to_benchmark),
    making(a.CaptureRatios, lambda: (series(), benchmark()), by=a.capture_ratios),
    making(
        a.Contributions,
        lambda: ({"A": 0.5, "B": 0.5}, pd.DataFrame({"A": [0.1, 0.0], "B": [0.0, 0.1]})),
        by=a.return_contributions,
    ),
    call(a.Drawdown, 0, 1, 2, -0.1, 3, 2, 1),
    making(a.DrawdownTable, lambda: (series(),), by=a.drawdown_table),
    making(a.FactorAttribution, lambda: (series(), panel()[["ASSET1"]]), by=a.factor_attribution),
    making(a.LMoments, lambda: (series(),), by=a.l_moments),
    making(a.LinkingComparison, lambda: (a.brinson(*two_periods()),), by=a.compare_linking),
    making(a.MarketTiming, lambda: (series(), benchmark()), by=a.treynor_mazuy),
    making(a.PerformanceSummary, lambda: (panel(),), by=a.performance_summary),
    making(a.PortfolioPnl, lambda: (positions(),), by=a.portfolio_pnl),
    *[making(a.brinson, two_periods, method=method) for method in ("fachler", "bhb", "geometric")],
    making(a.compare_linking, lambda: (a.brinson(*two_periods()),)),
    making(a.currency_attribution, currencies, local_cash_returns={"UK": 0.01, "US": 0.02}),
    call(a.expected_maximum_sharpe, 100, 1.0),
    making(a.factor_attribution, lambda: (series(), panel()[["ASSET1", "ASSET2"]])),
    *[
        making(a.link_effects, lambda: (a.brinson(*two_periods()),), method=method)
        for method in ("carino", "menchero", "grap", "frongello")
    ],
    call(a.modified_dietz, 74.2, 104.4, (37.1,), flow_days=(14,), days=31),
    making(a.money_weighted_return, lambda: ([-100.0, 110.0], ["2024-01-01", "2024-12-31"])),
    making(a.portfolio_pnl, lambda: (positions(),)),
    making(
        a.return_contributions,
        lambda: ({"A": 0.5, "B": 0.5}, pd.DataFrame({"A": [0.1, 0.0], "B": [0.0, 0.1]})),
        rebalance="never",
    ),
    making(a.time_weighted_return, lambda: ([100.0, 160.0, 176.0], [0.0, 50.0, 0.0])),
]


def statements():
    return m.simulate_statements(["AAPL"], start="2019-01-02", end="2024-12-31")


def two_companies():
    rows = m.simulate_statements(["AAPL", "MSFT"], start="2019-01-02", end="2024-12-31")
    return {
        name: fundamental_features(rows, symbol=name, as_of="2024-06-28", price=100.0)
        for name in ("AAPL", "MSFT")
    }


def features_of_apple(**options):
    return fundamental_features(statements(), **options)


FACTORS = [
    Call(
        FundamentalFeatures,
        lambda: ((), {"as_of": "2024-06-28", "price": 100.0}),
        by=features_of_apple,
    ),
    making(fundamental_features, lambda: (statements(),), as_of="2024-06-28", price=100.0),
    call(IndustryRanking, percentile=85.0, rank=15, total_companies=100),
    making(industry_relative, lambda: (two_companies(),)),
    making(standardize, lambda: (panel(),), winsorize=0.1, groups=["x", "x", "y"]),
    making(
        style_factor_returns, lambda: (prices(),), factors=("size", "value"), fundamentals=FACTS
    ),
    making(style_scores, lambda: (prices(),), factor="size", fundamentals=FACTS),
]

INDICATORS = [
    call(nt.indicators.Warmup, 5, 5),
    call(nt.indicators.available),
    call(nt.indicators.compute, pd.DataFrame({"close": [1.0, 2.0]}), ["sma"]),
    call(nt.indicators.FeatureSet, ["rsi"]),
    call(nt.indicators.expression, "rsi", by=evaluated),
    call(nt.indicators.signal_summary, {"rsi_14": 25.0}, close=10.0),
    call(
        nt.indicators.SignalSummary,
        bullish_signals=1,
        bearish_signals=0,
        neutral_signals=0,
        overall_signal="BULLISH",
        signal_strength=1.0,
        signals={"rsi_14": "BULLISH"},
    ),
    call(nt.indicators.BollingerBands, 4.0, 2.0, 0.0, 0.75),
    call(nt.indicators.Ichimoku, 1.0, 2.0, 1.5, 2.5, 1.0, 2.0),
    call(nt.indicators.KeltnerChannels, 3.0, 2.0, 1.0),
    call(nt.indicators.LinearRegression, 2.0, 0.1, 0.9),
    call(nt.indicators.Macd, 0.5, 0.4, 0.1),
    call(nt.indicators.ParabolicSar, 10.0, 1.0),
    call(nt.indicators.Ppo, 0.5, 0.4, 0.1),
    call(nt.indicators.Stochastic, 70.0, 60.0),
    call(nt.indicators.session_numbers, np.array(["2025-08-01T20:00"], dtype="M8[s]")),
    call(nt.indicators.warmup, "rsi", period=14),
]

MARKETDATA = [
    call(m.simulate_fundamentals, ["AAPL", "MSFT"]),
    Call(
        m.Bar,
        lambda: (
            (),
            {
                "timestamp": JAN_2,
                "symbol": "AAPL",
                "open": 1.0,
                "high": 2.0,
                "low": 0.5,
                "close": 1.5,
            },
        ),
    ),
    call(m.ClockOffset, 1_000, window_seconds=60),
    call(m.DepthTick, "A", 1_704_205_800_000_000, 7, 9, ((9.4, 100.0),), ()),
    making(m.Ingestion, tuple, by=ingested),
    making(m.IngestionCounts, tuple, by=ingestion_counts),
    making(m.LatencyHistogram, tuple, by=latencies),
    call(m.QuoteTick, "A", 1_704_205_800_000_000, 9.4, 100.0, 9.5, 200.0, 3),
    making(m.TickBar, tuple, by=finished_bar),
    making(m.TickBars, tuple, by=growing_bars),
    call(m.TradeTick, "A", 1_704_205_800_000_000, 9.5, 100.0, 3, "buy"),
    Call(m.Instrument, lambda: ((), {"symbol": "AAPL", "name": "Apple"})),
    call(m.QualityIssue, "spike", JAN_2, "high", 12.0, 10.0, "compare", "+20%, then -17%"),
    making(m.QualityReport, lambda: (daily_bars(),), by=m.quality_report),
    making(m.TickQuality, lambda: (ticks(),), by=m.tick_quality, neighbours=10),
    making(m.SimulatedMarket, simulated, by=m.simulate_market, **YEAR),
    Call(m.Store, lambda: ((FOLDER,), {})),
    making(m.adjust_prices, lambda: (prices()["ASSET0"],), splits={"2023-02-01": 2.0}),
    making(m.align_to_sessions, lambda: (prices(), "XNYS")),
    call(m.asset_class, "equities"),
    call(m.available_samples),
    call(m.expected_bars, "XNYS", "2025-08-01", "2025-08-22", timeframe="1h"),
    call(m.find_instrument, "AAPL"),
    call(m.known_symbols),
    call(m.load_sample, "sp500_ohlcv", start="2008-09-15", end="2008-09-30"),
    call(m.price_history, ["AAPL"], "2024-01-02", "2024-02-01", source="simulated"),
    making(m.quality_report, lambda: (daily_bars(),)),
    making(m.read_prices, lambda: (table(),)),
    making(m.resample_bars, lambda: (bars(),), timeframe="1h"),
    making(m.sectors, lambda: (["AAPL", "XOM", "SPY"],)),
    call(m.sessions, "XNYS", "2025-08-01", "2025-08-22"),
    making(m.simulate_fundamentals, lambda: (["AAPL", "MSFT"],), seed=3),
    making(m.simulate_market, simulated, **YEAR),
    call(m.simulated_symbols),
    making(m.SimulatedTicks, lambda: ("SIM042", "2025-08-01"), by=m.simulate_ticks),
    call(m.simulate_ticks, "SIM042", "2025-08-01"),
    call(m.MacroSeries, "X", "a series", "percent", "daily"),
    call(m.macro_series),
    call(m.simulate_actions, ["AAPL"], start="2024-01-02", end="2024-12-31"),
    call(m.simulate_macro, ["UNRATE"], start="2024-01-02", end="2024-12-31"),
    call(m.simulate_news, ["AAPL"], start="2024-01-02", end="2024-12-31"),
    call(m.simulate_statements, ["AAPL"], start="2024-01-02", end="2024-12-31"),
    making(m.tick_quality, lambda: (ticks(),), neighbours=10),
]


def importance(**options):
    return nt.ml.feature_importance(panel(), series().shift(-1), n_permutations=19, **options)


ML = [
    Call(
        nt.ml.FeatureImportance,
        lambda: ((), {"groups": dict.fromkeys(LABELS[:3], "g")}),
        by=importance,
    ),
    call(
        nt.ml.FeatureScore,
        feature="rsi_14",
        importance_score=0.34,
        raw_score=0.1,
        rank=1,
        correlation_to_target=0.23,
        p_value=0.01,
        noise_floor=0.05,
    ),
    making(nt.ml.feature_importance, lambda: (panel(), series().shift(-1)), method="correlation"),
]

PORTFOLIO = [
    making(p.Allocation, lambda: (panel(),), by=p.min_variance),
    call(p.Constraints, max_weight=0.5),
    call(p.InfeasibleError, "no weights fit", conflict=("max_weight",)),
    Call(
        p.LimitRow,
        lambda: (
            (),
            {
                "name": "max_weight",
                "value": 0.1,
                "lower": None,
                "upper": 0.2,
                "slack": 0.1,
                "binding": False,
            },
        ),
    ),
    making(p.Moments, lambda: (panel(),), by=p.estimate_moments),
    making(p.RebalancePlan, lambda: TARGETS, by=p.rebalance),
    Call(
        p.Trade,
        lambda: (
            (),
            {
                "symbol": "A",
                "side": "buy",
                "quantity": 1.0,
                "price": 2.0,
                "value": 2.0,
                "cost": 0.0,
                "weight_before": 0.0,
                "weight_after": 0.1,
                "target_weight": 0.1,
            },
        ),
    ),
    making(p.estimate_moments, lambda: (panel(),)),
    making(p.min_variance, lambda: (panel(),)),
    making(p.min_variance, lambda: (panel(),), constraints=p.Constraints(max_weight=0.4)),
    making(p.rebalance, lambda: tuple(dict(t) for t in TARGETS), cash=100.0),
    making(p.risk_parity, lambda: (panel(),)),
]

REPORTS = [
    making(nt.reports.TearSheet, lambda: (series(), benchmark()), by=nt.reports.tear_sheet),
]

RISK = [
    making(r.RiskContributions, lambda: ([0.5, 0.3, 0.2], panel()), by=r.risk_contributions),
    Call(
        r.VarEstimate,
        lambda: (
            (),
            {
                name: 0.1
                for name in (
                    "confidence",
                    "value_at_risk",
                    "expected_shortfall",
                    "standard_error",
                    "expected_shortfall_error",
                    "lower",
                    "upper",
                )
            }
            | {"asset": "A", "method": "normal", "n_used": 90, "n_tail": 9.0},
        ),
    ),
    making(r.VarSummary, lambda: (panel(),), by=r.var_summary),
    *[
        making(r.risk_contributions, lambda: ([0.5, 0.3, 0.2], panel(length=150)), measure=measure)
        for measure in ("volatility", "var", "es")
    ],
]

CALLS = [
    *ACCOUNTING,
    *ANALYTICS,
    *FACTORS,
    *INDICATORS,
    *MARKETDATA,
    *ML,
    *PORTFOLIO,
    *REPORTS,
    *RISK,
]
