"""Live events: the same step as over history, for numbers and rows, whole or resumed."""

import json
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nautilus as nt
from nautilus.core import jit
from nautilus.core.errors import DataError, LabelError, NotFoundError, ParameterError, ShapeError
from nautilus.core.folds import Fold, ObjectFold, Reduction, Window, apply, folded

NAN = float("nan")
DAYS = pd.date_range("2024-01-01", periods=6)


class Band(NamedTuple):
    low: float
    high: float


def band_step(state, high, low, width):
    (spread, seen) = state
    if high != high or low != low:
        return state, (NAN, NAN)
    spread = spread + (high - low) * width
    return (spread, seen + 1.0), (low - spread, high + spread)


def band_parameters(width: float = 1.0) -> tuple[float, ...]:
    return (float(width),)


def largest_lift(x, period):
    return (x,)


def largest_merge(earlier, later):
    if earlier[0] != earlier[0] or earlier[0] > later[0]:
        return (earlier[0] + 0.0,)
    return (later[0],)


def largest_finish(total, period):
    return total[0]


def largest_parameters(period: int = 3) -> tuple[float, ...]:
    return (float(period),)


def slope_lift(a, b, shift):
    if a != a or b != b:
        return 0.0, 0.0
    return a * b, b * b


def slope_merge(earlier, later):
    return earlier[0] + later[0], earlier[1] + later[1]


def slope_finish(total, shift):
    return total[0] / total[1] + shift if total[1] > 0.0 else NAN


def slope_parameters(shift: float) -> tuple[float, ...]:
    return (float(shift),)


def sum_init(start, ceiling):
    return (start,)


def sum_step(state, x, start, ceiling):
    value = state[0] + x
    return (value if value < ceiling else ceiling,), value


def sum_parameters(start: float = 0.0, ceiling: float = float("inf")) -> tuple[float, ...]:
    return float(start), float(ceiling)


BAND = Fold(("high", "low"), lambda width: (0.0, 0.0), band_step, band_parameters, Band)
LARGEST = Window(("x",), largest_lift, largest_merge, largest_finish, largest_parameters)
SLOPE = Reduction(("a", "b"), slope_lift, slope_merge, slope_finish, slope_parameters)
SUM = Fold(("x",), sum_init, sum_step, sum_parameters, version=2)
PURSE = ObjectFold(
    open=lambda currency="USD": {"currency": currency, "coins": []},
    apply=lambda book, coin: book["coins"].append(coin),
    freeze=lambda book: (book["currency"], tuple(book["coins"])),
    dump=lambda book: {"coins": list(book["coins"])},
    load=lambda data, currency="USD": {"currency": currency, "coins": list(data["coins"])},
    inputs=("coins",),
)


@folded(BAND)
def band(high, low, width=1.0):
    return Band(*apply(BAND, (high, low), band_parameters(width)))


@folded(LARGEST)
def largest(x, period=3):
    return apply(LARGEST, (x,), largest_parameters(period))[0]


@folded(SLOPE, batch_only=("min_overlap",))
def slope(a, b, *, shift, min_overlap=0.9):
    """Stands for a metric: only its stream is used here."""


@folded(SUM)
def running_sum(x, start=0.0, ceiling=float("inf")):
    return apply(SUM, (x,), sum_parameters(start, ceiling))[0]


@folded(PURSE)
def purse(coins, currency="USD"):
    """Stands for a ledger: only its stream is used here."""


def through_json(stream):
    return nt.Stream.of(json.loads(json.dumps(stream.snapshot(), allow_nan=False)))


numbers = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([NAN, float("inf"), -float("inf"), 0.0, -0.0])
)
histories = st.lists(numbers, max_size=25)


# ---- a number each time ------------------------------------------------------------------------


@given(values=histories, period=st.integers(1, 6))
def test_a_stream_is_the_batch_to_the_bit(values, period):
    live = nt.stream(largest, period=period)
    np.testing.assert_array_equal(
        [live.update(x) for x in values], largest(np.array(values), period)
    )


@given(values=histories, period=st.integers(1, 6), cut=st.integers(0, 25))
def test_a_stream_resumed_from_json_is_the_unbroken_one(values, period, cut):
    whole, live = nt.stream(largest, period=period), nt.stream(largest, period=period)
    for x in values[:cut]:
        whole.update(x)
        live.update(x)
    resumed = through_json(live)
    assert str(resumed.value) == str(whole.value)
    assert resumed.ready == whole.ready
    np.testing.assert_array_equal(
        [resumed.update(x) for x in values[cut:]], [whole.update(x) for x in values[cut:]]
    )
    assert str(resumed.snapshot()) == str(whole.snapshot())


