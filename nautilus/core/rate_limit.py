"""How often is allowed: limits as folds over requests, with the clock as an argument."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from nautilus.core.checks import check_non_negative, check_positive
from nautilus.core.errors import ParameterError

__all__ = ["Bucket", "BucketDecision", "Log", "TokenBucket", "WindowDecision", "WindowLimit"]

_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_RATE = re.compile(r"(\d+)\s*(?:/|per )\s*(second|minute|hour|day)")


class Bucket(NamedTuple):
    """Tokens that were there at a time, in seconds of any clock."""

    tokens: float
    at: float


class BucketDecision(NamedTuple):
    """New state, whether the request may go ahead, and seconds until it may (0 if it may)."""

    state: Bucket
    allowed: bool
    retry_after: float


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """A burst of `capacity`, refilled by `per_second`.

    Parameters
    ----------
    capacity : float
        Tokens of a full bucket: the largest burst.
    per_second : float
        Tokens that come back each second.

    References
    ----------
    Turner (1986), New Directions in Communications, IEEE Communications Magazine 24(10).

    Examples
    --------
    >>> limit = TokenBucket(capacity=2, per_second=0.5)
    >>> state, *_ = limit.step(limit.full(at=0.0), now=0.0, cost=2)
    >>> limit.step(state, now=1.0)
    BucketDecision(state=Bucket(tokens=0.5, at=1.0), allowed=False, retry_after=1.0)
    """

    capacity: float
    per_second: float

    def __post_init__(self) -> None:
        check_positive(self.capacity, "capacity")
        check_positive(self.per_second, "per_second")

    def full(self, at: float) -> Bucket:
        """A bucket that nobody has used yet."""
        return Bucket(float(self.capacity), at)

    def step(self, state: Bucket, now: float, cost: float = 1.0) -> BucketDecision:
        """Take `cost` tokens at `now`, or say how long to wait; a clock set back is no time.

        Raises
        ------
        ParameterError
            More than a full bucket: it could never be allowed.
        """
        _check_cost(cost, self.capacity)
        at = max(now, state.at)
        tokens = min(float(self.capacity), state.tokens + (at - state.at) * self.per_second)
        if cost <= tokens:
            return BucketDecision(Bucket(tokens - cost, at), True, 0.0)
        return BucketDecision(Bucket(tokens, at), False, (cost - tokens) / self.per_second)


Log = tuple[tuple[float, float], ...]  # (time, cost of all so far), oldest first


class WindowDecision(NamedTuple):
    """New state, whether the request may go ahead, and seconds until it may (0 if it may)."""

    state: Log
    allowed: bool
    retry_after: float


@dataclass(frozen=True, slots=True)
class WindowLimit:
    """At most `count` in any stretch of `seconds`, for several stretches at once.

    Unlike a token bucket it never lets a burst and its refill both into one window, which is what
    the limits of data sources mean.

    Parameters
    ----------
    windows : tuple of (count, seconds)

    Examples
    --------
    >>> limit = WindowLimit.parse("2/second, 3/minute")
    >>> state = limit.empty()
    >>> for now in (0.0, 0.5, 0.75, 1.25, 2.5):
    ...     state, allowed, retry_after = limit.step(state, now)
    ...     print(now, allowed, retry_after)
    0.0 True 0.0
    0.5 True 0.0
    0.75 False 0.25
    1.25 True 0.0
    2.5 False 57.5
    """

    windows: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.windows:
            raise ParameterError("`windows` must name at least one window.", field="windows")
        for count, seconds in self.windows:
            check_positive(count, "count")
            check_positive(seconds, "seconds")

    @classmethod
    def parse(cls, text: str) -> WindowLimit:
        """From words such as "5/minute, 500 per day".

        Raises
        ------
        ParameterError

        Examples
        --------
        >>> WindowLimit.parse("2000/hour").windows
        ((2000.0, 3600.0),)
        """
        parts = [part.strip() for part in text.split(",")]
        found = [_RATE.fullmatch(part) for part in parts]
        windows = tuple((float(m[1]), _UNITS[m[2]]) for m in found if m)
        if len(windows) < len(parts):
            wrong = next(p for p, m in zip(parts, found, strict=True) if not m)
            raise ParameterError(
                f'`text` must be like "5/minute, 500/day", got {wrong!r}.', field="text"
            )
        return cls(windows)

    def empty(self) -> Log:
        """Nobody has asked yet."""
        return ()

    def step(self, state: Log, now: float, cost: float = 1.0) -> WindowDecision:
        """Count `cost` at `now`, or say how long to wait; a clock set back is no time.

        Raises
        ------
        ParameterError
            More than the smallest count: it could never be allowed.
        """
        _check_cost(cost, min(count for count, _ in self.windows))
        at = max(now, state[-1][0]) if state else now
        wait = max(_wait(state, at, cost, count, seconds) for count, seconds in self.windows)
        if wait > 0.0:
            return WindowDecision(state, False, wait)
        return WindowDecision((*self._recent(state, at), (at, _total(state) + cost)), True, 0.0)

    def _recent(self, state: Log, at: float) -> Log:
        # One entry older than every window stays: its total is where the counting starts from.
        longest = max(seconds for _, seconds in self.windows)
        return state[max(0, _expired(state, at, longest) - 1) :]


def _expired(state: Log, at: float, seconds: float) -> int:
    """How many entries have left the window that ends at `at`: time + seconds <= at."""
    return bisect_right(state, at, key=lambda entry: entry[0] + seconds)


def _total(state: Log) -> float:
    return state[-1][1] if state else 0.0


def _wait(state: Log, at: float, cost: float, count: float, seconds: float) -> float:
    gone = _expired(state, at, seconds)
    before = state[gone - 1][1] if gone else 0.0
    surplus = _total(state) - before + cost - count
    if surplus <= 0.0:
        return 0.0
    last_to_leave = bisect_right(
        state, math.nextafter(before + surplus, -math.inf), key=lambda entry: entry[1]
    )
    return state[last_to_leave][0] + seconds - at


def _check_cost(cost: float, most: float) -> None:
    if check_non_negative(cost, "cost") > most:
        raise ParameterError(
            f"`cost` must be at most {most:g}, the whole limit, got {cost!r}.", field="cost"
        )
