"""What a subscription lets through, as documented."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from nautilus.core.errors import ParameterError

__all__ = ["NOTHING_FILTERED", "Filters", "filters_of"]

MOST_VALUES = 100
LONGEST_SECONDS = 3600.0
_FREQUENCY = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions of one subscription; None asks for nothing.

    Parameters
    ----------
    severity : frozenset of str, optional
        Only these.
    strategy_ids : frozenset of str, optional
        Only these.
    price_change_threshold : float, optional
        Fraction by which the price must differ from the last one sent.
    update_frequency : float, optional
        Seconds between two messages of a topic at least; the last value always arrives.
    metrics : tuple of str, optional
        Fields of the data to send.
    """

    severity: frozenset[str] | None = None
    strategy_ids: frozenset[str] | None = None
    price_change_threshold: float | None = None
    update_frequency: float | None = None
    metrics: tuple[str, ...] | None = None

    def lets_through(self, data: Mapping[str, Any], last_price: float | None) -> bool:
        """Whether a message is wanted, given the price that was sent last.

        Examples
        --------
        >>> wanted = Filters(price_change_threshold=0.01)
        >>> [wanted.lets_through({"price": price}, 100.0) for price in (100.5, 99.0)]
        [False, True]
        """
        if self.severity is not None and data.get("severity") not in self.severity:
            return False
        if self.strategy_ids is not None and data.get("strategy_id") not in self.strategy_ids:
            return False
        threshold = self.price_change_threshold
        if threshold is None or last_price is None:
            return True
        price = price_of(data)
        return price is None or abs(price - last_price) >= threshold * abs(last_price) * (1 - 1e-12)


NOTHING_FILTERED = Filters()


def price_of(data: Mapping[str, Any]) -> float | None:
    """The price of market data, or the mid of a quote."""
    price = data.get("price")
    if isinstance(price, (int, float)):
        return float(price)
    bid, ask = data.get("bid"), data.get("ask")
    if isinstance(bid, (int, float)) and isinstance(ask, (int, float)):
        return 0.5 * (bid + ask)
    return None


def filters_of(given: Any) -> Filters:
    """Filters as a client sends them.

    Raises
    ------
    ParameterError
        An unknown name, or a value of the wrong kind; the message names what is known.

    Examples
    --------
    >>> filters_of({"update_frequency": "500ms", "metrics": ["pnl"]})
    Filters(severity=None, strategy_ids=None, price_change_threshold=None, update_frequency=0.5,\
 metrics=('pnl',))
    """
    if given is None:
        return NOTHING_FILTERED
    if not isinstance(given, Mapping):
        raise ParameterError('`filters` must be like {"severity": ["HIGH"]}.', field="filters")
    known = {field.name for field in fields(Filters)}
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(sorted(known))}."
            raise ParameterError(
                f"`filters` has no {str(name)[:40]!r}. {hint}", field=f"filters.{str(name)[:40]}"
            )
    return Filters(**{name: _READERS[name](value, name) for name, value in given.items()})


def _words(value: Any, name: str) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    right = isinstance(words, (list, tuple)) and 0 < len(words) <= MOST_VALUES
    if not right or not all(isinstance(word, str) and 0 < len(word) <= 64 for word in words):
        raise ParameterError(
            f"`{name}` must be a list of 1 to {MOST_VALUES} words, got {str(value)[:60]!r}.",
            field=f"filters.{name}",
        )
    return tuple(dict.fromkeys(words))


def _set(value: Any, name: str) -> frozenset[str]:
    return frozenset(_words(value, name))


def _fraction(value: Any, name: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise ParameterError(
            f"`{name}` must be a fraction such as 0.01 for 1 %, got {str(value)[:40]!r}.",
            field=f"filters.{name}",
        )
    return float(value)


def _seconds(value: Any, name: str) -> float:
    found = _FREQUENCY.fullmatch(value.strip()) if isinstance(value, str) else None
    seconds = float(found[1]) * _UNITS[found[2]] if found else math.nan
    if not 0.0 < seconds <= LONGEST_SECONDS:
        raise ParameterError(
            f'`{name}` must be like "1s", "500ms" or "5m", at most 60m, got {str(value)[:40]!r}.',
            field=f"filters.{name}",
        )
    return seconds


_READERS: dict[str, Any] = {
    "severity": _set,
    "strategy_ids": _set,
    "price_change_threshold": _fraction,
    "update_frequency": _seconds,
    "metrics": _words,
}