@pytest.mark.parametrize("jit_on", ["0", "1"])
@given(values=histories, cut=st.integers(0, 25))
def test_extend_is_the_batch_and_goes_on_like_updates(jit_on, values, cut):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAUTILUS_JIT", jit_on)
        patch.setattr(jit, "_price", lambda function: 20)
        values = np.array(values)
        live = nt.stream(largest, period=4)
        head = live.extend(values[:cut])
        np.testing.assert_array_equal(head, largest(values, 4)[:cut])
        np.testing.assert_array_equal(
            [live.update(x) for x in values[cut:]], largest(values, 4)[cut:]
        )
        live.extend(values)
        whole = largest(np.concatenate([values, values]), 4)
        if len(values):
            np.testing.assert_array_equal(live.value, whole[-1])


@pytest.mark.parametrize("one", [1, np.int64(1), np.float32(1), np.array(1.0), Decimal(1)])
def test_every_kind_of_number_is_one_event(one):
    live = nt.stream(running_sum)
    assert live.update(one) == 1.0
    assert type(live.update(one)) is float
    assert live.update(1.0) == 3.0


def test_before_the_first_event_there_is_no_value():
    live = nt.stream(largest)
    assert (live.value, live.ready) == (None, False)
    assert live.snapshot()["values"] is None
    resumed = through_json(live)
    assert resumed.value is None
    assert np.isnan(resumed.update(1.0))


def test_ready_says_that_the_warm_up_is_over_and_stays():
    live = nt.stream(largest, period=2)
    assert [(live.update(x), live.ready)[1] for x in (1.0, 2.0, NAN)] == [False, True, True]
    assert nt.stream(largest, period=9).extend([1.0, 2.0])[-1] != 2.0
    late = nt.stream(largest, period=2)
    late.extend([1.0, 2.0, NAN])
    assert late.ready


def test_several_outputs_come_as_their_named_tuple():
    live = nt.stream(band, width=2.0)
    assert live.update(3.0, 1.0) == Band(-3.0, 7.0)
    assert live.value.high == 7.0
    assert through_json(live).value == live.value
    assert live.extend([3.0], [1.0]).low.tolist() == [-7.0]
    assert np.isnan(live.update(NAN, 1.0).low)


# ---- without taking it -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function, event", [(largest, (5.0,)), (running_sum, (5.0,)), (band, (5.0, 1.0))]
)
def test_a_peek_leaves_everything_as_it_was(function, event):
    live = nt.stream(function)
    for i in range(7):
        before = json.dumps(live.snapshot())
        peeked = live.peek(*event)
        assert json.dumps(live.snapshot()) == before
        assert str(live.copy().update(*event)) == str(peeked)
        live.update(*[x - i for x in event])


def test_a_copy_and_its_origin_go_their_own_ways():
    live = nt.stream(largest, period=3)
    live.extend([1.0, 2.0, 3.0, 4.0])
    twin = live.copy()
    twin.update(100.0)
    twin.update(100.0)
    assert (live.update(0.0), live.update(0.0)) == (4.0, 4.0)
    assert twin.value == 100.0


def test_a_snapshot_is_not_moved_by_later_events():
    live = nt.stream(largest, period=3)
    live.extend([1.0, 2.0, 3.0, 4.0])
    kept = live.snapshot()
    before = json.dumps(kept)
    live.extend([7.0, 8.0])
    assert json.dumps(kept) == before
    assert live.restore(kept).update(0.0) == 4.0
    assert json.dumps(kept) == before


# ---- rows --------------------------------------------------------------------------------------

