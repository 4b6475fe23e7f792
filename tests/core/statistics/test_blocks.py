import numpy as np
import pytest

from nautilus.core.errors import ShapeError
from nautilus.core.statistics.blocks import packed


def test_values_move_up_over_the_gaps_in_their_order():
    block = packed(np.array([[np.nan, 1.0], [2.0, 3.0], [4.0, np.nan]]), fill=-9.0)
    assert block.values.tolist() == [[2.0, 4.0, -9.0], [1.0, 3.0, -9.0]]
    assert block.counts.tolist() == [2, 2]


def test_the_callers_memory_stays_as_it_was():
    given = np.array([3.0, np.nan, 1.0])
    packed(given).values.fill(0.0)
    assert given[0] == 3.0


def test_three_dimensions_are_refused():
    with pytest.raises(ShapeError, match=r"`values` must be 1-D or 2-D, got 3-D"):
        packed(np.zeros((2, 2, 2)))
