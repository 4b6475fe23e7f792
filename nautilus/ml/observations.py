"""Features and what followed them, one row for each time and asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, NotEnoughDataError, ShapeError
from nautilus.core.frames import aligned, matched, read
from nautilus.core.frames.cross_sections import join_labels

__all__ = ["LEAST_TIMES", "Observations", "observations"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEAST_TIMES = 30


class Observations(NamedTuple):
    """Rows without a missing value, sorted by time, all assets of a time together.

    `rows` are (time x asset, feature); `present` says which features have any value, `varying`
    which of these differ over the rows by more than rounding.
    """

    rows: Floats
    target: Floats
    names: tuple[str, ...]
    present: Flags
    varying: Flags
    times: int
    assets: int


def observations(features: Any, target: Any, *, min_overlap: float) -> Observations:
    """Features and target joined on time; a time with a missing value is left out whole.

    Raises
    ------
    NotEnoughDataError
        Fewer than 30 times are left.
    DataError
        A constant target.
    OverlapError, ShapeError, LabelError, TimeIndexError
    """
    if isinstance(features, Mapping):
        values, truth, names = _pooled(features, target, min_overlap)
    else:
        values, truth, names = _single(features, target, min_overlap)
    present = np.asarray(np.isfinite(values).any(axis=(0, 1)))
    there = np.isfinite(values[:, :, present]).all(axis=(1, 2)) & np.isfinite(truth).all(axis=1)
    if there.sum() < LEAST_TIMES:
        raise _too_few(int(there.sum()), values, names)
    rows, known = values[there].reshape(-1, len(names)), truth[there].reshape(-1)
    if not _varies(known[:, None])[0]:
        raise DataError("`target` must not be constant: nothing can tell of it.", field="target")
    varying = present & _varies(rows)
    return Observations(rows, known, names, present, varying, int(there.sum()), truth.shape[1])


def _single(
    features: Any, target: Any, min_overlap: float
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """One asset: columns are features."""
    values, truth, like = aligned(
        features, target, names=("features", "target"), min_overlap=min_overlap
    )
    if truth.shape[1] != 1:
        raise ShapeError(
            f"`target` must be one series, got {truth.shape[1]} columns. For several assets pass"
            " `features` as a mapping of name -> (time, asset).",
            field="target",
        )
    return values[:, None, :], truth, tuple(str(name) for name in like.columns)


def _pooled(
    features: Mapping[Any, Any], target: Any, min_overlap: float
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Several assets: each feature is (time, asset), as the target is."""
    if not features:
        raise DataError("`features` must have at least one feature, got none.", field="features")
    names = tuple(str(name) for name in features)
    arrays, like = matched(*features.values(), names=[f"features[{name}]" for name in names])
    places = np.tile(np.arange(like.size, dtype=np.float64)[:, None], (1, len(like.columns)))
    found, truth, _ = aligned(
        like.series(places), target, names=("features", "target"), min_overlap=min_overlap
    )
    times = found[:, 0].astype(np.intp)
    other = read(target, "target")[1]
    if truth.shape[1] != len(like.columns):
        raise ShapeError(
            f"`target` must have the {len(like.columns)} assets of `features`, got"
            f" {truth.shape[1]}.",
            field="target",
        )
    if "numpy" not in (like.kind, other.kind) and like.ndim == other.ndim == 2:
        truth = truth[:, _positions(other.columns, like.columns)]
    return np.stack(arrays, axis=2)[times], truth, names


def _positions(found: Sequence[Any], wanted: Sequence[Any]) -> list[int]:
    have, need = [str(x) for x in found], [str(x) for x in wanted]
    join_labels(have, need, "target")
    return [have.index(name) for name in need]


def _varies(rows: Floats) -> Flags:
    """Columns whose values differ by more than rounding."""
    known = np.where(np.isfinite(rows), rows, 0.0)
    size = np.abs(known).max(axis=0, initial=0.0)
    varies: Flags = np.ptp(known, axis=0) > 8.0 * np.finfo(np.float64).eps * size
    return varies


def _too_few(have: int, values: Floats, names: Sequence[str]) -> NotEnoughDataError:
    counts = np.isfinite(values).all(axis=1).sum(axis=0).tolist()
    least = min(zip(counts, names, strict=True), default=(0, "target"))
    return NotEnoughDataError(
        f"`features` and `target` must share {LEAST_TIMES} times without a missing value, got"
        f" {have}; {least[1]!r} has {least[0]}.",
        field="features",
    )
