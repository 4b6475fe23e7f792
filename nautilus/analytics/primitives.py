"""Guarded arithmetic of the metrics: each primitive once for floats and once for arrays.

The formula of a metric is straight-line code over these names. Interpreted or compiled it works on
floats; `over_arrays` gives a copy of it in which the names mean their array forms. So a formula is
written once, for a stream, a window, a series and a panel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.jit import bound

__all__ = [
    "at_least",
    "capped",
    "compounded",
    "larger",
    "normal_probability",
    "over_arrays",
    "power",
    "quotient",
    "ratio",
    "root",
    "shortfall",
    "spread",
]

NAN = float("nan")
# A spread below 8 eps of the largest input is rounding noise of a constant.
NEGLIGIBLE = 8 * 2.220446049250313e-16
LARGEST_EXPONENT = 709.0

Floats = NDArray[np.float64]


def root(x: float) -> float:
    """Square root; NaN below zero."""
    return math.sqrt(x) if x >= 0.0 else NAN


def ratio(numerator: float, denominator: float) -> float:
    """A quotient over a positive denominator, else NaN."""
    return numerator / denominator if denominator > 0.0 else NAN


def quotient(numerator: float, denominator: float) -> float:
    """A quotient over a denominator of either sign; NaN over zero."""
    return numerator / denominator if denominator != 0.0 else NAN


def at_least(have: float, need: float, value: float) -> float:
    """The value where there is enough data, else NaN."""
    return value if have >= need else NAN


def capped(value: float, limit: float) -> float:
    """The smaller of two numbers."""
    return value if value < limit else limit


def larger(a: float, b: float) -> float:
    """The larger of two numbers."""
    return a if a > b else b


def compounded(wealth: float, exponent: float) -> float:
    """wealth^exponent - 1; -1 for wealth of zero, NaN below or beyond the range of floats."""
    if wealth > 0.0:
        power = exponent * math.log(wealth)
        return math.expm1(power) if power < LARGEST_EXPONENT else NAN
    return -1.0 if wealth == 0.0 and exponent > 0.0 else NAN


def power(base: float, exponent: float) -> float:
    """base^exponent for a positive exponent; NaN for a negative base."""
    if base > 0.0:
        size = exponent * math.log(base)
        return math.exp(size) if size < LARGEST_EXPONENT else NAN
    return 0.0 if base == 0.0 else NAN


def spread(n: float, squares: float, largest: float) -> float:
    """Standard deviation, ddof=1, from the sum of squared deviations.

    Zero where it is below 8 eps of the largest input; NaN for fewer than two values.
    """
    if not n >= 2.0:
        return NAN
    deviation = root(squares / (n - 1.0))
    return 0.0 if deviation <= NEGLIGIBLE * largest else deviation


def shortfall(n: float, squares: float, largest: float) -> float:
    """Root mean square over all n values; zero where it is below 8 eps of the largest input."""
    if not n >= 1.0:
        return NAN
    size = root(squares / n)
    return 0.0 if size <= NEGLIGIBLE * largest else size


def normal_probability(x: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * (1.0 + math.erf(x / 1.4142135623730951))


def _root(x: Floats) -> Floats:
    return np.sqrt(np.where(x >= 0.0, x, NAN))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.where(denominator > 0.0, np.divide(numerator, denominator), NAN)


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    return np.where(denominator != 0.0, np.divide(numerator, denominator), NAN)


def _at_least(have: Floats, need: float, value: Floats) -> Floats:
    return np.where(have >= need, value, NAN)


def _compounded(wealth: Floats, exponent: Floats) -> Floats:
    power = exponent * np.log(np.where(wealth > 0.0, wealth, 1.0))
    grown = np.where(power < LARGEST_EXPONENT, np.expm1(np.minimum(power, LARGEST_EXPONENT)), NAN)
    ruined = np.where((wealth == 0.0) & (exponent > 0.0), -1.0, NAN)
    return np.where(wealth > 0.0, grown, ruined)


def _power(base: Floats, exponent: float) -> Floats:
    return np.where(base >= 0.0, np.abs(base) ** exponent, NAN)


def _spread(n: Floats, squares: Floats, largest: Floats) -> Floats:
    deviation = _root(squares / np.where(n >= 2.0, n - 1.0, NAN))
    return np.where(deviation <= NEGLIGIBLE * largest, 0.0, deviation)


def _shortfall(n: Floats, squares: Floats, largest: Floats) -> Floats:
    size = _root(squares / np.where(n >= 1.0, n, NAN))
    return np.where(size <= NEGLIGIBLE * largest, 0.0, size)


def _normal_probability(x: Floats) -> Floats:
    return np.array([normal_probability(float(v)) for v in np.ravel(x)])


def _capped(value: Floats, limit: float) -> Floats:
    return np.where(value < limit, value, limit)


def _larger(a: Floats, b: Floats) -> Floats:
    return np.where(a > b, a, b)


ARRAYS: dict[str, Callable[..., Any]] = {
    "at_least": _at_least,
    "capped": _capped,
    "compounded": _compounded,
    "larger": _larger,
    "normal_probability": _normal_probability,
    "power": _power,
    "quotient": _quotient,
    "ratio": _ratio,
    "root": _root,
    "shortfall": _shortfall,
    "spread": _spread,
}


@cache
def over_arrays(formula: Callable[..., Any]) -> Callable[..., Any]:
    """The same formula over arrays, one value per asset.

    Examples
    --------
    >>> def sharpe(mean: float, deviation: float) -> float:
    ...     return ratio(mean, deviation)
    >>> over_arrays(sharpe)(np.array([0.1, 0.1]), np.array([0.2, 0.0])).tolist()
    [0.5, nan]
    """
    used = {name: ARRAYS[name] for name in formula.__code__.co_names if name in ARRAYS}
    vectorised = bound(formula, **used) if used else formula

    def evaluate(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return vectorised(*arguments)

    return evaluate
