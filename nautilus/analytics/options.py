"""Options of the metrics as the floats that their formulas take."""

from __future__ import annotations

from nautilus.core.checks import check_non_negative, check_positive, check_probability
from nautilus.core.periods import per_period_rate

__all__ = [
    "SHORTEST_SPAN",
    "cushioned",
    "grown",
    "no_parameters",
    "ordered",
    "rated",
    "required",
    "spanned",
    "tailed",
    "unannualized",
    "weighed",
    "yearly",
]

# Below a quarter of a year an annual figure is a forecast, not a result.
SHORTEST_SPAN = 0.25


def no_parameters() -> tuple[float, ...]:
    """A metric without options."""
    return ()


def yearly(periods_per_year: float = 252.0) -> tuple[float]:
    """(periods per year)."""
    return (check_positive(periods_per_year, "periods_per_year"),)


def rated(risk_free_rate: float = 0.0, periods_per_year: float = 252.0) -> tuple[float, float]:
    """(rate per period, periods per year)."""
    return per_period_rate(risk_free_rate, periods_per_year), *yearly(periods_per_year)


def required(
    minimum_acceptable_return: float = 0.0, periods_per_year: float = 252.0
) -> tuple[float, float]:
    """(acceptable return per period, periods per year)."""
    ppy = check_positive(periods_per_year, "periods_per_year")
    rate = per_period_rate(minimum_acceptable_return, ppy, name="minimum_acceptable_return")
    return rate, ppy


def spanned(periods_per_year: float = 252.0, force: bool = False) -> tuple[float, float]:
    """(periods per year, shortest span in years)."""
    return *yearly(periods_per_year), 0.0 if force else SHORTEST_SPAN


def unannualized() -> tuple[float, float]:
    """(threshold 0, one period): gains and losses as they are."""
    return 0.0, 1.0


def ordered(
    minimum_acceptable_return: float = 0.0, periods_per_year: float = 252.0, order: float = 3.0
) -> tuple[float, float, float]:
    """(acceptable return per period, periods per year, order of the moment)."""
    rate, ppy = required(minimum_acceptable_return, periods_per_year)
    return rate, ppy, check_positive(order, "order")


def weighed(
    periods_per_year: float = 252.0, loss_aversion: float = 2.25
) -> tuple[float, float, float]:
    """(threshold 0, periods per year, weight of a loss)."""
    return 0.0, *yearly(periods_per_year), check_positive(loss_aversion, "loss_aversion")


def grown(
    risk_free_rate: float = 0.0, periods_per_year: float = 252.0, force: bool = False
) -> tuple[float, float, float]:
    """(rate per annum, periods per year, shortest span in years)."""
    _, ppy = rated(risk_free_rate, periods_per_year)
    return float(risk_free_rate), *spanned(ppy, force)


def cushioned(
    excess: float = 0.1, periods_per_year: float = 252.0, force: bool = False
) -> tuple[float, float, float]:
    """(depth added to the worst drawdown, periods per year, shortest span in years)."""
    return check_non_negative(excess, "excess"), *spanned(periods_per_year, force)


def tailed(confidence: float = 0.99) -> tuple[float]:
    """(share of the tail)."""
    return (1.0 - check_probability(confidence, "confidence"),)
