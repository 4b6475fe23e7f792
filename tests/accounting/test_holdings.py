"""Positions from objects, mappings and frames."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

from nautilus.accounting.holdings import Position, read_positions
from nautilus.core.errors import DataError, MissingInputError

AAPL = Position("AAPL", 100, 155.0, average_cost=150.0, sector="technology")
ROW = {
    "symbol": "AAPL",
    "quantity": 100,
    "price": 155.0,
    "average_cost": 150.0,
    "sector": "technology",
    "weight": 0.3,
}


def test_market_value_counts_the_multiplier_and_the_sign():
    assert Position("ES", -2, 5000.0, multiplier=50.0).market_value == -500_000.0


def test_objects_mappings_and_frames_are_the_same_positions():
    assert read_positions([AAPL]) == read_positions((AAPL,)) == read_positions(AAPL) == [AAPL]
    assert read_positions([ROW]) == [AAPL]
    assert read_positions([AAPL, ROW]) == [AAPL, AAPL]
    assert read_positions(pd.DataFrame([ROW])) == [AAPL]
    assert read_positions(pd.DataFrame([ROW]).set_index("symbol")) == [AAPL]
    assert read_positions(pl.DataFrame([ROW])) == [AAPL]


def test_empty_cells_take_the_default():
    frame = pd.DataFrame([ROW, {"symbol": "X", "quantity": 1.0, "price": 2.0}])
    assert read_positions(frame)[1] == Position("X", 1.0, 2.0)


def test_a_required_field_is_named_with_its_position():
    with pytest.raises(MissingInputError, match="`price` of AAPL; a missing value is not 0"):
        read_positions([{"symbol": "AAPL", "quantity": 1.0}])
    with pytest.raises(MissingInputError, match="must have `symbol`"):
        read_positions([{"quantity": 1.0, "price": 2.0}])
    assert read_positions([{"symbol": "A", "quantity": 1}], required=("symbol",))[0].quantity == 1


def test_other_things_are_refused():
    with pytest.raises(DataError, match="must be positions, mappings or a frame, got int"):
        read_positions([3])
    with pytest.raises(DataError, match="expected a frame or rows"):
        read_positions(5)
