"""Quantiles and tail means by partition, not by sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_probability
from nautilus.core.errors import ParameterError
from nautilus.core.statistics.blocks import Floats, packed

__all__ = ["quantile", "tail_mean"]


def quantile(values: Any, probability: float) -> Any:
    """Quantile of type 7: linear between the order statistics around (n - 1) * probability.

    Parameters
    ----------
    values : array (time,) or (time, column)
    probability : float
        0 is the smallest value, 1 the largest.

    Returns
    -------
    float, or one value per column
        NaN without values. NaN values are left out. Equal to numpy's default to the bit.

    Raises
    ------
    ParameterError
        `probability` outside [0, 1].

    References
    ----------
    Hyndman and Fan (1996), Sample Quantiles in Statistical Packages, American Statistician 50(4),
    definition 7.

    Examples
    --------
    >>> quantile([4.0, 1.0, float("nan"), 2.0], 0.25)
    1.5
    """
    share = _share(probability)
    block = packed(values, fill=np.inf)
    if block.values.size == 0:
        return block.answer(np.full(len(block.values), np.nan))
    place = share * np.maximum(block.counts - 1, 0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(block.counts - 1, 0))
    block.values.partition(_ranks(below, above), axis=1)
    low, high = _picked(block.values, below), _picked(block.values, above)
    return block.answer(np.where(block.counts > 0, _between(low, high, place - below), np.nan))


def tail_mean(values: Any, fraction: float, *, upper: bool = False) -> Any:
    """Mean of the worst `fraction` of the values: the lowest ones, or the highest with `upper`.

    (1 / (n p)) * (x(1) + ... + x(k) + (n p - k) x(k+1)), k = floor(n p), x(i) ascending: the value
    at the edge of the tail counts by the part of it that is inside, so that the mean is continuous
    in p. Minus this mean of returns is expected shortfall.

    Parameters
    ----------
    values : array (time,) or (time, column)
    fraction : float
        Share p of the observations in the tail, in (0, 1): 0.01 for a confidence of 0.99.
    upper : bool
        The highest values are the worst, as in losses.

    Returns
    -------
    float, or one value per column
        In the unit and sign of `values`; the most extreme value where n p <= 1. NaN without
        values. NaN values are left out.

    Raises
    ------
    ParameterError
        `fraction` outside (0, 1).

    References
    ----------
    Acerbi and Tasche (2002), On the Coherence of Expected Shortfall, Journal of Banking and Finance
    26(7), equation 4.4 and proposition 4.1.

    Examples
    --------
    >>> tail_mean([-3.0, 5.0, -1.0, 2.0, 0.0], 0.3)
    -2.3333333333333335
    """
    share = check_probability(fraction, "fraction")
    block = packed(values, fill=np.inf if not upper else -np.inf)
    rows = -block.values if upper else block.values
    depth = block.counts * share
    deepest = int(np.ceil(depth.max(initial=0.0)))
    if deepest == 0:
        return block.answer(np.full(len(rows), np.nan))
    tail = _smallest(rows, deepest)
    weight = np.clip(depth[:, None] - np.arange(deepest), 0.0, 1.0)
    total = np.where(weight > 0.0, weight * np.where(weight > 0.0, tail, 0.0), 0.0).sum(axis=1)
    mean = np.divide(total, depth, out=np.full(len(rows), np.nan), where=depth > 0.0)
    return block.answer(-mean if upper else mean)


def _share(probability: float) -> float:
    share = float(probability)
    if not 0.0 <= share <= 1.0:
        hint = f"Pass {share / 100:g} for {share:g} %." if 1 < share <= 100 else None
        raise ParameterError(
            f"`probability` must be in [0, 1], got {probability!r}.", field="probability", hint=hint
        )
    return share


def _ranks(below: NDArray[np.intp], above: NDArray[np.intp]) -> list[int]:
    return [int(rank) for rank in np.unique(np.concatenate([below, above]))]


def _picked(rows: Floats, ranks: NDArray[np.intp]) -> Floats:
    return np.take_along_axis(rows, ranks[:, None], axis=1)[:, 0]


def _between(low: Floats, high: Floats, part: Floats) -> Floats:
    """Linear interpolation from the nearer end, which keeps it monotone in `part`."""
    with np.errstate(invalid="ignore"):
        gap = high - low
        mixed = np.where(part >= 0.5, high - gap * (1.0 - part), low + gap * part)
    return np.where((part == 0.0) | (low == high), low, mixed)


def _smallest(rows: Floats, count: int) -> Floats:
    """The `count` smallest of each row, ascending, so that their sum has one order only."""
    if count < rows.shape[1]:
        rows = np.partition(rows, count - 1, axis=1)[:, :count]
    return np.sort(rows, axis=1)
