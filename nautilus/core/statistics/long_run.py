"""Variance of a mean when neighbours are correlated (HAC)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_window
from nautilus.core.statistics.blocks import Block, Floats, packed

__all__ = ["autocovariances", "automatic_lag", "hac_standard_error_of_mean", "hac_variance"]

RULES = ("newey_west", "andrews")
_BARTLETT = 1.1447  # (3/2)^(1/3), the constant of the Bartlett kernel in both papers


def autocovariances(values: Any, lags: int) -> Floats:
    """Autocovariances at lags 0..`lags`, each divided by n.

    gamma(k) = (1/n) sum of (x[t] - mean)(x[t+k] - mean); dividing by n, not n - k, keeps the
    sequence positive semidefinite.

    Parameters
    ----------
    values : array (time,) or (time, column)
    lags : int

    Returns
    -------
    array (lags + 1,) or (lags + 1, column)
        0 at lags that the series is too short for, NaN without values. NaN values are left out:
        what stands around a gap counts as neighbours.

    References
    ----------
    Brockwell and Davis (1991), Time Series: Theory and Methods, 2nd ed., section 7.2.

    Examples
    --------
    >>> autocovariances([1.0, 2.0, 3.0, 4.0], 2).tolist()
    [1.25, 0.3125, -0.375]
    """
    block = packed(values)
    found = _autocovariances(block, check_window(lags, "lags", 0))
    return found[:, 0] if block.ndim == 1 else found


def automatic_lag(values: Any, *, rule: str = "newey_west") -> Any:
    """Number of lags for the Bartlett kernel, chosen from the data.

    L = floor(1.1447 (a n)^(1/3)). newey_west: a = (s1 / s0)^2 with s0 = g(0) + 2 sum g(k),
    s1 = 2 sum k g(k) over the first floor(4 (n / 100)^(2/9)) autocovariances g. andrews: a =
    4 rho^2 / ((1 - rho)^2 (1 + rho)^2) with rho the first autocorrelation.

    Parameters
    ----------
    values : array (time,) or (time, column)
    rule : {"newey_west", "andrews"}

    Returns
    -------
    int, or one per column
        At most n // 3: more would fit the sum of all autocovariances, which is 0 by construction. 0
        for constant and for fewer than three values. NaN values are left out.

    References
    ----------
    Newey and West (1994), Automatic Lag Selection in Covariance Matrix Estimation, Review of
    Economic Studies 61(4), equations 3.9, 3.10 and table II. Andrews (1991), Heteroskedasticity and
    Autocorrelation Consistent Covariance Matrix Estimation, Econometrica 59(3), equations 6.2, 6.4.

    Examples
    --------
    >>> import numpy as np
    >>> automatic_lag(np.sin(np.arange(100.0) / 4))
    8
    """
    block = packed(values)
    chosen = _chosen_lags(block, check_choice(rule, "rule", RULES))
    return int(chosen[0]) if block.ndim == 1 else chosen


def hac_variance(values: Any, lags: int | None = None, *, rule: str = "newey_west") -> Any:
    """Long-run variance by the Bartlett kernel: n times the variance of the mean.

    g(0) + 2 sum over k = 1..L of (1 - k / (L + 1)) g(k), g the autocovariances.

    Parameters
    ----------
    values : array (time,) or (time, column)
    lags : int, optional
        L; chosen by `rule` when left out. 0 is the variance with ddof 0.
    rule : {"newey_west", "andrews"}

    Returns
    -------
    float, or one value per column
        At least 0; NaN without values. NaN values are left out.

    Raises
    ------
    ParameterError

    References
    ----------
    Newey and West (1987), A Simple, Positive Semi-definite, Heteroskedasticity and Autocorrelation
    Consistent Covariance Matrix, Econometrica 55(3), equation 5.

    Examples
    --------
    >>> hac_variance([1.0, 2.0, 3.0, 4.0], 1)
    1.5625
    """
    block = packed(values)
    return block.answer(_long_run(block, _lags(block, lags, rule)))


def hac_standard_error_of_mean(
    values: Any, lags: int | None = None, *, rule: str = "newey_west"
) -> Any:
    """Standard error of the mean of a correlated series: sqrt(`hac_variance` / n).

    Parameters
    ----------
    values : array (time,) or (time, column)
    lags : int, optional
        Chosen by `rule` when left out.
    rule : {"newey_west", "andrews"}

    Returns
    -------
    float, or one value per column
        NaN for fewer than two values. NaN values are left out.

    References
    ----------
    Newey and West (1987), Econometrica 55(3).

    Examples
    --------
    >>> hac_standard_error_of_mean([1.0, 2.0, 3.0, 4.0], 1)
    0.625
    """
    block = packed(values)
    variance = _long_run(block, _lags(block, lags, rule))
    n = block.counts
    known = n >= 2
    return block.answer(np.where(known, np.sqrt(variance / np.where(known, n, 1)), np.nan))


def _lags(block: Block, lags: int | None, rule: str) -> NDArray[np.intp]:
    if lags is None:
        return _chosen_lags(block, check_choice(rule, "rule", RULES))
    return np.full(len(block.counts), check_window(lags, "lags", 0), dtype=np.intp)


def _long_run(block: Block, lags: NDArray[np.intp]) -> Floats:
    gamma = _autocovariances(block, int(lags.max(initial=0)))
    steps = np.arange(1, len(gamma))[:, None]
    weights = np.clip(1.0 - steps / (lags + 1.0), 0.0, None)
    total: Floats = gamma[0] + 2.0 * (weights * gamma[1:]).sum(axis=0)
    return np.maximum(total, 0.0)


def _autocovariances(block: Block, lags: int) -> Floats:
    """(lag, column); the zeros after a column's last value add nothing to its sums."""
    width = block.values.shape[1]
    n = np.maximum(block.counts, 1)
    gap = _centred(block)
    found = np.zeros((lags + 1, len(n)))
    for lag in range(min(lags, width - 1) + 1):
        found[lag] = np.einsum("ij,ij->i", gap[:, lag:], gap[:, : width - lag]) / n
    found[:, block.counts == 0] = np.nan
    return found


