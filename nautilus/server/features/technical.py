"""Technical features of bars: which indicators, with which options, and what they are now."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.core.jit import only_loaded
from nautilus.indicators.features import check_bars, run_plan
from nautilus.indicators.plan import Plan, planned
from nautilus.indicators.registry import GROUPS, indicator_named
from nautilus.indicators.signals import SignalSummary, signal_summary
from nautilus.server.features.bars import BarTable

__all__ = ["Technicals", "most_bars_needed", "plan_of", "technicals", "warm_up_indicators"]

# Options may carry the short name of their indicator; both kinds of bands share theirs.
_SHORT = {
    "bollinger": ("bollinger_bands", "bollinger_width"),
    "keltner": ("keltner_channels",),
    "cci": ("commodity_channel_index",),
    "mfi": ("money_flow_index",),
    "cmf": ("chaikin_money_flow",),
    "psar": ("parabolic_sar",),
    "sar": ("parabolic_sar",),
    "linreg": ("linear_regression",),
    "std": ("standard_deviation",),
}
_ALWAYS = {"volatility": ("historical_volatility",)}
# What an exponential average has not forgotten by then, nobody sees.
MOST_HISTORY = 1_000
MOST_BARS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Technicals:
    """Values of the last bar, by group, and what is missing for those that are not there.

    Parameters
    ----------
    values : dict of group -> dict of column -> float
    warmup : dict of column -> (bars there are, bars it takes)
    summary : SignalSummary or None
        None where the last bar has no price.
    """

    values: dict[str, dict[str, float]]
    warmup: dict[str, dict[str, int]]
    summary: SignalSummary | None


def plan_of(indicators: Mapping[Any, Iterable[str]] | None, parameters: Mapping[str, Any]) -> Plan:
    """The plan of a request.

    Raises
    ------
    NotFoundError
        An indicator that does not exist, or is of another group.
    ParameterError
        An option that no indicator has.
    """
    wanted: dict[str, None] = {}
    for group, names in (GROUPS if indicators is None else indicators).items():
        for name in (*names, *_ALWAYS.get(group, ())):
            _check_group(name, group)
            wanted[name] = None
    if not wanted:
        raise ParameterError("`indicators` names none.", field="indicators")
    options = _options(parameters)
    return planned([(name, options.get(name, {})) for name in wanted])


def _check_group(name: str, group: str) -> None:
    found = indicator_named(name)
    if found.group != group:
        raise NotFoundError(
            f"`{name}` is a {found.group} indicator, not one of {group}. Those are"
            f" {', '.join(GROUPS[group])}.",
            field=f"indicators.{group}",
        )


def _options(parameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{"rsi_period": 14}` -> `{"rsi": {"period": 14}}`."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in parameters.items():
        names, option = _owner(key)
        for name in names:
            found.setdefault(name, {})[option] = _number(value, key)
    return found


def _owner(key: str) -> tuple[tuple[str, ...], str]:
    known = {name: (name,) for names in GROUPS.values() for name in names} | _SHORT
    choices = []
    for stem, names in known.items():
        options = indicator_named(names[0]).parameters
        choices += [f"{stem}_{option}" for option in options]
        if key.startswith(f"{stem}_") and key.removeprefix(f"{stem}_") in options:
            return names, key.removeprefix(f"{stem}_")
    near = difflib.get_close_matches(key, choices, n=3)
    meant = f" Did you mean {', '.join(near)}?" if near else ""
    raise ParameterError(
        f"`parameters` has {key!r}, which is no option of an indicator.{meant} They are called"
        " by indicator and option, such as rsi_period or macd_fast.",
        field=f"parameters.{key}",
    )


def _number(value: Any, key: str) -> Any:
    """JSON's 14.0 is 14 bars."""
    if isinstance(value, (int, float)) and abs(value) > MOST_BARS:
        raise ParameterError(
            f"`parameters.{key}` is {value:g}; a request has at most {MOST_BARS:,} bars.",
            field=f"parameters.{key}",
        )
    return int(value) if isinstance(value, float) and value.is_integer() else value


def most_bars_needed(plan: Plan) -> int:
    """Bars after which nothing of the beginning is left, or as many as are worth reading."""
    needed = [indicator_named(c.indicator).warmup(**c.parameters) for c in plan.columns]
    return min(max(one.forget or one.first for one in needed), MOST_HISTORY)


def technicals(plan: Plan, table: BarTable) -> Technicals:
    """Values of the last bar. Off the event loop for many bars.

    Raises
    ------
    DataError
        A high below a low, a negative volume.
    MissingInputError
        A field that no bar has.
    """
    fields = {name: table.field_named(name) for name in plan.fields}
    check_bars(fields)
    with only_loaded():
        last = run_plan(plan, list(fields.values()), np.array([0, len(table)]))[:, -1:]
    values: dict[str, dict[str, float]] = {}
    warmup: dict[str, dict[str, int]] = {}
    for column, value in zip(plan.columns, last[:, 0].tolist(), strict=True):
        found = indicator_named(column.indicator)
        values.setdefault(found.group or "more", {})[column.name] = value
        need = found.warmup(**column.parameters).first
        if math.isnan(value) and len(table) < need:
            warmup[column.name] = {"have": len(table), "need": need}
    return Technicals(values=values, warmup=warmup, summary=_summary(values, table))


def warm_up_indicators() -> None:
    """Compile all indicators; requests run them interpreted until that is done."""
    from nautilus.core.segments import warm_up_segments

    for node in plan_of(None, {}).nodes:
        warm_up_segments(node.fold, node.parameters)


def _summary(values: Mapping[str, Mapping[str, float]], table: BarTable) -> SignalSummary | None:
    close = table.columns.get("close")
    if close is None or not math.isfinite(close[-1]):
        return None
    flat = {name: value for group in values.values() for name, value in group.items()}
    return signal_summary(flat, close=float(close[-1]))
