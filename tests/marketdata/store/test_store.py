"""The store keeps what it is given, once, and tells it as it was known at any time."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import (
    DataError,
    LabelError,
    NotFoundError,
    ParameterError,
    TimeIndexError,
)
from nautilus.marketdata.store import Store

NOW = dt.datetime(2024, 6, 3, 12, tzinfo=dt.UTC)


class Clock:
    """A clock that the test turns."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    with Store(tmp_path / "market", clock=clock) as opened:
        yield opened


def bars(symbol, closes, first=dt.date(2024, 1, 2)):
    days = [first + dt.timedelta(days=i) for i in range(len(closes))]
    return pl.DataFrame({"symbol": [symbol] * len(closes), "timestamp": days, "close": closes})


def test_what_is_read_is_what_was_stored(store):
    done = store.append("bars", bars("A", [10.0, 11.0]), source="mine")
    assert (done.rows, done.corrections, done.known) == (2, 0, 0)
    rows = store.read("bars", ["A"])
    assert rows["close"].to_list() == [10.0, 11.0]
    assert rows["source"].unique().to_list() == ["mine"]
    # A day is known when it is over.
    assert rows["knowledge_ts"][0] == dt.datetime(2024, 1, 2, 23, 59, 59, 999999, dt.UTC)
    assert rows["received_ts"][0] == NOW


def test_the_same_rows_again_are_known(store):
    store.append("bars", bars("A", [10.0, 11.0]), source="mine")
    again = store.append("bars", bars("A", [10.0, 11.0, 12.0]), source="mine")
    assert (again.rows, again.known) == (1, 2)
    assert store.read("bars", "A").height == 3


def test_a_correction_is_known_from_when_it_came(store, clock):
    store.append("bars", bars("A", [10.0, 11.0]), source="mine")
    clock.now += dt.timedelta(days=1)
    done = store.append("bars", bars("A", [10.5]), source="mine")
    assert (done.rows, done.corrections) == (1, 1)
    assert store.read("bars", "A")["close"].to_list() == [10.5, 11.0]
    assert store.read("bars", "A", as_of=NOW)["close"].to_list() == [10.0, 11.0]
    every = store.read("bars", "A", revisions=True)
    assert every.select("close", "revision").rows() == [(10.0, 0), (10.5, 1), (11.0, 0)]


def test_a_value_that_comes_back_is_a_revision_too(store, clock):
    for close in (10.0, 10.5, 10.0):
        clock.now += dt.timedelta(hours=1)
        store.append("bars", bars("A", [close]), source="mine")
    assert store.read("bars", "A")["close"].to_list() == [10.0]
    assert store.read("bars", "A", as_of=NOW + dt.timedelta(hours=2))["close"].to_list() == [10.5]


def facts(rows):
    names = ("symbol", "concept", "period_end", "value", "knowledge_ts")
    return pl.DataFrame(rows, schema=names, orient="row")


def test_fundamentals_are_as_filed_then(store):
    day = dt.date
    rows = facts(
        [
            ("A", "Revenues", day(2023, 3, 31), 100.0, day(2023, 5, 1)),
            ("A", "Revenues", day(2023, 3, 31), 100.0, day(2023, 8, 1)),  # repeated, says nothing
            ("A", "Revenues", day(2023, 3, 31), 90.0, day(2024, 2, 1)),  # restated
        ]
    )
    done = store.append("fundamentals", rows, source="edgar")
    assert done.rows == 2
    asked = [day(2023, 4, 30), day(2023, 5, 1), day(2024, 1, 31), day(2024, 2, 1), None]
    found = [store.read("fundamentals", "A", as_of=d)["value"].to_list() for d in asked]
    assert found == [[], [100.0], [100.0], [90.0], [90.0]]


