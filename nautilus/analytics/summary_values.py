"""The numbers of a performance summary as arrays: values, standard errors, bounds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import blocks
from nautilus.analytics.influences import INFLUENCES, Sample
from nautilus.analytics.measures import TWO
from nautilus.analytics.panels import PLACES, panel_statistics
from nautilus.analytics.primitives import over_arrays
from nautilus.analytics.summary_metrics import BENCHMARK_ROWS, RETURN_ROWS, TAIL_ROWS, Row
from nautilus.core.statistics import (
    influence_standard_error,
    normal_quantile,
    optimal_block_length,
    quantile,
    stationary_bootstrap_indices,
)

__all__ = ["Bounds", "Options", "all_rows", "bootstrapped", "counts_of", "estimated", "values_of"]

NAN = float("nan")
# Values of one block of resampled panels.
BOOTSTRAP_VALUES = 4_000_000

Floats = NDArray[np.float64]
Values = dict[str, Floats]


class Options(NamedTuple):
    """Options that the metrics of a summary share."""

    risk_free_rate: float
    periods_per_year: float
    confidence: float


class Bounds(NamedTuple):
    """Standard errors and interval of the metrics that have them."""

    standard_errors: Values
    lower: Values
    upper: Values


class Scale(NamedTuple):
    """A change of scale, its derivative and its inverse."""

    to: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]


LOG = Scale(np.log, lambda v: 1.0 / v, np.exp)
GROWTH = Scale(np.log1p, lambda v: 1.0 / (1.0 + v), np.expm1)
LOGIT = Scale(
    lambda v: np.log(v / (1.0 - v)), lambda v: 1.0 / (v * (1.0 - v)), lambda u: 1 / (1 + np.exp(-u))
)
SHARE = Scale(lambda v: v, np.ones_like, lambda u: np.clip(u, 0.0, 1.0))
FISHER = Scale(np.arctanh, lambda v: 1.0 / (1.0 - v * v), np.tanh)
SCALES = {
    "total_return": GROWTH,
    "annualized_return": GROWTH,
    "annualized_volatility": LOG,
    "downside_deviation": LOG,
    "tracking_error": LOG,
    "mean_absolute_deviation": LOG,
    "gini_mean_difference": LOG,
    "omega_ratio": LOG,
    "profit_factor": LOG,
    "payoff_ratio": LOG,
    "upside_potential_ratio": LOG,
    "hit_rate": LOGIT,
    "batting_average": LOGIT,
    "r_squared": SHARE,
    "correlation": FISHER,
}


def all_rows() -> dict[str, Row]:
    """Every metric by name, in the order of the summary."""
    return {**RETURN_ROWS, **TAIL_ROWS, **BENCHMARK_ROWS}


def parameters_of(row: Row, options: Options) -> tuple[float, ...]:
    """The metric's own parameters out of the shared options; the rest keep their defaults.

    The confidence of a track record is another one than that of a tail: only tails share it.
    """
    function = row.measure.parameters
    return function(**{name: getattr(options, name) for name in shared_names(function)})


@cache
def shared_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The shared options that a metric takes."""
    known = inspect.signature(function).parameters
    return tuple(
        n for n in Options._fields if n in known and (n != "confidence" or len(known) == 1)
    )


def values_of(
    names: Sequence[str], values: Floats, benchmark: Floats | None, options: Options
) -> Values:
    """Every metric of every column; statistics that metrics share are computed once."""
    rows = {n: r for n, r in all_rows().items() if n in names}
    shared = {r.measure.family for r in rows.values() if r.measure.family in PLACES}
    table: dict[Any, Any] = panel_statistics(values, shared)
    found: Values = {}
    for name, row in rows.items():
        measure, parameters = row.measure, parameters_of(row, options)
        if measure.inputs == TWO:
            assert benchmark is not None
            if measure.family not in table:
                table[measure.family] = measure.aggregate((values, benchmark), parameters)
        elif measure.family not in table:
            found[name] = measure.over((values,), parameters)
            continue
        formula = over_arrays(measure.formula)
        found[name] = np.asarray(formula(table[measure.family], *parameters), dtype=np.float64)
    return found


