"""Indicators by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.indicators.oscillators import rsi_warmup
from nautilus.indicators.trend import ema_warmup, sma_warmup
from nautilus.indicators.warm_up import Warmup

__all__ = ["available", "warmup"]

_WARMUPS: dict[str, Callable[..., Warmup]] = {
    "ema": ema_warmup,
    "rsi": rsi_warmup,
    "sma": sma_warmup,
}


def available() -> tuple[str, ...]:
    """Names of the indicators, in alphabetical order.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> available()
    ('ema', 'rsi', 'sma')
    """
    return tuple(sorted(_WARMUPS))


def warmup(name: str, **parameters: Any) -> Warmup:
    """Bars until the first value, and bars until the seed is forgotten.

    Parameters
    ----------
    name : str
        One of `available()`.
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
    function = _WARMUPS.get(name)
    if function is None:
        close = difflib.get_close_matches(str(name), _WARMUPS, n=3)
        meant = f" Did you mean {', '.join(close)}?" if close else ""
        raise NotFoundError(
            f"unknown indicator {name!r}.{meant} Known are {', '.join(available())}.", field="name"
        )
    known = inspect.signature(function).parameters
    unknown = [option for option in parameters if option not in known]
    if unknown:
        raise ParameterError(
            f"`{name}` has no option {unknown[0]!r}. It takes {', '.join(known)}.",
            field=unknown[0],
        )
    return function(**parameters)