def test_an_older_vintage_that_comes_late_takes_its_place(store):
    day = dt.date
    columns = ("series", "timestamp", "value", "knowledge_ts")
    for value, known in ((2.0, day(2024, 3, 1)), (1.0, day(2024, 2, 1))):
        rows = pl.DataFrame([("GDP", day(2023, 10, 1), value, known)], columns, orient="row")
        store.append("macro", rows, source="fred")
    assert store.read("macro", "GDP")["value"].to_list() == [2.0]
    assert store.read("macro", "GDP", as_of=day(2024, 2, 15))["value"].to_list() == [1.0]


def test_macro_must_say_when_it_was_known(store):
    rows = pl.DataFrame({"series": ["CPI"], "timestamp": [dt.date(2024, 1, 1)], "value": [3.0]})
    with pytest.raises(LabelError, match="lacks knowledge_ts"):
        store.append("macro", rows, source="fred")


def test_an_answer_has_one_source(store):
    store.append("bars", bars("A", [10.0]), source="one")
    store.append("bars", bars("A", [20.0]), source="two")
    store.append("bars", bars("B", [30.0]), source="one")
    assert store.read("bars", ["A"])["source"].unique().to_list() == ["one"]
    assert store.source_of(["A", "B"]) == "one"
    assert store.read("bars", ["A"], source="two")["close"].to_list() == [20.0]
    store.append("bars", bars("C", [40.0]), source="two")
    with pytest.raises(NotFoundError, match="never mixes sources"):
        store.read("bars", ["B", "C"])


def test_ticks_keep_their_sequence_and_when_they_were_known(store):
    start = dt.datetime(2024, 5, 1, 14, 30, tzinfo=dt.UTC)
    times = [start + dt.timedelta(milliseconds=i) for i in range(4)]
    rows = pl.DataFrame(
        {
            "symbol": ["A", "A", "B", "B"],
            "timestamp": times,
            "price": [1.0, 2.0, 3.0, 4.0],
            "size": [5.0] * 4,
            "sequence": [7, 8, 1, 9],
            "knowledge_ts": [t + dt.timedelta(microseconds=250) for t in times],
        }
    )
    store.append("trades", rows, source="feed")
    store.append("trades", rows, source="feed")
    back = store.read("trades")
    assert back.height == 4
    assert back["sequence"].to_list() == [7, 8, 1, 9]
    assert back["knowledge_ts"].to_list() == rows["knowledge_ts"].to_list()
    assert store.read("trades", "B", as_of=times[2])["sequence"].to_list() == []


def test_latest_is_the_last_of_each(store):
    store.append("bars", bars("A", [10.0, 11.0]), source="mine")
    store.append("bars", bars("B", [20.0]), source="mine")
    assert store.latest("bars").select("symbol", "close").rows() == [("A", 11.0), ("B", 20.0)]


def test_compaction_changes_no_answer_and_done_again_does_nothing(store, clock):
    for close in (10.0, 10.5, 11.0):
        clock.now += dt.timedelta(hours=1)
        store.append("bars", bars("A", [close, 7.0]), source="mine")
        store.append("bars", bars("B", [close]), source="other")
    asked = [None, NOW + dt.timedelta(hours=2)]
    before = [store.read("bars", "A", as_of=a, revisions=r) for a in asked for r in (True, False)]
    first, second = store.compact(), store.compact()
    assert (first.files_before, first.files_after, first.rows) == (6, 2, 7)
    assert (second.files_before, second.files_after) == (0, 0)
    after = [store.read("bars", "A", as_of=a, revisions=r) for a in asked for r in (True, False)]
    assert all(a.equals(b) for a, b in zip(before, after, strict=True))


def test_retired_files_stay_for_readers_that_are_about_to_open_them(store, clock):
    for close in (10.0, 11.0):
        clock.now += dt.timedelta(hours=1)
        store.append("bars", bars("A", [close]), source="mine")
    store.compact()
    assert len(list(store.root.rglob("*.parquet"))) == 3
    clock.now += dt.timedelta(minutes=6)
    store.compact()
    assert len(list(store.root.rglob("*.parquet"))) == 1


