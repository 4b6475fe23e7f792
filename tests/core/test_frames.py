"""Whatever a caller holds comes in as float64 (time, asset) and goes out as it came."""

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from types import ModuleType

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nautilus.core import frames
from nautilus.core.errors import (
    DataError,
    LabelError,
    OverlapError,
    ParameterError,
    ShapeError,
    TimeIndexError,
)
from nautilus.core.frames import aligned, cross_section, labelled_vector, matched, read

DAYS = pd.date_range("2024-01-01", periods=3)
NEW_YORK = "America/New_York"


def series(values=(1.0, 2.0, 3.0), index=DAYS, name="KO"):
    return pd.Series(list(values), index=index, name=name)


def panel(columns=("A", "B"), index=DAYS):
    values = np.arange(len(index) * len(columns), dtype=float).reshape(len(index), -1)
    return pd.DataFrame(values, index=index, columns=list(columns))


# ---- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        [1, 2],
        (1.0, 2.0),
        range(1, 3),
        np.array([1, 2], dtype=np.uint8),
        np.array([1, 2], dtype=">f8"),
        np.array([1, 2], dtype=np.float32),
        np.array([Decimal(1), 2], dtype=object),
        pd.Series([1, 2]),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series([1, 2], dtype="Float32"),
        pl.Series([1, 2]),
        pl.Series([Decimal(1), Decimal(2)]),
    ],
)
def test_every_kind_of_numbers_is_the_same_column(data):
    values, like = read(data)
    assert values.dtype == np.dtype(np.float64)
    assert values.tolist() == [[1.0], [2.0]]
    assert (like.ndim, like.size) == (1, 2)


@pytest.mark.parametrize(
    "data",
    [
        [1.0, None],
        np.array([1, None], dtype=object),
        np.ma.masked_array([1, 7], [False, True]),
        pd.Series([1, None], dtype="Int64"),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pl.Series([1, None]),
        pl.Series([Decimal(1), None]),
        pl.DataFrame({"a": [1, None]}),
    ],
)
def test_a_missing_number_is_nan(data):
    np.testing.assert_array_equal(read(data)[0], [[1.0], [np.nan]])


def test_a_panel_of_mixed_dtypes_is_read_column_by_column():
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [1.5, 2.5], "c": [1, 2]})
    np.testing.assert_array_equal(read(frame)[0], [[1, 1.5, 1], [np.nan, 2.5, 2]])
    np.testing.assert_array_equal(read(pl.from_pandas(frame[["b", "c"]]))[0], [[1.5, 1], [2.5, 2]])


@pytest.mark.parametrize("width", [0, 1, 3])
@pytest.mark.parametrize("length", [0, 1, 2])
def test_any_shape_of_array_and_frame_goes_in_and_out(length, width):
    array = np.arange(float(length * width)).reshape(length, width)
    frame = pd.DataFrame(array, columns=list("ABC")[:width])
    for data in (array, frame):
        values, like = read(data)
        assert values.shape == (length, width)
        back = like.series(values)
        assert type(back) is type(data)
        assert back.shape == (length, width)
        assert like.metric(np.zeros(width)).shape == (width,)


def test_the_callers_memory_is_not_copied_and_never_written():
    array = np.arange(6.0).reshape(3, 2)
    array.flags.writeable = False
    assert np.shares_memory(read(array)[0], array)
    assert read(array[:, ::-1])[0].tolist() == array[:, ::-1].tolist()


