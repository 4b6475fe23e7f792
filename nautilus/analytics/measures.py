"""A metric as data: parameters, statistics, formula; and the ways to evaluate it.

`measured` registers the public function. From one definition come the value of a series or panel
(`evaluate`), the rolling form (`nautilus.analytics.rolling`) and the stream (`nautilus.stream`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import by_blocks
from nautilus.analytics.primitives import over_arrays
from nautilus.core.errors import ShapeError
from nautilus.core.folds import Reduction, folded
from nautilus.core.frames import Like, aligned, read
from nautilus.core.periods import check_periods_per_year, check_returns

__all__ = ["Measure", "evaluate", "measure_of", "measured", "paired", "prepared"]

Floats = NDArray[np.float64]
Parameters = tuple[float, ...]
Function = TypeVar("Function", bound=Callable[..., Any])

ONE = ("returns",)
TWO = ("returns", "benchmark_returns")


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric of one series, or of a series and its benchmark.

    Parameters
    ----------
    inputs : tuple of str
    parameters : callable
        `parameters(**options) -> tuple of floats`.
    family : callable
        `family(block (asset, time), *parameters) -> tuple of arrays (asset,)`; with a benchmark
        `family(block, benchmark block, *parameters)`.
    formula : callable
        `formula(aggregate, *parameters) -> float`, written over `primitives`.
    lift, merge : callable, optional
        Streaming form of the family; None where the metric needs all its data at once.
    associative : bool
        Two parts of any length merge, so that a rolling form costs O(n).
    blockwise : bool
        The family takes blocks that fit the cache; else the whole panel at once.
    """

    inputs: tuple[str, ...]
    parameters: Callable[..., Parameters]
    family: Callable[..., tuple[Floats, ...]]
    formula: Callable[..., Any]
    lift: Callable[..., Any] | None = None
    merge: Callable[..., Any] | None = None
    associative: bool = True
    blockwise: bool = True

    @property
    def reduction(self) -> Reduction | None:
        """The metric as a monoid for streams and windows."""
        if self.lift is None or self.merge is None:
            return None
        return Reduction(self.inputs, self.lift, self.merge, self.formula, self.parameters)

    def over(self, arrays: Sequence[Floats], parameters: Parameters) -> Floats:
        """One value per column of (time, asset)."""
        aggregate = self.aggregate(arrays, parameters)
        return np.asarray(over_arrays(self.formula)(aggregate, *parameters), dtype=np.float64)

    def aggregate(self, arrays: Sequence[Floats], parameters: Parameters) -> tuple[Any, ...]:
        """The family's statistics of every column of (time, asset)."""
        if len(arrays) == 1:
            from nautilus.analytics.panels import large_aggregate

            large = large_aggregate(self.family, arrays[0], parameters)
            return by_blocks(self.family, arrays[0], *parameters) if large is None else large
        return self._of_pair(arrays[0], arrays[1], parameters)

    def _of_pair(
        self, values: Floats, benchmark: Floats, parameters: Parameters
    ) -> tuple[Any, ...]:
        """Statistics of every column with the one benchmark, or each with its own column."""
        if self.blockwise and benchmark.shape[1] == 1:
            return by_blocks(lambda block: self.family(block, benchmark.T, *parameters), values)
        with np.errstate(all="ignore"):
            return self.family(values.T, benchmark.T, *parameters)


_MEASURES: dict[Callable[..., Any], Measure] = {}


def measured(measure: Measure, *, batch_only: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Register the public function of a metric, for streams where it has a streaming form."""

    def register(function: Function) -> Function:
        _MEASURES[function] = measure
        if measure.reduction is not None:
            folded(measure.reduction, batch_only=batch_only)(function)
        return function

    return register


def measure_of(function: Callable[..., Any]) -> Measure | None:
    """What `measured` knows of a public function."""
    return _MEASURES.get(function)


def evaluate(measure: Measure, returns: Any, parameters: Parameters, ppy: float | None) -> Any:
    """The metric of returns in any kind: a float, or one value per asset."""
    values, like = prepared(returns, ppy)
    return like.metric(measure.over((values,), parameters))


def evaluate_pair(
    measure: Measure,
    returns: Any,
    benchmark_returns: Any,
    parameters: Parameters,
    ppy: float | None,
    min_overlap: float,
) -> Any:
    """The metric of returns against a benchmark on their common times."""
    values, benchmark, like = paired(returns, benchmark_returns, ppy, min_overlap)
    return like.metric(measure.over((values, benchmark), parameters))


def prepared(returns: Any, ppy: float | None, name: str = "returns") -> tuple[Floats, Like]:
    """Returns as (time, asset), refused where they look like prices or like another frequency.

    Parameters
    ----------
    returns : array, Series or frame
    ppy : float or None
        Periods per year that the index must agree with; None where the metric has no use for it.
    name : str
        The caller's argument, for messages.
    """
    values, like = read(returns, name)
    refuse_prices(values, name)
    check_frequency(like, ppy)
    return values, like


def paired(
    returns: Any, benchmark_returns: Any, ppy: float | None, min_overlap: float
) -> tuple[Floats, Floats, Like]:
    """Returns (time, asset) and their benchmark (time, 1) on the common times."""
    values, benchmark, like = aligned(returns, benchmark_returns, min_overlap=min_overlap)
    if benchmark.shape[1] != 1:
        raise ShapeError(
            f"`benchmark_returns` must be one series, got {benchmark.shape[1]} columns.",
            field="benchmark_returns",
        )
    refuse_prices(values, "returns")
    refuse_prices(benchmark, "benchmark_returns")
    check_frequency(like, ppy)
    return values, benchmark, like


def check_frequency(like: Like, ppy: float | None) -> None:
    """The index must agree with `periods_per_year`; 1 asks for the figure of one period."""
    if ppy is not None and ppy != 1:
        check_periods_per_year(like.times, ppy)


def refuse_prices(values: Floats, name: str) -> None:
    """`check_returns` on the columns whose first rows do not clear them already."""
    suspects = ~(values[:8] <= 0.2).any(axis=0)
    if suspects.any():
        check_returns(values[:, suspects], name)
