"""Weights and returns by segment: read, joined by label, checked to be whole portfolios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import (
    DataError,
    LabelError,
    NotEnoughDataError,
    ShapeError,
    TimeIndexError,
)
from nautilus.core.frames import Like, cross_section, read

__all__ = [
    "Segments",
    "check_finite_where_held",
    "check_times",
    "on_labels",
    "on_periods",
    "per_period",
    "period_name",
    "read_segments",
    "union_of_labels",
    "whole_weights",
]

Floats = NDArray[np.float64]
CASH = "cash"


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Values (period, segment) by label; `like` is None for a single cross-section."""

    name: str
    values: Floats
    labels: tuple[Any, ...]
    labelled: bool
    like: Like | None


def read_segments(data: Any, name: str) -> Segments:
    """One period (mapping, Series or 1-D) or a panel (time, segment).

    Examples
    --------
    >>> read_segments({"UK": 0.4, "US": 0.6}, "weights").labels
    ('UK', 'US')
    """
    if _is_cross_section(data):
        labelled = _has_labels(data)
        positions = None if labelled else range(np.shape(data)[0])
        values, labels = cross_section(data, name, labels=positions)
        return Segments(name, values[None, :], labels, labelled, None)
    values, like = read(data, name)
    if like.size == 0:
        raise NotEnoughDataError(f"`{name}` has no periods, need at least 1.", field=name)
    return Segments(name, values, like.columns, like.kind != "numpy", like)


def adopt_labels(parts: Sequence[Segments]) -> list[Segments]:
    """Unlabelled parts take the labels of the first labelled part of their width."""
    named = [p for p in parts if p.labelled]
    adopted = []
    for part in parts:
        donor = next((p for p in named if len(p.labels) == len(part.labels)), None)
        if not part.labelled and donor is not None:
            part = replace(part, labels=donor.labels)
        adopted.append(part)
    return adopted


def on_periods(parts: Sequence[Segments]) -> tuple[list[Segments], Like | None]:
    """Parts on the same periods; a cross-section holds for every period."""
    parts = adopt_labels(parts)
    panels = [p for p in parts if p.like is not None]
    if not panels:
        return parts, None
    first = panels[0]
    like = next((p.like for p in panels if p.like and p.like.times is not None), first.like)
    size = len(first.values)
    for panel in panels[1:]:
        if len(panel.values) != size:
            raise ShapeError(
                f"`{panel.name}` has {len(panel.values)} periods and `{first.name}` {size};"
                " they must describe the same periods.",
                field=panel.name,
            )
        check_times(like, panel)
    spread = [
        replace(p, values=np.broadcast_to(p.values, (size, len(p.labels)))) if not p.like else p
        for p in parts
    ]
    return spread, like


def union_of_labels(first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, ...]:
    """Labels of the first, then those that only the second has."""
    return tuple(dict.fromkeys((*first, *second)))


def on_labels(
    part: Segments,
    labels: Sequence[Any],
    *,
    fill: float | None = None,
    extra: bool = False,
    hint: str | None = None,
) -> Floats:
    """Values in the order of `labels`.

    Without `fill` a missing label is an error, without `extra` a surplus one; `hint` says then
    what to do.
    """
    known = set(labels)
    missing = [x for x in labels if x not in set(part.labels)]
    surplus = [x for x in part.labels if x not in known]
    if (missing and fill is None) or (surplus and not extra):
        words = [f"lacks {_listed(missing)}"] if missing and fill is None else []
        words += [f"has {_listed(surplus)} too many"] if surplus and not extra else []
        raise LabelError(
            f"`{part.name}` must name the same segments: it {' and '.join(words)}.",
            field=part.name,
            hint=hint,
        )
    if tuple(labels) == part.labels:
        return part.values
    position = {label: i for i, label in enumerate(part.labels)}
    values = np.full((len(part.values), len(labels)), np.nan if fill is None else fill)
    kept = [(i, position[x]) for i, x in enumerate(labels) if x in position]
    here, there = [i for i, _ in kept], [j for _, j in kept]
    values[:, here] = part.values[:, there]
    return values