def test_retention_drops_old_files_only(store):
    store.append("bars", bars("A", [1.0], dt.date(2020, 1, 2)), source="mine")
    store.append("bars", bars("A", [2.0], dt.date(2024, 5, 2)), source="mine")
    assert store.retain("bars", days=365) == 1
    assert store.read("bars", "A")["close"].to_list() == [2.0]
    with pytest.raises(ParameterError, match="`days` must be above 0"):
        store.retain("bars", days=0)


def test_a_turned_bit_is_found(store):
    store.append("bars", bars("A", [1.0, 2.0]), source="mine")
    assert store.check().damaged == {}
    (path,) = store.root.rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert list(store.check().damaged.values()) == ["its content is not what was written"]


def test_what_a_killed_writer_left_is_swept(store, clock):
    store.append("bars", bars("A", [1.0]), source="mine")
    (path,) = store.root.rglob("*.parquet")
    orphan, unfinished = path.with_name("part-0.parquet"), path.with_name(".part-1.parquet.tmp")
    orphan.write_bytes(path.read_bytes())
    unfinished.write_bytes(b"half")
    assert store.read("bars", "A").height == 1
    with Store(store.root, clock=clock) as other:
        assert other.read("bars", "A").height == 1
    assert list(store.root.rglob("*part*")) == [path]


def test_a_week_and_a_minute_do_not_share_a_folder_with_a_month(store):
    for timeframe in ("1m", "1M", "1w"):
        store.append("bars", bars("A", [1.0]), source="mine", timeframe=timeframe)
    assert {p.name for p in (store.root / "bars").iterdir()} == {"tf=1m", "tf=1mo", "tf=1w"}


def test_the_basis_of_a_series_stays(store):
    store.append("bars", bars("A", [1.0]), source="mine", basis="split")
    with pytest.raises(ParameterError, match="a series has one basis"):
        store.append("bars", bars("A", [1.0]), source="mine")
    with pytest.raises(DataError, match=r"cannot be undone\. Ask for adjustment='split'"):
        store.read("bars", "A")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"close": ["x", "y"]}, DataError, "'close' must hold numbers"),
        ({"symbol": ["A", None]}, DataError, "'symbol' is empty in 1 of 2 rows"),
        ({"colse": [1.0, 2.0]}, LabelError, "Did you mean 'close'"),
        ({"timestamp": ["2024-01-02"] * 2}, TimeIndexError, "must hold dates or times"),
        ({"timestamp": [dt.date(2024, 7, 1)] * 2}, TimeIndexError, "is in the future"),
        ({"timestamp": [dt.datetime(2024, 1, 2, 9, 30)] * 2}, TimeIndexError, "carry no zone"),
        ({"timestamp": [dt.date(2024, 1, 2)] * 2}, TimeIndexError, "more than once"),
        ({"timestamp": [dt.date(1500, 1, 2)] * 2}, TimeIndexError, "another unit of time"),
    ],
)
def test_bad_rows_are_refused_and_nothing_is_stored(store, change, error, words):
    columns = bars("A", [1.0, 2.0]).to_dict(as_series=False)
    with pytest.raises(error, match=words):
        store.append("bars", pl.DataFrame({**columns, **change}), source="mine")
    assert store.symbols() == []
    assert not list(store.root.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s: s.read("bars", "AAPLE"), NotFoundError, "Did you mean 'AAPL'"),
        (lambda s: s.read("bars", "AAPL", "2024-02-01", "2024-01-01"), ParameterError, "before"),
        (lambda s: s.read("bars", "AAPL", "2024-01-01T10:00:00"), TimeIndexError, "no zone"),
        (lambda s: s.read("bars", "AAPL", "January"), ParameterError, "`start` must be a date"),
        (lambda s: s.read("bars", "AAPL", timeframe="2h"), ParameterError, "`timeframe`"),
        (lambda s: s.read("trades", "AAPL", timeframe="1h"), ParameterError, "belongs to bars"),
        (lambda s: s.read("tics"), ParameterError, "`kind`"),
        (lambda s: s.read("bars", "AAPL", source="mind"), NotFoundError, "of source 'mind'"),
        (lambda s: s.read("bars", "AAPL", columns=["clothes"]), ParameterError, "`columns`"),
        (lambda s: s.read("bars", []), ParameterError, "each symbol once"),
        (lambda s: s.append("bars", bars("A", [1.0]), source=" "), ParameterError, "`source`"),
    ],
)
def test_bad_questions_say_what_is_wrong(store, call, error, words):
    store.append("bars", bars("AAPL", [1.0]), source="mine")
    with pytest.raises(error, match=words):
        call(store)


