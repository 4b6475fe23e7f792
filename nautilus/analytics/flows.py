"""Returns of an account with money moving in and out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_finite
from nautilus.core.errors import DataError, NotEnoughDataError, ParameterError, ShapeError
from nautilus.core.frames import read

__all__ = ["modified_dietz", "money_weighted_return", "time_weighted_return"]

TIMINGS = {"start": 1.0, "middle": 0.5, "end": 0.0}
DAYS_PER_YEAR = 365.0
# Growth factors per annum between which roots are sought: -99.9999 % to one million fold.
SEARCH = (1e-6, 1e6)
SEARCH_POINTS = 4001

Floats = NDArray[np.float64]


def time_weighted_return(values: Any, flows: Any = None, *, timing: str = "end") -> float:
    """Compounded return of an account, freed of the effect of its flows, as a fraction.

    The return of period t, with v the value at its end and f the flow booked in it:

    - timing "end" (the flow comes after the period's return): (v(t) - f(t)) / v(t-1) - 1
    - timing "start" (the flow works from the beginning): v(t) / (v(t-1) + f(t)) - 1
    - timing "middle": (v(t) - v(t-1) - f(t)) / (v(t-1) + f(t) / 2), Dietz per period

    Parameters
    ----------
    values : array (time,)
        Value of the account at the end of each period, flows of the period included, money. The
        first is the value at the beginning.
    flows : array (time,), optional
        Money put in (> 0) or taken out (< 0) in the period that ends at the same place; the first
        is part of the first value and is not read.
    timing : {"end", "start", "middle"}

    Returns
    -------
    float
        prod(1 + r) - 1 over the periods after the first value.

    Raises
    ------
    NotEnoughDataError
        Fewer than two values.
    DataError
        A missing value, or a period that begins with nothing invested.

    References
    ----------
    CFA Institute (2020), GIPS Standards, calculation methodology; Bacon (2008), 2nd ed., ch. 2.

    Examples
    --------
    >>> round(time_weighted_return([100.0, 160.0, 176.0], [0.0, 50.0, 0.0]), 4)
    0.21
    """
    check_choice(timing, "timing", TIMINGS)
    v = _money(values, "values")
    f = np.zeros(len(v)) if flows is None else _money(flows, "flows")
    if len(v) < 2:
        raise NotEnoughDataError(
            f"`values` must hold at least 2 values, got {len(v)}.", field="values"
        )
    if len(f) != len(v):
        raise ShapeError(
            f"`flows` must have {len(v)} values like `values`, got {len(f)}.", field="flows"
        )
    base = v[:-1] + TIMINGS[timing] * f[1:]
    if (base <= 0.0).any():
        at = int(np.argmax(base <= 0.0)) + 1
        raise DataError(
            f"`values` must be invested in every period, but period {at} begins with"
            f" {base[at - 1]:g}. Chain the spans before and after it.",
            field="values",
        )
    return float(np.prod(1.0 + (v[1:] - v[:-1] - f[1:]) / base) - 1.0)


def modified_dietz(
    start_value: float,
    end_value: float,
    flows: Sequence[float] | Any = (),
    *,
    flow_days: Sequence[float] | Any = (),
    days: float,
    timing: str = "end",
) -> float:
    """Return of one period with flows weighted by the time they were at work, as a fraction.

    (end - start - sum(f)) / (start + sum(w f)), with w = (days - d) / days for a flow on day d
    that counts from the end of its day, (days - d + 1) / days from its start, and the mean of both
    in the middle.

    Parameters
    ----------
    start_value, end_value : float
        Value before and after the period, money.
    flows : sequence
        Money put in (> 0) or taken out (< 0).
    flow_days : sequence
        Day of each flow within the period, 1 to `days` (0 is the evening before).
    days : float
        Calendar days of the period.
    timing : {"end", "start", "middle"}
        When on its day a flow counts.

    Returns
    -------
    float

    Raises
    ------
    DataError
        Average capital is not positive, or a flow lies outside the period.

    References
    ----------
    Dietz (1966), Pension Funds: Measuring Investment Performance; Bacon (2008), 2nd ed., ch. 2.

    Examples
    --------
    >>> round(modified_dietz(74.2, 104.4, [37.1], flow_days=[14], days=31), 4)
    -0.073
    """
    check_choice(timing, "timing", TIMINGS)
    start, end = check_finite(start_value, "start_value"), check_finite(end_value, "end_value")
    f, d = _money(flows, "flows"), _money(flow_days, "flow_days")
    if len(f) != len(d):
        raise ShapeError(
            f"`flow_days` must have {len(f)} values like `flows`, got {len(d)}.", field="flow_days"
        )
    if len(d) and (d.min() < 0 or d.max() > days):
        raise ParameterError(
            f"`flow_days` must lie in 0 to {days:g}, got {d.min():g} to {d.max():g}.",
            field="flow_days",
        )
    capital = start + float(np.sum(f * (days - d + TIMINGS[timing]) / days))
    if capital <= 0.0:
        raise DataError(
            f"average capital must be above 0, got {capital:g}. The return is undefined.",
            field="start_value",
        )
    return float((end - start - f.sum()) / capital)


def money_weighted_return(
    amounts: Any, times: Any, *, days_per_year: float = DAYS_PER_YEAR
) -> float:
    """Rate per annum at which the present value of all amounts is zero (XIRR), as a fraction.

    sum(a(i) / (1 + r)^(d(i) / days_per_year)) = 0, with d the days since the first amount.

    Parameters
    ----------
    amounts : array (flow,)
        Money: paid in < 0, received > 0; the last is usually the closing value.
    times : array (flow,) of dates, or days as numbers
        In any order.
    days_per_year : float
        365 as in spreadsheets.

    Returns
    -------
    float

    Raises
    ------
    DataError
        No sign change, no root, or several roots: the message lists them.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 2;
    Norstrom (1972), A Sufficient Condition for a Unique Nonnegative Internal Rate of Return.

    Examples
    --------
    >>> round(money_weighted_return([-100.0, 110.0], ["2024-01-01", "2024-12-31"]), 4)
    0.1
    """
    a = _money(amounts, "amounts")
    d = _years(times, days_per_year)
    if len(a) != len(d):
        raise ShapeError(
            f"`times` must have {len(a)} values like `amounts`, got {len(d)}.", field="times"
        )
    if not ((a > 0.0).any() and (a < 0.0).any()):
        raise DataError(
            "`amounts` must hold money paid in (< 0) and received (> 0), all have one sign."
            " There is no rate of return.",
            field="amounts",
        )
    roots = _roots(a, d)
    if len(roots) == 1:
        return roots[0]
    if not roots:
        raise DataError(
            f"`amounts` have no internal rate of return between {SEARCH[0] - 1:.4%} and"
            f" {SEARCH[1] - 1:.0%} a year. Use time_weighted_return.",
            field="amounts",
        )
    listed = ", ".join(f"{r:.4%}" for r in roots)
    raise DataError(
        f"`amounts` have {len(roots)} internal rates of return ({listed}): no single figure"
        " describes them. Use time_weighted_return or modified_dietz.",
        field="amounts",
    )


def _roots(amounts: Floats, years: Floats) -> list[float]:
    """All rates where the present value crosses zero, by sign changes on a grid of growth."""
    grid = np.linspace(np.log(SEARCH[0]), np.log(SEARCH[1]), SEARCH_POINTS)
    grid = np.unique(np.r_[grid, np.linspace(-0.7, 0.7, SEARCH_POINTS)])
    signs = np.sign([_value(g, amounts, years) for g in grid])
    exact = [float(np.expm1(g)) for g in grid[signs == 0.0]]
    crossing = np.flatnonzero(signs[:-1] * signs[1:] < 0.0)
    inside = [_bisected(amounts, years, grid[i], grid[i + 1]) for i in crossing]
    return sorted([*exact, *inside])


def _value(growth: float, amounts: Floats, years: Floats) -> float:
    """Present value at the log growth rate, scaled so that no discount factor overflows."""
    exponents = -growth * years
    return float(np.dot(amounts, np.exp(exponents - exponents.max())))


def _bisected(amounts: Floats, years: Floats, low: float, high: float) -> float:
    below = _value(low, amounts, years)
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return float(np.expm1(middle))
        here = _value(middle, amounts, years)
        if here == 0.0:
            return float(np.expm1(middle))
        if (here > 0.0) == (below > 0.0):
            low = middle
        else:
            high = middle


def _money(data: Any, name: str) -> Floats:
    values, _ = read(data, name, ndim=1)
    column = values[:, 0]
    if not np.isfinite(column).all():
        at = int(np.argmin(np.isfinite(column)))
        raise DataError(f"`{name}` must be finite, got {column[at]} at place {at}.", field=name)
    return column


def _years(times: Any, days_per_year: float) -> Floats:
    raw = np.asarray(times)
    if raw.dtype.kind in "OU":
        raw = np.array([_moment(t) for t in raw], dtype="M8[us]")
    if raw.dtype.kind == "M":
        raw = (raw - raw.min()) / np.timedelta64(1, "D")
    days: Floats = raw.astype(np.float64)
    return np.asarray((days - days.min()) / days_per_year)


def _moment(when: Any) -> Any:
    """A date, a moment (in UTC where it has a zone) or its ISO text."""
    if getattr(when, "tzinfo", None) is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    try:
        return np.datetime64(when)
    except ValueError as error:
        raise DataError(
            f"`times` must be dates or days as numbers, got {str(when)!r}.", field="times"
        ) from error