PANEL = pd.DataFrame(np.arange(12.0).reshape(6, 2) % 5, index=DAYS, columns=["A", "B"])
ROWS = {
    "pandas": (PANEL, lambda i: PANEL.iloc[i]),
    "mapping": (PANEL, lambda i: PANEL.iloc[i].to_dict()),
    "one row": (PANEL, lambda i: PANEL.iloc[[i]]),
    "polars": (pl.from_pandas(PANEL), lambda i: pl.from_pandas(PANEL.iloc[[i]])),
    "long": (
        pl.from_pandas(PANEL),
        lambda i: pl.DataFrame({"asset": ["A", "B"], "value": PANEL.iloc[i].to_list()}),
    ),
    "numpy": (PANEL.to_numpy(), lambda i: PANEL.to_numpy()[i]),
    "list": (PANEL.to_numpy(), lambda i: PANEL.to_numpy()[i].tolist()),
    "bare": (PANEL.to_numpy(), lambda i: pd.Series(PANEL.to_numpy()[i])),
    "series": (PANEL.to_numpy(), lambda i: pl.Series(PANEL.to_numpy()[i])),
}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_of_every_kind_are_the_panel(kind):
    whole, row = ROWS[kind]
    live = nt.stream(largest, period=2)
    found = [np.asarray(live.update(row(i)), dtype=float).reshape(-1) for i in range(6)]
    expected = np.asarray(largest(whole, 2), dtype=float)
    np.testing.assert_array_equal(found, expected)
    resumed = through_json(live)
    assert type(resumed.value) is type(live.value)
    np.testing.assert_array_equal(np.asarray(resumed.value).reshape(-1), expected[-1])
    np.testing.assert_array_equal(
        np.asarray(resumed.update(row(0))).reshape(-1), np.asarray(live.update(row(0))).reshape(-1)
    )


@pytest.mark.parametrize("kind", ["pandas", "mapping", "one row"])
def test_a_labelled_row_gives_a_labelled_value(kind):
    live = nt.stream(largest, period=1)
    assert live.update(ROWS[kind][1](1)).to_dict() == {"A": 2.0, "B": 3.0}


def test_a_polars_row_gives_a_one_row_frame():
    live = nt.stream(largest, period=1)
    assert live.update(ROWS["long"][1](1)).to_dicts() == [{"A": 2.0, "B": 3.0}]


@pytest.mark.parametrize(
    "labels", [[("A", 1), ("B", 2)], [np.int64(1), np.int64(2)], ["A", "B"], [1, 2]]
)
def test_labels_of_every_kind_survive_json(labels):
    live = nt.stream(running_sum)
    live.update(dict(zip(labels, [1.0, 2.0], strict=True)))
    resumed = through_json(live)
    assert resumed.update(dict(zip(labels[::-1], [2.0, 1.0], strict=True))).tolist() == [2.0, 4.0]


def test_labelled_rows_join_in_any_order_and_strictly():
    live = nt.stream(running_sum)
    live.update({"A": 1.0, "B": 10.0})
    assert live.update(pd.Series({"B": 10.0, "A": 1.0})).to_dict() == {"A": 2.0, "B": 20.0}
    assert live.update([1.0, 10.0]).to_dict() == {"A": 3.0, "B": 30.0}
    with pytest.raises(LabelError, match="`x` must name the same assets: it lacks B"):
        live.update({"A": 1.0})
    with pytest.raises(LabelError, match="it has C too many"):
        live.update({"A": 1.0, "B": 1.0, "C": 1.0})
    assert live.value.to_dict() == {"A": 3.0, "B": 30.0}


def test_the_inputs_of_the_first_event_join_by_label_as_well():
    high, low = pd.Series({"A": 2.0, "B": 20.0}), pd.Series({"B": 10.0, "A": 1.0})
    live = nt.stream(band, width=0.0)
    assert live.update(high, low).low.to_dict() == {"A": 1.0, "B": 10.0}
    assert live.update(high, low).high.to_dict() == {"A": 2.0, "B": 20.0}
    with pytest.raises(LabelError, match="`low` must name the same assets: it lacks B"):
        nt.stream(band).update(high, {"A": 1.0, "C": 1.0})


def test_a_doubled_label_is_refused_from_the_start():
    with pytest.raises(LabelError, match="`x` names A more than once"):
        nt.stream(running_sum).update(pd.Series([1.0, 2.0], index=["A", "A"]))


def test_a_number_stands_beside_each_value_of_a_row():
    live = nt.stream(band, width=0.0)
    assert live.update([2.0, 3.0], 1.0).low.tolist() == [1.0, 1.0]


