import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nautilus.core.errors import ParameterError
from nautilus.core.statistics import quantile, tail_mean

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
columns = arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=numbers)


@given(columns, st.floats(0.0, 1.0))
def test_quantile_equals_numpy_to_the_bit(values, probability):
    expected = np.quantile(values, probability, axis=0)
    assert quantile(values, probability).tolist() == expected.tolist()


@given(columns, st.floats(0.01, 0.99), st.data())
def test_a_missing_value_is_no_value(values, share, data):
    position = data.draw(st.integers(0, len(values)))
    gapped = np.insert(values, position, np.nan, axis=0)
    assert quantile(gapped, share).tolist() == quantile(values, share).tolist()
    assert tail_mean(gapped, share).tolist() == tail_mean(values, share).tolist()


@given(columns, st.floats(0.01, 0.99))
def test_a_column_alone_gives_the_bits_it_gives_in_a_panel(values, share):
    assert tail_mean(values, share).tolist() == [tail_mean(c, share) for c in values.T]
    assert quantile(values, share).tolist() == [quantile(c, share) for c in values.T]


@given(columns, st.floats(0.01, 0.99))
def test_upper_tail_mirrors_the_lower(values, share):
    assert tail_mean(-values, share, upper=True).tolist() == (-tail_mean(values, share)).tolist()


@given(columns, st.floats(0.01, 0.98))
def test_a_deeper_tail_is_worse_and_the_whole_is_the_mean(values, share):
    scale = np.abs(values).max() + 1.0
    assert (tail_mean(values, share) <= tail_mean(values, share + 0.01) + 1e-12 * scale).all()
    assert tail_mean(values, 1.0 - 1e-15) == pytest.approx(values.mean(axis=0), abs=1e-9 * scale)


def test_the_edge_of_the_tail_counts_by_its_part():
    # n p = 2.5: the two lowest whole, the third by half.
    assert tail_mean(np.arange(10.0), 0.25) == pytest.approx((0.0 + 1.0 + 0.5 * 2.0) / 2.5)


def test_quantiles_by_hand():
    values = [4.0, 1.0, 3.0, 2.0]
    assert [quantile(values, p) for p in (0.0, 0.25, 0.5, 1.0)] == [1.0, 1.75, 2.5, 4.0]
    assert quantile([7.0], 0.99) == 7.0


def test_columns_with_different_gaps_are_counted_apart():
    values = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 7.0], [np.nan, np.nan]])
    assert quantile(values, 0.5).tolist() == [2.0, 6.0]
    assert tail_mean(values, 0.5).tolist() == pytest.approx([(1.0 + 0.5 * 2.0) / 1.5, 5.0])


def test_infinite_values_are_values():
    assert quantile([-np.inf, 1.0, 2.0], 0.0) == -np.inf
    assert tail_mean([np.inf, 1.0, 2.0, 3.0], 0.5) == 1.5


@pytest.mark.parametrize("empty", [[], [np.nan, np.nan]])
def test_nothing_has_no_quantile(empty):
    assert np.isnan(quantile(empty, 0.5))
    assert np.isnan(tail_mean(empty, 0.5))


def test_no_columns_give_no_values():
    assert quantile(np.empty((3, 0)), 0.5).shape == (0,)
    assert tail_mean(np.empty((0, 3)), 0.5).shape == (3,)


def test_percent_is_not_a_probability():
    with pytest.raises(
        ParameterError, match=r"`probability` must be in \[0, 1\], got 95. Pass 0.95"
    ):
        quantile([1.0], 95)
    with pytest.raises(ParameterError, match=r"`fraction` must be in \(0, 1\), got 5. Pass 0.05"):
        tail_mean([1.0], 5)
