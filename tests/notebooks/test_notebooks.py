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
