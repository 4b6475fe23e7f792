"""Least squares with Newey-West errors, over a sample and over rolling windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nautilus.core.checks import check_window
from nautilus.core.errors import DataError

__all__ = ["default_lags", "least_squares", "ratio", "rolling_betas"]

Floats = NDArray[np.float64]
# Columns this near to dependent leave no digits in their betas.
RANK_TOLERANCE = 1e-10
WINDOWS_AT_ONCE = 256


def least_squares(
    active: Floats, factors: Floats, labels: Sequence[Any], lags: int | None
) -> dict[str, Any]:
    """Least squares over the whole sample, with Newey-West errors, as fields of the result."""
    size = len(active)
    used = default_lags(size) if lags is None else check_window(lags, "lags", 0)
    design = np.column_stack([np.ones(size), factors])
    q, r = np.linalg.qr(design)
    _check_rank(r[None], labels, "the sample")
    coefficients = np.linalg.solve(r, q.T @ active)
    left = _without_rounding(active - design @ coefficients, active)
    errors = _hac_errors(design, left, r, used)
    centred = active - active.mean()
    spread = float(_without_rounding(centred, active) @ centred)
    return {
        "betas": coefficients[1:],
        "standard_errors": errors[1:],
        "t_statistics": ratio(coefficients[1:], errors[1:]),
        "alpha": float(coefficients[0]),
        "alpha_standard_error": float(errors[0]),
        "r_squared": 1.0 - float(left @ left) / spread if spread > 0.0 else math.nan,
        "lags": used,
    }


def default_lags(size: int) -> int:
    """Newey-West lags for a sample of this size.

    Examples
    --------
    >>> default_lags(100), default_lags(2520)
    (4, 8)
    """
    return math.floor(4.0 * math.pow(size / 100.0, 2.0 / 9.0))


def _hac_errors(design: Floats, left: Floats, r: Floats, lags: int) -> Floats:
    """Bartlett-weighted sandwich, with the small-sample factor n / (n - k)."""
    size, width = design.shape
    scores = design * left[:, None]
    middle = scores.T @ scores
    for lag in range(1, min(lags, size - 1) + 1):
        crossed = scores[lag:].T @ scores[:-lag]
        middle = middle + (1.0 - lag / (lags + 1.0)) * (crossed + crossed.T)
    inverse = np.linalg.inv(r)
    bread = inverse @ inverse.T
    variances = np.diag(bread @ middle @ bread) * size / (size - width)
    errors: Floats = np.sqrt(np.maximum(variances, 0.0))
    return errors


def rolling_betas(active: Floats, factors: Floats, window: int, labels: Sequence[Any]) -> Floats:
    """Betas of each period from the `window` periods before it."""
    design = np.column_stack([np.ones(len(active)), factors])
    windows = sliding_window_view(design, window, axis=0)[:-1].transpose(0, 2, 1)
    targets = sliding_window_view(active, window)[:-1]
    betas = np.empty((len(targets), factors.shape[1]))
    for start in range(0, len(targets), WINDOWS_AT_ONCE):
        part = slice(start, start + WINDOWS_AT_ONCE)
        q, r = np.linalg.qr(windows[part])
        _check_rank(r, labels, f"a window of {window} periods")
        projected = np.einsum("twk,tw->tk", q, targets[part])
        betas[part] = np.linalg.solve(r, projected[:, :, None])[:, 1:, 0]
    return betas


def _check_rank(r: Floats, labels: Sequence[Any], where: str) -> None:
    """A column of R with nothing left on its diagonal depends on the columns before it."""
    diagonal = np.abs(np.diagonal(r, axis1=1, axis2=2))
    norms = np.sqrt((r**2).sum(axis=1))
    dependent = (diagonal <= RANK_TOLERANCE * norms).any(axis=0)
    if dependent.any():
        label = labels[int(np.argmax(dependent)) - 1]
        raise DataError(
            f"`factor_returns` must be independent, but {label} is constant or a combination of"
            f" the others in {where}. Drop it.",
            field="factor_returns",
        )


def _without_rounding(left: Floats, scale: Floats) -> Floats:
    """Zero where nothing but rounding is left."""
    noise = 64.0 * np.finfo(np.float64).eps * float(np.abs(scale).max())
    return left if float(np.abs(left).max()) > noise else np.zeros_like(left)


def ratio(values: Floats, errors: Floats) -> Floats:
    """Values over errors; NaN where the error is 0."""
    safe = np.where(errors > 0.0, errors, 1.0)
    found: Floats = np.where(errors > 0.0, values / safe, np.nan)
    return found
