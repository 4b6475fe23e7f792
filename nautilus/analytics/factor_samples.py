"""Returns, factors, benchmark and exposures on their common, complete periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.segments import Segments, on_labels, read_segments
from nautilus.core.errors import LabelError, ShapeError
from nautilus.core.frames import Like, aligned, read
from nautilus.core.periods import check_returns

__all__ = ["SPECIFIC", "FactorSample", "factor_sample"]

Floats = NDArray[np.float64]
SPECIFIC = "specific"


@dataclass(frozen=True, slots=True, eq=False)
class FactorSample:
    """Arrays by period; the benchmark is 0 where there is none."""

    portfolio: Floats
    benchmark: Floats
    factors: Floats
    exposures: Floats | None
    labels: tuple[Any, ...]
    like: Like


def factor_sample(
    returns: Any,
    factor_returns: Any,
    benchmark_returns: Any = None,
    exposures: Any = None,
    *,
    min_overlap: float = 0.9,
) -> FactorSample:
    """Join everything on time and leave out rows with NaN."""
    labels = _factor_labels(factor_returns)
    table, like = read(returns, "returns")
    _check_series(table, "returns")
    table, like, factors = _joined(table, like, factor_returns, "factor_returns", min_overlap)
    base, known = slice(0, 0), None
    if benchmark_returns is not None:
        table, like, base = _joined(
            table, like, benchmark_returns, "benchmark_returns", min_overlap
        )
        _check_series(table[:, base], "benchmark_returns")
    if exposures is not None:
        table, like, known = _with_exposures(table, like, exposures, labels, min_overlap)
    whole = np.isfinite(table).all(axis=1)
    values = table[whole]
    return FactorSample(
        portfolio=values[:, 0],
        benchmark=values[:, base].sum(axis=1),
        factors=values[:, factors],
        exposures=None if known is None else values[:, known],
        labels=labels,
        like=like.at(np.flatnonzero(whole)),
    )


def _joined(
    table: Floats, like: Like, other: Any, name: str, min_overlap: float
) -> tuple[Floats, Like, slice]:
    """The table with the other's columns to its right, on common times, and where they are."""
    columns = {f"column_{i}": table[:, i] for i in range(table.shape[1])}
    left, right, common = aligned(
        like.table(columns), other, names=("returns", name), min_overlap=min_overlap
    )
    width = left.shape[1]
    return np.column_stack([left, right]), common, slice(width, width + right.shape[1])


def _with_exposures(
    table: Floats, like: Like, exposures: Any, labels: tuple[Any, ...], min_overlap: float
) -> tuple[Floats, Like, slice]:
    part = read_segments(exposures, "exposures")
    width = len(part.labels)
    if not part.labelled and width != len(labels):
        raise ShapeError(
            f"`exposures` must have {len(labels)} columns like `factor_returns`, got {width}.",
            field="exposures",
        )
    if part.like is None:
        rows = np.broadcast_to(part.values, (len(table), width))
        table, where = np.column_stack([table, rows]), slice(table.shape[1], None)
    else:
        table, like, where = _joined(table, like, exposures, "exposures", min_overlap)
    if part.labelled:
        found = Segments(part.name, table[:, where], part.labels, True, None)
        table[:, where] = on_labels(found, labels)
    return table, like, where


def _check_series(values: Floats, name: str) -> None:
    if values.shape[1] != 1:
        raise ShapeError(
            f"`{name}` must be one series, got {values.shape[1]} columns. Choose one of them.",
            field=name,
        )
    check_returns(values, name)


def _factor_labels(factor_returns: Any) -> tuple[Any, ...]:
    _, like = read(factor_returns, "factor_returns")
    if like.ndim == 1:
        labels: tuple[Any, ...] = ("factor" if like.name in (None, "") else like.name,)
    elif like.kind == "numpy":
        labels = tuple(f"factor_{i}" for i in like.columns)
    else:
        labels = like.columns
    if SPECIFIC in labels:
        raise LabelError(
            f"`factor_returns` must not have a column {SPECIFIC!r}, which is the part that no"
            " factor explains. Rename it.",
            field="factor_returns",
        )
    return labels
