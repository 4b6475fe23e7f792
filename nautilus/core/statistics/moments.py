"""Skewness and kurtosis, with the convention named."""

from __future__ import annotations

from typing import Any

import numpy as np

from nautilus.core.checks import check_choice
from nautilus.core.statistics.blocks import Block, Floats, packed

__all__ = ["kurtosis", "skewness"]

CONVENTIONS = ("population", "adjusted", "minitab")
_EPS = 8 * np.finfo(np.float64).eps


def skewness(values: Any, *, convention: str = "population") -> Any:
    """Third standardised moment.

    population: g1 = m3 / m2^1.5, m_k the central moments divided by n (scipy's default).
    adjusted: G1 = g1 * sqrt(n (n - 1)) / (n - 2) (pandas, Excel, SAS).
    minitab: b1 = m3 / s^3 with the sample standard deviation, g1 * ((n - 1) / n)^1.5.

    Parameters
    ----------
    values : array (time,) or (time, column)
    convention : {"population", "adjusted", "minitab"}

    Returns
    -------
    float, or one value per column
        NaN for fewer than 3 values and for constant ones (a spread below 8 eps of the largest
        value is 0). NaN values are left out.

    References
    ----------
    Joanes and Gill (1998), Comparing Measures of Sample Skewness and Kurtosis, The Statistician
    47(1).

    Examples
    --------
    >>> values = [1.0, 2.0, 6.0]
    >>> round(skewness(values), 4), round(skewness(values, convention="adjusted"), 4)
    (0.5952, 1.4579)
    """
    kind = check_choice(convention, "convention", CONVENTIONS)
    block = packed(values)
    n = block.counts.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        second, third, _ = _central(block)
        ratio = np.where(n >= 3, third / second**1.5, np.nan)
        if kind == "adjusted":
            ratio = ratio * np.sqrt(n * (n - 1.0)) / (n - 2.0)
        elif kind == "minitab":
            ratio = ratio * ((n - 1.0) / n) ** 1.5
    return block.answer(ratio)


def kurtosis(values: Any, *, convention: str = "population", excess: bool = True) -> Any:
    """Fourth standardised moment, above the normal's 3 unless `excess` is False.

    population: g2 = m4 / m2^2 - 3 (scipy's default).
    adjusted: G2 = (n - 1) / ((n - 2) (n - 3)) * ((n + 1) g2 + 6) (pandas, Excel, SAS).
    minitab: b2 = m4 / s^4 - 3 with the sample standard deviation.

    Parameters
    ----------
    values : array (time,) or (time, column)
    convention : {"population", "adjusted", "minitab"}
    excess : bool

    Returns
    -------
    float, or one value per column
        NaN for fewer than 4 values and for constant ones. NaN values are left out.

    References
    ----------
    Joanes and Gill (1998), Comparing Measures of Sample Skewness and Kurtosis, The Statistician
    47(1).

    Examples
    --------
    >>> values = [1.0, 2.0, 3.0, 10.0]
    >>> round(kurtosis(values), 4), round(kurtosis(values, excess=False), 4)
    (-0.7696, 2.2304)
    """
    kind = check_choice(convention, "convention", CONVENTIONS)
    block = packed(values)
    n = block.counts.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        second, _, fourth = _central(block)
        above = np.where(n >= 4, fourth / second**2 - 3.0, np.nan)
        if kind == "adjusted":
            above = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * above + 6.0)
        elif kind == "minitab":
            above = (above + 3.0) * ((n - 1.0) / n) ** 2 - 3.0
    return block.answer(above if excess else above + 3.0)


def _central(block: Block) -> tuple[Floats, Floats, Floats]:
    """Second, third and fourth central moment; NaN where the spread is rounding only."""
    n = np.maximum(block.counts, 1)[:, None]
    inside = np.arange(block.values.shape[1]) < block.counts[:, None]
    largest = np.abs(block.values).max(axis=1, initial=0.0)
    # From the first value on, so that a constant column has a spread of exactly zero.
    shifted = np.where(inside, block.values - block.values[:, :1], 0.0)
    gap = np.where(inside, shifted - shifted.sum(axis=1, keepdims=True) / n, 0.0)
    squares = gap * gap
    second = squares.sum(axis=1) / n[:, 0]
    second = np.where(np.sqrt(second) > _EPS * largest, second, np.nan)
    return second, (squares * gap).sum(axis=1) / n[:, 0], (squares**2).sum(axis=1) / n[:, 0]
