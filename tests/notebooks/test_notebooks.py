"""Every notebook runs from top to bottom, says what it claims, and is stored without outputs."""

from __future__ import annotations

import pathlib

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = pathlib.Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CLAIMS = {
    "01_did_i_make_money": (
        "cash, positions and P&L agree: True",
        "to 12 decimals: 0.0e+00",
        "ledger equal to the bit: True",
        "max |batch - stream| = 0.0",
        "equal    True",
    ),
    "03_indicators": (
        "RSI, max |history - stream| = 0.0",
        "45 columns of 27 indicators, equal to the bit: True",
        "after the restart, equal to the bit: True",
        "sma: NaN after the hole, nautilus   20, TA-Lib  4031",
        "a symbol of the panel is the symbol alone: True",
        "served 45 values, equal to the notebook: True",
    ),
    "02_market_data": (
        "AAPL alone equals AAPL among others: True",
        "last trade = last minute = daily close: True",
        "bars built from ticks = simulated minutes: True",
        "their volume = that of the day: True",
        "equal to the file to the bit: True",
        "what nobody stored comes simulated, and says so: 'simulated'",
        "AAPL are stored, TSLA are not, and an answer has one source",
        "2024-05-03 [100.0, 101.0]\n2024-05-31 [100.0, 110.0]",
        "numbers missing 50",
        "answered by mine | equal to the notebook: True",
        "replayed = simulated, price by price: True",
    ),
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_from_top_to_bottom(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "examples").symlink_to(FOLDER.parent / "examples")
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "")
        for cell in book.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    for claim in CLAIMS[path.stem]:
        assert claim in printed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_is_stored_without_outputs(path: pathlib.Path) -> None:
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert all(not c.outputs and c.execution_count is None for c in cells)
