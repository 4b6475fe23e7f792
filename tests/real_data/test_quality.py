"""Data quality: real defects beside their repaired twins, and defects put into clean series."""

import gzip
import io
import re
import zipfile

import numpy as np
import polars as pl
import pytest

from nautilus.marketdata import quality_report

EXCHANGES = {
    **{"HK": "XHKG", "T": "XTKS", "DE": "XETR", "L": "XLON", "PA": "XPAR", "AX": "XASX"},
    **{"IL": "XLON", "MC": "XMAD", "MI": "XMIL", "V": "XTSE", "JO": "XJSE", "ST": "XSTO"},
    **{"TO": "XTSE", "TA": "24/7"},  # Tel Aviv is broken in exchange_calendars 4.13
}
TIMEFRAMES = {"1d": "1d", "1wk": "1w", "1h": "1h", "15m": "15m"}
SPLITS = {"split_misapplied", "split_without_action"}
DIVIDENDS = {
    "dividend_not_adjusted",
    "dividend_adjustment_wrong",
    "adjustment_without_action",
    "implausible_dividend",
    "repeated_dividend",
    "dividend_unit_error",
}
# What the file name says is wrong, and the issues that say so.
LABELS = {
    "bad-stock-split": SPLITS,
    "100x-error": {"unit_error"},
    "bad-unit": {"unit_error"},
    "bad-div": DIVIDENDS,
    "missing-div-adjust": DIVIDENDS,
    "cg-double-count": DIVIDENDS,
}


def alarms(report):
    return [issue for issue in report.issues if issue.severity != "low"]


def yahoo_bars(text, intraday):
    table = pl.read_csv(io.StringIO(text), infer_schema_length=0)
    label = "Datetime" if "Datetime" in table.columns else "Date"
    if intraday:
        at = pl.col(label).str.to_datetime("%Y-%m-%d %H:%M:%S%:z", time_unit="us", time_zone="UTC")
    else:
        day = pl.col(label).str.slice(0, 10)
        at = day.str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    names = {n.lower().replace("adj ", "adjusted_"): n for n in table.columns if n != label}
    numbers = [pl.col(n).cast(pl.Float64, strict=False).alias(k) for k, n in names.items()]
    return table.select(at.alias("timestamp"), *numbers).sort("timestamp")


def yahoo_actions(table):
    kinds = {"dividends": "dividend", "stock splits": "split"}
    parts = [
        table.filter(pl.col(c) > 0).select(
            "timestamp", pl.lit(kind).alias("kind"), pl.col(c).alias("value")
        )
        for c, kind in kinds.items()
    ]
    return pl.concat(parts)


def yahoo_report(name, text):
    timeframe = re.search(r"-(1d|1wk|1h|15m)-", name)[1]
    suffix = re.search(r"-([A-Z]+)-(?:1d|1wk|1h|15m)-", name)
    table = yahoo_bars(text, timeframe in ("1h", "15m"))
    return quality_report(
        table,
        timeframe=TIMEFRAMES[timeframe],
        calendar=EXCHANGES[suffix[1]] if suffix else "XNYS",
        actions=yahoo_actions(table),
        adjustment="split",
    )


@pytest.fixture(scope="module")
def yahoo(folder):
    """(file name without ending -> report) of every file of the archive."""
    with zipfile.ZipFile(folder / "quality/yahoo_bad_vs_fixed.zip") as archive:
        return {
            name.removesuffix(".csv"): yahoo_report(name, archive.read(name).decode())
            for name in archive.namelist()
        }


def found(report, kinds):
    return any(issue.issue_type in kinds for issue in alarms(report))


def test_scorecard_of_labelled_defects(yahoo, capsys):
    """One file is one label; a twin or control with an issue of that kind counts against us."""
    rows, missed = [], []
    for label, kinds in LABELS.items():
        bad = [n for n in yahoo if n.endswith(label)]
        clean = [n for n in yahoo if n.endswith((f"{label}-fixed", "no-bad-divs"))]
        hits = [n for n in bad if found(yahoo[n], kinds)]
        false = [n for n in clean if found(yahoo[n], kinds)]
        missed += [n for n in bad if n not in hits]
        precision = len(hits) / (len(hits) + len(false))
        rows.append((label, len(hits), len(bad), precision, ", ".join(false)))
    with capsys.disabled():
        print("\nlabelled real defects    found  recall  precision  also flagged (twins, controls)")
        for label, hits, count, precision, false in rows:
            share = f"{hits}/{count}"
            print(f"{label:<24}{share:>6}{hits / count:>8.2f}{precision:>11.2f}  {false}")
        print(f"not found: {', '.join(missed)}")
    assert all(hits >= 0.95 * count for _, hits, count, _, _ in rows)
    # Every dividend of TENT is a hundredth of the true one. Prices fall by 1.2 % on those eleven
    # days on average, 1.8 standard errors from no fall: one source cannot tell.
    assert missed == ["TENT-L-1d-bad-div"]


