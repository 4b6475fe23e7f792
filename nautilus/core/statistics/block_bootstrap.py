"""The stationary bootstrap, and intervals of any statistic from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_finite, check_probability, check_window
from nautilus.core.errors import ParameterError, ShapeError
from nautilus.core.statistics.block_lengths import optimal_block_length
from nautilus.core.statistics.blocks import Floats
from nautilus.core.statistics.gaussian import normal_cdf, normal_quantile
from nautilus.core.statistics.influence import jackknife_influence
from nautilus.core.statistics.order import quantile

__all__ = ["BootstrapInterval", "bootstrap_interval", "stationary_bootstrap_indices"]

METHODS = ("percentile", "bca")
_CELLS = 4_000_000  # of one block of samples: 32 MB


class BootstrapInterval(NamedTuple):
    """An estimate with its interval.

    Parameters
    ----------
    estimate : float
        The statistic of the data.
    lower, upper : float
        NaN where the replicates leave the interval undefined.
    standard_error : float
        Standard deviation of the replicates, ddof 1.
    block_length : float
        Expected length of the blocks, in observations.
    replications : int
        Replicates that were finite.
    """

    estimate: float
    lower: float
    upper: float
    standard_error: float
    block_length: float
    replications: int


def stationary_bootstrap_indices(
    n: int, block_length: float, replications: int, rng: np.random.Generator | int
) -> NDArray[np.intp]:
    """Positions of resampled observations: blocks of geometric length, wrapped at the end.

    Each position is the next one with probability 1 - 1 / block_length, else a new random start.

    Parameters
    ----------
    n : int
        Observations.
    block_length : float
        Expected length, at least 1 (which is the ordinary bootstrap).
    replications : int
    rng : numpy Generator or int seed

    Returns
    -------
    array (replication, n) of int

    Raises
    ------
    ParameterError

    References
    ----------
    Politis and Romano (1994), The Stationary Bootstrap, JASA 89(428).

    Examples
    --------
    >>> stationary_bootstrap_indices(5, 3.0, 2, 1).tolist()
    [[2, 3, 4, 0, 0], [0, 1, 4, 0, 1]]
    """
    count = check_window(n, "n")
    rows = check_window(replications, "replications")
    length = check_finite(block_length, "block_length")
    if length < 1.0:
        raise ParameterError(
            f"`block_length` must be at least 1, got {block_length!r}.", field="block_length"
        )
    random = np.random.default_rng(rng)
    starts = random.integers(count, size=(rows, count))
    fresh = random.random((rows, count)) * length < 1.0
    fresh[:, 0] = True
    steps = np.arange(count)
    began = np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
    return (np.take_along_axis(starts, began, axis=1) + steps - began) % count


def bootstrap_interval(
    statistic: Callable[..., Any],
    *series: Any,
    confidence: float = 0.95,
    method: str = "percentile",
    replications: int = 2000,
    block_length: float | None = None,
    rng: np.random.Generator | int = 0,
) -> BootstrapInterval:
    """Interval of a statistic of time series that keeps the correlation of neighbours.

    percentile: quantiles of the replicates. bca: the same at levels corrected for bias (share of
    replicates below the estimate) and for acceleration (skewness of the influence of blocks).

    Parameters
    ----------
    statistic : callable
        Takes one array (time, sample) per series and returns one value per sample, as every metric
        of the library does.
    *series : array (time,)
        Of equal length, resampled together; a time with a NaN in any of them is left out.
    confidence : float
        Coverage.
    method : {"percentile", "bca"}
    replications : int
    block_length : float, optional
        Expected, in observations; the longest `optimal_block_length` of the series if left out.
    rng : numpy Generator or int seed

    Returns
    -------
    BootstrapInterval
        NaN bounds where fewer than half of the replicates are finite or, with bca, where all of
        them lie on one side of the estimate.

    Raises
    ------
    ParameterError, ShapeError

    References
    ----------
    Politis and Romano (1994), The Stationary Bootstrap, JASA 89(428). Efron (1987), Better
    Bootstrap Confidence Intervals, JASA 82(397), equations 3.8 and 6.6.

    Examples
    --------
    >>> import numpy as np
    >>> found = bootstrap_interval(lambda x: x.mean(axis=0), np.arange(100.0) % 7, replications=500)
    >>> found.lower < found.estimate < found.upper
    True
    """
    coverage = check_probability(confidence, "confidence")
    kind = check_choice(method, "method", METHODS)
    columns = _joined(series)
    length = _block_length(columns, block_length)
    estimate = float(np.reshape(statistic(*(c[:, None] for c in columns)), -1)[0])
    drawn = _replicates(statistic, columns, length, check_window(replications, "replications"), rng)
    finite = drawn[np.isfinite(drawn)]
    lower = upper = error = float("nan")
    if len(finite) >= max(2.0, 0.5 * len(drawn)) and np.isfinite(estimate):
        error = float(finite.std(ddof=1))
        low, high = 0.5 * (1.0 - coverage), 0.5 * (1.0 + coverage)
        if kind == "bca":
            low, high = _corrected(statistic, columns, length, finite, estimate, (low, high))
        if low == low:
            lower, upper = quantile(finite, low), quantile(finite, high)
    return BootstrapInterval(estimate, lower, upper, error, length, len(finite))


def _joined(series: tuple[Any, ...]) -> list[Floats]:
    columns = [np.asarray(one, dtype=np.float64) for one in series]
    if not columns or any(c.ndim != 1 or len(c) != len(columns[0]) for c in columns):
        shapes = ", ".join(str(c.shape) for c in columns)
        raise ShapeError(f"`series` must be 1-D and of equal length, got {shapes}.", field="series")
    valid = ~np.isnan(np.stack(columns)).any(axis=0)
    if not valid.any():
        raise ShapeError("`series` must hold at least one time without NaN.", field="series")
    return [c[valid] for c in columns]


def _block_length(columns: list[Floats], given: float | None) -> float:
    if given is not None:
        return float(given)
    return float(np.nanmax([1.0, *(optimal_block_length(c) for c in columns)]))


def _replicates(
    statistic: Callable[..., Any],
    columns: list[Floats],
    length: float,
    replications: int,
    rng: np.random.Generator | int,
) -> Floats:
    n = len(columns[0])
    random = np.random.default_rng(rng)
    drawn = np.empty(replications)
    at_once = max(1, _CELLS // n)
    for first in range(0, replications, at_once):
        count = min(at_once, replications - first)
        rows = stationary_bootstrap_indices(n, length, count, random).T
        drawn[first : first + count] = statistic(*(c[rows] for c in columns))
    return drawn


def _corrected(
    statistic: Callable[..., Any],
    columns: list[Floats],
    length: float,
    drawn: Floats,
    estimate: float,
    levels: tuple[float, float],
) -> tuple[float, float]:
    """Levels of the bca interval; NaN where it is undefined."""
    below = float(((drawn < estimate).sum() + 0.5 * (drawn == estimate).sum()) / len(drawn))
    if not 0.0 < below < 1.0 or len(columns[0]) < 4:
        return float("nan"), float("nan")
    bias = normal_quantile(below)
    span = min(max(1, round(length)), len(columns[0]) // 2)
    influence = jackknife_influence(statistic, *columns, block_length=span)
    squares = float((influence**2).sum())
    skew = float((influence**3).sum()) / squares**1.5 if squares > 0.0 else 0.0
    return _level(levels[0], bias, skew / 6.0), _level(levels[1], bias, skew / 6.0)


def _level(level: float, bias: float, acceleration: float) -> float:
    shifted = bias + normal_quantile(level)
    denominator = 1.0 - acceleration * shifted
    return normal_cdf(bias + shifted / denominator) if denominator > 0.0 else float("nan")
