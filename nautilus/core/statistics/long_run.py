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
    found = _autocovariances(_centred(block), block.counts, check_window(lags, "lags", 0))
    found[:, block.counts == 0] = np.nan
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
    chosen = _lags(_centred(block), block.counts, None, rule)
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
    return block.answer(_long_run(block, lags, rule))


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
    variance = _long_run(block, lags, rule)
    n = block.counts
    known = n >= 2
    return block.answer(np.where(known, np.sqrt(variance / np.where(known, n, 1)), np.nan))


def _long_run(block: Block, lags: int | None, rule: str) -> Floats:
    gap = _centred(block)
    used = _lags(gap, block.counts, lags, rule)
    total = _product(gap, 0)
    # Longest first: those that still have a lag to add are always the first rows.
    order = np.argsort(-used, kind="stable")
    ordered, left = gap[order], used[order]
    for lag in range(1, min(int(used.max(initial=0)), gap.shape[1] - 1) + 1):
        active = int(np.searchsorted(-left, -lag, side="right"))
        weights = 1.0 - lag / (left[:active] + 1.0)
        total[order[:active]] += 2.0 * weights * _product(ordered[:active], lag)
    found: Floats = np.maximum(total, 0.0) / np.maximum(block.counts, 1)
    found[block.counts == 0] = np.nan
    return found


def _product(gap: Floats, lag: int) -> Floats:
    """Sum of x[t] x[t + lag]; the zeros after a column's last value add nothing."""
    found: Floats = np.einsum("ij,ij->i", gap[:, lag:], gap[:, : gap.shape[1] - lag])
    return found


def _autocovariances(gap: Floats, counts: NDArray[np.intp], lags: int) -> Floats:
    """(lag, column); 0 beyond the length of the series."""
    found = np.zeros((lags + 1, len(gap)))
    for lag in range(min(lags, gap.shape[1] - 1) + 1):
        found[lag] = _product(gap, lag)
    found /= np.maximum(counts, 1)
    return found


def _centred(block: Block) -> Floats:
    """Distance from the mean, 0 after a column's last value; writes over the block."""
    gap, n = block.values, np.maximum(block.counts, 1)
    after = np.arange(gap.shape[1]) >= block.counts[:, None] if (n < gap.shape[1]).any() else None
    if gap.shape[1]:
        with np.errstate(invalid="ignore"):
            # From the first value on, so that a constant column has a variance of exactly zero.
            gap -= gap[:, :1].copy()
            if after is not None:
                gap[after] = 0.0
            gap -= (gap.sum(axis=1) / n)[:, None]
    if after is not None:
        gap[after] = 0.0
    return gap


def _lags(gap: Floats, counts: NDArray[np.intp], lags: int | None, rule: str) -> NDArray[np.intp]:
    if lags is not None:
        return np.full(len(gap), check_window(lags, "lags", 0), dtype=np.intp)
    chosen = (
        _first_order_ratio if check_choice(rule, "rule", RULES) == "andrews" else _plug_in_ratio
    )
    # A whisker above, so that a perfect cube is not floored to the number below it.
    wide = _BARTLETT * np.cbrt(chosen(gap, counts) * counts) * (1.0 + 4e-16)
    bounded = np.minimum(np.where(np.isfinite(wide), wide, 0.0), counts // 3)
    whole: NDArray[np.intp] = np.floor(bounded).astype(np.intp)
    return whole


def _plug_in_ratio(gap: Floats, counts: NDArray[np.intp]) -> Floats:
    first = np.floor(4.0 * (counts / 100.0) ** (2.0 / 9.0))
    gamma = _autocovariances(gap, counts, int(first.max(initial=0)))
    steps = np.arange(1, len(gamma))[:, None]
    used = np.where(steps <= first, gamma[1:], 0.0)
    return _squared_ratio(2.0 * (steps * used).sum(axis=0), gamma[0] + 2.0 * used.sum(axis=0))


def _first_order_ratio(gap: Floats, counts: NDArray[np.intp]) -> Floats:
    gamma = _autocovariances(gap, counts, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.where(gamma[0] > 0.0, gamma[1] / gamma[0], 0.0)
    return _squared_ratio(2.0 * rho, (1.0 - rho) * (1.0 + rho))


def _squared_ratio(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bottom != 0.0, (top / bottom) ** 2, 0.0)