def test_an_event_that_does_not_fit_changes_nothing():
    live = nt.stream(band, width=0.0)
    with pytest.raises(ShapeError, match="an event must have rows of one width, got 2 and 3"):
        live.update([1.0, 2.0], [1.0, 2.0, 3.0])
    assert live.snapshot()["values"] is None
    live.update([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ShapeError, match="an event must have 2 columns like the first, got 3"):
        live.update([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="an event must have 2 columns like the first, got 1"):
        live.update(1.0, 1.0)
    with pytest.raises(ShapeError, match="an event must have 2 columns like the first, got 1"):
        live.extend([1.0], [1.0])


def test_events_are_counted():
    live = nt.stream(band)
    with pytest.raises(ParameterError, match=r"pass one value for each of \(high, low\), got 1"):
        live.update(1.0)
    with pytest.raises(ParameterError, match=r"pass one series for each of \(high, low\), got 3"):
        live.extend([1.0], [1.0], [1.0])
    with pytest.raises(ParameterError, match=r"pass one value for each of \(x\), got 0"):
        nt.stream(largest).update()


@pytest.mark.parametrize("event", [None, "5.0", object(), [[1.0, 2.0]], ["a"], [True, None]])
def test_what_is_no_number_is_no_event(event):
    live = nt.stream(running_sum)
    with pytest.raises(DataError, match="`x` must "):
        live.update(event)
    assert live.value is None


# ---- rows, many at once ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "whole",
    [
        PANEL,
        pl.from_pandas(PANEL),
        PANEL.to_numpy(),
        PANEL["A"],
        pl.from_pandas(PANEL.reset_index()),
    ],
)
def test_extend_gives_back_what_the_function_gives(whole):
    live = nt.stream(largest, period=2)
    head, tail = live.extend(whole[:4]), live.extend(whole[4:])
    expected = largest(whole, 2)
    assert type(head) is type(expected)
    np.testing.assert_array_equal(
        np.concatenate([np.asarray(head), np.asarray(tail)]), np.asarray(expected)
    )


def test_extended_columns_join_by_label_and_come_back_in_their_own_order():
    live = nt.stream(running_sum)
    live.update({"A": 100.0, "B": 0.0})
    back = live.extend(PANEL[["B", "A"]])
    assert back.columns.tolist() == ["B", "A"]
    np.testing.assert_array_equal(back["A"], 100 + PANEL["A"].cumsum())
    assert live.value.to_dict() == {"A": 100 + PANEL["A"].sum(), "B": PANEL["B"].sum()}
    assert live.extend(PANEL.to_numpy()[:1]).shape == (1, 2)
    with pytest.raises(
        LabelError, match="`x` must name the same assets: it lacks B and has C too many"
    ):
        live.extend(PANEL.rename(columns={"B": "C"}))


def test_an_empty_extension_fixes_the_width_and_no_value():
    live = nt.stream(largest)
    assert live.extend(np.empty((0, 3))).shape == (0, 3)
    assert live.value is None
    with pytest.raises(ShapeError, match="3 columns like the first, got 2"):
        live.update([1.0, 2.0])


def test_a_panel_of_no_columns_is_carried_through():
    assert nt.stream(largest).extend(np.empty((4, 0))).shape == (4, 0)


# ---- metrics -----------------------------------------------------------------------------------


def test_a_metric_is_one_value_so_far():
    live = nt.stream(slope, shift=0.0)
    assert np.isnan(live.update(NAN, 1.0))
    assert live.update(6.0, 2.0) == 3.0
    assert live.extend([6.0, 1.0], [2.0, 0.0]) == 3.0
    assert through_json(live).value == 3.0
    assert live.peek(0.0, 2.0) == 2.0
    assert live.value == 3.0


def test_a_metric_of_a_panel_against_one_series():
    live = nt.stream(slope, shift=0.0)
    benchmark = pd.Series(np.ones(6), index=DAYS)
    assert live.extend(PANEL, benchmark).to_dict() == PANEL.mean().to_dict()
    one_by_one = nt.stream(slope, shift=0.0)
    for i in range(6):
        one_by_one.update(PANEL.iloc[i], 1.0)
    assert one_by_one.value.to_dict() == pytest.approx(PANEL.mean().to_dict(), rel=1e-12)


def test_a_metric_is_ready_while_it_has_a_value_however_it_was_fed():
    def capped_finish(total, shift):
        return total[0] if total[0] < 3.0 else NAN

    CAPPED = Reduction(("a", "b"), slope_lift, slope_merge, capped_finish, slope_parameters)

    @folded(CAPPED)
    def capped(a, b, *, shift=0.0):
        """Has no value once the sum has reached 3."""

    one_by_one, at_once = nt.stream(capped), nt.stream(capped)
    assert [(one_by_one.update(x, 1.0), one_by_one.ready)[1] for x in (1.0, 5.0)] == [True, False]
    at_once.extend([1.0, 5.0], [1.0, 1.0])
    assert one_by_one.snapshot() == at_once.snapshot()


def test_a_metric_of_no_bars_is_its_value_of_nothing():
    live = nt.stream(slope, shift=0.0)
    assert np.isnan(live.extend([], []))
    assert not live.ready


# ---- options and snapshots ---------------------------------------------------------------------


def test_options_are_completed_and_checked():
    assert nt.stream(largest).snapshot()["parameters"] == {"period": 3}
    with pytest.raises(ParameterError, match=r"has no option `perod`. Did you mean `period`\?"):
        nt.stream(largest, perod=3)
    with pytest.raises(ParameterError, match=r"has no option `zzz`. It has width"):
        nt.stream(band, zzz=1)
    with pytest.raises(
        ParameterError, match=r"`min_overlap` has no meaning for one event of .*slope"
    ):
        nt.stream(slope, shift=0.0, min_overlap=0.5)
    with pytest.raises(ParameterError, match="slope needs the option `shift`"):
        nt.stream(slope)
    with pytest.raises(ParameterError, match="`period` must be at least 1, got 0"):
        nt.stream(nt.indicators.sma, period=0)


def test_only_folds_have_streams():
    with pytest.raises(ParameterError, match="`function` must be a fold of the library, got print"):
        nt.stream(print)


def test_numpy_options_and_infinite_ones_survive_json():
    live = nt.stream(running_sum, start=np.float64(2.0))
    live.update(1.0)
    assert through_json(live).update(1.0) == 4.0
    assert json.loads(json.dumps(live.snapshot()))["parameters"] == {"start": 2.0, "ceiling": "inf"}


def test_a_snapshot_has_exactly_the_documented_keys():
    live = nt.stream(running_sum)
    live.update(NAN)
    found = live.snapshot()
    assert list(found)[:3] == ["name", "version", "parameters"]
    assert {"values", "value", "ready"} < set(found)
    assert (found["version"], found["values"], found["value"]) == (2, [["inf"]], [["nan"]])


def test_a_snapshot_of_something_else_is_refused():
    live = nt.stream(largest, period=3)
    with pytest.raises(ParameterError, match=r"with \{'period': 3\}, got .* with \{'period': 4\}"):
        live.restore(nt.stream(largest, period=4).snapshot())
    with pytest.raises(ParameterError, match=r"version 1 with .* got .* version 9"):
        live.restore({**live.snapshot(), "version": 9})
    with pytest.raises(ParameterError, match="it lacks name, version"):
        live.restore({"parameters": {}, "values": None, "value": None, "ready": False})
    with pytest.raises(ParameterError, match=r"must be what Stream\.snapshot"):
        nt.Stream.of({})
    with pytest.raises(
        ParameterError, match="holds a state of another shape than its function has"
    ):
        live.restore({**live.snapshot(), "values": [[0, False, [1.0], [[1.0]]]], "labels": None})


@pytest.mark.parametrize("name", ["indicators.nothing", "nowhere.rsi", "rsi", "core.errors"])
def test_a_snapshot_of_no_known_function_is_refused(name):
    with pytest.raises((NotFoundError, ParameterError), match="fold of the library"):
        nt.Stream.of({**nt.stream(largest).snapshot(), "name": name})


def test_a_snapshot_finds_a_function_that_nobody_has_imported_yet():
    snapshot = nt.stream(nt.indicators.rsi, period=3).snapshot()
    from nautilus.core import folds

    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(folds._REGISTRY, "indicators.rsi")
        with pytest.raises(ParameterError, match="must be a fold of the library, got rsi"):
            nt.Stream.of(snapshot)
    assert nt.Stream.of(snapshot).snapshot() == snapshot


def test_the_representation_names_function_options_and_readiness():
    assert (
        repr(nt.stream(nt.indicators.sma, period=2))
        == "Stream(indicators.sma, period=2, ready=False)"
    )
    assert ", ," not in repr(nt.stream(purse))


# ---- books -------------------------------------------------------------------------------------


def test_a_book_is_frozen_only_when_it_is_read():
    live = nt.stream(purse, currency="EUR")
    assert live.update(1.0) is None
    assert live.value == ("EUR", (1.0,))
    assert live.ready
    assert live.extend([2.0, 3.0]) == ("EUR", (1.0, 2.0, 3.0))
    assert live.peek(9.0) == ("EUR", (1.0, 2.0, 3.0, 9.0))
    twin = live.copy()
    twin.update(4.0)
    assert live.value == ("EUR", (1.0, 2.0, 3.0))
    resumed = through_json(live)
    assert resumed.value == live.value
    assert resumed.ready
    with pytest.raises(ParameterError, match=r"pass one value for each of \(coins\), got 2"):
        live.update(1.0, 2.0)
