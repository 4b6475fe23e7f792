"""Influence of each return on each metric: the delta method as a series, for standard errors.

psi(t) is the derivative of the metric with respect to the weight of return t; its long-run variance
over n is the variance of the metric. Metrics of the path (drawdowns and ratios over them) and of
single returns (best, worst) have no such series: their error comes from the bootstrap.

References
----------
Chen and Martin (2021), Standard Errors of Risk and Performance Estimators, Journal of Risk 23(3).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["INFLUENCES"]

Floats = NDArray[np.float64]


class Sample:
    """Rows of returns (asset, time), their benchmark, and the moments that influences share.

    Parameters
    ----------
    x : array (asset, time)
        NaN is left out.
    y : array (1, time) or None
        Benchmark; known wherever a return is.
    rate, ppy : float
        Risk-free rate per period and periods per year.
    """

    def __init__(self, x: Floats, y: Floats | None, rate: float, ppy: float) -> None:
        self.x, self.rate, self.ppy = x, rate, ppy
        self.y: Any = y
        self.root = float(np.sqrt(ppy))
        self.known = ~np.isnan(x)
        self.n = self.known.sum(axis=1, keepdims=True)
        self.complete = x.shape[1] > 0 and bool(self.known.all())

    def mean(self, values: Floats) -> Floats:
        """Mean of the known values of each row, (asset, 1)."""
        if self.complete:
            return np.asarray(values.mean(axis=1, keepdims=True))
        total = np.where(self.known, values, 0.0).sum(axis=1, keepdims=True)
        return np.asarray(total / self.n)

    def less_mean(self, values: Any) -> Floats:
        """Values less their mean; NaN where the return is."""
        series = np.asarray(values, dtype=np.float64)
        return np.where(self.known, series - self.mean(series), np.nan)

    @cached_property
    def gap(self) -> Floats:
        return self.x - self.mean(self.x)

    @cached_property
    def variance(self) -> Floats:
        return self.mean(self.gap**2)

    @cached_property
    def deviation(self) -> Floats:
        return np.asarray(np.sqrt(self.variance * self.n / (self.n - 1)))

    @cached_property
    def z(self) -> Floats:
        return self.gap / np.sqrt(self.variance)

    @cached_property
    def gains(self) -> Floats:
        return np.maximum(self.x, 0.0)

    @cached_property
    def losses(self) -> Floats:
        return np.maximum(-self.x, 0.0)

    @cached_property
    def downside(self) -> Floats:
        return np.sqrt(self.mean(self.losses**2))

    @cached_property
    def downside_influence(self) -> Floats:
        return self.less_mean(self.losses**2) / (2.0 * self.downside)

    @cached_property
    def spread_influence(self) -> Floats:
        return (self.gap**2 - self.variance) / (2.0 * self.deviation)

    @cached_property
    def growth(self) -> Floats:
        return self.less_mean(np.log1p(np.where(self.x > -1.0, self.x, np.nan)))

    @cached_property
    def log_mean(self) -> Floats:
        return self.mean(np.log1p(np.where(self.x > -1.0, self.x, np.nan)))

    # The benchmark's side.

    @cached_property
    def other_gap(self) -> Floats:
        return np.where(self.known, self.y - self.mean(np.where(self.known, self.y, 0.0)), np.nan)

    @cached_property
    def other_variance(self) -> Floats:
        return self.mean(self.other_gap**2)

    @cached_property
    def slope(self) -> Floats:
        return self.mean(self.gap * self.other_gap) / self.other_variance

    @cached_property
    def slope_influence(self) -> Floats:
        return (self.gap - self.slope * self.other_gap) * self.other_gap / self.other_variance

    @cached_property
    def other_excess(self) -> Floats:
        return self.mean(np.where(self.known, self.y, 0.0)) - self.rate

    @cached_property
    def active(self) -> Sample:
        return Sample(self.x - self.y, None, 0.0, self.ppy)


def growth(s: Sample) -> Floats:
    return np.asarray(s.ppy * np.exp(s.ppy * s.log_mean) * s.growth)


def whole_growth(s: Sample) -> Floats:
    return np.asarray(s.n * np.exp(s.n * s.log_mean) * s.growth)


def mean(s: Sample) -> Floats:
    return s.ppy * s.gap


def volatility(s: Sample) -> Floats:
    return s.root * s.spread_influence


def sharpe(s: Sample) -> Floats:
    ratio = (s.mean(s.x) - s.rate) / s.deviation
    return s.root * (s.gap - ratio * s.spread_influence) / s.deviation


def downside(s: Sample) -> Floats:
    return s.root * s.downside_influence


def sortino(s: Sample) -> Floats:
    return s.root * (s.gap - s.mean(s.x) / s.downside * s.downside_influence) / s.downside


def omega(s: Sample) -> Floats:
    ratio = s.mean(s.gains) / s.mean(s.losses)
    return (s.less_mean(s.gains) - ratio * s.less_mean(s.losses)) / s.mean(s.losses)


def kappa(s: Sample) -> Floats:
    cubes = s.losses * s.losses * s.losses
    lower = s.mean(cubes)
    root = np.cbrt(lower)
    return s.root * (s.gap / root - s.mean(s.x) / root / (3.0 * lower) * s.less_mean(cubes))


def hits(s: Sample) -> Floats:
    return s.less_mean(s.x > 0.0)


def payoff(s: Sample) -> Floats:
    winners, losers = (s.x > 0.0).astype(np.float64), (s.x < 0.0).astype(np.float64)
    ratio = s.mean(s.gains) / s.mean(winners) / (s.mean(s.losses) / s.mean(losers))
    parts = [s.less_mean(v) / s.mean(v) for v in (s.gains, winners, s.losses, losers)]
    return ratio * (parts[0] - parts[1] - parts[2] + parts[3])


def upside(s: Sample) -> Floats:
    ratio = s.mean(s.gains) / s.downside
    return s.root * (s.less_mean(s.gains) - ratio * s.downside_influence) / s.downside


def prospect(s: Sample) -> Floats:
    felt = s.gains - 2.25 * s.losses
    ratio = s.mean(felt) / s.downside
    return s.root * (s.less_mean(felt) - ratio * s.downside_influence) / s.downside


def skewness(s: Sample) -> Floats:
    square = s.z * s.z
    cube = square * s.z
    third = s.mean(cube)
    return cube - third - 3.0 * s.z - 1.5 * third * (square - 1.0)


def kurtosis(s: Sample) -> Floats:
    square = s.z * s.z
    third, fourth = s.mean(square * s.z), s.mean(square * square)
    return square * square - fourth - 4.0 * third * s.z - 2.0 * fourth * (square - 1.0)


def absolute_deviation(s: Sample) -> Floats:
    tilt = s.mean((s.gap < 0.0).astype(np.float64)) - s.mean((s.gap > 0.0).astype(np.float64))
    return s.less_mean(np.abs(s.gap)) + tilt * s.gap


def gini(s: Sample) -> Floats:
    """Twice the mean distance of each return from all others, from their order."""
    order = np.argsort(s.x, axis=1)
    ordered = np.take_along_axis(np.where(s.known, s.x, 0.0), order, axis=1)
    below = np.cumsum(ordered, axis=1)
    rank = np.arange(1, s.x.shape[1] + 1)
    distances = (2.0 * rank - s.n) * ordered - 2.0 * below + below[:, -1:]
    placed = np.empty_like(distances)
    np.put_along_axis(placed, order, distances, axis=1)
    return 2.0 * s.less_mean(placed / s.n)


def slope(s: Sample) -> Floats:
    return s.slope_influence


def intercept(s: Sample) -> Floats:
    residual = s.gap - s.slope * s.other_gap
    return s.ppy * (residual - s.other_excess * s.slope_influence)


def correlation(s: Sample) -> Floats:
    other = s.other_gap / np.sqrt(s.other_variance)
    rho = s.mean(s.z * other)
    return s.z * other - 0.5 * rho * (s.z**2 + other**2)


def r_squared(s: Sample) -> Floats:
    rho = s.mean(s.z * s.other_gap / np.sqrt(s.other_variance))
    return 2.0 * rho * correlation(s)


def treynor(s: Sample) -> Floats:
    ratio = (s.mean(s.x) - s.rate) / s.slope
    return s.ppy * (s.gap - ratio * s.slope_influence) / s.slope


def m_squared(s: Sample) -> Floats:
    other = np.sqrt(s.other_variance * s.n / (s.n - 1))
    ratio = (s.mean(s.x) - s.rate) / s.deviation
    mine = (s.gap - ratio * s.spread_influence) / s.deviation
    theirs = (s.other_gap**2 - s.other_variance) / (2.0 * other)
    return np.asarray((other * mine + ratio * theirs) * s.ppy)


def net_selectivity(s: Sample) -> Floats:
    fama = np.sqrt(s.variance / s.other_variance)
    mine = (s.gap**2 / s.variance - 1.0) / 2.0
    theirs = (s.other_gap**2 / s.other_variance - 1.0) / 2.0
    tilt = s.other_excess * fama * (mine - theirs)
    return np.asarray((s.gap - fama * s.other_gap - tilt) * s.ppy)


def tracking(s: Sample) -> Floats:
    return volatility(s.active)


def information(s: Sample) -> Floats:
    return sharpe(s.active)


def batting(s: Sample) -> Floats:
    return s.less_mean(s.x > s.y)


def rising_slope(s: Sample) -> Floats:
    return slope_where(s, s.y > 0.0)


def falling_slope(s: Sample) -> Floats:
    return slope_where(s, s.y < 0.0)


def slope_where(s: Sample, side: Any) -> Floats:
    """Influence on the slope over the periods of one side; zero outside."""
    chosen = np.where(side & s.known, 1.0, 0.0)
    share = s.mean(chosen)
    x, y = np.where(s.known, s.x, 0.0), np.where(s.known, s.y, 0.0)
    gap, other = x - s.mean(chosen * x) / share, y - s.mean(chosen * y) / share
    variance = s.mean(chosen * other * other) / share
    steep = s.mean(chosen * gap * other) / share / variance
    return np.where(s.known, chosen * (gap - steep * other) * other / (variance * share), np.nan)


def rising_capture(s: Sample) -> Floats:
    return capture_where(s, s.y > 0.0)


def falling_capture(s: Sample) -> Floats:
    return capture_where(s, s.y < 0.0)


def capture_where(s: Sample, side: Any) -> Floats:
    """Influence on the ratio of the geometric means over the periods of one side."""
    chosen = np.where(side & s.known, 1.0, 0.0)
    share = s.mean(chosen)
    x, y = (np.log1p(np.where(s.known, np.maximum(v, -1.0), 0.0)) for v in (s.x, s.y))
    mine, theirs = s.mean(chosen * x) / share, s.mean(chosen * y) / share
    ratio = np.expm1(mine) / np.expm1(theirs)
    change = np.exp(mine) * (x - mine) - ratio * np.exp(theirs) * (y - theirs)
    return np.where(s.known, chosen * change / (share * np.expm1(theirs)), np.nan)


INFLUENCES: dict[str, Callable[[Sample], Floats]] = {
    "total_return": whole_growth,
    "annualized_return": growth,
    "mean_return": mean,
    "annualized_volatility": volatility,
    "downside_deviation": downside,
    "sharpe_ratio": sharpe,
    "sortino_ratio": sortino,
    "omega_ratio": omega,
    "kappa_ratio": kappa,
    "gain_to_pain_ratio": omega,
    "profit_factor": omega,
    "payoff_ratio": payoff,
    "hit_rate": hits,
    "upside_potential_ratio": upside,
    "prospect_ratio": prospect,
    "skewness": skewness,
    "kurtosis": kurtosis,
    "mean_absolute_deviation": absolute_deviation,
    "gini_mean_difference": gini,
    "alpha": intercept,
    "beta": slope,
    "up_beta": rising_slope,
    "down_beta": falling_slope,
    "up_capture": rising_capture,
    "down_capture": falling_capture,
    "correlation": correlation,
    "r_squared": r_squared,
    "tracking_error": tracking,
    "information_ratio": information,
    "treynor_ratio": treynor,
    "m_squared": m_squared,
    "net_selectivity": net_selectivity,
    "batting_average": batting,
}
