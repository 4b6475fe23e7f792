"""A user's own prices, in whatever shape they come, by one line."""

import datetime as dt
import gzip

import pandas as pd
import polars as pl
import pytest

from nautilus.core.errors import DataError, LabelError, NotFoundError, TimeIndexError
from nautilus.marketdata.store import Store, importing

LONG = "Date,Ticker,Open,High,Low,Close,Volume\n2024-01-02,A,1,3,1,2,100\n2024-01-03,A,2,4,2,3,.\n"


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "market") as opened:
        yield opened


def written(tmp_path, text, name="prices.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_long_file(store, tmp_path):
    assert store.import_prices(written(tmp_path, LONG), source="mine").rows == 2
    rows = store.read("bars", "A")
    assert rows["close"].to_list() == [2.0, 3.0]
    assert rows["volume"].to_list() == [100.0, None]


def test_a_file_with_semicolons_and_other_headers(store, tmp_path):
    path = written(tmp_path, "\ufeffDatum;Kurs\n2024-01-02;2.5\n", "SAP.csv")
    store.import_prices(path, source="mine", columns={"time": "Datum", "close": "Kurs"})
    assert store.read("bars", "SAP")["close"].to_list() == [2.5]


def test_a_wide_file_and_a_packed_one(store, tmp_path):
    path = tmp_path / "wide.csv.gz"
    path.write_bytes(gzip.compress(b"date,A,B\n2024-01-02,1.5,\n2024-01-03,1.6,2.6\n"))
    assert store.import_prices(path, source="mine").rows == 3
    assert store.symbols() == ["A", "B"]


def test_minutes_need_a_clock(store, tmp_path):
    path = written(tmp_path, "time,close\n2024-01-02 09:30,1\n2024-07-02 09:30,2\n", "A.csv")
    with pytest.raises(TimeIndexError, match="carry no zone"):
        store.import_prices(path, source="mine", timeframe="1m")
    store.import_prices(path, source="mine", timeframe="1m", timezone="America/New_York")
    hours = store.read("bars", "A", timeframe="1m")["timestamp"].dt.hour().to_list()
    assert hours == [14, 13]


def test_parquet_pandas_and_polars_are_the_same(store, tmp_path):
    frame = pl.read_csv(written(tmp_path, LONG), try_parse_dates=True, null_values=".")
    frame.write_parquet(tmp_path / "prices.parquet")
    for number, data in enumerate((tmp_path / "prices.parquet", frame, pd.DataFrame(
            {name: frame[name].to_list() for name in frame.columns}))):  # fmt: skip
        assert store.import_prices(data, source=f"s{number}").rows == 2
    one, two, three = (store.read("bars", "A", source=f"s{n}") for n in range(3))
    shown = [name for name in one.columns if name not in ("source", "received_ts")]
    assert one.select(shown).equals(two.select(shown))
    assert one.select(shown).equals(three.select(shown))


def test_a_large_file_comes_in_pieces_that_are_told(store, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "PIECE_ROWS", 2)
    first = dt.date(2024, 1, 1)
    lines = [f"{first + dt.timedelta(days=i)},{i + 1}" for i in range(5)]
    path = written(tmp_path, "date,close\n" + "\n".join(lines), "A.csv")
    told = []
    assert store.import_prices(path, source="mine", progress=told.append).rows == 5
    assert told[-1] == 5
    assert store.import_prices(path, source="mine", progress=True).known == 5


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("date,close\n2024-01-02,ten\n", DataError, "got 'ten' in row 0"),
        ("date,close\n01/02/2024,1\n", TimeIndexError, "could be January or February"),
        ("day of trade,price\n2024-01-02,1\n", LabelError, "no column for 'time'"),
        ("date,open\n2024-01-02,1\n", LabelError, "no column for 'close'"),
        ("date\n2024-01-02\n", DataError, "no prices"),
        ("date,close\n2024-01-02T10:00Z,1\n2024-01-02T10:00,1\n", TimeIndexError, "Write all"),
        ("date,close\n2199-01-02,1\n", TimeIndexError, "in the future"),
    ],
)
def test_bad_files_say_what_is_wrong(store, tmp_path, text, error, words):
    with pytest.raises(error, match=words):
        store.import_prices(written(tmp_path, text), source="mine")
    assert store.symbols() == []


def test_what_is_no_table(store, tmp_path):
    with pytest.raises(NotFoundError, match="there is no file"):
        store.import_prices(tmp_path / "none.csv", source="mine")
    with pytest.raises(DataError, match="neither CSV nor Parquet"):
        store.import_prices(written(tmp_path, "", "prices.xlsx"), source="mine")
    with pytest.raises(DataError, match="must be a polars or pandas frame, got list"):
        store.import_prices([1, 2], source="mine")
    bars = pl.DataFrame({"time": [dt.date(2024, 1, 2)], "close": [1.0]})
    with pytest.raises(DataError, match="name no symbol"):
        store.import_prices(bars, source="mine", columns={"close": "close"})


@pytest.mark.parametrize("name", [None, "Unnamed: 0", "__index_level_0__"])
def test_a_frame_written_by_pandas(store, tmp_path, name):
    path = tmp_path / "wide.csv"
    days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    pd.DataFrame({"A": [1.0, 2.0], "B": [3.0, 4.0]}, index=days).to_csv(path, index_label=name)
    assert store.import_prices(path, source="mine").rows == 4
    assert store.symbols("bars") == ["A", "B"]
    dated = pd.DataFrame({"Date": ["2024-01-04"], "A": [3.0], "B": [5.0]})
    dated.to_csv(path, index_label=name)
    assert store.import_prices(path, source="mine").rows == 2
    assert store.symbols("bars") == ["A", "B"]
