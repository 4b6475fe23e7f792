"""One value per asset, joined strictly by label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import (
    LabelError,
    ShapeError,
)
from nautilus.core.frames.kinds import has_labels, is_polars_series, kind_of, listed
from nautilus.core.frames.reading import pandas_values, read

__all__ = ["cross_section", "join_labels", "labelled_values"]

Floats = NDArray[np.float64]


def cross_section(
    data: Any, name: str, *, labels: Sequence[Any] | None = None
) -> tuple[Floats, tuple[Any, ...]]:
    """One value per asset, in the order of `labels` where they are given.

    Parameters
    ----------
    data : mapping, pandas Series, polars frame (asset, value) or one-row frame, or sequence
        A sequence has no labels: it needs `labels` of the same length.
    name : str
        The caller's argument, for messages.
    labels : sequence, optional
        Joined strictly: a missing or extra asset is an error that names it.

    Returns
    -------
    tuple of (array (asset,), tuple of labels)

    Raises
    ------
    LabelError, ShapeError, DataError

    Examples
    --------
    >>> cross_section({"A": 0.4, "B": 0.6}, "weights", labels=["B", "A"])[0].tolist()
    [0.6, 0.4]
    """
    found, values = labelled_values(data, name)
    if found is None:
        if labels is None:
            raise LabelError(
                f"`{name}` has no labels. Pass a mapping or a Series by asset.", field=name
            )
        if len(values) != len(labels):
            raise ShapeError(
                f"`{name}` must have {len(labels)} values, got {len(values)}.", field=name
            )
        return values, tuple(labels)
    if labels is None:
        return values, found
    join_labels(found, labels, name)
    position = {label: i for i, label in enumerate(found)}
    return values[[position[label] for label in labels]], tuple(labels)


def labelled_values(data: Any, name: str) -> tuple[tuple[Any, ...] | None, Floats]:
    """(labels or None, one value per asset) of what `cross_section` takes.

    Examples
    --------
    >>> labelled_values([0.4, 0.6], "weights")[0] is None
    True
    """
    labels, values = _labels_and_values(data, name)
    if labels is not None and len(set(labels)) != len(labels):
        doubled = sorted({str(x) for x in labels if labels.count(x) > 1})
        raise LabelError(f"`{name}` names {listed(doubled)} more than once.", field=name)
    return labels, values


def _labels_and_values(data: Any, name: str) -> tuple[tuple[Any, ...] | None, Floats]:
    kind = kind_of(data)
    if kind == "pandas":
        if data.ndim == 2:
            if len(data) != 1:
                raise ShapeError(f"`{name}` must be one row, got {len(data)} rows.", field=name)
            data = data.iloc[0]
        labels = tuple(data.index.tolist()) if has_labels(data.index) else None
        return labels, pandas_values(data, name)
    if kind == "polars" and not is_polars_series(data):
        return _polars_cross_section(data, name)
    labels = tuple(data) if isinstance(data, Mapping) else None
    values, like = read(data if labels is None else list(data.values()), name)
    if like.ndim != 1:
        raise ShapeError(f"`{name}` must be one value per asset, got 2-D.", field=name)
    return labels, values.reshape(-1)


def _polars_cross_section(data: Any, name: str) -> tuple[tuple[Any, ...], Floats]:
    words = [c for c, t in data.schema.items() if not t.is_numeric()]
    if not words and len(data) == 1:
        return tuple(data.columns), data.to_numpy().astype(np.float64).reshape(-1)
    if len(words) != 1 or len(data.columns) != 2:
        raise ShapeError(
            f"`{name}` must be a polars frame of two columns, asset and value, or of one row.",
            field=name,
        )
    (column,) = [c for c in data.columns if c not in words]
    return tuple(data[words[0]].to_list()), data[column].to_numpy().astype(np.float64)


def join_labels(found: Sequence[Any], wanted: Sequence[Any], name: str) -> None:
    """Refuse labels that are missing or too many, by name."""
    have, need = set(found), set(wanted)
    missing = [x for x in wanted if x not in have]
    extra = [x for x in found if x not in need]
    if missing or extra:
        alike = set(map(str, missing)) & set(map(str, extra))  # 1 and "1" must not look the same
        missing, extra = (list(map(repr, x)) if alike else x for x in (missing, extra))
        parts = [f"lacks {listed(missing)}"] if missing else []
        parts += [f"has {listed(extra)} too many"] if extra else []
        raise LabelError(
            f"`{name}` must name the same assets: it {' and '.join(parts)}.", field=name
        )
