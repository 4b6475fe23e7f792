"""Indicators by name and by group."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from nautilus.core.checks import check_choice
from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.core.folds import Series, registered
from nautilus.indicators import (
    anchored,
    estimators,
    lines,
    oscillators,
    rates,
    trend,
    volatility,
    volume,
)
from nautilus.indicators.warm_up import Warmup

__all__ = ["GROUPS", "Indicator", "available", "indicator_named", "warmup"]

_PLACES: dict[str, tuple[tuple[ModuleType, tuple[str, ...]], ...]] = {
    "momentum": (
        (oscillators, ("rsi", "stochastic", "williams_r")),
        (rates, ("momentum", "roc", "macd", "ppo")),
        (oscillators, ("ultimate_oscillator", "commodity_channel_index")),
    ),
    "trend": (
        (trend, ("sma", "ema", "bollinger_bands")),
        (lines, ("parabolic_sar", "ichimoku")),
        (trend, ("linear_regression", "standard_deviation")),
    ),
    "volume": (
        (volume, ("obv", "accumulation_distribution", "chaikin_money_flow", "volume_sma")),
        (anchored, ("vwap",)),
        (volume, ("money_flow_index",)),
    ),
    "volatility": (
        (volatility, ("atr", "bollinger_width", "keltner_channels")),
        (estimators, ("historical_volatility", "garman_klass_volatility")),
    ),
}
# Not among the documented ones, and just as real.
_MORE = ((anchored, ("rolling_vwap",)),)
GROUPS = {
    group: tuple(name for _, names in places for name in names) for group, places in _PLACES.items()
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator.

    Parameters
    ----------
    name : str
    group : str or None
        None for those that are not documented.
    function : callable
        The public function.
    warmup : callable
        `warmup(**parameters) -> Warmup`.
    fold : Fold, Window, Recent or Composed
    parameters : dict of str -> default
    """

    name: str
    group: str | None
    function: Callable[..., Any]
    warmup: Callable[..., Warmup]
    fold: Series
    parameters: dict[str, Any]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns that it reads."""
        return self.fold.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Fields of what it gives; empty for one series."""
        return tuple(self.fold.outputs._fields) if self.fold.outputs else ()

    def checked(self, given: dict[str, Any]) -> dict[str, Any]:
        """All parameters: those given, and defaults for the rest.

        Raises
        ------
        ParameterError
            One that it does not have.
        """
        for name in given:
            if name not in self.parameters:
                near = difflib.get_close_matches(name, self.parameters, n=1)
                meant = f" Did you mean `{near[0]}`?" if near else ""
                takes = ", ".join(self.parameters) or "none"
                raise ParameterError(
                    f"`{self.name}` has no option {name!r}.{meant} It takes {takes}.", field=name
                )
        return {**self.parameters, **given}


def _indicator(module: ModuleType, name: str, group: str | None) -> Indicator:
    function = getattr(module, name)
    entry = registered(function)
    assert entry is not None
    fold: Any = entry.fold
    signature = inspect.signature(function).parameters
    options = {n: p.default for n, p in signature.items() if n not in fold.inputs}
    return Indicator(name, group, function, getattr(module, f"{name}_warmup"), fold, options)


_INDICATORS = {
    name: _indicator(module, name, group)
    for group, places in [*_PLACES.items(), (None, _MORE)]
    for module, names in places
    for name in names
}


def available(group: str | None = None) -> tuple[str, ...]:
    """Names of the documented indicators, in alphabetical order.

    Parameters
    ----------
    group : {"momentum", "trend", "volume", "volatility"}, optional

    Returns
    -------
    tuple of str

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> len(available()), available("volatility")[:2]
    (27, ('atr', 'bollinger_width'))
    """
    chosen: Iterable[str] = GROUPS if group is None else (check_choice(group, "group", GROUPS),)
    return tuple(sorted(name for one in chosen for name in GROUPS[one]))


def indicator_named(name: str) -> Indicator:
    """What is known of an indicator.

    Raises
    ------
    NotFoundError
        Unknown name; close names are given.
    """
    found = _INDICATORS.get(name)
    if found is None:
        close = difflib.get_close_matches(str(name), _INDICATORS, n=3)
        meant = f" Did you mean {', '.join(close)}?" if close else ""
        raise NotFoundError(
            f"unknown indicator {name!r}.{meant} Known are {', '.join(sorted(_INDICATORS))}.",
            field="name",
        )
    return found


def warmup(name: str, **parameters: Any) -> Warmup:
    """Bars until the first value, and bars until the seed is forgotten.

    Parameters
    ----------
    name : str
        One of `available()`, or rolling_vwap.
    **parameters
        Options of the indicator; its defaults hold for the rest.

    Returns
    -------
    Warmup
        (first, forget).

    Raises
    ------
    NotFoundError
        Unknown name; close names are given.
    ParameterError
        An option that the indicator does not have, or one out of range.

    Examples
    --------
    >>> warmup("rsi", period=14).first, warmup("sma", period=5)
    (15, Warmup(first=5, forget=5))
    """
    found = indicator_named(name)
    return found.warmup(**found.checked(parameters))
