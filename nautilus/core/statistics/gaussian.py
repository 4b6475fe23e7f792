"""The normal distribution without scipy."""

from __future__ import annotations

import math
from statistics import NormalDist

from nautilus.core.checks import check_probability

__all__ = ["normal_cdf", "normal_density", "normal_quantile"]

_STANDARD = NormalDist()


def normal_density(x: float) -> float:
    """Density of the standard normal at `x`.

    Examples
    --------
    >>> round(normal_density(0.0), 6)
    0.398942
    """
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def normal_cdf(x: float) -> float:
    """Probability that a standard normal is at most `x`.

    By the complementary error function, which keeps the relative precision of the lower tail.

    Examples
    --------
    >>> round(normal_cdf(1.959964), 6), normal_cdf(-38.0) > 0.0
    (0.975, True)
    """
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_quantile(probability: float) -> float:
    """The value that a standard normal does not exceed with this probability.

    References
    ----------
    Wichura (1988), Algorithm AS 241, Applied Statistics 37(3).

    Examples
    --------
    >>> round(normal_quantile(0.99), 6)
    2.326348
    """
    return _STANDARD.inv_cdf(check_probability(probability, "probability"))
