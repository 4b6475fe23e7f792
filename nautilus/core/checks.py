"""Checks of options: each returns the value in its plain kind, or says what to pass."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from nautilus.core.errors import ParameterError

__all__ = [
    "check_choice",
    "check_finite",
    "check_fraction",
    "check_non_negative",
    "check_positive",
    "check_probability",
    "check_window",
]


def check_finite(value: Any, name: str) -> float:
    """A finite number as float.

    Examples
    --------
    >>> check_finite(2, "price")
    2.0
    """
    number = _number(value, name)
    if not math.isfinite(number):
        raise ParameterError(f"`{name}` must be finite, got {_shown(value)}.", field=name)
    return number


def check_positive(value: Any, name: str) -> float:
    """A finite number above zero."""
    number = check_finite(value, name)
    if number <= 0:
        raise ParameterError(f"`{name}` must be above 0, got {_shown(value)}.", field=name)
    return number


def check_non_negative(value: Any, name: str) -> float:
    """A finite number of at least zero."""
    number = check_finite(value, name)
    if number < 0:
        raise ParameterError(f"`{name}` must be at least 0, got {_shown(value)}.", field=name)
    return number


def check_probability(value: Any, name: str) -> float:
    """A number strictly between 0 and 1.

    Examples
    --------
    >>> check_probability(99, "confidence")
    Traceback (most recent call last):
    nautilus.core.errors.ParameterError: `confidence` must be in (0, 1), got 99. Pass 0.99 for 99 %.
    """
    number = _number(value, name)
    if not 0 < number < 1:
        hint = f"Pass {number / 100:g} for {number:g} %." if 1 < number < 100 else None
        shown = _shown(value)
        raise ParameterError(f"`{name}` must be in (0, 1), got {shown}.", field=name, hint=hint)
    return number


def check_fraction(value: Any, name: str) -> float:
    """A number from 0 to 1, both ends allowed."""
    number = _number(value, name)
    if not 0 <= number <= 1:
        hint = f"Pass {number / 100:g} for {number:g} %." if 1 < number <= 100 else None
        shown = _shown(value)
        raise ParameterError(f"`{name}` must be in [0, 1], got {shown}.", field=name, hint=hint)
    return number


def check_window(value: Any, name: str, minimum: int = 1) -> int:
    """A whole number of bars of at least `minimum`.

    Examples
    --------
    >>> check_window(14.0, "period")
    14
    """
    number = _number(value, name)
    if not math.isfinite(number) or number != int(number):
        shown = _shown(value)
        raise ParameterError(f"`{name}` must be a whole number of bars, got {shown}.", field=name)
    if number < minimum:
        raise ParameterError(
            f"`{name}` must be at least {minimum}, got {_shown(value)}.", field=name
        )
    return int(number)


def check_choice(value: Any, name: str, choices: Iterable[str]) -> str:
    """One of a closed list of words."""
    known = tuple(choices)
    if not isinstance(value, str) or value not in known:
        listed = ", ".join(repr(c) for c in known)
        raise ParameterError(f"`{name}` must be one of {listed}, got {_shown(value)}.", field=name)
    return str(value)


def _number(value: Any, name: str) -> float:
    if isinstance(value, (str, bytes, bool)) or value is None or type(value).__name__ == "bool":
        raise ParameterError(f"`{name}` must be a number, got {_shown(value)}.", field=name)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        kind = type(value).__name__
        raise ParameterError(f"`{name}` must be a number, got {kind}.", field=name) from error


def _shown(value: Any) -> str:
    """A numpy number as the plain number that the user wrote."""
    return repr(value.item() if getattr(value, "ndim", None) == 0 else value)