def test_controls_raise_no_alarm(yahoo):
    """KMR opens above its own high on two days: a contradiction that is in the file."""
    controls = {n: r for n, r in yahoo.items() if n.endswith("no-bad-divs")}
    assert len(controls) == 7
    raised = {
        (name, issue.issue_type, f"{issue.timestamp:%Y-%m-%d}", issue.value > issue.expected)
        for name, report in controls.items()
        for issue in alarms(report)
    }
    kmr = "KMR-L-1d-no-bad-divs"
    assert raised == {
        (kmr, "price_above_high", "2024-01-09", True),
        (kmr, "price_above_high", "2024-04-04", True),
    }


@pytest.fixture(scope="module")
def clean(folder):
    """Bars by symbol, split-adjusted; SPY among them."""
    table = pl.read_parquet(folder / "equities/stocknet88_daily.parquet").sort("symbol", "date")
    at = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("timestamp")
    bars = table.select("symbol", at, "open", "high", "low", "close", "volume")
    return {key[0]: part for key, part in bars.group_by("symbol", maintain_order=True)}


def test_88_real_stocks_raise_four_alarms_of_which_three_are_missing_rows(clean):
    raised = [
        (symbol, issue.issue_type)
        for symbol, bars in clean.items()
        for issue in alarms(quality_report(bars, adjustment="split"))
    ]
    assert sorted(raised) == [
        ("AGFS", "stale"),  # seven bars of one price: a thin stock
        ("PTR", "missing_value"),
        ("REX", "missing_value"),
        ("SNP", "missing_value"),
    ]


PRICES = ["open", "high", "low", "close"]


def scaled(bars, first, end, factor, volume=1.0):
    """Rows first..end with prices times a factor."""
    inside = pl.int_range(pl.len()).is_between(first, end - 1)
    changed = [pl.when(inside).then(pl.col(c) * factor).otherwise(c).alias(c) for c in PRICES]
    traded = pl.when(inside).then(pl.col("volume") * volume).otherwise("volume").alias("volume")
    return bars.with_columns(*changed, traded)


def with_missing_row(bars, at, rng):
    return pl.concat([bars[:at], bars[at + 1 :]]), "missing_data", [at]


def with_nan(bars, at, rng):
    return scaled(bars, at, at + 1, float("nan")), "missing_value", [at]


def with_hundred(bars, at, rng):
    end = at + int(rng.integers(1, 30))
    return scaled(bars, at, end, rng.choice([100.0, 0.01])), "unit_error", list(range(at, end))


def with_split(bars, at, rng):
    ratio = float(rng.choice([1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0, 0.1, 0.2, 0.5]))
    return scaled(bars, 0, at, ratio, 1 / ratio), "split_without_action", [at]


def with_spike(bars, at, rng):
    factor = 1 + rng.choice([-1, 1]) * rng.uniform(0.1, 0.4)
    return scaled(bars, at, at + 1, factor), "spike", [at]


def with_stale_run(bars, at, rng):
    end = at + int(rng.integers(6, 20))
    inside = pl.int_range(pl.len()).is_between(at, end - 1)
    same = [
        pl.when(inside).then(pl.lit(bars[c][at - 1])).otherwise(c).alias(c)
        for c in (*PRICES, "volume")
    ]
    return bars.with_columns(*same), "stale", [at]


def with_duplicate(bars, at, rng):
    return pl.concat([bars[: at + 1], bars[at:]]), "duplicate", [at]


def with_other_zone(bars, at, rng):
    moved = pl.col("timestamp") + pl.duration(hours=int(rng.choice([-9, -1, 4, 5])))
    later = pl.int_range(pl.len()) >= at
    return (
        bars.with_columns(pl.when(later).then(moved).otherwise("timestamp").alias("timestamp")),
        "timezone_shift",
        [at],
    )


INJECTED = [
    *(with_missing_row, with_nan, with_hundred, with_split),
    *(with_spike, with_stale_run, with_duplicate, with_other_zone),
]


def score(bars, inject, rng):
    """(defects put in, defects found, alarms that are none)."""
    at = int(rng.integers(40, bars.height - 60))
    broken, kind, rows = inject(bars, at, rng)
    report = quality_report(broken, adjustment="split")
    times = {bars["timestamp"][row] for row in rows}
    if kind == "timezone_shift":
        times = {broken["timestamp"][at]}
    hit = {i.timestamp for i in alarms(report) if i.issue_type == kind} & times
    others = [i for i in alarms(report) if i.issue_type != kind or i.timestamp not in times]
    return len(times), len(hit), len(others)