@pytest.mark.parametrize(
    "data, words",
    [
        ("abc", "`close` must be an array, a Series or a frame, got str."),
        (None, "`close` must be an array, a Series or a frame, got NoneType."),
        ({"A": [1.0]}, "`close` must be an array, a Series or a frame, got dict."),
        ({1.0, 2.0}, "`close` must be an array, a Series or a frame, got set."),
        ((x for x in (1.0, 2.0)), "`close` must be an array, a Series or a frame, got generator."),
        (["1.5", "2"], "`close` must hold numbers, got dtype <U3."),
        (["1.5", None], "`close` must hold numbers, got '1.5'."),
        ([True, None], "`close` must hold numbers, got True."),
        ([True, False], "`close` must hold numbers, got dtype bool."),
        ([1j], "`close` must hold numbers, got dtype complex128."),
        ([DAYS[0]], "`close` must hold numbers, got Timestamp('2024-01-01 00:00:00')."),
        (pd.Series(["a"]), "`close` must hold numbers, got str. Drop or convert it."),
        (pd.Series([True]), "`close` must hold numbers, got bool. Drop or convert it."),
        (pd.Series([True, None], dtype="boolean"), "`close` must hold numbers, got boolean. "),
        (pd.Series([1j]), "`close` must hold numbers, got complex128. Drop or convert it."),
        (pd.DataFrame({"A": [1.0], "B": ["x"]}), "got str in column 'B'. Drop or convert it."),
        (pl.Series(["a"]), "`close` must hold numbers, got String."),
        (pl.DataFrame({"A": [1.0], "B": ["x"]}), "got String in column 'B'. Drop or convert it."),
        (pl.DataFrame({"A": [True]}), "got Boolean in column 'A'. Drop or convert it."),
    ],
)
def test_what_is_no_number_is_named(data, words):
    with pytest.raises(DataError) as caught:
        read(data, "close")
    assert words in str(caught.value)
    assert caught.value.field == "close"


def test_a_lazy_frame_is_told_to_collect():
    with pytest.raises(DataError, match=r"LazyFrame has no values yet. Call .collect\(\) first"):
        read(pl.DataFrame({"a": [1.0]}).lazy())


@pytest.mark.parametrize(
    "data, words",
    [
        ([[1.0, 2.0], [3.0]], "must be rectangular, got ragged rows"),
        (3.0, r"must be 1-D \(time,\) or 2-D \(time, asset\), got 0-D"),
        (np.float64(3.0), "got 0-D"),
        (np.zeros((1, 1, 1)), "got 3-D"),
    ],
)
def test_wrong_shapes(data, words):
    with pytest.raises(ShapeError, match=words):
        read(data)


def test_one_column_counts_as_one_series_where_one_is_meant():
    for data in (panel(["A"]), pl.DataFrame({"A": [1.0, 2.0, 3.0]}), np.ones((3, 1))):
        like = read(data, ndim=1)[1]
        assert like.ndim == 1
        assert isinstance(like.metric(np.array([1.0])), float)
    with pytest.raises(ShapeError, match=r"must be one series, got 2 columns \(A, B\). Choose one"):
        read(panel(), ndim=1)


def test_a_doubled_column_is_named():
    with pytest.raises(LabelError, match="has the column A twice"):
        read(panel(["A", "B", "A"]))


# ---- out as it came ----------------------------------------------------------------------------


def test_pandas_keeps_index_name_columns_and_zone():
    data = series(index=DAYS.tz_localize(NEW_YORK))
    back = read(data)[1].series(np.array([[4.0], [5.0], [6.0]]))
    pd.testing.assert_series_equal(back, data + 3.0)
    frame = panel([("A", 1), ("B", 2)])
    pd.testing.assert_frame_equal(read(frame)[1].series(read(frame)[0]), frame)


def test_polars_keeps_its_time_column_and_names():
    frame = pl.DataFrame({"day": DAYS.date.tolist(), "A": [1.0, 2.0, 3.0]})
    values, like = read(frame)
    assert like.series(values).equals(frame)
    assert like.columns == ("A",)
    assert like.metric([7.0]).equals(pl.DataFrame({"A": [7.0]}))
    assert read(pl.Series("x", [1.0]))[1].series(np.array([[2.0]])).equals(pl.Series("x", [2.0]))


def test_the_time_column_of_polars_stays_where_it_stood():
    frame = pl.DataFrame({"A": [1.0], "day": [DAYS[0].date()], "B": [2.0]})
    values, like = read(frame)
    assert like.columns == ("A", "B")
    assert like.series(values).equals(frame)
    assert like.table({"low": np.zeros(1)}).columns == ["low", "day"]


