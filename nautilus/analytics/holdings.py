"""Weights and returns of a portfolio and its benchmark on the same segments and periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.segments import (
    CASH,
    Segments,
    check_finite_where_held,
    check_times,
    on_labels,
    on_periods,
    per_period,
    period_name,
    read_segments,
    union_of_labels,
    whole_weights,
)
from nautilus.core.errors import DataError, LabelError, ShapeError
from nautilus.core.frames import Like
from nautilus.core.periods import check_returns

__all__ = ["Holdings", "on_holdings", "read_holdings"]

Floats = NDArray[np.float64]
NAMES = ("portfolio_weights", "benchmark_weights", "portfolio_returns", "benchmark_returns")


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Both sides as arrays (period, segment); returns are 0 where nothing is held.

    `given_returns` are the benchmark returns as they came, also where its weight is 0.
    """

    portfolio_weights: Floats
    benchmark_weights: Floats
    portfolio_returns: Floats
    benchmark_returns: Floats
    given_returns: Floats
    labels: tuple[Any, ...]
    like: Like | None

    @property
    def portfolio_total(self) -> Floats:
        """Return of the portfolio in each period."""
        total: Floats = (self.portfolio_weights * self.portfolio_returns).sum(axis=1)
        return total

    @property
    def benchmark_total(self) -> Floats:
        """Return of the benchmark in each period."""
        total: Floats = (self.benchmark_weights * self.benchmark_returns).sum(axis=1)
        return total


def read_holdings(
    portfolio_weights: Any,
    benchmark_weights: Any,
    portfolio_returns: Any,
    benchmark_returns: Any,
    *,
    strict: bool,
    cash_returns: Any = None,
    tolerance: float = 1e-6,
    hint: str | None = None,
) -> Holdings:
    """Join the four inputs by label and period.

    `strict`: all name the same segments. Otherwise a segment that only one side has gets weight 0
    on the other, and returns may name more segments than are held.
    """
    inputs = (portfolio_weights, benchmark_weights, portfolio_returns, benchmark_returns)
    parts, like = on_periods(
        [read_segments(data, name) for data, name in zip(inputs, NAMES, strict=True)]
    )
    for part in parts[2:]:
        check_returns(part.values, part.name)
    labels = parts[0].labels if strict else union_of_labels(parts[0].labels, parts[1].labels)
    weights = [on_labels(p, labels, fill=None if strict else 0.0, hint=hint) for p in parts[:2]]
    returns = [
        on_labels(part, labels, hint=hint) if strict else _returns_of(part, labels, own.labels)
        for part, own in zip(parts[2:], parts[:2], strict=True)
    ]
    if cash_returns is not None:
        labels, returns = _with_cash(labels, returns, cash_returns, like)
    whole = [
        whole_weights(w, name, like, tolerance=tolerance, cash=cash_returns is not None)
        for w, name in zip(weights, NAMES[:2], strict=True)
    ]
    held = [
        check_finite_where_held(r, w, name, labels, like)
        for r, w, name in zip(returns, whole, NAMES[2:], strict=True)
    ]
    return Holdings(whole[0], whole[1], held[0], held[1], returns[1], labels, like)


def on_holdings(data: Any, name: str, holdings: Holdings, *, held_only: bool = False) -> Floats:
    """Finite values (period, segment) for the labels and periods of the holdings.

    A cross-section holds for every period. A missing label is an error; with `held_only` it
    counts as 0 where the portfolio never holds the segment.
    """
    part = read_segments(data, name)
    size = len(holdings.portfolio_weights)
    if part.like is not None and len(part.values) != size:
        raise ShapeError(f"`{name}` has {len(part.values)} periods, need {size}.", field=name)
    check_times(holdings.like, part)
    by_position = not part.labelled and len(part.labels) == len(holdings.labels)
    if by_position:
        values = part.values
    elif held_only:
        held = (holdings.portfolio_weights != 0.0).any(axis=0)
        on_labels(part, [x for x, h in zip(holdings.labels, held, strict=True) if h], extra=True)
        values = on_labels(part, holdings.labels, fill=0.0)
    else:
        values = on_labels(part, holdings.labels)
    values = np.broadcast_to(values, (size, len(holdings.labels)))
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise DataError(
            f"`{name}` must be finite, but {holdings.labels[column]} in"
            f" {period_name(holdings.like, int(row))} is {values[row, column]}.",
            field=name,
        )
    return values


def _returns_of(part: Segments, labels: Sequence[Any], own: Sequence[Any]) -> Floats:
    """On all labels, NaN where there is no return; those with a weight of their own must exist."""
    on_labels(part, own, extra=True)
    return on_labels(part, labels, fill=np.nan, extra=True)


def _with_cash(
    labels: tuple[Any, ...], returns: list[Floats], cash_returns: Any, like: Like | None
) -> tuple[tuple[Any, ...], list[Floats]]:
    if CASH in labels:
        raise LabelError(
            f"`cash_returns` adds a segment {CASH!r}, but the weights name one already."
            " Leave cash_returns out, or rename it.",
            field="cash_returns",
        )
    earned = per_period(cash_returns, "cash_returns", len(returns[0]), like)
    return (*labels, CASH), [np.column_stack([r, earned]) for r in returns]
