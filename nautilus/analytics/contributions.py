"""What each holding added to the portfolio's return, with weights that drift between rebalances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.effects import Attribution, summarised
from nautilus.analytics.linking import link_effects
from nautilus.analytics.segments import (
    CASH,
    check_finite_where_held,
    on_labels,
    on_periods,
    per_period,
    period_name,
    read_segments,
    whole_weights,
)
from nautilus.core.checks import check_choice, check_non_negative, check_window
from nautilus.core.errors import DataError, LabelError, MissingInputError
from nautilus.core.frames import Like
from nautilus.core.periods import check_returns

__all__ = ["Contributions", "return_contributions"]

Floats = NDArray[np.float64]
LINKING = ("grap", "carino", "menchero", "frongello")
CALENDAR: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    # Days since Monday 1969-12-29, so that the quotient changes on Mondays.
    "weekly": lambda t: (t.astype("datetime64[D]").astype(np.int64) + 3) // 7,
    "monthly": lambda t: t.astype("datetime64[M]").astype(np.int64),
    "quarterly": lambda t: t.astype("datetime64[M]").astype(np.int64) // 3,
    "yearly": lambda t: t.astype("datetime64[Y]").astype(np.int64),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Contributions(Attribution):
    """Contributions of holdings, and the weights that earned them.

    Parameters
    ----------
    weights : array (period, segment)
        At the start of each period, after drift or rebalancing.
    rebalanced : array (period,) of bool
        Whether the period started with the weights that were given.
    turnover : float
        Sum over rebalances of half the absolute weight traded; the first period counts none.

    Examples
    --------
    >>> held = return_contributions({"A": 0.5, "B": 0.5}, [[0.2, 0.0], [0.0, 0.0]])
    >>> round(held.turnover, 4)
    0.0455
    """

    weights: Floats
    rebalanced: NDArray[np.bool_]
    turnover: float


def return_contributions(
    weights: Any,
    returns: Any,
    *,
    rebalance: str | int = "every_period",
    linking: str = "grap",
    cash_returns: Any = None,
    weight_tolerance: float = 1e-6,
) -> Contributions:
    """Contribution of each holding to the portfolio's return, as fractions.

    In each period w(t) r(t), which sums to the portfolio's return. Between rebalances weights
    drift: w(t+1) = w(t) (1 + r(t)) / (1 + sum(w(t) r(t))).

    Parameters
    ----------
    weights : mapping, Series (segment,) or panel (time, segment)
        At the start of the period; they sum to 1. With a panel, a rebalance takes the weights of
        its own row and the other rows are not used.
    returns : mapping, Series (segment,) or panel (time, segment)
        Simple returns, fractions.
    rebalance : {"every_period", "never", "weekly", "monthly", "quarterly", "yearly"} or int
        When weights are set back: `never` is buy-and-hold, a number is every that many periods;
        a calendar word needs times and means the first period of each week, month ...
    linking : {"grap", "carino", "menchero", "frongello"}
        How contributions of many periods sum to the compounded return. Without a benchmark
        `grap` is exact: profit per unit of the initial capital.
    cash_returns : float or series (time,), optional
        The rest of the weights to 1 is held in a segment "cash" with this return.
    weight_tolerance : float
        Sums this near to 1 are rescaled to 1.

    Returns
    -------
    Contributions
        `effects` (segment, 1) sum to `portfolio_return`, `period_effects` to it over time.

    Raises
    ------
    LabelError, DataError, MissingInputError, ParameterError
        Labels that differ; weights that do not sum to 1; NaN in what is held; a portfolio that
        loses everything while it drifts.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed., ch. 5.

    Examples
    --------
    >>> held = return_contributions({"A": 0.5, "B": 0.5}, [[0.1, 0.0], [0.1, 0.0]],
    ...                             rebalance="never")
    >>> [round(x, 4) for x in held.effects[:, 0].tolist()], round(held.portfolio_return, 4)
    ([0.105, 0.0], 0.105)
    """
    check_choice(linking, "linking", LINKING)
    (target, earned), like = on_periods(
        [read_segments(weights, "weights"), read_segments(returns, "returns")]
    )
    check_returns(earned.values, "returns")
    labels = target.labels
    given, values = target.values, on_labels(earned, labels)
    if cash_returns is not None:
        if CASH in labels:
            raise LabelError(
                f"`cash_returns` adds a segment {CASH!r}, but `weights` names one already.",
                field="cash_returns",
            )
        cash = per_period(cash_returns, "cash_returns", len(values), like)
        labels, values = (*labels, CASH), np.column_stack([values, cash])
    starts = _starts(rebalance, len(values), like)
    tolerance = check_non_negative(weight_tolerance, "weight_tolerance")
    set_weights = whole_weights(
        given, "weights", like, tolerance=tolerance, cash=cash_returns is not None
    )
    values = check_finite_where_held(
        values, _ever_held(set_weights, starts), "returns", labels, like
    )
    held, turnover = _drifted(set_weights, values, starts, like)
    return _contributions(held, values, starts, turnover, labels, like, linking)


def _contributions(
    held: Floats,
    values: Floats,
    starts: NDArray[np.bool_],
    turnover: float,
    labels: tuple[Any, ...],
    like: Like | None,
    linking: str,
) -> Contributions:
    earned = held * values
    total = earned.sum(axis=1)
    result: Contributions = summarised(
        kind=Contributions,
        method="contribution",
        effect_names=("contribution",),
        segments=labels,
        period_effects=earned[:, :, None],
        portfolio=total,
        benchmark=np.zeros_like(total),
        average_portfolio_weights=held.mean(axis=0),
        times=None if like is None else like.times,
        weights=held,
        rebalanced=starts,
        turnover=turnover,
    )
    if len(total) == 1:
        return result
    linked = link_effects(result, method=linking)
    return replace(result, linking=linking, **_linked_fields(linked))


def _linked_fields(linked: Attribution) -> dict[str, Any]:
    names = ("effects", "period_effects", "residual", "reasons")
    return {name: getattr(linked, name) for name in names}


def _starts(rebalance: str | int, size: int, like: Like | None) -> NDArray[np.bool_]:
    """Whether each period starts with the given weights."""
    if isinstance(rebalance, str):
        check_choice(rebalance, "rebalance", ("every_period", "never", *CALENDAR))
        if rebalance in CALENDAR:
            return _calendar_starts(rebalance, like)
        starts = np.full(size, rebalance == "every_period")
    else:
        starts = np.arange(size) % check_window(rebalance, "rebalance") == 0
    starts[0] = True
    return starts


def _calendar_starts(rebalance: str, like: Like | None) -> NDArray[np.bool_]:
    if like is None or like.times is None or like.times.dtype.kind != "M":
        raise MissingInputError(
            f"`rebalance` {rebalance!r} needs returns with dates. Pass a frame with a"
            " DatetimeIndex, or a number of periods.",
            field="rebalance",
        )
    spans = CALENDAR[rebalance](like.times)
    return np.concatenate([[True], spans[1:] != spans[:-1]])


def _ever_held(weights: Floats, starts: NDArray[np.bool_]) -> Floats:
    """Weights of the last rebalance: what is 0 there stays 0 until the next one."""
    latest = np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
    held: Floats = weights[latest]
    return held


def _drifted(
    weights: Floats, returns: Floats, starts: NDArray[np.bool_], like: Like | None
) -> tuple[Floats, float]:
    """Weights at the start of each period, and the turnover of the rebalances."""
    held = np.empty_like(weights)
    growth = 1.0 + returns
    traded = 0.0
    rows = np.append(np.flatnonzero(starts), len(starts))
    for first, after in pairwise(rows):
        grown = weights[first] * np.cumprod(growth[first:after], axis=0)
        wealth = grown.sum(axis=1)
        if (wealth <= 0.0).any():
            bad = int(first + np.argmax(wealth <= 0.0))
            raise DataError(
                f"`weights` lose the whole portfolio in {period_name(like, bad)}; weights cannot"
                " drift from there.",
                field="weights",
            )
        held[first] = weights[first]
        held[first + 1 : after] = grown[:-1] / wealth[:-1, None]
        if after < len(starts):
            traded += 0.5 * float(np.abs(weights[after] - grown[-1] / wealth[-1]).sum())
    return held, traded