def test_a_column_of_dates_is_told_to_be_the_index():
    frame = pd.DataFrame({"Date": DAYS, "KO": [1.0, 2.0, 3.0]})
    with pytest.raises(
        DataError, match=r"got datetime64\[us\] in column 'Date'. Make it the index"
    ):
        read(frame)


def test_table_and_column_stand_on_the_index_of_the_input():
    like = read(series())[1]
    table = like.table({"low": np.zeros(3), "high": np.ones(3)})
    assert table.columns.tolist() == ["low", "high"]
    assert table.index.equals(DAYS)
    assert like.column(np.ones(3), "x").name == "x"
    polars = read(pl.DataFrame({"day": DAYS.date.tolist(), "A": [1.0, 2.0, 3.0]}))[1]
    assert polars.table({"low": np.zeros(3)}).columns == ["day", "low"]
    assert read([1.0, 2.0])[1].table({"low": np.zeros(2), "high": np.ones(2)}).shape == (2, 2)


def test_the_columns_of_pandas_keep_their_name_and_kind():
    for columns in (pd.Index(["A", "B"], name="asset"), pd.CategoricalIndex(["A", "B"])):
        frame = panel()
        frame.columns = columns
        values, like = read(frame)
        pd.testing.assert_index_equal(like.series(values).columns, columns)
        pd.testing.assert_index_equal(like.metric([1.0, 2.0]).index, columns)
        assert like.table({"low": np.zeros(3)}).columns.tolist() == ["low"]


@pytest.mark.parametrize("day", [dt.date(1500, 1, 1), dt.date(2300, 1, 1)])
def test_times_beyond_nanoseconds_are_refused(day):
    index = pd.DatetimeIndex([str(day)])
    for data in (pd.Series([1.0], index=index), pl.DataFrame({"day": [day], "A": [1.0]})):
        with pytest.raises(
            TimeIndexError, match="`close` has times before 1677-09-22 or after 2262"
        ):
            read(data, "close")


@pytest.mark.parametrize("data", [panel(), panel().to_numpy(), pl.from_pandas(panel()), series()])
def test_many_metrics_are_each_metric(data):
    values, like = read(data)
    found = like.metrics({"low": values.min(axis=0), "high": values.max(axis=0)})
    for name, value in (("low", values.min(axis=0)), ("high", values.max(axis=0))):
        assert type(found[name]) is type(like.metric(value))
        np.testing.assert_array_equal(found[name], like.metric(value))


def test_at_keeps_these_rows_of_values_index_and_times():
    for data in (panel(), pl.DataFrame({"day": DAYS.date.tolist(), "A": [1.0, 2.0, 3.0]})):
        values, like = read(data)
        rows = np.array([0, 2])
        cut = like.at(rows)
        assert (cut.size, cut.times.tolist()) == (2, like.times[rows].tolist())
        assert cut.series(values[rows]).shape[0] == 2


# ---- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [
        DAYS,
        DAYS.as_unit("s"),
        DAYS.astype("datetime64[ns]"),
        pd.PeriodIndex(DAYS, freq="D"),
        pd.Index(DAYS.date, dtype=object),
        pd.Index(DAYS.to_pydatetime(), dtype=object),
    ],
)
def test_every_index_of_dates_gives_the_same_times(index):
    like = read(series(index=index))[1]
    assert like.times.dtype == np.dtype("M8[ns]")
    assert (like.times == DAYS.to_numpy()).all()
    assert not like.aware
    assert like.series(np.ones((3, 1))).index.equals(index)


def test_aware_times_are_compared_in_utc_and_returned_in_their_zone():
    autumn = pd.date_range("2024-11-03", periods=4, freq="h", tz=NEW_YORK)  # 01:00 comes twice
    like = read(series([1.0, 2.0, 3.0, 4.0], index=autumn))[1]
    assert like.aware
    assert (np.diff(like.times) == np.timedelta64(1, "h")).all()
    a, b, joined = aligned(
        series([1, 2, 3, 4], index=autumn), series([1, 2, 3, 4], autumn.tz_convert("UTC"))
    )
    assert (a == b).all()
    assert str(joined.index.tz) == NEW_YORK


