"""Metrics over the last n returns, at every time."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from nautilus.analytics.measures import TWO, Measure, measure_of, paired, prepared
from nautilus.core.checks import check_window
from nautilus.core.errors import MissingInputError, ParameterError
from nautilus.core.folds import windowed

__all__ = ["rolling"]

NAN = float("nan")
PARALLEL_WORK = 1_000_000
# Windows evaluated at once where a metric needs all its data.
CHUNK_VALUES = 1_000_000

Floats = NDArray[np.float64]


def rolling(metric: Callable[..., Any], returns: Any, *, window: int, **metric_options: Any) -> Any:
    """A metric over each window of the last `window` returns.

    Parameters
    ----------
    metric : callable
        A metric of this package, or any function of returns (time, asset) that gives one value per
        asset.
    returns : array (time,) or (time, asset)
        Simple returns per period, fractions.
    window : int
        Rows of a window; a NaN return inside is left out, as the metric does.
    **metric_options
        Options of the metric; `benchmark_returns` among them where it has one.

    Returns
    -------
    array
        Same length and kind (of the common times where there is a benchmark); NaN in the warm-up of
        window - 1 rows. Each value equals the metric of that slice: to 1e-12 of the scale of its
        terms for metrics that merge in O(1) (nothing is ever subtracted), exactly for the rest.

    Raises
    ------
    ParameterError
        Unknown option, or a window below 1.
    MissingInputError
        The metric needs `benchmark_returns`.

    References
    ----------
    van Herk (1992), A Fast Algorithm for Local Minimum and Maximum Filters, Pattern Recognition
    Letters 13(7).

    Examples
    --------
    >>> from nautilus.analytics import total_return
    >>> rolling(total_return, np.array([0.1, 0.1, -0.1]), window=2).round(4).tolist()
    [nan, 0.21, -0.01]
    """
    size = check_window(window, "window")
    measure = measure_of(metric)
    if measure is None:
        values, like = prepared(returns, None)
        return like.series(_sliced(lambda part: metric(part, **metric_options), (values,), size))
    options = _options(metric, measure, metric_options)
    ppy = options.get("periods_per_year")
    if measure.inputs == TWO:
        overlap = options.pop("min_overlap")
        other = metric_options["benchmark_returns"]
        values, benchmark, like = paired(returns, other, ppy, overlap)
        arrays: tuple[Floats, ...] = (values, benchmark)
    else:
        values, like = prepared(returns, ppy)
        arrays = (values,)
    return like.series(_rolled(measure, arrays, size, measure.parameters(**options)))


def _options(
    metric: Callable[..., Any], measure: Measure, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Every option of the metric, given or default."""
    signature = inspect.signature(metric).parameters
    for name in given:
        if name not in signature:
            known = ", ".join(n for n in signature if n != "returns")
            raise ParameterError(
                f"{metric.__name__} has no option `{name}`. It has {known or 'none'}.", field=name
            )
    if measure.inputs == TWO and "benchmark_returns" not in given:
        raise MissingInputError(
            f"rolling {metric.__name__} needs benchmark_returns=.", field="benchmark_returns"
        )
    return {n: given.get(n, p.default) for n, p in signature.items() if n not in measure.inputs}


def _rolled(
    measure: Measure, arrays: tuple[Floats, ...], window: int, parameters: tuple[float, ...]
) -> Floats:
    reduction = measure.reduction
    if reduction is None or not measure.associative:
        return _sliced(lambda *parts: measure.over(parts, parameters), arrays, window)
    length, width = arrays[0].shape

    def one(j: int) -> Floats:
        columns = [a[:, j if a.shape[1] > 1 else 0] for a in arrays]
        return windowed(reduction, columns, window, parameters)

    if not width:
        return np.empty((length, 0))
    if width > 1 and length * width >= PARALLEL_WORK:
        first = one(0)  # compiles, if anything does, before the threads start
        with ThreadPoolExecutor(cpu_count()) as pool:
            return np.column_stack([first, *pool.map(one, range(1, width))])
    return np.column_stack([one(j) for j in range(width)])


def _sliced(metric: Callable[..., Any], arrays: tuple[Floats, ...], window: int) -> Floats:
    """The metric of every window: windows are the columns of a panel."""
    length, width = arrays[0].shape
    result = np.full((length, width), NAN)
    if length < window:
        return result
    step = max(1, CHUNK_VALUES // window)
    for j in range(width):
        views = [sliding_window_view(a[:, j if a.shape[1] > 1 else 0], window) for a in arrays]
        for start in range(0, length - window + 1, step):
            parts = [v[start : start + step].T for v in views]
            rows = slice(start + window - 1, start + window - 1 + parts[0].shape[1])
            result[rows, j] = np.asarray(metric(*parts), dtype=np.float64).reshape(-1)
    return result
