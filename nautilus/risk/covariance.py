"""Covariance estimates and labelled matrices, per period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.errors import DataError, LabelError, NotEnoughDataError, ShapeError
from nautilus.core.frames import Like, read
from nautilus.core.periods import check_returns

__all__ = ["complete_rows", "covariance_of", "labelled_matrix"]

Floats = NDArray[np.float64]

ESTIMATORS = ("ledoit_wolf", "sample", "ewma")
EWMA_DECAY = 0.94


def covariance_of(values: Floats, estimator: str) -> tuple[Floats, float | None]:
    """Covariance (asset, asset) of complete returns (time, asset), and the shrinkage used.

    sample: ddof 1. ewma: sum of decay^k r r' with decay 0.94 and weights that add up to 1, around
    zero (RiskMetrics 1996). ledoit_wolf: (1 - d) S + d m I with S of ddof 0, m the mean variance
    and d the estimated optimum (Ledoit and Wolf 2004, J. Multivariate Analysis 88(2), eq. 14).

    Examples
    --------
    >>> covariance_of(np.array([[0.01, 0.0], [-0.01, 0.02]]), "sample")[0].round(6).tolist()
    [[0.0002, -0.0002], [-0.0002, 0.0002]]
    """
    check_choice(estimator, "covariance", ESTIMATORS)
    if estimator == "ewma":
        ages = np.arange(len(values))[::-1]
        weights = EWMA_DECAY**ages
        weighted = values * (weights / weights.sum())[:, None]
        return symmetric(weighted.T @ values), None
    centred = deviations(values)
    if estimator == "sample":
        return symmetric(centred.T @ centred / (len(values) - 1)), None
    return _ledoit_wolf(centred)


def deviations(values: Floats) -> Floats:
    """Distances from the column means; exactly 0 where a column does not move."""
    centred = values - values.mean(axis=0)
    still = np.ptp(values, axis=0) <= 8.0 * np.finfo(np.float64).eps * np.abs(values).max(axis=0)
    return np.where(still, 0.0, centred)


def _ledoit_wolf(centred: Floats) -> tuple[Floats, float]:
    n, p = centred.shape
    sample = symmetric(centred.T @ centred / n)
    mean = float(np.trace(sample)) / p
    target = mean * np.eye(p)
    distance = float(((sample - target) ** 2).sum())
    # sum over t of || x_t x_t' - S ||^2 without an array (time, asset, asset)
    squares = centred * centred
    spread = float((squares.T @ squares).sum() - n * (sample * sample).sum()) / (n * n)
    shrinkage = 1.0 if distance <= 0.0 else min(max(spread, 0.0) / distance, 1.0)
    return (1.0 - shrinkage) * sample + shrinkage * target, shrinkage


def symmetric(matrix: Floats) -> Floats:
    """The mean of a matrix and its transpose."""
    return 0.5 * (matrix + matrix.T)


def complete_rows(returns: Any, *, minimum: int = 2) -> tuple[Floats, Like]:
    """Rows of a panel without any NaN, and what the panel looked like.

    Raises
    ------
    NotEnoughDataError
        Fewer than `minimum` complete rows; the emptiest asset is named.
    """
    values, like = read(returns)
    check_returns(values)
    rows = values[~np.isnan(values).any(axis=1)]
    if not np.isfinite(rows).all():
        raise DataError("`returns` must be finite, got infinity.", field="returns")
    if len(rows) < minimum:
        gaps = np.isnan(values).sum(axis=0)
        worst = like.columns[int(gaps.argmax())] if len(gaps) else None
        raise NotEnoughDataError(
            f"`returns` have {len(rows)} rows without NaN, need {minimum};"
            f" {worst!r} lacks {int(gaps.max(initial=0))} of {len(values)}.",
            field="returns",
        )
    return rows, like


def labelled_matrix(matrix: Any, name: str, labels: Sequence[Any]) -> Floats:
    """A symmetric matrix (asset, asset) in the order of `labels`.

    Parameters
    ----------
    matrix : pandas frame with the same labels on both axes, or a square array in their order
    name : str
        The caller's argument, for messages.
    labels : sequence
        Joined strictly.

    Raises
    ------
    LabelError, ShapeError, DataError
    """
    if hasattr(matrix, "loc") and hasattr(matrix, "columns"):
        for axis in (matrix.index, matrix.columns):
            wrong = set(axis) ^ set(labels)
            if wrong or len(axis) != len(labels):
                raise LabelError(
                    f"`{name}` must have the assets of the returns on both axes; they differ in"
                    f" {', '.join(sorted(map(str, wrong))[:5]) or 'doubled labels'}.",
                    field=name,
                )
        matrix = matrix.loc[list(labels), list(labels)].to_numpy()
    values = np.array(matrix, dtype=np.float64)
    if values.shape != (len(labels), len(labels)):
        raise ShapeError(
            f"`{name}` must be {len(labels)} by {len(labels)}, got {values.shape}.", field=name
        )
    if not np.isfinite(values).all() or not np.allclose(values, values.T, rtol=1e-8, atol=0.0):
        raise DataError(f"`{name}` must be finite and symmetric.", field=name)
    return symmetric(values)