def test_a_polars_zone_is_compared_in_utc_too():
    day = dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC)
    frame = pl.DataFrame({"t": [day], "A": [1.0]})
    local = frame.with_columns(pl.col("t").dt.convert_time_zone(NEW_YORK))
    assert read(local)[1].aware
    assert read(local)[1].times[0] == np.datetime64("2024-01-01T05")
    assert aligned(local, frame)[1].tolist() == [[1.0]]


def test_a_range_index_and_an_empty_index_are_no_times():
    assert read(pd.Series([1.0, 2.0]))[1].times is None
    assert read(pd.Series([], dtype=float, index=pd.Index([], dtype=object)))[1].size == 0


def test_a_numbered_index_is_kept_and_must_increase():
    assert read(series(index=[1, 5, 7]))[1].times.tolist() == [1, 5, 7]
    with pytest.raises(TimeIndexError, match="5 at row 2 is out of order"):
        read(series(index=[1, 7, 5]))


@pytest.mark.parametrize(
    "index, words",
    [
        (DAYS[[0, 2, 1]], "2024-01-02 00:00:00 at row 2 is out of order. First sort by time."),
        (DAYS[[0, 1, 1]], "2024-01-02 00:00:00 at row 2 is doubled. First drop the duplicates."),
        (DAYS[[1, 0, 0]], "2024-01-01 00:00:00 at row 1 is out of order. First sort by time."),
        (pd.DatetimeIndex([None, *DAYS[:2]]), "the time at row 0 is missing. First drop that row."),
        (pd.DatetimeIndex([*DAYS[:2], None]), "the time at row 2 is missing. First drop that row."),
        (pd.Index([1.0, np.nan, 2.0]), "the time at row 1 is missing. First drop that row."),
        (DAYS[[0, 2, 1]].tz_localize(NEW_YORK), "at row 2 is out of order."),
    ],
)
def test_times_increase_strictly(index, words):
    with pytest.raises(TimeIndexError) as caught:
        read(series(index=index), "close")
    assert words in str(caught.value)
    assert str(caught.value).startswith("`close` must have strictly increasing times, but ")


def test_one_row_without_a_time_is_refused():
    with pytest.raises(TimeIndexError, match="the time at row 0 is missing"):
        read(pd.Series([1.0], index=pd.DatetimeIndex([None])))
    frame = pl.DataFrame({"day": [None], "A": [1.0]}, schema={"day": pl.Date, "A": pl.Float64})
    with pytest.raises(TimeIndexError, match="the time at row 0 is missing"):
        read(frame)


def test_polars_times_increase_strictly():
    days = [DAYS[0].date(), None, DAYS[1].date()]
    with pytest.raises(TimeIndexError, match="the time at row 1 is missing"):
        read(pl.DataFrame({"day": days, "A": [1.0, 2.0, 3.0]}))
    with pytest.raises(TimeIndexError, match="2024-01-01 at row 1 is doubled"):
        read(pl.DataFrame({"day": [DAYS[0].date()] * 2, "A": [1.0, 2.0]}))
    with pytest.raises(TimeIndexError, match="2024-01-01 at row 1 is out of order"):
        read(pl.DataFrame({"day": [DAYS[1].date(), DAYS[0].date()], "A": [1.0, 2.0]}))


@pytest.mark.parametrize(
    "index, words",
    [
        (["a", "b", "c"], "must be indexed by time, got str such as 'a'. Convert the index with"),
        (
            pd.Index([DAYS[0], 3.5, "x"], dtype=object),
            "must be indexed by time, got object such as 3.5",
        ),
        (pd.to_timedelta([1, 2, 3], unit="D"), "must be indexed by time, got timedelta64"),
        (
            pd.Index([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2, tzinfo=dt.UTC), DAYS[2]]),
            "mixes times with and without a zone, or of several zones",
        ),
    ],
)
def test_an_index_that_is_no_time_says_what_it_is(index, words):
    with pytest.raises(TimeIndexError) as caught:
        read(series(index=index))
    assert words in str(caught.value)