def test_scorecard_of_injected_defects(clean, capsys):
    rng = np.random.default_rng(20)
    quiet = [bars for symbol, bars in clean.items() if symbol not in ("AGFS", "PTR", "REX", "SNP")]
    rows = []
    for inject in INJECTED:
        results = np.array([score(bars, inject, rng) for bars in quiet])
        rows.append((inject.__name__.removeprefix("with_"), *results.sum(axis=0).tolist()))
    with capsys.disabled():
        print("\ninjected into 84 stocks  defects  recall  precision")
        for name, count, hits, false in rows:
            print(f"{name:<24}{count:>8}{hits / count:>8.3f}{hits / (hits + false):>11.3f}")
    assert all(hits >= 0.95 * count for _, count, hits, _ in rows)
    assert all(hits >= 0.9 * (hits + false) for _, _, hits, false in rows)


@pytest.fixture(scope="module")
def spy_bars(folder):
    table = pl.read_parquet(folder / "equities/long_daily.parquet")
    at = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("timestamp")
    spy = table.filter(pl.col("symbol") == "SPY").rename({"adj_close": "adjusted_close"})
    return spy.select(at, "open", "high", "low", "close", "volume", "adjusted_close")


@pytest.fixture(scope="module")
def mixed(folder):
    """A SPY that goes from price to total returns in 2013, with plainly wrong days."""
    text = gzip.decompress((folder / "quality/spy_returns_mixed_basis_daily.csv.gz").read_bytes())
    table = pl.read_csv(io.BytesIO(text))
    at = (
        pl.col("date").str.slice(0, 10).str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    )
    level = 100 * (1 + pl.col("return").fill_null(0.0)).cum_prod()
    return table.select(at.alias("timestamp"), level.alias("close"))


DECADE = {"start": "2007-12-31", "end": "2017-12-29"}


def test_a_second_source_finds_the_switch_to_total_returns_and_the_wrong_days(mixed, spy_bars):
    report = quality_report(mixed, others={"yahoo": spy_bars}, **DECADE)
    (switch,) = [i for i in report.issues if i.issue_type == "adjustment_basis_switch"]
    assert switch.timestamp.year == 2013
    assert "39 of 40 fit" in switch.evidence
    apart = [i for i in report.issues if i.issue_type == "source_disagreement"]
    assert report.accuracy == pytest.approx(1 - len(apart) / 2518, abs=1e-3)
    plainly = [f"{i.timestamp:%Y-%m-%d}" for i in apart if abs(i.value - i.expected) > 0.004]
    assert plainly == [
        *("2008-12-15", "2008-12-17", "2009-07-16", "2009-08-11", "2009-08-12", "2011-10-27"),
        *("2012-02-02", "2012-06-18", "2014-06-19", "2014-06-20"),
    ]
    assert all("two sources cannot say" in i.evidence for i in apart)


def test_a_third_source_says_which_one_is_wrong(mixed, spy_bars, folder):
    third = pl.read_parquet(folder / "equities/etf23_close_wide.parquet")
    at = pl.col(third.columns[0]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    third = third.select(at.alias("timestamp"), pl.col("SPY").alias("close"))
    report = quality_report(mixed, others={"yahoo": spy_bars, "etf": third}, **DECADE)
    assert min(report.accuracy_by_source, key=report.accuracy_by_source.get) == "bars"
    wrong = [i for i in report.issues if i.issue_type == "wrong_source"]
    days = {f"{i.timestamp:%Y-%m-%d}" for i in wrong if "than bars" in i.action}
    assert {"2008-12-15", "2009-07-16", "2009-08-11", "2011-10-27", "2012-02-02"} <= days
    assert report.issue_counts["adjustment_basis_switch"] == 1


def test_news_that_a_second_source_has_too_is_no_error(clean):
    agfs = clean["AGFS"]
    alone = quality_report(agfs, adjustment="split")
    both = quality_report(agfs, adjustment="split", others={"second": agfs})
    fall = [i for i in both.issues if f"{i.timestamp:%Y-%m-%d}" == "2016-11-09"]
    assert [i.severity for i in fall] == ["low"] * len(fall)
    assert any("another source has the same" in i.evidence for i in fall)
    assert both.accuracy == 1.0
    assert both.plausibility >= alone.plausibility
    assert both.checks["jump"]["violations"] == 0


def test_shillers_missing_earnings_are_written_as_zeros(folder):
    table = pl.read_csv(folder / "macro/shiller_sp500_monthly.csv")
    at = pl.col("Date").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    earnings = table.select(at.alias("timestamp"), pl.col("Earnings").alias("close"))
    report = quality_report(earnings, timeframe="1M", calendar="24/7")
    zeros = [i for i in report.issues if i.issue_type == "zero_as_missing"]
    assert len(zeros) == (table["Earnings"] == 0).sum() > 0
    assert f"{zeros[-1].timestamp:%Y-%m}" == "2026-06"
    assert report.completeness == 1.0
