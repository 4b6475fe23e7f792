"""Metrics against their definitions in exact rational arithmetic, on awkward returns."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction as Exact
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import nautilus as nt
from nautilus.analytics import (
    alpha,
    annualized_volatility,
    beta,
    correlation,
    downside_deviation,
    gini_mean_difference,
    kurtosis,
    l_moments,
    max_drawdown,
    mean_absolute_deviation,
    omega_ratio,
    sharpe_ratio,
    skewness,
    sortino_ratio,
    total_return,
    tracking_error,
    ulcer_index,
)
from nautilus.core.periods import per_period_rate

PPY = 252
NAN = math.nan


def root(x: Exact) -> Exact:
    with localcontext() as context:
        context.prec = 60
        return Exact((Decimal(x.numerator) / Decimal(x.denominator)).sqrt())


YEAR = root(Exact(PPY))


def known(returns: Any) -> list[Exact]:
    return [Exact(float(r)) for r in returns if r == r]


def together(x: Any, y: Any) -> tuple[list[Exact], list[Exact]]:
    pairs = [(a, b) for a, b in zip(x, y, strict=True) if a == a and b == b]
    return known(a for a, _ in pairs), known(b for _, b in pairs)


def mean(x: list[Exact]) -> Exact:
    return sum(x, Exact(0)) / len(x)


def product(x: list[Exact], y: list[Exact]) -> Exact:
    a, b = mean(x), mean(y)
    return sum(((p - a) * (q - b) for p, q in zip(x, y, strict=True)), Exact(0))


def deviation(x: list[Exact]) -> Exact:
    return root(product(x, x) / (len(x) - 1))


def shortfalls(x: list[Exact], bar: Exact) -> list[Exact]:
    return [max(bar - r, Exact(0)) for r in x]


def drawdowns(x: list[Exact]) -> list[Exact]:
    wealth = peak = Exact(1)
    found = []
    for r in x:
        wealth *= 1 + r
        peak = max(peak, wealth)
        found.append(wealth / peak - 1)
    return found


# Each gives (value, size of the terms that the value is a difference of).


def exact_sharpe(x: list[Exact], rate: Exact) -> tuple[Exact, Exact]:
    unit = YEAR / deviation(x)
    return (mean(x) - rate) * unit, (mean([abs(r) for r in x]) + abs(rate)) * unit


def exact_sortino(x: list[Exact], rate: Exact) -> tuple[Exact, Exact]:
    unit = YEAR / root(mean([s * s for s in shortfalls(x, rate)]))
    return (mean(x) - rate) * unit, mean([abs(r - rate) for r in x]) * unit


def exact_omega(x: list[Exact], rate: Exact) -> tuple[Exact, Exact]:
    gains = sum((max(r - rate, Exact(0)) for r in x), Exact(0))
    value = gains / sum(shortfalls(x, rate), Exact(0))
    return value, value


def exact_downside(x: list[Exact], rate: Exact) -> tuple[Exact, Exact]:
    value = root(mean([s * s for s in shortfalls(x, rate)])) * YEAR
    return value, value


def exact_beta(x: list[Exact], y: list[Exact]) -> tuple[Exact, Exact]:
    return product(x, y) / product(y, y), root(product(x, x) / product(y, y))


def exact_alpha(x: list[Exact], y: list[Exact], rate: Exact) -> tuple[Exact, Exact]:
    slope, size = exact_beta(x, y)
    terms = mean([abs(r) for r in x]) + abs(rate) + size * (mean([abs(r) for r in y]) + abs(rate))
    return (mean(x) - rate - slope * (mean(y) - rate)) * PPY, terms * PPY


RNG = np.random.default_rng(7)
NOISE = RNG.normal(0, 1, 40)
OTHER = RNG.normal(0, 1, 40)
HOLES = np.where(np.arange(40) % 7 < 3, NAN, 0.01 * NOISE)
HOLES[:9] = NAN
AWKWARD = {
    "daily": 0.01 * NOISE,
    "two": np.array([0.01, -0.02]),
    "two beside each other": np.array([0.01, np.nextafter(0.01, 1) + 4e-15]),
    "tiny": 1e-12 * NOISE,
    "very tiny": 1e-150 * NOISE,
    "tiny spread": 0.15 + 1e-12 * NOISE,
    "tiny spread below zero": -0.15 + 1e-12 * NOISE,
    "large offset": 0.19 + 1e-6 * NOISE,
    "runs of NaN": HOLES,
    "one jump": np.array([0.0] * 30 + [5.0, -0.8] + [1e-9, -1e-9] * 4),
    "total loss": np.array([0.1, -0.5, -1.0, 0.3]),
}


def close(found: float, wanted: tuple[Exact, Exact], digits: float = 1e-12) -> None:
    value, size = wanted
    assert abs(found - float(value)) <= digits * float(size), (found, float(value), float(size))


@pytest.mark.parametrize("annual_rate", [0.0, 0.05])
@pytest.mark.parametrize("name", AWKWARD)
def test_ratios_of_one_series(name: str, annual_rate: float) -> None:
    x, rate = AWKWARD[name], per_period_rate(annual_rate, PPY)
    exact, bar = known(x), Exact(rate)
    close(sharpe_ratio(x, risk_free_rate=annual_rate), exact_sharpe(exact, bar))
    short = {"minimum_acceptable_return": annual_rate}
    if any(shortfalls(exact, bar)):
        close(sortino_ratio(x, **short), exact_sortino(exact, bar))
        close(omega_ratio(x, **short), exact_omega(exact, bar))
        close(downside_deviation(x, **short), exact_downside(exact, bar))
    else:
        assert math.isnan(sortino_ratio(x, **short))
        assert math.isnan(omega_ratio(x, **short))
        assert downside_deviation(x, **short) == 0.0


@pytest.mark.parametrize("name", AWKWARD)
def test_path_of_wealth(name: str) -> None:
    x = AWKWARD[name]
    exact = known(x)
    falls = drawdowns(exact)
    close(max_drawdown(x), (min(falls), Exact(1)), 1e-14)
    close(ulcer_index(x), (root(mean([f * f for f in falls])), Exact(1)), 1e-14)
    grown = math.prod((1 + r for r in exact), start=Exact(1))
    close(total_return(x), (grown - 1, grown + 1), 1e-14)
    deviated = deviation(exact) * YEAR
    close(annualized_volatility(x), (deviated, deviated))


@pytest.mark.parametrize("name", AWKWARD)
def test_distances_and_shape(name: str) -> None:
    x = AWKWARD[name]
    exact = known(x)
    n = len(exact)
    pairs = mean([abs(a - b) for i, a in enumerate(exact) for b in exact[:i]])
    close(gini_mean_difference(x), (pairs, pairs))
    close(l_moments(x).scale, (pairs / 2, pairs / 2))
    centre = mean(exact)
    apart = mean([abs(r - centre) for r in exact])
    close(mean_absolute_deviation(x), (apart, apart))
    if n >= 4 and name != "very tiny":  # whose fourth powers are below every float
        second, third, fourth = (mean([(r - centre) ** k for r in exact]) for k in (2, 3, 4))
        lopsided, heavy = third / (second * root(second)), fourth / second**2 - 3
        close(skewness(x), (lopsided, abs(lopsided) + 1))
        close(kurtosis(x), (heavy, abs(heavy) + 3))


@pytest.mark.parametrize("second", AWKWARD)
@pytest.mark.parametrize("first", AWKWARD)
def test_lines_of_one_series_on_another(first: str, second: str) -> None:
    x, y = AWKWARD[first], AWKWARD[second] + 0.0
    if len(x) == len(y) == 40:
        y = np.where(OTHER > 0, y, -y)  # a line of a series on itself shows little
    n = min(len(x), len(y))
    x, y = x[:n], y[:n]
    a, b = together(x, y)
    if len(a) < 2 or not product(b, b):
        assert math.isnan(beta(x, y))
        return
    close(beta(x, y), exact_beta(a, b))
    close(alpha(x, y, risk_free_rate=0.02), exact_alpha(a, b, Exact(per_period_rate(0.02, PPY))))
    if product(a, a):
        size = root(product(a, a) * product(b, b))
        close(correlation(x, y), (product(a, b) / size, Exact(1)))


@pytest.mark.parametrize("level", [0.001, 0.15, -0.15, 1e-9])
def test_constant_returns(level: float) -> None:
    x, y = np.full(40, level), AWKWARD["daily"]
    assert beta(x, y) == 0.0
    assert alpha(x, y) == pytest.approx(level * PPY, rel=1e-14)
    assert annualized_volatility(x) == gini_mean_difference(x) == 0.0
    assert mean_absolute_deviation(x) == l_moments(x).scale == 0.0
    for undefined in (sharpe_ratio(x), beta(y, x), alpha(y, x), correlation(x, y)):
        assert math.isnan(undefined)
    assert tracking_error(x, x) == 0.0


@given(
    st.lists(st.integers(-900, 2000), min_size=2, max_size=30),
    st.sampled_from([1.0, 1e-5, 1e-9]),
    st.sampled_from([0.0, 0.19, -0.01]),
)
def test_any_returns(whole: list[int], unit: float, offset: float) -> None:
    x = offset + np.array(whole) / 1000 * unit
    assume(len(x) < 3 or x.min() <= 0.2)  # else they look like prices, and are refused
    exact = known(x)
    if min(whole) == max(whole):
        assert math.isnan(sharpe_ratio(x))
    else:
        close(sharpe_ratio(x), exact_sharpe(exact, Exact(0)))
    if min(exact) < 0:
        close(sortino_ratio(x), exact_sortino(exact, Exact(0)))
        close(omega_ratio(x), exact_omega(exact, Exact(0)))
    close(max_drawdown(x), (min(drawdowns(exact)), Exact(1)), 1e-14)


METRICS = (sharpe_ratio, sortino_ratio, omega_ratio, annualized_volatility, max_drawdown)


@pytest.mark.parametrize("metric", METRICS)
def test_a_large_panel_holds_the_figures_of_its_columns(metric: Any) -> None:
    columns = [np.tile(x, 3000 // len(x) + 1)[:3000] for x in AWKWARD.values()]
    panel = np.tile(np.column_stack(columns), (1, 40))
    alone = [metric(x) for x in columns]
    np.testing.assert_allclose(metric(panel), alone * 40, rtol=1e-12)


@pytest.mark.parametrize("name", ["daily", "large offset", "runs of NaN", "tiny"])
@pytest.mark.parametrize("metric", METRICS)
def test_a_stream_ends_at_the_figure(metric: Any, name: str) -> None:
    stream = nt.stream(metric)
    for r in AWKWARD[name]:
        stream.update(float(r))
    assert stream.value == pytest.approx(metric(AWKWARD[name]), rel=1e-8, nan_ok=True)