def test_a_multi_index_is_told_to_unstack():
    index = pd.MultiIndex.from_product([DAYS[:1], ["A", "B", "C"]])
    with pytest.raises(
        TimeIndexError, match=r"has a MultiIndex\. Unstack it to one column per asset"
    ):
        read(series(index=index))


def test_two_polars_time_columns_are_one_too_many():
    frame = pl.DataFrame({"a": DAYS.date.tolist(), "b": DAYS.date.tolist(), "x": [1.0, 2.0, 3.0]})
    with pytest.raises(TimeIndexError, match=r"has 2 time columns \(a, b\). Keep one"):
        read(frame)


# ---- two inputs --------------------------------------------------------------------------------


def test_aligned_joins_on_time_in_the_first_ones_order():
    first = series(range(10), pd.date_range("2024-01-01", periods=10))
    second = series(range(1, 12), pd.date_range("2024-01-02", periods=11))
    a, b, like = aligned(first, second)
    assert a.ravel().tolist() == b.ravel().tolist()[:0] + list(range(1, 10))
    assert b.ravel().tolist() == list(range(1, 10))
    assert like.index.equals(first.index[1:])


def test_aligned_takes_a_panel_against_a_series_across_kinds():
    a, b, like = aligned(panel(), pl.DataFrame({"day": DAYS.date.tolist(), "x": [1.0, 2.0, 3.0]}))
    assert a.shape == (3, 2)
    assert b.shape == (3, 1)
    assert like.kind == "pandas"


def test_too_little_overlap_gives_both_ranges_and_the_share():
    first = series(range(10), pd.date_range("2024-01-01", periods=10))
    second = series(range(10), pd.date_range("2024-01-09", periods=10))
    with pytest.raises(OverlapError) as caught:
        aligned(first, second)
    assert "`returns` (2024-01-01..2024-01-10)" in str(caught.value)
    assert "`benchmark_returns` (2024-01-09..2024-01-18) share 20% of the first's" in str(
        caught.value
    )
    assert "pass min_overlap=0.2." in str(caught.value)
    assert aligned(first, second, min_overlap=0.2)[0].ravel().tolist() == [8.0, 9.0]


def test_overlap_with_nothing_is_zero_and_of_nothing_is_whole():
    empty = pd.Series([], dtype=float, index=pd.DatetimeIndex([]))
    with pytest.raises(OverlapError, match=r"`benchmark_returns` \(empty\) share 0%"):
        aligned(series(), empty)
    assert aligned(empty, series())[0].shape == (0, 1)


def test_min_overlap_is_a_fraction():
    with pytest.raises(
        ParameterError, match=r"`min_overlap` must be in \[0, 1\], got 90. Pass 0.9"
    ):
        aligned([1.0], [1.0], min_overlap=90)


def test_without_an_index_on_both_only_the_length_counts():
    assert aligned(series(), [1, 2, 3])[2].index.equals(DAYS)
    with pytest.raises(
        ShapeError, match="`returns` has 3 rows and `benchmark_returns` 2; without an"
    ):
        aligned(series(), [1, 2])


def test_naive_and_aware_times_do_not_mix():
    with pytest.raises(TimeIndexError, match="`returns` is indexed without a time zone and `bench"):
        aligned(series(), series(index=DAYS.tz_localize("UTC")))
    with pytest.raises(
        TimeIndexError, match=r"`low` in a time zone\. Use tz_localize or tz_convert"
    ):
        matched(series(), series(index=DAYS.tz_localize("UTC")), names=("high", "low"))


def test_times_and_numbers_do_not_mix_but_all_numbers_do():
    with pytest.raises(
        TimeIndexError, match="is indexed by time and `benchmark_returns` by numbers"
    ):
        aligned(series(), series(index=[1, 2, 3]))
    assert aligned(series(index=[1, 2, 3]), series(index=[1.0, 2.0, 3.0]))[0].shape == (3, 1)