def _centred(block: Block) -> Floats:
    if block.values.shape[1] == 0:
        return block.values
    inside = np.arange(block.values.shape[1]) < block.counts[:, None]
    n = np.maximum(block.counts, 1)[:, None]
    with np.errstate(invalid="ignore"):
        # From the first value on, so that a constant column has a variance of exactly zero.
        shifted = np.where(inside, block.values - block.values[:, :1], 0.0)
        return np.where(inside, shifted - shifted.sum(axis=1, keepdims=True) / n, 0.0)


def _chosen_lags(block: Block, rule: str) -> NDArray[np.intp]:
    n = block.counts
    ratio = _first_order_ratio(block) if rule == "andrews" else _truncated_ratio(block)
    # A whisker above, so that a perfect cube is not floored to the number below it.
    wide = _BARTLETT * np.cbrt(ratio * n) * (1.0 + 4e-16)
    bounded = np.minimum(np.where(np.isfinite(wide), wide, 0.0), n // 3)
    whole: NDArray[np.intp] = np.floor(bounded).astype(np.intp)
    return whole


def _truncated_ratio(block: Block) -> Floats:
    first = np.floor(4.0 * (block.counts / 100.0) ** (2.0 / 9.0))
    gamma = _autocovariances(block, int(first.max(initial=0)))
    steps = np.arange(1, len(gamma))[:, None]
    used = np.where(steps <= first, gamma[1:], 0.0)
    return _squared_ratio(2.0 * (steps * used).sum(axis=0), gamma[0] + 2.0 * used.sum(axis=0))


def _first_order_ratio(block: Block) -> Floats:
    gamma = _autocovariances(block, 1)
    gamma[1] = np.where(block.counts > 1, gamma[1], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.where(gamma[0] > 0.0, gamma[1] / gamma[0], 0.0)
    return _squared_ratio(2.0 * rho, (1.0 - rho) * (1.0 + rho))


def _squared_ratio(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bottom != 0.0, (top / bottom) ** 2, 0.0)
