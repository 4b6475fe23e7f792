import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus.core.errors import DataError, LabelError, NotFoundError, TimeIndexError
from nautilus.marketdata.reading import read_prices

LONG = "Date,Ticker,Open,Close\n2024-01-03,A,1,11\n2024-01-02,A,1,10\n2024-01-02,B,2,20\n"


def write(tmp_path, text, name="prices.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_long_file_is_pivoted_and_sorted(tmp_path):
    frame = read_prices(write(tmp_path, LONG))
    assert frame.columns.tolist() == ["A", "B"]
    assert frame.index.strftime("%Y-%m-%d").tolist() == ["2024-01-02", "2024-01-03"]
    np.testing.assert_array_equal(frame.to_numpy(), [[10, 20], [11, np.nan]])
    assert read_prices(write(tmp_path, LONG), field="open").iloc[0].tolist() == [1, 2]


def test_a_wide_file(tmp_path):
    frame = read_prices(write(tmp_path, "date,A,B\n2024-01-02,1,\n2024-01-03,2,3.5\n"))
    np.testing.assert_array_equal(frame.to_numpy(), [[1, np.nan], [2, 3.5]])


def test_bars_of_one_symbol_are_called_like_the_file(tmp_path):
    path = write(tmp_path, "Date,Open,High,Low,Close\n2024-01-02,1,3,1,2\n", "KO.csv")
    assert read_prices(path).to_dict("list") == {"KO": [2.0]}


def test_columns_in_another_language(tmp_path):
    path = write(tmp_path, "Datum;Kurs;Papier\n2024-01-02;10;A\n")
    frame = read_prices(path, columns={"time": "Datum", "close": "Kurs", "symbol": "Papier"})
    assert frame.loc["2024-01-02", "A"] == 10


@pytest.mark.parametrize("kind", ["pandas", "polars", "indexed", "parquet"])
def test_frames_of_either_kind(kind, tmp_path):
    data = {"time": pd.to_datetime(["2024-01-02", "2024-01-03"]), "A": [1.0, 2.0]}
    table = {
        "pandas": lambda: pd.DataFrame(data),
        "polars": lambda: pl.DataFrame({"time": list(data["time"]), "A": data["A"]}),
        "indexed": lambda: pd.DataFrame({"A": data["A"]}, index=data["time"]),
        "parquet": lambda: tmp_path / "a.parquet",
    }[kind]()
    if kind == "parquet":
        pl.DataFrame({"time": list(data["time"]), "A": data["A"]}).write_parquet(table)
    frame = read_prices(table)
    assert frame.columns.tolist() == ["A"]
    assert frame["A"].tolist() == [1.0, 2.0]
    assert frame.index.tolist() == list(data["time"])


def test_an_index_of_time_and_symbol_is_a_long_table():
    index = pd.MultiIndex.from_product(
        [pd.to_datetime(["2024-01-02", "2024-01-03"]), ["A", "B"]], names=["date", "symbol"]
    )
    frame = read_prices(pd.DataFrame({"close": [1.0, 2.0, 3.0, 4.0]}, index=index))
    assert frame.to_numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_time_zones(tmp_path):
    aware = write(tmp_path, "time,A\n2024-01-02T15:00:00Z,1\n")
    assert str(read_prices(aware).index[0]) == "2024-01-02 15:00:00+00:00"
    there = read_prices(aware, timezone="America/New_York").index[0]
    assert str(there) == "2024-01-02 10:00:00-05:00"
    naive = write(tmp_path, "time,A\n2024-01-02T10:00:00,1\n", "b.csv")
    assert read_prices(naive).index.tz is None
    assert read_prices(naive, timezone="America/New_York").index[0] == there


def test_an_unmapped_column_lists_close_names(tmp_path):
    path = write(tmp_path, "Date,Ticker,Closing\n2024-01-02,A,1\n")
    with pytest.raises(LabelError, match=r"no column for 'close'. Did you mean 'Closing'\?"):
        read_prices(path)
    with pytest.raises(LabelError, match="maps 'close' to 'Close', which is not in the data"):
        read_prices(path, columns={"close": "Close"})
    with pytest.raises(
        LabelError, match=r"maps 'clsoe', which is not a field. Did you mean 'close"
    ):
        read_prices(path, columns={"clsoe": "Closing"})
    with pytest.raises(LabelError, match="no column for 'time'"):
        read_prices(write(tmp_path, "when,A\n2024-01-02,1\n", "c.csv"))


@pytest.mark.parametrize(
    "text, error, message",
    [
        ("date,A\n01/02/2024,1\n", TimeIndexError, "'01/02/2024' in row 0 is no ISO date"),
        ("date,A\n,1\n", TimeIndexError, "'' in row 0 is no ISO date"),
        ("date,A\n2024-01-02,1\n2024-01-02,2\n", TimeIndexError, "appears twice"),
        ("date,A\n2024-01-02T00:00Z,1\n2024-01-03,2\n", TimeIndexError, "some times carry a zone"),
        ("date,A\n2024-01-02,x1\n", DataError, "column 'A' must hold numbers, got 'x1' in row 0"),
        (LONG + "2024-01-02,A,1,9\n", TimeIndexError, "A has more than one row at 2024-01-02"),
    ],
)
def test_bad_files(tmp_path, text, error, message):
    with pytest.raises(error, match=message):
        read_prices(write(tmp_path, text))


def test_no_file_or_no_table(tmp_path):
    with pytest.raises(NotFoundError, match="there is no file"):
        read_prices(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="neither CSV nor Parquet"):
        read_prices(write(tmp_path, "", "a.xlsx"))
    with pytest.raises(DataError, match="a time column and no prices"):
        read_prices(pd.DataFrame({"date": ["2024-01-02"]}))
    with pytest.raises(TimeIndexError, match="20240102 in row 0 is no ISO date"):
        read_prices(pd.DataFrame({"date": [20240102], "A": [1.0]}))
    with pytest.raises(DataError, match="must be a path or a frame, got list"):
        read_prices([1.0])


INDEXES = [None, "Unnamed: 0", "__index_level_0__"]


@pytest.mark.parametrize("name", INDEXES)
def test_a_frame_written_by_pandas_comes_back_whatever_its_index_is_called(tmp_path, name):
    """`to_csv` leaves the header of an unnamed index empty; others spell that out."""
    path = tmp_path / "wide.csv"
    days = pd.to_datetime(["2024-01-02", "2024-01-03"])
    wide = pd.DataFrame({"A": [1.0, 2.0], "B": [3.0, 4.0]}, index=days)
    wide.to_csv(path, index_label=name)
    assert read_prices(path).to_numpy().tolist() == wide.to_numpy().tolist()
    assert list(read_prices(path)) == ["A", "B"]


@pytest.mark.parametrize("name", INDEXES)
def test_a_row_number_beside_the_dates_is_no_symbol(tmp_path, name):
    path = tmp_path / "wide.csv"
    wide = pd.DataFrame({"Date": ["2024-01-02", "2024-01-03"], "A": [1.0, 2.0]})
    wide.to_csv(path, index_label=name)
    assert list(read_prices(path)) == ["A"]