def test_matched_wants_the_same_bars():
    with pytest.raises(
        TimeIndexError, match=r"`high` and `low` must have the same times\. Join them"
    ):
        matched(series(), series(index=DAYS + pd.Timedelta("1D")), names=("high", "low"))
    with pytest.raises(TimeIndexError, match="`high` and `low` must have the same times"):
        matched(series(), series(index=[1, 2, 3]), names=("high", "low"))
    with pytest.raises(ShapeError, match="`high` has 3 rows and `low` 2"):
        matched(series(), [1.0, 2.0], names=("high", "low"))
    with pytest.raises(ShapeError, match="`low` must have 2 columns like `high`, got 1"):
        matched(panel(), series(), names=("high", "low"))


def test_matched_columns_join_by_label():
    high = panel(["A", "B"])
    for low in (high[["B", "A"]], pl.from_pandas(high[["B", "A"]])):
        (a, b), _ = matched(high, low, names=("high", "low"))
        np.testing.assert_array_equal(a, b)
    with pytest.raises(
        LabelError, match="`low` must name the same assets: it lacks B and has C too"
    ):
        matched(high, panel(["A", "C"]), names=("high", "low"))


# ---- one value per asset -----------------------------------------------------------------------

WEIGHTS = [
    {"A": 0.4, "B": 0.6},
    pd.Series({"A": 0.4, "B": 0.6}),
    pd.DataFrame({"A": [0.4], "B": [0.6]}),
    pl.DataFrame({"asset": ["A", "B"], "weight": [0.4, 0.6]}),
    pl.DataFrame({"A": [0.4], "B": [0.6]}),
]


@pytest.mark.parametrize("data", WEIGHTS)
def test_a_cross_section_joins_by_label(data):
    values, labels = cross_section(data, "weights")
    assert (values.tolist(), labels) == ([0.4, 0.6], ("A", "B"))
    values, labels = cross_section(data, "weights", labels=np.array(["B", "A"]))
    assert values.tolist() == [0.6, 0.4]
    with pytest.raises(LabelError, match="`weights` must name the same assets: it lacks C"):
        cross_section(data, "weights", labels=["A", "B", "C"])
    with pytest.raises(LabelError, match="it has B too many"):
        cross_section(data, "weights", labels=["A"])


def test_a_number_and_its_word_are_told_apart():
    with pytest.raises(LabelError, match="it lacks '1' and has 1 too many"):
        cross_section({1: 0.5}, "weights", labels=["1"])


def test_a_long_list_of_missing_labels_is_cut():
    with pytest.raises(LabelError, match="lacks a, b, c, d, e and 2 more"):
        cross_section({}, "weights", labels=list("abcdefg"))


@pytest.mark.parametrize(
    "data", [[0.4, 0.6], np.array([0.4, 0.6]), pl.Series([0.4, 0.6]), pd.Series([0.4, 0.6])]
)
def test_a_sequence_takes_its_labels_from_the_caller(data):
    assert cross_section(data, "weights", labels="AB")[1] == ("A", "B")
    with pytest.raises(
        LabelError, match=r"`weights` has no labels\. Pass a mapping or a Series by asset"
    ):
        cross_section(data, "weights")
    with pytest.raises(ShapeError, match="`weights` must have 3 values, got 2"):
        cross_section(data, "weights", labels="ABC")


@pytest.mark.parametrize(
    "data, words",
    [
        ({"A": [1, 2], "B": [3, 4]}, "`weights` must be one value per asset, got 2-D"),
        (np.ones((2, 2)), "`weights` must be one value per asset, got 2-D"),
        (panel(), "`weights` must be one row, got 3 rows"),
        (
            pl.DataFrame({"a": ["x"], "b": ["y"], "c": [1.0]}),
            "two columns, asset and value, or of one",
        ),
    ],
)
def test_a_cross_section_is_one_value_per_asset(data, words):
    with pytest.raises(ShapeError, match=words):
        cross_section(data, "weights", labels="AB")