def counts_of(values: Floats) -> Floats:
    """Known values of every column; where the total is a number, there is nothing to look for."""
    with np.errstate(all="ignore"):
        complete = not np.isnan(values.sum())
    if complete:
        return np.full(values.shape[1], float(len(values)))
    return np.asarray(len(values) - np.isnan(values).sum(axis=0, dtype=np.float64))


def estimated(
    found: Mapping[str, Floats],
    values: Floats,
    benchmark: Floats | None,
    options: Options,
    rate: float,
    interval: float,
) -> Bounds:
    """HAC standard errors by influence functions, and the normal interval around each metric."""
    names = [n for n in found if n in INFLUENCES]
    errors = {n: np.full(values.shape[1], NAN) for n in names}
    start = 0
    y = None if benchmark is None else np.ascontiguousarray(benchmark.T)
    for block in blocks(values):
        sample = Sample(block, y, rate, options.periods_per_year)
        for name, error in _errors_of(names, sample).items():
            errors[name][start : start + len(block)] = error
        start += len(block)
    for name in names:
        errors[name][np.isnan(found[name])] = NAN
    width = normal_quantile(0.5 + 0.5 * interval)
    ends = {n: normal_interval(SCALES.get(n), found[n], width * errors[n]) for n in names}
    return Bounds(errors, {n: e[0] for n, e in ends.items()}, {n: e[1] for n, e in ends.items()})


def normal_interval(scale: Scale | None, value: Floats, width: Floats) -> tuple[Floats, Floats]:
    """The normal interval, on a scale on which the metric has no bound."""
    if scale is None:
        return value - width, value + width
    with np.errstate(all="ignore"):
        middle, half = scale.to(value), width * scale.slope(value)
        return scale.back(middle - half), scale.back(middle + half)


def _errors_of(names: Sequence[str], sample: Sample) -> Values:
    """Standard errors of one block; metrics with the same influence share them."""
    computed: dict[Any, Floats] = {}
    with np.errstate(all="ignore"):
        for influence in {INFLUENCES[name] for name in names}:
            series = influence(sample)
            usable = np.where(np.isinf(series), NAN, series).T
            computed[influence] = np.asarray(influence_standard_error(usable))
    return {name: computed[INFLUENCES[name]] for name in names}


def bootstrapped(
    found: Mapping[str, Floats],
    values: Floats,
    benchmark: Floats | None,
    options: Options,
    interval: float,
    replications: int,
    seed: int,
) -> Bounds:
    """Standard deviation and percentiles of every metric over stationary bootstrap samples."""
    width = values.shape[1]
    names = list(found)
    bounds = Bounds(*({n: np.full(width, NAN) for n in names} for _ in range(3)))
    for j in range(width):
        x = values[:, j]
        y = None if benchmark is None else benchmark[:, 0]
        known = ~np.isnan(x) if y is None else ~(np.isnan(x) | np.isnan(y))
        if known.sum() < 2:
            continue
        pair = None if y is None else y[known]
        drawn = _replicates(names, x[known], pair, options, replications, seed)
        for name in names:
            finite = drawn[name][np.isfinite(drawn[name])]
            if len(finite) < max(2, replications // 2) or np.isnan(found[name][j]):
                continue
            bounds.standard_errors[name][j] = finite.std(ddof=1)
            bounds.lower[name][j] = quantile(finite, 0.5 - 0.5 * interval)
            bounds.upper[name][j] = quantile(finite, 0.5 + 0.5 * interval)
    return bounds


def _replicates(
    names: Sequence[str],
    x: Floats,
    y: Floats | None,
    options: Options,
    replications: int,
    seed: int,
) -> Values:
    rng = np.random.default_rng(seed)
    length = float(np.nanmax([1.0, optimal_block_length(x), *_lengths(y)]))
    at_once = max(1, BOOTSTRAP_VALUES // len(x))
    parts = []
    for first in range(0, replications, at_once):
        count = min(at_once, replications - first)
        rows = stationary_bootstrap_indices(len(x), length, count, rng).T
        parts.append(values_of(names, x[rows], None if y is None else y[rows], options))
    return {n: np.concatenate([p[n] for p in parts]) for n in names}


def _lengths(y: Floats | None) -> list[float]:
    return [] if y is None else [optimal_block_length(y)]
