"""Options of the metrics as the floats that their formulas take."""

from __future__ import annotations

from nautilus.core.checks import check_positive
from nautilus.core.periods import per_period_rate

__all__ = ["SHORTEST_SPAN", "no_parameters", "rated", "required", "spanned", "yearly"]

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