def test_pandas_frames_are_taken_with_their_index(store):
    import pandas as pd

    times = pd.date_range("2024-01-02 09:30", periods=2, freq="1min", tz="America/New_York")
    frame = pd.DataFrame({"close": [1.0, 2.0], "symbol": "A"}, index=times)
    store.append("bars", frame, source="mine", timeframe="1m")
    rows = store.read("bars", "A", timeframe="1m")
    assert rows["timestamp"][0] == dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC)


EDITS = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 3), st.integers(1, 3), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(EDITS)
def test_any_history_of_edits_is_told_as_a_dictionary_would(tmp_path_factory, edits):
    """Last write wins, at every moment, whatever was merged between."""
    clock = Clock()
    with Store(tmp_path_factory.mktemp("market"), clock=clock) as store:
        known, seen = {}, []
        for symbol, day, close, merge in edits:
            clock.now += dt.timedelta(minutes=1)
            rows = bars(symbol, [float(close)], dt.date(2024, 1, 2) + dt.timedelta(days=day))
            store.append("bars", rows, source="mine")
            known[symbol, day] = float(close)
            seen.append((clock.now, dict(known)))
            if merge:
                store.compact()
        # What was in force for the first time is known since its day; later edits since they came.
        last = store.read("bars")
        assert last["close"].to_list() == [known[key] for key in sorted(known)]
        for moment, then in seen:
            rows = store.read("bars", as_of=moment)
            told = dict(zip(zip(rows["symbol"], rows["timestamp"].dt.date(), strict=True),
                            rows["close"], strict=True))  # fmt: skip
            for (symbol, day), close in then.items():
                assert told[symbol, dt.date(2024, 1, 2) + dt.timedelta(days=day)] == close


def test_what_retention_dropped_is_not_said_to_be_there(store):
    store.append("bars", bars("A", [1.0], dt.date(2020, 1, 2)), source="mine")
    store.append("bars", bars("B", [2.0], dt.date(2024, 5, 2)), source="mine")
    store.append("bars", bars("B", [3.0], dt.date(2020, 1, 2)), source="mine")
    store.retain("bars", days=365)
    assert store.symbols() == ["B"]
    assert store.source_of(["A"]) is None
    row = store.coverage().row(0, named=True)
    assert (row["rows"], row["first_time"].year) == (1, 2024)
    assert store.latest("bars")["symbol"].to_list() == ["B"]


def test_every_revision_of_one_column(store, clock):
    for close in (10.0, 10.5):
        clock.now += dt.timedelta(hours=1)
        store.append("bars", bars("A", [close]), source="mine")
    rows = store.read("bars", "A", columns=["close"], revisions=True)
    assert rows.columns == ["close"]
    assert rows["close"].to_list() == [10.0, 10.5]


def test_windows_that_touch_are_one_and_a_hole_is_none(store):
    def loaded(first, last):
        return store.loaded("bars", "A", first, last, source="x")

    for first, last in (("2024-01-01", "2024-01-05"), ("2024-01-06", "2024-01-10"),
                        ("2024-01-20", "2024-01-31")):  # fmt: skip
        store.note_loaded("bars", "A", first, last, source="x")
    assert loaded("2024-01-02", "2024-01-10")
    assert not loaded("2024-01-02", "2024-01-25")
    assert not loaded("2023-12-31", "2024-01-02")
    assert not store.loaded("bars", "B", "2024-01-02", "2024-01-03", source="x")