def per_period(data: Any, name: str, size: int, like: Like | None) -> Floats:
    """A number for every period, from one number or a series (time,)."""
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        values = np.full(size, float(data))
    else:
        grid, own = read(data, name, ndim=1)
        values = grid[:, 0]
        if len(values) != size:
            raise ShapeError(f"`{name}` has {len(values)} periods, need {size}.", field=name)
        check_times(like, Segments(name, grid, (name,), True, own))
    if not np.isfinite(values).all():
        raise DataError(f"`{name}` must be finite in every period.", field=name)
    return values


def whole_weights(
    weights: Floats, name: str, like: Like | None, *, tolerance: float, cash: bool
) -> Floats:
    """Weights that sum to exactly 1 in every period.

    Sums within `tolerance` are rescaled; with `cash` the rest becomes a last column.
    """
    if not np.isfinite(weights).all():
        bad = int(np.argmin(np.isfinite(weights).all(axis=1)))
        raise DataError(
            f"`{name}` must be finite, but {period_name(like, bad)} has NaN. Pass 0 for not held.",
            field=name,
        )
    sums = weights.sum(axis=1)
    if cash:
        return np.column_stack([weights, 1.0 - sums])
    off = np.abs(sums - 1.0) > tolerance
    if off.any():
        bad = int(np.argmax(off))
        raise DataError(
            f"`{name}` must sum to 1 in every period, but {period_name(like, bad)} sums to"
            f" {sums[bad]:.6g}. Add the missing segments, or pass cash_returns= to hold the rest"
            " as cash.",
            field=name,
        )
    scaled: Floats = weights / sums[:, None]
    return scaled


def check_finite_where_held(
    returns: Floats, weights: Floats, name: str, labels: Sequence[Any], like: Like | None
) -> Floats:
    """Returns with 0 where nothing is held; a missing return of a held segment is an error."""
    held = weights != 0.0
    bad = held & ~np.isfinite(returns)
    if bad.any():
        period, segment = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise DataError(
            f"`{name}` must be finite where the weight is not 0, but {labels[int(segment)]} in"
            f" {period_name(like, int(period))} is {returns[period, segment]}.",
            field=name,
        )
    return np.where(held, returns, 0.0)


def period_name(like: Like | None, row: int) -> str:
    """A period in words: its date, or its row."""
    if like is None:
        return "the period"
    if like.times is None:
        return f"row {row}"
    moment = like.times[row]
    return str(np.datetime_as_string(moment, unit="D")) if moment.dtype.kind == "M" else str(moment)


def check_times(like: Like | None, panel: Segments) -> None:
    """Raise when a panel with times stands beside other times."""
    other = panel.like
    if like is None or other is None or like.times is None or other.times is None:
        return
    if like.aware != other.aware or not np.array_equal(like.times, other.times):
        raise TimeIndexError(
            f"`{panel.name}` must have the times of the other panels, each row the period whose"
            " returns it holds. Join them first.",
            field=panel.name,
        )


def _is_cross_section(data: Any) -> bool:
    if isinstance(data, Mapping):
        return True
    if hasattr(data, "schema") and hasattr(data, "columns"):
        return any(not (t.is_numeric() or t.is_temporal()) for t in data.schema.values())
    shape = getattr(data, "shape", None)
    if shape is None and isinstance(data, Sequence) and len(data):
        return not isinstance(data[0], Sequence)
    return shape is not None and len(shape) == 1


def _has_labels(data: Any) -> bool:
    if isinstance(data, Mapping):
        return True
    if hasattr(data, "iloc"):
        return type(data.index).__name__ != "RangeIndex"
    return hasattr(data, "schema")


def _listed(labels: Sequence[Any], most: int = 5) -> str:
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(str(x) for x in labels[:most]) + more
