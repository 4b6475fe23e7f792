"""The raw Binance capture through decoder, ingestion and bars: nothing lost, clocks apart."""

import gzip
import itertools

import numpy as np
import polars as pl
import pytest

from nautilus.marketdata import (
    DepthTick,
    Ingestion,
    LatencyHistogram,
    QuoteTick,
    TickBars,
    TradeTick,
    tick_quality,
)
from nautilus.marketdata.binance_messages import captured_ticks


@pytest.fixture(scope="module")
def capture(folder):
    """(received_ns, tick) of 5.8 minutes of BTCUSDT."""
    with gzip.open(folder / "intraday/binance_btcusdt_ws_20240808.log.gz") as lines:
        return list(captured_ticks(lines))


def of(kind, capture):
    return [(at, tick) for at, tick in capture if isinstance(tick, kind)]


def ingested(capture, **options):
    live = Ingestion("binance", lambda new: None, **options)
    live.accept([tick for _, tick in capture], [at for at, _ in capture])
    return live


def test_every_message_is_decoded(capture):
    assert [len(of(kind, capture)) for kind in (QuoteTick, TradeTick, DepthTick)] == [
        28_040,
        9_757,
        3_451,
    ]


def test_the_capture_replays_without_a_hole_or_a_repeat(capture):
    counts = ingested(capture).counts()
    assert counts.published == counts.received == 41_248
    assert (counts.lost, counts.duplicates, counts.late, counts.invalid) == (0, 0, 0, 0)
    numbers = np.array([tick.sequence for _, tick in of(TradeTick, capture)])
    assert set(np.diff(numbers).tolist()) == {1}
    depth = [tick for _, tick in of(DepthTick, capture)]
    follows = [b.first_sequence - a.sequence for a, b in itertools.pairwise(depth)]
    assert set(follows) == {1}


def test_a_capture_played_twice_is_published_once(capture):
    counts = ingested([*capture, *capture[-3_000:]]).counts()
    assert counts.published == 41_248
    assert counts.duplicates + counts.late == 3_000


def test_a_lost_trade_is_noticed(capture):
    trades = of(TradeTick, capture)
    assert ingested([*trades[:100], *trades[107:]]).counts().lost == 7


def test_the_recorder_lags_by_1272_ms_and_latency_says_that_it_is_relative(capture):
    trades = of(TradeTick, capture)
    raw = np.array([at - tick.timestamp * 1_000 for at, tick in trades])
    assert raw.mean() / 1e6 == pytest.approx(-1272, abs=1)
    whole = LatencyHistogram()
    whole.record(raw - raw.min())
    assert whole.percentile(0.5) / 1e6 == pytest.approx(2.5, abs=0.1)
    assert whole.percentile(0.99) / 1e6 == pytest.approx(18, abs=0.5)
    for q in (0.5, 0.9, 0.99, 0.999):
        assert whole.percentile(q) == pytest.approx(np.quantile(raw - raw.min(), q), rel=0.011)


def test_live_latency_is_never_negative(capture):
    live = ingested(capture)
    counts, histogram = live.counts(), live.latencies()["BTCUSDT"]
    assert counts.latency_is_relative
    assert counts.clock_offset_ms == pytest.approx(-1275, abs=2)
    assert histogram.minimum == 0
    assert histogram.count == 9_757 + 3_451
    assert histogram.percentile(0.5) / 1e6 < 3


def test_minute_bars_of_the_trades_are_those_of_the_decoded_file(capture, folder):
    table = pl.read_parquet(folder / "intraday/binance_btcusdt_trades_20240808.parquet")
    assert table.height == 9_757
    bars, finished = TickBars("1m"), []
    for _, tick in of(TradeTick, capture):
        finished += bars.update(tick.symbol, tick.timestamp, tick.price, tick.size)
    finished += bars.finish()
    assert sum(bar.trade_count for bar in finished) == 9_757
    assert max(bar.high for bar in finished) == table["price"].max()
    assert sum(bar.volume for bar in finished) == pytest.approx(table["qty"].sum())


def frames(capture):
    trades, quotes = of(TradeTick, capture), of(QuoteTick, capture)
    received = pl.Datetime("us", "UTC")
    return (
        pl.DataFrame(
            {
                "timestamp": [at // 1_000 for at, _ in trades],
                "price": [t.price for _, t in trades],
                "size": [t.size for _, t in trades],
                "sequence": [t.sequence for _, t in trades],
            }
        ).with_columns(pl.col("timestamp").cast(received)),
        pl.DataFrame(
            {
                "timestamp": [at // 1_000 for at, _ in quotes],
                "bid": [t.bid for _, t in quotes],
                "ask": [t.ask for _, t in quotes],
            }
        ).with_columns(pl.col("timestamp").cast(received)),
    )


def test_scorecard_of_ticks(capture, capsys):
    """Crossed quotes and bad prints put into the real ticks."""
    rng = np.random.default_rng(4)
    trades, quotes = frames(capture)
    clean = tick_quality(trades, quotes=quotes, spreads=2_000.0, granularity=20.0)
    bad = np.sort(rng.choice(np.arange(100, trades.height - 100), 40, replace=False))
    price = trades["price"].to_numpy().copy()
    price[bad] *= 1 + rng.choice([-1, 1], 40) * rng.uniform(0.005, 0.05, 40)
    crossed = rng.choice(quotes.height, 40, replace=False)
    ask = quotes["ask"].to_numpy().copy()
    ask[crossed] = quotes["bid"].to_numpy()[crossed] - 0.5
    broken = tick_quality(
        trades.with_columns(pl.Series("price", price)),
        quotes=quotes.with_columns(pl.Series("ask", ask)),
        granularity=20.0,
    )
    caught = set(broken.filtered) & set(bad.tolist())
    with capsys.disabled():
        print("\nput into real ticks      defects  found  alarms on the clean ones")
        print(f"bad print                     40{len(caught):>7}{len(clean.filtered):>8}")
        found = broken.checks["crossed_quote"]["violations"]
        print(f"crossed quote                 40{found:>7}{0:>8}")
    assert clean.checks["crossed_quote"]["violations"] == 0
    assert clean.n_lost == 0
    assert found == 40
    assert len(caught) >= 0.95 * 40
