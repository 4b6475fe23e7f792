"""Many tests at once: p-values adjusted so that a threshold still means what it says."""

from __future__ import annotations

from typing import Any

import numpy as np

from nautilus.core.errors import ParameterError, ShapeError
from nautilus.core.statistics.blocks import Floats

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "holm"]


def benjamini_hochberg(p_values: Any) -> Floats:
    """Adjusted p-values (q-values) that bound the false discovery rate.

    q(i) = min over j >= i of p(j) m / j, p ascending; valid for independent or positively
    dependent tests.

    Parameters
    ----------
    p_values : array (test,)
        In [0, 1]; a NaN was no test: it stays NaN and does not count in m.

    Returns
    -------
    array (test,)
        In the order given. Reject where the value is at most the rate that is tolerated.

    Raises
    ------
    ParameterError
        A value outside [0, 1].
    ShapeError

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the False Discovery Rate, JRSS B 57(1).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.04, 0.04]
    """
    return _stepped_up(p_values, 1.0)


def benjamini_yekutieli(p_values: Any) -> Floats:
    """Adjusted p-values that bound the false discovery rate under any dependence.

    Benjamini and Hochberg's times 1 + 1/2 + ... + 1/m.

    Parameters
    ----------
    p_values : array (test,)
        In [0, 1]; a NaN was no test: it stays NaN and does not count in m.

    Returns
    -------
    array (test,)

    Raises
    ------
    ParameterError, ShapeError

    References
    ----------
    Benjamini and Yekutieli (2001), The Control of the False Discovery Rate in Multiple Testing
    under Dependency, Annals of Statistics 29(4), theorem 1.3.

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.04, 0.03]).round(4).tolist()
    [0.055, 0.0733, 0.0733]
    """
    tests = int(np.isfinite(_checked(p_values)).sum())
    return _stepped_up(p_values, float((1.0 / np.arange(1, tests + 1)).sum()))


def holm(p_values: Any) -> Floats:
    """Adjusted p-values that bound the chance of any false rejection, under any dependence.

    max over j <= i of (m - j + 1) p(j), p ascending, at most 1.

    Parameters
    ----------
    p_values : array (test,)
        In [0, 1]; a NaN was no test: it stays NaN and does not count in m.

    Returns
    -------
    array (test,)

    Raises
    ------
    ParameterError, ShapeError

    References
    ----------
    Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of
    Statistics 6(2).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    left = len(order) - np.arange(len(order))
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(left * p[order]), 1.0)
    return adjusted


def _stepped_up(p_values: Any, factor: float) -> Floats:
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    scaled = factor * p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def _checked(p_values: Any) -> Floats:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise ShapeError(f"`p_values` must be 1-D, got {p.ndim}-D.", field="p_values")
    outside = (p < 0.0) | (p > 1.0)
    if outside.any():
        worst = float(p[outside][0])
        raise ParameterError(f"`p_values` must be in [0, 1], got {worst:g}.", field="p_values")
    return p
