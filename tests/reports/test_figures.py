import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.reports.figures import (
    equity_picture,
    histogram_picture,
    rolling_picture,
    thinned,
)

RETURNS = np.random.default_rng(0).normal(0.0005, 0.01, 300)
DAYS = np.arange("2020-01-01", "2020-10-27", dtype="datetime64[D]")
WEALTH = np.cumprod(1.0 + RETURNS)
FALLS = WEALTH / np.maximum.accumulate(WEALTH) - 1.0

walks = st.integers(1, 3000).map(lambda n: np.random.default_rng(n).normal(size=n).cumsum())


def labels(picture):
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture)


@given(walks, st.integers(1, 200))
def test_thinning_keeps_extremes_ends_and_order(values, columns):
    x, y = thinned(np.arange(len(values)), values, columns=columns)
    assert len(x) <= 2 * columns + 2
    assert (np.diff(x) > 0).all()
    assert y.tolist() == values[x].tolist()
    assert (y.min(), y.max()) == (values.min(), values.max())
    assert (x[0], x[-1]) == (0, len(values) - 1)


@given(walks, st.integers(1, 50))
def test_thinning_keeps_the_extremes_of_every_pixel_column(values, columns):
    _, y = thinned(np.arange(len(values)), values, columns=columns)
    kept = set(y.tolist())
    edges = np.linspace(0, len(values), columns + 1).astype(int)
    for start, end in pairwise(edges):
        if start < end:
            assert {values[start:end].min(), values[start:end].max()} <= kept


def test_a_gap_stays_a_gap():
    values = np.ones(1000)
    values[300:700] = np.nan
    x, y = thinned(np.arange(1000), values, columns=50)
    assert np.isnan(y[(x > 310) & (x < 690)]).all()
    assert np.isnan(y).any()


def test_few_points_are_left_alone():
    assert thinned(DAYS, WEALTH)[1] is WEALTH


def test_growth_is_on_a_logarithmic_axis_with_plain_numbers():
    steep = equity_picture(DAYS, [np.geomspace(1.0, 80.0, 300)], [np.zeros(300)])
    assert {"1", "2", "5", "10", "20", "50"} <= set(labels(steep))
    flat = equity_picture(DAYS, [np.geomspace(1.0, 1.3, 300)], [np.zeros(300)])
    assert {"1", "1.1", "1.2"} <= set(labels(flat))


def test_wealth_that_is_lost_is_drawn_all_the_same():
    ruined = np.r_[WEALTH[:100], np.zeros(200)]
    assert equity_picture(DAYS, [ruined], [ruined - 1.0]).startswith("<svg")


def test_drawdowns_are_in_percent_below_zero():
    found = labels(equity_picture(DAYS, [WEALTH], [FALLS], episodes=[(DAYS[5], DAYS[50])]))
    assert "0 %" in found
    assert any(text.startswith("−") and text.endswith(" %") for text in found)


def test_positions_stand_where_there_are_no_times():
    found = labels(rolling_picture(np.arange(300), [WEALTH], label="Wealth", reference=1.0))
    assert {"0", "100", "200"} <= set(found)


def test_two_series_are_two_colours():
    picture = rolling_picture(DAYS, [WEALTH, 2.0 * WEALTH], label="Wealth", percent=True)
    assert "var(--series-0" in picture
    assert "stroke-opacity: 0.7" in picture


def test_losses_beyond_the_mark_are_red():
    picture = histogram_picture(RETURNS, marks=[("95 %", -0.016), ("99 %", -0.023)])
    assert {"95 %", "99 %"} <= set(labels(picture))
    assert "fill: var(--loss" in picture
    assert "fill: var(--loss" not in histogram_picture(RETURNS)


@pytest.mark.parametrize("values", [[0.01], [0.0, 0.0, 0.0], [0.01, -0.02], [5.0, 1e-9]])
def test_few_or_equal_returns_have_a_distribution_too(values):
    assert histogram_picture(np.array(values)).startswith("<svg")


def test_one_far_return_does_not_squeeze_the_others():
    # 1 of 1,000 lies beyond the outermost 0.2 %.
    picture = histogram_picture(np.r_[np.random.default_rng(0).normal(0, 0.01, 999), 9.0])
    assert not {"900 %", "800 %", "500 %"} & set(labels(picture))
