"""Standard error of any smooth statistic: its influence function is a series with a mean of 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nautilus.core.checks import check_window
from nautilus.core.errors import ShapeError
from nautilus.core.statistics.blocks import Floats
from nautilus.core.statistics.long_run import hac_standard_error_of_mean

__all__ = ["influence_of_moments", "influence_standard_error", "jackknife_influence"]

_CELLS = 4_000_000  # of one block of leave-out samples: 32 MB


def influence_standard_error(
    influence: Any, lags: int | None = None, *, rule: str = "newey_west"
) -> Any:
    """Standard error of a statistic from the influence of each observation on it.

    sqrt(long-run variance of the influence / n): right under correlation and changing variance,
    where the textbook formula is not.

    Parameters
    ----------
    influence : array (time,) or (time, column)
        One statistic per column, as `influence_of_moments` or `jackknife_influence` gives it.
    lags : int, optional
        Of the Bartlett kernel; 0 for independent observations, chosen by `rule` when left out.
    rule : {"newey_west", "andrews"}

    Returns
    -------
    float, or one value per column; NaN for fewer than two observations.

    References
    ----------
    Hampel (1974), The Influence Curve and its Role in Robust Estimation, JASA 69(346). Chen and
    Martin (2021), Standard Errors of Risk and Performance Estimators, Journal of Risk 23(3).

    Examples
    --------
    >>> influence_standard_error([-1.5, -0.5, 0.5, 1.5], 0)
    0.5590169943749475
    """
    return hac_standard_error_of_mean(influence, lags, rule=rule)


def influence_of_moments(moments: Any, gradient: Any) -> Floats:
    """Influence of each observation on f(mean(moments)), the delta method as a series.

    (moments[t] - mean) . gradient

    Parameters
    ----------
    moments : array (time, moment)
        One row per observation, such as (r, r^2).
    gradient : array (moment,)
        Derivatives of f at the means.

    Returns
    -------
    array (time,)
        With a mean of 0; NaN where a moment is NaN.

    Raises
    ------
    ShapeError

    References
    ----------
    van der Vaart (1998), Asymptotic Statistics, ch. 3 and 20.

    Examples
    --------
    >>> influence_of_moments([[1.0, 1.0], [3.0, 9.0]], [1.0, 0.5]).tolist()
    [-3.0, 3.0]
    """
    rows = np.asarray(moments, dtype=np.float64)
    slope = np.asarray(gradient, dtype=np.float64)
    if rows.ndim != 2 or slope.shape != rows.shape[1:]:
        raise ShapeError(
            f"`moments` must be (time, moment) and `gradient` (moment,), got {rows.shape} and"
            f" {slope.shape}.",
            field="moments",
        )
    valid = ~np.isnan(rows).any(axis=1)
    found = np.full(len(rows), np.nan)
    found[valid] = (rows[valid] - rows[valid].mean(axis=0)) @ slope
    return found


def jackknife_influence(
    statistic: Callable[..., Any], *series: Any, block_length: int = 1
) -> Floats:
    """Influence of each observation, or block of them, by leaving it out.

    (m - 1) (mean of the leave-out values - leave-out value of the block), m the number of blocks.

    Parameters
    ----------
    statistic : callable
        Takes one array (time, sample) per series and returns one value per sample.
    *series : array (time,)
        Of equal length and without NaN.
    block_length : int
        Neighbouring observations that are left out together; a shorter rest at the end is kept in
        every sample.

    Returns
    -------
    array (block,)
        With a mean of 0.

    Raises
    ------
    ShapeError

    References
    ----------
    Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans, ch. 3. Kuensch (1989),
    The Jackknife and the Bootstrap for General Stationary Observations, Annals of Statistics 17(3).

    Examples
    --------
    >>> jackknife_influence(lambda x: x.mean(axis=0), [1.0, 2.0, 6.0]).round(12).tolist()
    [-2.0, -1.0, 3.0]
    """
    length = check_window(block_length, "block_length")
    columns = [np.asarray(one, dtype=np.float64) for one in series]
    n = len(columns[0])
    blocks = n // length
    if any(c.shape != (n,) for c in columns) or blocks < 2:
        raise ShapeError(
            f"`series` must be 1-D, of equal length and at least {2 * length} long, got "
            f"{', '.join(str(c.shape) for c in columns)}.",
            field="series",
        )
    kept = np.arange(n - length)[:, None]
    left_out = np.empty(blocks)
    at_once = max(1, _CELLS // n)
    for first in range(0, blocks, at_once):
        gap = length * np.arange(first, min(first + at_once, blocks))
        rows = np.where(kept < gap, kept, kept + length)
        left_out[first : first + len(gap)] = statistic(*(c[rows] for c in columns))
    found: Floats = (blocks - 1) * (left_out.mean() - left_out)
    return found
