"""Many indicators of many symbols: one call equals many, rows stay where they are."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus import indicators as i
from nautilus.core import segments
from nautilus.core.errors import (
    DataError,
    LabelError,
    NotFoundError,
    ParameterError,
    TimeIndexError,
)
from nautilus.indicators import features
from nautilus.indicators.registry import indicator_named

FIELDS = ("open", "high", "low", "close", "volume")


def bars(symbol, length, seed, zone="UTC"):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, length)))
    reach = rng.uniform(0.1, 1.0, (2, length))
    times = pd.date_range("2025-07-01 13:30", periods=length, freq="h", tz=zone)
    return pd.DataFrame(
        {
            "symbol": symbol,
            "timestamp": times,
            "open": close,
            "high": close + reach[0],
            "low": close - reach[1],
            "close": close,
            "volume": np.rint(reach[0] * 1e5),
        }
    )


LONG = pd.concat([bars("A", 150, 1), bars("B", 90, 2), bars("C", 1, 3), bars("D", 120, 4)])
LONG = LONG.reset_index(drop=True)


def alone(frame, name):
    """What the function itself gives for one symbol."""
    found = indicator_named(name)
    data = frame.set_index("timestamp")
    inputs = [data[c] for c in found.inputs if c != "session"]
    output = found.function(*inputs)
    return [np.asarray(x) for x in (output if isinstance(output, tuple) else (output,))]


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_every_column_is_what_its_function_gives_for_its_symbol_to_the_bit(kind, shuffled):
    frame = LONG.sort_values("timestamp", kind="stable") if shuffled else LONG
    given_ = frame if kind == "pandas" else pl.DataFrame({c: frame[c].to_list() for c in frame})
    found = i.compute(given_, i.available(), by="symbol")
    assert list(found.columns)[:2] == ["symbol", "timestamp"]
    for symbol in "ABCD":
        rows = (frame["symbol"] == symbol).to_numpy()
        place = 2
        for name in i.available():
            for expected in alone(frame[rows], name):
                column = found[found.columns[place]].to_numpy()[rows]
                np.testing.assert_array_equal(column, expected)
                place += 1
        assert place == len(found.columns) == 2 + 45


def test_rows_and_index_stay_where_they_are():
    frame = LONG.sample(frac=1.0, random_state=0).sort_values("timestamp", kind="stable")
    found = i.compute(frame, ["sma"], by="symbol")
    assert found.index.equals(frame.index)
    assert found["symbol"].tolist() == frame["symbol"].tolist()


def test_without_by_all_rows_are_one_series():
    one = bars("A", 60, 5)
    found = i.compute(one[["close"]], [("sma", {"period": 3}), ("sma", {"period": 5})])
    assert found.columns.tolist() == ["sma_3", "sma_5"]
    np.testing.assert_array_equal(found["sma_3"], i.sma(one["close"], 3))


def test_columns_in_capitals_are_the_same():
    one = bars("A", 30, 5)[["high", "low", "close"]]
    capital = one.rename(columns=str.capitalize)
    pd.testing.assert_frame_equal(i.compute(capital, ["atr"]), i.compute(one, ["atr"]))


@given(lengths=st.lists(st.integers(0, 40), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_chunks_threads_and_compiling_change_no_bit(lengths, seed):
    frame = pd.concat([bars(str(n), size, seed + n) for n, size in enumerate(lengths)])
    specs = ["rsi", "bollinger_bands", "stochastic", "commodity_channel_index", "macd"]
    whole = i.compute(frame, specs, by="symbol")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "_ROWS", 7)
        patch.setattr(segments, "_PARALLEL_WORK", 1)
        patch.setenv("NAUTILUS_JIT", "1")
        patch.setattr("nautilus.core.jit._price", lambda function: -1)
        pieces = i.compute(frame, specs, by="symbol")
    pd.testing.assert_frame_equal(whole, pieces, check_exact=True)


def test_what_two_indicators_need_is_done_once():
    from nautilus.indicators.plan import planned

    together = planned(["bollinger_bands", "bollinger_width", "stochastic", ("sma", {"period": 3})])
    # Bands, ratio, fast, k, d and the average: the bands of the width are those of the bands.
    assert len(together.nodes) == 6


def test_an_alias_names_the_columns():
    one = bars("A", 60, 5)
    found = i.compute(one[["close"]], ["macd", ("macd", {"fast": 5}, "quick")])
    assert found.columns.tolist() == [
        "macd", "macd_signal", "macd_histogram", "quick", "quick_signal", "quick_histogram",
    ]  # fmt: skip


CLOSE = pd.DataFrame({"close": [1.0, 2.0]})
TWO = pd.DataFrame({"high": [2.0, 1.0], "low": [1.0, 3.0], "close": 1.0, "volume": [1.0, -1.0]})
STAMPED = pd.DataFrame({"close": [1.0, 2.0, 3.0], "symbol": "A"})


@pytest.mark.parametrize(
    ("frame", "specs", "by", "error", "words"),
    [
        (CLOSE, ["rsy"], None, NotFoundError, "Did you mean rsi"),
        (CLOSE, [("rsi", {"length": 3})], None, ParameterError, "It takes period, seed"),
        (CLOSE, [("rsi", {"perod": 3})], None, ParameterError, "Did you mean `period`"),
        (CLOSE, [("rsi", {"period": 0})], None, ParameterError, "period"),
        (CLOSE, [("rsi", {"period": -2})], None, ParameterError, "period"),
        (CLOSE, [], None, ParameterError, "names no indicator"),
        (CLOSE, ["macd", "macd"], None, ParameterError, "two columns are called 'macd'"),
        (CLOSE, [7], None, ParameterError, "an indicator is 'rsi'"),
        (CLOSE, ["atr"], None, LabelError, "no column 'high'"),
        (CLOSE, ["rsi"], "symbol", LabelError, "no column 'symbol'"),
        (TWO[["high", "low", "close"]], ["atr"], None, DataError, "got 1 and 3 in row 1"),
        (TWO[["close", "volume"]], ["obv"], None, DataError, "got -1 in row 1"),
        (CLOSE.assign(close="x"), ["rsi"], None, DataError, "must hold numbers"),
        ([1.0, 2.0], ["rsi"], None, DataError, "pandas or polars frame"),
        (
            STAMPED.assign(timestamp=pd.to_datetime(["2025-01-02", "2025-01-02", "2025-01-03"])),
            ["rsi"], "symbol", TimeIndexError, "'A' .* repeats the one before. Keep one",
        ),
        (
            STAMPED.assign(timestamp=pd.to_datetime(["2025-01-03", "2025-01-02", "2025-01-04"])),
            ["rsi"], None, TimeIndexError, "is not after the one before. Sort",
        ),
        (
            pl.DataFrame({"close": [1.0], "timestamp": ["2025-01-02"]}),
            ["rsi"], None, TimeIndexError, "must hold dates or times",
        ),
        (
            pl.DataFrame({"close": [1.0, 2.0], "symbol": ["A", None]}),
            ["rsi"], "symbol", LabelError, "empty in row 1",
        ),
    ],
)  # fmt: skip
def test_bad_input_says_what_is_wrong(frame, specs, by, error, words):
    with pytest.raises(error, match=words):
        i.compute(frame, specs, by=by)


def test_polars_closes_alone_and_a_column_called_code():
    frame = pl.DataFrame({"close": [1.0, 2.0, 3.0]})
    assert i.compute(frame, [("sma", {"period": 2})])["sma_2"].to_list()[1:] == [1.5, 2.5]
    by_code = frame.with_columns(code=pl.lit("A"))
    assert i.compute(by_code, ["sma"], by="code").columns == ["code", "sma_20"]


def test_one_column_of_a_name_and_no_feature_called_like_the_key():
    twice = pd.DataFrame({"Close": [1.0, 2.0], "CLOSE": [3.0, 4.0]})
    with pytest.raises(LabelError, match="only one can be 'close'"):
        i.compute(twice, ["sma"])
    exact = twice.assign(close=[5.0, 6.0])
    assert i.compute(exact, [("sma", {"period": 1})])["sma_1"].tolist() == [5.0, 6.0]
    with pytest.raises(ParameterError, match="cannot be called 'symbol'"):
        i.compute(STAMPED, [("sma", {}, "symbol")], by="symbol")


def test_a_window_longer_than_history_takes_no_memory():
    assert np.isnan(i.sma(np.ones(5), 10**12)).all()
    assert np.isnan(i.stochastic(np.ones(5), np.ones(5), np.ones(5), 10**12).k).all()


def test_nothing_and_less_than_a_period_have_an_answer():
    assert i.compute(CLOSE[:0], ["rsi"]).shape == (0, 1)
    assert i.compute(CLOSE, [("sma", {"period": 1_000})])["sma_1000"].isna().all()
    assert i.compute(CLOSE * np.nan, i.available("volatility")[1:2])["bollinger_width"].isna().all()