def test_a_doubled_asset_is_named():
    for data in (
        pd.Series([1.0, 2.0], index=["A", "A"]),
        pl.DataFrame({"s": ["A", "A"], "v": [1, 2]}),
    ):
        with pytest.raises(LabelError, match="`weights` names A more than once"):
            cross_section(data, "weights")


def test_labelled_vectors_of_every_kind():
    assert labelled_vector([1.0], ["A"]).to_dict() == {"A": 1.0}
    assert labelled_vector([1.0], ["A"], "polars").to_dicts() == [{"A": 1.0}]
    assert labelled_vector([1.0], ["A"], "numpy").tolist() == [1.0]


# ---- tables ------------------------------------------------------------------------------------


def test_labelled_and_time_frames():
    assert frames.labelled_frame(["A"], {"w": [1.0]}, "asset").index.name == "asset"
    assert frames.time_frame(DAYS, {"A": [1, 2, 3]}).index.equals(DAYS)
    assert frames.time_series(DAYS, [1, 2, 3], "A").name == "A"


def test_rows_of_any_table():
    wanted = [{"a": 1, "b": "x"}]
    assert frames.rows(wanted) == frames.rows(iter(wanted)) == wanted
    assert frames.rows(pd.DataFrame(wanted)) == wanted
    assert frames.rows(pl.DataFrame(wanted)) == wanted
    assert frames.rows(pd.DataFrame({"w": [1.0]}, index=pd.Index(["A"], name="asset"))) == [
        {"asset": "A", "w": 1.0}
    ]


def test_an_index_that_is_also_a_column_is_given_once():
    frame = pd.DataFrame({"asset": ["A"]}, index=pd.Index(["A"], name="asset"))
    assert frames.rows(frame) == [{"asset": "A"}]


@pytest.mark.parametrize(
    "table", [1.0, "abc", {"a": 1}, [1, 2], pd.Series([1.0]), pl.Series([1.0])]
)
def test_what_is_no_table_is_refused(table):
    with pytest.raises(DataError, match="expected a frame or rows as mappings, got "):
        frames.rows(table)


def test_records_are_plain():
    assert frames.records(pd.Series([1.0], index=DAYS[:1])) == {"2024-01-01T00:00:00": 1.0}
    assert frames.records(panel(["A"], DAYS[:1])) == [{"index": DAYS[0], "A": 0.0}]
    assert frames.records(pl.Series([1.0])) == [1.0]
    assert frames.records(pl.DataFrame({"a": [1]})) == [{"a": 1}]
    assert frames.records(np.array([[1, 2]])) == [[1, 2]]
    assert frames.records(np.float32(0.5)) == 0.5
    with pytest.raises(DataError, match="cannot turn object into plain values"):
        frames.records(object())


def test_records_of_times_are_text_and_missing_ones_none():
    times = np.array(["2024-01-01", "NaT"], dtype="M8[ns]")
    assert frames.records(times) == ["2024-01-01T00:00:00.000000000", None]
    assert frames.records(times[0]) == "2024-01-01T00:00:00.000000000"
    assert frames.records(times[1]) is None
    assert frames.records(pd.NA) is None
    assert frames.records(pd.Period("2024-01", freq="M")) == "2024-01"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_is_a_frame_of_strings(tmp_path, separator):
    path = tmp_path / "x.csv"
    path.write_text(f"a{separator}b\n1{separator}\n007{separator}NA\n")
    assert frames.read_csv(path).to_dict("list") == {"a": ["1", "007"], "b": ["", "NA"]}


def test_recognising_an_array_imports_no_frame_library():
    script = (
        "import sys; from nautilus.core.frames import read; read([1.0]);"
        "print([m for m in ('pandas', 'polars') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_library_that_another_thread_is_importing_has_no_kinds_yet(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", ModuleType("polars"))
    assert read([0.1, 0.2])[1].kind == "numpy"
    monkeypatch.setitem(sys.modules, "pandas", ModuleType("pandas"))
    assert read([0.1, 0.2])[1].kind == "numpy"
