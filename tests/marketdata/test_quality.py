"""Data quality: every dimension and detector on bars that anybody has."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus.core.errors import (
    DataError,
    LabelError,
    MissingInputError,
    NotEnoughDataError,
    ParameterError,
    TimeIndexError,
)
from nautilus.marketdata import Store, expected_bars, load_sample, quality_report

COLUMNS = ["open", "high", "low", "close", "volume"]


@pytest.fixture(scope="module")
def index():
    """The S&P 500, 2004 to 2007: quiet years without a defect."""
    sample = load_sample("sp500_ohlcv", start="2004-01-02", end="2007-06-29")
    return sample[COLUMNS]


def alarms(report):
    return [issue for issue in report.issues if issue.severity != "low"]


def kinds(report):
    return {issue.issue_type for issue in alarms(report)}


def changed(bars, row, **values):
    bars = bars.copy()
    for column, value in values.items():
        bars.iloc[row, bars.columns.get_loc(column)] = value
    return bars


def intraday(days=("2025-08-01", "2025-08-05"), timeframe="1h", calendar="XNYS"):
    times = expected_bars(calendar, *days, timeframe=timeframe)
    close = 100 + np.sin(np.arange(len(times)))
    return pl.DataFrame(
        {
            "symbol": "SIM",
            "timestamp": pl.Series(times).dt.replace_time_zone("UTC"),
            "open": close,
            "high": close + 1,
            "low": close - 1,
            "close": close,
            "volume": 100.0 + np.arange(len(times)),
        }
    )


def test_clean_bars_have_the_best_score_and_no_alarm(index):
    report = quality_report(index)
    assert alarms(report) == []
    assert report.completeness == report.consistency == report.plausibility == report.score == 1.0
    assert report.accuracy is None
    assert report.timeliness is None
    assert sum(report.weights.values()) == pytest.approx(1.0)
    assert "accuracy" not in report.weights
    assert all(c["violations"] == 0 for n, c in report.checks.items() if n != "jump")


def test_a_gap_is_one_issue_and_counts_its_bars(index):
    report = quality_report(index.drop(index.index[100:104]))
    (gap,) = alarms(report)
    assert (gap.issue_type, gap.expected, report.longest_gap) == ("missing_data", 4.0, 4)
    assert report.completeness == 1 - 4 / len(index)
    assert report.n_missing == 4
    assert report.score < 1


def test_one_dimension_at_zero_is_not_averaged_away():
    report = quality_report(
        pd.DataFrame({"close": []}, index=pd.DatetimeIndex([])),
        start="2025-08-01",
        end="2025-08-22",
    )
    assert (report.n_expected, report.completeness, report.score) == (16, 0.0, 0.0)


def test_bars_before_the_listing_are_not_missed(index):
    report = quality_report(index[200:], start="2004-01-02", listed=index.index[200])
    assert report.completeness == 1.0
    assert quality_report(index[200:], start="2004-01-02").n_missing == 200


@pytest.mark.parametrize(
    "values, kind",
    [
        ({"close": np.nan}, "missing_value"),
        ({"low": 0.0}, "zero_as_missing"),
        ({"low": -1.0}, "negative_price"),
        ({"high": 1.0}, "price_above_high"),
        ({"low": 9e9}, "price_below_low"),
        ({"volume": np.nan}, "missing_volume"),
        ({"volume": -5.0}, "negative_volume"),
    ],
)
def test_a_bar_that_contradicts_itself_is_flagged_where_it_is(index, values, kind):
    report = quality_report(changed(index, 300, **values))
    found = [i for i in report.issues if i.issue_type == kind]
    assert [i.timestamp.date() for i in found] == [index.index[300].date()]
    assert report.checks[kind]["violations"] == 1
    assert report.consistency < 1


def test_a_vwap_outside_its_bar_and_a_price_between_ticks(index):
    bars = index.assign(vwap=index["close"])
    assert "vwap_outside_range" in kinds(quality_report(changed(bars, 9, vwap=1.0)))
    assert quality_report(index[:50] * 0 + 100.0, tick_size=0.05).checks["off_tick"] == {
        "checked": 50,
        "violations": 0,
    }
    assert "off_tick" in kinds(
        quality_report(changed(index * 0 + 100.0, 9, close=100.01), tick_size=0.05)
    )


def test_repeats_and_disorder_are_told_apart(index):
    twice = pd.concat([index[:10], index[9:]])
    assert kinds(quality_report(twice)) == {"duplicate"}
    order = [*range(5), 6, 5, *range(7, 50)]
    assert kinds(quality_report(index.iloc[order])) == {"out_of_order"}


@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_pence_for_pounds_are_found_by_bar(index, factor):
    bars = index.astype(float)
    bars.iloc[50:60, :4] *= factor
    report = quality_report(bars)
    found = [i for i in report.issues if i.issue_type == "unit_error"]
    assert [i.timestamp.date() for i in found] == list(index.index[50:60].date)
    assert found[0].expected == pytest.approx(index["close"].iloc[50])
    assert kinds(report) == {"unit_error"}


def test_one_price_in_another_unit_is_found_inside_its_bar(index):
    report = quality_report(changed(index, 50, low=float(index["low"].iloc[50]) / 100))
    assert "unit_error" in kinds(report)


def actions(kind, day, value):
    at = dt.datetime.combine(pd.Timestamp(day).date(), dt.time(), dt.UTC)
    return pl.DataFrame({"timestamp": [at], "kind": [kind], "value": [value]})


def split_at(bars, row, ratio):
    bars = bars.astype(float)
    bars.iloc[:row, :4] *= ratio
    bars.iloc[:row, 4] /= ratio
    return bars


@pytest.mark.parametrize("ratio", [2.0, 10.0, 0.1])
def test_a_split_needs_its_action(index, ratio):
    bars = split_at(index, 400, ratio)
    (alarm,) = alarms(quality_report(bars))
    assert (alarm.issue_type, alarm.severity) == ("split_without_action", "high")
    day = index.index[400]
    assert kinds(quality_report(bars, actions=actions("split", day, ratio))) == set()
    late = actions("split", index.index[404], ratio)
    assert kinds(quality_report(bars, actions=late)) == {"split_misapplied"}
    adjusted = quality_report(bars, actions=actions("split", day, ratio), adjustment="split")
    assert kinds(adjusted) == {"split_misapplied"}


def test_a_recorded_split_that_prices_do_not_show(index):
    split = actions("split", index.index[400], 2.0)
    assert kinds(quality_report(index, actions=split)) == {"split_misapplied"}
    assert kinds(quality_report(index, actions=split, adjustment="split")) == set()


def test_a_print_that_reverts_is_a_spike_and_a_fall_that_stays_is_not(index):
    spike = index.astype(float)
    spike.iloc[70, :4] *= 1.2
    (alarm,) = alarms(quality_report(spike))
    assert (alarm.issue_type, alarm.timestamp.date()) == ("spike", index.index[70].date())
    fall = index.astype(float)
    fall.iloc[70:, :4] *= 0.88
    report = quality_report(fall)
    assert alarms(report) == []
    assert report.issue_counts["outlier"] == 1


def test_a_second_source_with_the_same_fall_makes_it_true(index):
    fall = split_at(index, 400, 2.0)[COLUMNS[:4]]
    assert kinds(quality_report(fall)) == {"split_without_action"}
    confirmed = quality_report(fall, others={"second": fall})
    assert alarms(confirmed) == []
    assert any("another source has the same" in i.evidence for i in confirmed.issues)


def test_a_run_that_stands_still_is_stale(index):
    bars = index.copy()
    bars.iloc[80:90] = bars.iloc[79].to_numpy()
    (alarm,) = alarms(quality_report(bars))
    assert (alarm.issue_type, alarm.value) == ("stale", 10.0)


def test_a_thin_stock_repeats_its_price_by_luck():
    rng = np.random.default_rng(3)
    days = pd.to_datetime(expected_bars("XNYS", "2020-01-02", "2024-12-31"))
    close = 10 + np.cumsum(rng.choice([0.0, 0.1, -0.1], len(days), p=[0.6, 0.2, 0.2]))
    bars = pd.DataFrame({"close": np.abs(close) + 5}, index=days)
    assert "stale" not in kinds(quality_report(bars))


def test_daily_bars_stamped_in_local_time_are_placed_and_flagged(index):
    for hours in (5, -9):
        moved = index.set_axis(index.index + pd.Timedelta(hours=hours))
        report = quality_report(moved)
        assert report.completeness == 1.0
        assert kinds(report) == {"timezone_shift"}


def test_sessions_in_another_zone_are_one_issue_not_a_gap():
    bars = intraday(timeframe="5m")
    late = pl.col("timestamp") + pl.duration(hours=1)
    second = pl.col("timestamp").dt.day() == 4
    report = quality_report(
        bars.with_columns(pl.when(second).then(late).otherwise("timestamp").alias("timestamp")),
        timeframe="5m",
    )
    (alarm,) = alarms(report)
    assert (alarm.issue_type, alarm.value) == ("timezone_shift", 1.0)
    assert report.completeness == 1.0


def test_bars_before_the_open_are_extra_and_not_judged():
    bars = intraday()
    early = bars[:1].with_columns(
        pl.col("timestamp") - pl.duration(hours=4), pl.col("close") * 0.5, pl.col("low") * 0.4
    )
    report = quality_report(pl.concat([early, bars]), timeframe="1h")
    assert report.n_extra == 1
    assert alarms(report) == []
    assert report.issues[0].issue_type == "off_session"


def test_bars_outside_the_days_asked_about_are_left_alone(index):
    report = quality_report(changed(index, 3, close=np.nan), start=index.index[10])
    assert (report.n_bars, report.completeness) == (len(index) - 10, 1.0)
    assert alarms(report) == []
    assert quality_report(index, end=index.index[10]).n_bars == 11


def test_a_live_bar_beside_the_daily_one_is_a_second_bar_of_the_day(index):
    live = index[-1:].set_axis(index.index[-1:] + pd.Timedelta(hours=20))
    report = quality_report(pd.concat([index, live]))
    assert kinds(report) == {"duplicate", "timezone_shift"}
    assert report.checks["unique_times"]["violations"] == 1


def test_half_days_and_what_never_closes():
    half = intraday(("2025-11-28", "2025-11-28"), "1m")
    report = quality_report(half, timeframe="1m", start="2025-11-28", end="2025-11-28")
    assert (report.n_expected, report.completeness) == (210, 1.0)
    crypto = intraday(("2025-08-02", "2025-08-03"), "1m", "24/7")
    report = quality_report(crypto, timeframe="1m", calendar="24/7")
    assert (report.n_expected, report.completeness) == (2_880, 1.0)


def test_no_trade_is_not_missing_where_a_second_source_has_none_either():
    bars = intraday(timeframe="1m")
    thin, thinner = bars[::3], bars[::6]
    assert quality_report(thin, timeframe="1m").completeness < 0.34
    by_trades = {"timeframe": "1m", "expected_basis": "trades"}
    assert quality_report(thin, others={"b": thinner}, **by_trades).completeness == 1.0
    report = quality_report(thinner, others={"b": thin}, **by_trades)
    assert report.completeness == pytest.approx(0.5, abs=0.01)
    assert report.expected_basis == "trades"
    with pytest.raises(MissingInputError, match='"trades" needs `others`'):
        quality_report(thin, **by_trades)


def test_timeliness_is_the_share_known_in_time():
    bars = intraday()
    ends = pl.col("timestamp") + pl.duration(hours=1)
    late = pl.int_range(pl.len()) % 4 == 0
    known = bars.with_columns(
        (ends + pl.when(late).then(pl.duration(hours=3)).otherwise(pl.duration(minutes=5))).alias(
            "knowledge_ts"
        )
    )
    assert quality_report(known, timeframe="1h").timeliness == pytest.approx(15 / 21)
    patient = quality_report(known, timeframe="1h", sla=dt.timedelta(hours=4))
    assert patient.timeliness == 1.0


def test_without_knowledge_times_the_clock_says_what_is_overdue(index):
    last = index.index[-1].to_pydatetime().replace(tzinfo=dt.UTC)
    fresh = quality_report(index, now=last + dt.timedelta(hours=30))
    assert (fresh.timeliness, fresh.completeness) == (1.0, 1.0)
    stale = quality_report(index, now=last + dt.timedelta(days=14))
    assert 0 < stale.timeliness < 0.01
    assert stale.n_missing > 5


def test_two_sources_disagree_and_three_name_the_wrong_one(index):
    wrong = changed(index, 500, close=float(index["close"].iloc[500]) * 1.004)
    two = quality_report(wrong, others={"b": index})
    (issue,) = [i for i in two.issues if i.issue_type == "source_disagreement"]
    assert issue.timestamp.date() == index.index[500].date()
    assert two.accuracy == 1 - 1 / (len(index) - 1)
    three = quality_report(wrong, others={"b": index, "c": index})
    (issue,) = [i for i in three.issues if i.issue_type == "wrong_source"]
    assert "another source than bars" in issue.action
    assert three.accuracy_by_source["b"] == three.accuracy_by_source["c"] == 1.0


def test_price_and_total_returns_are_two_bases_and_a_switch_is_an_issue(index):
    paid = index.index[20::60]
    dividends = pl.concat([actions("dividend", day, 6.0) for day in paid])
    due = pd.Series(0.0, index.index)
    due[paid] = 6.0
    total = index["close"].shift(1, fill_value=index["close"].iloc[0]) - due
    steps = index["close"] / total
    whole = pd.DataFrame({"close": 100 * steps.cumprod()})
    same = quality_report(whole, others={"b": index}, actions=dividends)
    assert same.accuracy == 1.0
    assert "adjustment_basis_switch" not in kinds(same)
    half = steps.where(steps.index > index.index[440], index["close"] / index["close"].shift(1))
    mixed = pd.DataFrame({"close": 100 * half.fillna(1.0).cumprod()})
    (switch,) = alarms(quality_report(mixed, others={"b": index}, actions=dividends))
    assert switch.issue_type == "adjustment_basis_switch"
    assert switch.timestamp.date() == paid[paid > index.index[440]][0].date()


@pytest.mark.parametrize(
    "factor, kind",
    [(0.0, "dividend_not_adjusted"), (0.5, "dividend_adjustment_wrong"), (1.0, None)],
)
def test_adjusted_closes_follow_the_dividends(index, factor, kind):
    day, close = index.index[300], index["close"]
    amount = float(close.iloc[299]) * 0.02
    before = index.index < day
    adjusted = close.where(~before, close * (1 - factor * 0.02))
    report = quality_report(
        index.assign(adjusted_close=adjusted), actions=actions("dividend", day, amount)
    )
    assert kinds(report) == ({kind} if kind else set())
    if factor:
        alone = quality_report(index.assign(adjusted_close=adjusted))
        assert kinds(alone) == {"adjustment_without_action"}


def test_dividends_booked_twice_or_in_another_unit(index):
    days = [index.index[row] for row in (100, 200, 300, 305)]
    amounts = [5.0, 5.0, 5.0, 5.1]
    booked = pl.concat([actions("dividend", d, a) for d, a in zip(days, amounts, strict=True)])
    bars = index.assign(adjusted_close=index["close"])
    for day, amount in zip(days, amounts, strict=True):
        before = bars.index < day
        bars.loc[before, "adjusted_close"] *= 1 - amount / index["close"][before].iloc[-1]
    assert kinds(quality_report(bars, actions=booked)) == {"repeated_dividend"}
    pence = pl.concat([booked[:2], actions("dividend", days[2], 0.05)])
    assert "dividend_unit_error" in kinds(quality_report(bars, actions=pence))


def test_a_dividend_that_the_price_does_not_fall_by(index):
    close, day = index["close"], index.index[300]
    amount = 0.2 * float(close.iloc[299])
    bars = index.assign(adjusted_close=close.where(index.index >= day, close * 0.8))
    assert kinds(quality_report(bars, actions=actions("dividend", day, amount))) == {
        "implausible_dividend"
    }


def test_nothing_is_expected_on_a_weekend():
    bars = intraday()[:0]
    report = quality_report(bars, start="2025-08-02", end="2025-08-03", timeframe="1h")
    assert np.isnan(report.completeness)
    assert report.reasons[0].code == "NOTHING_EXPECTED"


def test_many_issues_are_counted_and_some_are_listed(index):
    report = quality_report(index.assign(high=0.5))
    assert report.issue_counts["price_above_high"] == len(index)
    assert len([i for i in report.issues if i.issue_type == "price_above_high"]) == 200
    assert report.reasons[0].code == "ISSUES_NOT_LISTED"
    assert len(report.to_frame()) == len(report.issues)


def test_bad_requests_are_refused(index):
    two = pl.concat([intraday(), intraday().with_columns(symbol=pl.lit("B"))])
    naive = intraday().with_columns(pl.col("timestamp").dt.replace_time_zone(None))
    words = index.assign(volume="many")
    day = {"start": "2025-08-02", "end": "2025-08-01"}
    for error, match, bars, options in [
        (LabelError, "bars of one symbol, got 2", two, {}),
        (LabelError, "must be a frame of bars", [1.0], {}),
        (TimeIndexError, "times in UTC, got zone None", naive, {}),
        (TimeIndexError, "a column `timestamp`", index.reset_index(drop=True), {}),
        (DataError, "`volume` holds no numbers", words, {}),
        (NotEnoughDataError, "Pass `start` and `end`", intraday()[:0], {}),
        (ParameterError, "`end` 2025-08-01 is before", index, day),
        (ParameterError, "`now` must be aware", index, {"now": dt.datetime(2025, 1, 1)}),
        (ParameterError, "`sla` must be above 0", index, {"sla": dt.timedelta(0)}),
        (ParameterError, "`timeframe` must be one of", index, {"timeframe": "2m"}),
        (LabelError, "timestamp, kind, value", index, {"actions": pl.DataFrame({"kind": ["x"]})}),
    ]:
        with pytest.raises(error, match=match):
            quality_report(bars, **options)


def test_a_column_that_nobody_filled_is_as_good_as_absent(tmp_path):
    """A store gives every column of its table; of closes alone the others are empty."""
    index = load_sample("sp500_ohlcv")["close"].loc["2016":"2017"]
    with Store(tmp_path) as store:
        store.import_prices(index.to_frame("SPX"), source="mine")
        report = quality_report(store.read("bars", ["SPX"]))
    alone = quality_report(index.to_frame())
    empty = index.to_frame().assign(open=np.nan, high=np.nan, low=np.nan, volume=np.nan)
    assert report.issue_counts == alone.issue_counts == quality_report(empty).issue_counts
    assert (report.plausibility, report.consistency) == (1.0, 1.0)


def test_without_any_close_every_bar_is_missing_a_value():
    days = pd.to_datetime(["2025-07-01", "2025-07-02"])
    report = quality_report(pd.DataFrame({"close": [np.nan] * 2}, index=days))
    assert report.issue_counts == {"missing_value": 2}
