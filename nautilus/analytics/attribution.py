"""Brinson attribution: allocation, selection, interaction, at every level of a hierarchy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.decisions import check_wealth, decision_effects
from nautilus.analytics.effects import GEOMETRIC, Attribution, summarised
from nautilus.analytics.hierarchy import Hierarchy, hierarchy_of
from nautilus.analytics.holdings import Holdings, on_holdings, read_holdings
from nautilus.analytics.segments import per_period
from nautilus.core.checks import check_choice, check_non_negative
from nautilus.core.errors import LabelError, ParameterError

__all__ = ["brinson"]

Floats = NDArray[np.float64]
METHODS = ("fachler", "bhb", GEOMETRIC)
INTERACTIONS = ("separate", "with_selection", "with_allocation")
OFF_BENCHMARK = ("own_return", "benchmark_return")
RESIDUAL = "residual"
TRADING = "trading"


def brinson(
    portfolio_weights: Any,
    benchmark_weights: Any,
    portfolio_returns: Any,
    benchmark_returns: Any,
    *,
    method: str = "fachler",
    interaction: str = "separate",
    sectors: Mapping[Any, Any] | None = None,
    level_names: Sequence[str] | None = None,
    off_benchmark: str | None = None,
    cash_returns: Any = None,
    portfolio_contributions: Any = None,
    portfolio_total_returns: Any = None,
    benchmark_total_returns: Any = None,
    weight_tolerance: float = 1e-6,
) -> Attribution:
    """Active return split into allocation, selection and interaction, as fractions.

    With weights w, W and returns r, R of portfolio and benchmark, and B = sum(W R):
    allocation (w - W)(R - B) for `fachler`, (w - W) R for `bhb`; selection W (r - R);
    interaction (w - W)(r - R). `geometric` (Burnie, Knowles and Teder) has
    allocation (w - W)((1 + R)/(1 + B) - 1) and selection w (r - R)/(1 + sum(w R)), which compound
    to (1 + sum(w r))/(1 + B) - 1.

    Parameters
    ----------
    portfolio_weights, benchmark_weights : mapping, Series (segment,) or panel (time, segment)
        At the start of the period whose returns stand in the same row; they sum to 1 in each
        period. A cross-section beside panels of returns is held in every period.
    portfolio_returns, benchmark_returns : mapping, Series (segment,) or panel (time, segment)
        Simple returns of the segments, fractions. NaN only where the weight is 0.
    method : {"fachler", "bhb", "geometric"}
    interaction : {"separate", "with_selection", "with_allocation"}
        A column of its own, or merged (`with_selection` is the top-down reading). Geometric
        selection always includes it.
    sectors : mapping of segment -> sector, or -> (asset class, sector, ...)
        Then the inputs are securities: groups are rolled up, allocation is decided between
        groups (each level within its parent), selection within the finest one. Every effect is
        also given by security, so that it sums at each level. Allocation of a group is shared
        over its benchmark members; a security absent from one side has weight 0 there.
    level_names : sequence of str, optional
        Names of the levels of `sectors`, coarsest first.
    off_benchmark : {None, "own_return", "benchmark_return"}
        Return of a group without benchmark weight. `own_return`: the portfolio's, so the bet is
        allocation. `benchmark_return`: that of the level above, so it is interaction. None: a
        return given for it, else `own_return`; and without `sectors` both sides must then name
        the same segments.
    cash_returns : float or series (time,), optional
        The rest of each side's weights to 1 is held in a segment "cash" with this return.
    portfolio_contributions : mapping, Series (segment,) or panel (time, segment), optional
        Profit of each segment over the portfolio's value at the start, trades and costs included:
        transaction-based attribution. Its difference from weight times return is the effect
        "trading".
    portfolio_total_returns, benchmark_total_returns : float or series (time,), optional
        Returns as reported, such as `book.returns`. What the other effects do not explain becomes
        the row and the effect "residual".
    weight_tolerance : float
        Sums this near to 1 are rescaled to 1.

    Returns
    -------
    Attribution
        Effects sum to the active return of each period (`check_sum`). Over several periods they
        are summed as they are: `link_effects` makes them sum to the compounded active return.
        Geometric effects compound by themselves.

    Raises
    ------
    LabelError, DataError, ShapeError, TimeIndexError, ParameterError
        Labels that differ; weights that do not sum to 1 (naming the first such period); NaN in
        what is held.

    Notes
    -----
    A segment that the portfolio does not hold has no selection, whatever return is given for it.
    Geometric effects of several periods compound by kind; segments share each kind's total by
    logarithmic coefficients.

    References
    ----------
    Brinson, Hood and Beebower (1986); Brinson and Fachler (1985); Burnie, Knowles and Teder
    (1998); Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd ed.,
    ch. 5 and 9.

    Examples
    --------
    >>> result = brinson(
    ...     {"UK": 0.4, "Japan": 0.3, "US": 0.3}, {"UK": 0.4, "Japan": 0.2, "US": 0.4},
    ...     {"UK": 0.20, "Japan": -0.05, "US": 0.06}, {"UK": 0.10, "Japan": -0.04, "US": 0.08},
    ... )
    >>> {name: round(value, 4) for name, value in result.totals.items()}
    {'allocation': -0.012, 'selection': 0.03, 'interaction': 0.001}
    >>> round(result.active_return, 4), abs(result.residual) < 1e-12
    (0.019, True)
    """
    _check_choices(method, interaction, off_benchmark)
    holdings = read_holdings(
        portfolio_weights,
        benchmark_weights,
        portfolio_returns,
        benchmark_returns,
        strict=sectors is None and off_benchmark is None,
        cash_returns=cash_returns,
        tolerance=check_non_negative(weight_tolerance, "weight_tolerance"),
        hint='For off-benchmark segments pass off_benchmark="own_return" or "benchmark_return".',
    )
    hierarchy = hierarchy_of(holdings.labels, sectors, level_names)
    effects = decision_effects(
        holdings,
        hierarchy,
        method=method,
        interaction=interaction,
        off_benchmark=off_benchmark,
    )
    return _result(
        holdings,
        hierarchy,
        effects,
        method=method,
        interaction=None if method == GEOMETRIC else interaction,
        contributions=portfolio_contributions,
        totals=(portfolio_total_returns, benchmark_total_returns),
    )


def _check_choices(method: str, interaction: str, off_benchmark: str | None) -> None:
    check_choice(method, "method", METHODS)
    check_choice(interaction, "interaction", INTERACTIONS)
    if off_benchmark is not None:
        check_choice(off_benchmark, "off_benchmark", OFF_BENCHMARK)
    if method == GEOMETRIC and interaction == "with_allocation":
        raise ParameterError(
            "`interaction` must not be 'with_allocation' for method='geometric', whose selection"
            " includes it. Leave it out.",
            field="interaction",
        )


def _result(
    holdings: Holdings,
    hierarchy: Hierarchy,
    effects: Mapping[str, Floats],
    *,
    method: str,
    interaction: str | None,
    contributions: Any,
    totals: tuple[Any, Any],
) -> Attribution:
    labels, groups = holdings.labels, hierarchy.groups
    weights = [w.mean(axis=0) for w in (holdings.portfolio_weights, holdings.benchmark_weights)]
    explained = [holdings.portfolio_total, holdings.benchmark_total]
    found = dict(effects)
    if contributions is not None:
        found[TRADING], explained[0] = _trading(holdings, contributions, method)
    actual = _reported(totals, explained, holdings)
    kinds, stacked = tuple(found), np.stack(list(found.values()), axis=2)
    if any(given is not None for given in totals):
        stacked = _with_residual(stacked, _unexplained(actual, explained, method))
        kinds, labels = (*kinds, RESIDUAL), _labels_with_residual(labels)
        groups = tuple((*g, RESIDUAL) for g in groups)
        weights = [np.append(w, 0.0) for w in weights]
    result: Attribution = summarised(
        method=method,
        interaction_mode=interaction,
        effect_names=kinds,
        segments=labels,
        levels=hierarchy.levels,
        groups=groups,
        period_effects=stacked,
        portfolio=actual[0],
        benchmark=actual[1],
        average_portfolio_weights=weights[0],
        average_benchmark_weights=weights[1],
        times=None if holdings.like is None else holdings.like.times,
    )
    return result


def _trading(holdings: Holdings, contributions: Any, method: str) -> tuple[Floats, Floats]:
    """What trades within the period added to buy-and-hold, and the return with them."""
    made = on_holdings(contributions, "portfolio_contributions", holdings, held_only=True)
    traded = made - holdings.portfolio_weights * holdings.portfolio_returns
    total: Floats = made.sum(axis=1)
    if method != GEOMETRIC:
        return traded, total
    check_wealth(1.0 + total)
    return traded / (1.0 + holdings.portfolio_total)[:, None], total


def _reported(
    totals: tuple[Any, Any], explained: Sequence[Floats], holdings: Holdings
) -> list[Floats]:
    names = ("portfolio_total_returns", "benchmark_total_returns")
    size = len(explained[0])
    return [
        own if given is None else per_period(given, name, size, holdings.like)
        for given, name, own in zip(totals, names, explained, strict=True)
    ]


def _unexplained(actual: Sequence[Floats], explained: Sequence[Floats], method: str) -> Floats:
    """Reported active return less that of the effects, per period."""
    if method != GEOMETRIC:
        return (actual[0] - actual[1]) - (explained[0] - explained[1])
    for returns in actual:
        check_wealth(1.0 + returns)
    reported = (1.0 + actual[0]) / (1.0 + actual[1])
    return reported * (1.0 + explained[1]) / (1.0 + explained[0]) - 1.0


def _with_residual(stacked: Floats, left: Floats) -> Floats:
    periods, segments, kinds = stacked.shape
    wider = np.zeros((periods, segments + 1, kinds + 1))
    wider[:, :segments, :kinds] = stacked
    wider[:, segments, kinds] = left
    return wider


def _labels_with_residual(labels: tuple[Any, ...]) -> tuple[Any, ...]:
    if RESIDUAL in labels:
        raise LabelError(
            f"total returns add a row {RESIDUAL!r}, but a segment has that name. Rename it.",
            field="portfolio_total_returns",
        )
    return (*labels, RESIDUAL)
