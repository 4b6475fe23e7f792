"""What each decision earned: allocation level by level, then selection and interaction.

Everything is computed by segment, so that effects add up at every level of the hierarchy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.effects import GEOMETRIC
from nautilus.analytics.hierarchy import Hierarchy, Indices, group_sum
from nautilus.analytics.holdings import Holdings
from nautilus.core.errors import DataError

__all__ = ["check_wealth", "decision_effects"]

Floats = NDArray[np.float64]
# Weights of a long-short group that cancel leave rounding noise, not a group weight.
CANCELLED = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """State after the decisions of one level, by segment.

    `tilt` is portfolio over benchmark weight of the group, `base` the benchmark return of the
    group, `absent` says that the group has no benchmark weight, `own` is its return then.
    """

    tilt: Floats
    base: Floats
    absent: NDArray[np.bool_]
    own: Floats


def decision_effects(
    holdings: Holdings,
    hierarchy: Hierarchy,
    *,
    method: str,
    interaction: str,
    off_benchmark: str | None,
) -> dict[str, Floats]:
    """Effect arrays (period, segment) by name, in the order in which decisions are taken.

    At each level the portfolio is compared with one that holds the groups of that level in the
    benchmark's composition; a level's allocation is neutral to the weight of the group above.
    """
    held = holdings.portfolio_weights
    total = holdings.benchmark_total[:, None]
    level = _Level(
        np.ones(held.shape),
        np.broadcast_to(total, held.shape),
        np.zeros(held.shape, dtype=bool),
        holdings.portfolio_returns,
    )
    allocations: dict[str, Floats] = {}
    for name, members in zip(hierarchy.decisions, hierarchy.members, strict=True):
        above, level = level, _descend(holdings, members, level, off_benchmark)
        allocations[name] = _allocation(holdings, above, level, centred=method != "bhb")
    chosen = _selection_within(holdings, level)
    if method == GEOMETRIC:
        return _geometric({**allocations, "selection": chosen}, total)
    return _arithmetic(holdings, hierarchy.members[-1], allocations, chosen, interaction)


def _descend(
    holdings: Holdings, members: Indices, above: _Level, off_benchmark: str | None
) -> _Level:
    weight = group_sum(holdings.benchmark_weights, members)
    absent = weight == 0.0
    safe = np.where(absent, 1.0, weight)
    earned = group_sum(holdings.benchmark_weights * holdings.benchmark_returns, members)
    own = np.where(
        absent & ~above.absent, _return_off_benchmark(holdings, above, off_benchmark), above.own
    )
    tilt = group_sum(holdings.portfolio_weights, members) / safe
    return _Level(np.where(absent, 0.0, tilt), np.where(absent, own, earned / safe), absent, own)


def _return_off_benchmark(holdings: Holdings, above: _Level, off_benchmark: str | None) -> Floats:
    if off_benchmark == "benchmark_return":
        return above.base
    if off_benchmark == "own_return":
        return holdings.portfolio_returns
    given = holdings.given_returns
    return np.where(np.isfinite(given), given, holdings.portfolio_returns)


def _allocation(holdings: Holdings, above: _Level, level: _Level, *, centred: bool) -> Floats:
    centre = above.base if centred else np.zeros_like(above.base)
    members = holdings.benchmark_weights * (holdings.benchmark_returns - centre)
    off_bet = np.where(above.absent, 0.0, holdings.portfolio_weights * (level.own - centre))
    return np.where(level.absent, off_bet, (level.tilt - above.tilt) * members)


def _selection_within(holdings: Holdings, level: _Level) -> Floats:
    """Portfolio against the benchmark's composition of each finest group, at portfolio weight."""
    kept = holdings.portfolio_weights * (holdings.portfolio_returns - level.base)
    passive = holdings.benchmark_weights * (holdings.benchmark_returns - level.base)
    return np.where(level.absent, kept, kept - level.tilt * passive)


def _arithmetic(
    holdings: Holdings,
    members: Indices,
    allocations: dict[str, Floats],
    chosen: Floats,
    interaction: str,
) -> dict[str, Floats]:
    if interaction == "with_selection":
        return {**allocations, "selection": chosen}
    share = _benchmark_share(holdings, members)
    selection = chosen * share
    crossed = chosen - selection
    if interaction == "separate":
        return {**allocations, "selection": selection, "interaction": crossed}
    *_, last = allocations
    merged = {**allocations, last: allocations[last] + crossed}
    return {**merged, "selection": selection}


def _benchmark_share(holdings: Holdings, members: Indices) -> Floats:
    """Benchmark over portfolio weight of the finest group: the part that is pure selection."""
    weight = group_sum(holdings.portfolio_weights, members)
    gross = group_sum(np.abs(holdings.portfolio_weights), members)
    small = np.abs(weight) <= CANCELLED * gross
    ratio = group_sum(holdings.benchmark_weights, members) / np.where(small, 1.0, weight)
    return np.where(small, 0.0, ratio)


def _geometric(effects: dict[str, Floats], total: Floats) -> dict[str, Floats]:
    """Each effect over the wealth of the portfolio that the decisions before it make."""
    wealth = 1.0 + total[:, 0]
    scaled: dict[str, Floats] = {}
    for name, values in effects.items():
        check_wealth(wealth)
        scaled[name] = values / wealth[:, None]
        wealth = wealth + values.sum(axis=1)
    check_wealth(wealth)
    return scaled


def check_wealth(wealth: Floats) -> None:
    """Raise where nothing is left to compound."""
    if (wealth <= 0.0).any():
        raise DataError(
            "method='geometric' needs returns above -100 % of the portfolio, the benchmark and"
            " every notional portfolio between them. Use method='fachler'.",
            field="method",
        )
