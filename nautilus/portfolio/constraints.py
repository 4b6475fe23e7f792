"""What a portfolio must satisfy, by label; checked when made and again when it meets the assets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_finite, check_non_negative, check_positive
from nautilus.core.errors import LabelError, MissingInputError, NotBuiltError, ParameterError

__all__ = ["Constraints"]

Floats = NDArray[np.float64]
Bound = float | Mapping[Any, float]

_NOT_BUILT = ("factor_limits", "max_tracking_error", "benchmark_weights", "max_positions")
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Limits on the weights; the default is long-only and fully invested.

    Parameters
    ----------
    min_weight, max_weight : float or mapping label -> float
        Bounds of each weight, fractions. An asset that a mapping leaves out has 0 and 1.
    sectors : mapping label -> sector, optional
        Needed for `sector_limits`; every asset must be in it then.
    sector_limits : mapping sector -> maximum, or -> (minimum, maximum), optional
        Of the sum of weights in the sector.
    current_weights : mapping label -> float, optional
        What is held now; needed for `max_turnover`. An asset that is left out is not held.
    max_turnover : float, optional
        One-way: half of the sum of absolute changes, cash included.
    min_cash, max_cash : float
        Bounds of the part that is not invested: 1 - sum of weights.
    max_leverage : float
        Of the sum of absolute weights.
    factor_limits, max_tracking_error, benchmark_weights, max_positions : optional
        Documented and not built yet: an optimiser that meets one refuses.

    Raises
    ------
    ParameterError, MissingInputError
        Values that contradict each other whatever the assets are.

    Examples
    --------
    >>> Constraints(max_weight=0.1, sector_limits={"energy": 0.2}, sectors={"XOM": "energy"})
    Constraints(max_weight=0.1, sectors={'XOM': 'energy'}, sector_limits={'energy': 0.2})
    """

    min_weight: Bound = 0.0
    max_weight: Bound = 1.0
    sectors: Mapping[Any, str] | None = None
    sector_limits: Mapping[str, float | tuple[float, float]] | None = None
    current_weights: Mapping[Any, float] | None = None
    max_turnover: float | None = None
    min_cash: float = 0.0
    max_cash: float = 0.0
    max_leverage: float = 1.0
    factor_limits: Mapping[str, Any] | None = None
    max_tracking_error: float | None = None
    benchmark_weights: Mapping[Any, float] | None = None
    max_positions: int | None = None

    def __post_init__(self) -> None:
        for name in ("min_weight", "max_weight", "current_weights", "sectors", "sector_limits"):
            value = getattr(self, name)
            if hasattr(value, "items"):
                object.__setattr__(self, name, dict(value.items()))
        for name in ("min_weight", "max_weight"):
            for value in _values(getattr(self, name)):
                _fraction(value, name)
        _ordered(self.min_weight, self.max_weight)
        for name in ("min_cash", "max_cash"):
            check_finite(getattr(self, name), name)
        if self.min_cash > self.max_cash:
            raise ParameterError(
                f"`min_cash` {self.min_cash:g} is above `max_cash` {self.max_cash:g}."
                " Raise max_cash as well.",
                field="min_cash",
            )
        check_positive(self.max_leverage, "max_leverage")
        self._check_sectors()
        self._check_turnover()

    def __repr__(self) -> str:
        blank = type(self).__dataclass_fields__
        given = {n: getattr(self, n) for n in blank if getattr(self, n) != blank[n].default}
        return f"Constraints({', '.join(f'{n}={v!r}' for n, v in given.items())})"

    def _check_sectors(self) -> None:
        if self.sector_limits is None:
            return
        if self.sectors is None:
            raise MissingInputError(
                "`sector_limits` need `sectors`: pass a mapping label -> sector.", field="sectors"
            )
        known = sorted(set(self.sectors.values()))
        for name, limit in self.sector_limits.items():
            if name not in known:
                raise LabelError(
                    f"`sector_limits` names {name!r}, in which there is no asset."
                    f" Sectors are {', '.join(known)}.",
                    field="sector_limits",
                )
            low, high = sector_range(limit)
            if low > high:
                raise ParameterError(
                    f"`sector_limits` of {name!r} has minimum {low:g} above maximum {high:g}.",
                    field="sector_limits",
                )

    def _check_turnover(self) -> None:
        if self.max_turnover is None:
            return
        check_non_negative(self.max_turnover, "max_turnover")
        if self.current_weights is None:
            raise MissingInputError(
                "`max_turnover` needs `current_weights`: without them every purchase would count.",
                field="current_weights",
            )


@dataclass(frozen=True, slots=True)
class Limit:
    """One linear limit: lower <= coefficients @ weights <= upper."""

    name: str
    coefficients: Floats
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Constraints in the order of the assets.

    `lower` and `upper` bound each weight, `rows` are linear; `current` and `turnover`, and
    `leverage` where some weight may be negative, need absolute values.
    """

    labels: tuple[Any, ...]
    lower: Floats
    upper: Floats
    rows: tuple[Limit, ...]
    current: Floats | None
    turnover: float | None
    leverage: float | None


def limits_of(constraints: Constraints, labels: Sequence[Any]) -> Limits:
    """Join constraints to assets, strictly by label.

    Raises
    ------
    LabelError
        A name that is no asset, or an asset without a sector.
    NotBuiltError
    """
    for name in _NOT_BUILT:
        if getattr(constraints, name) is not None:
            raise NotBuiltError(f"`{name}` is documented and not built yet.", field=name)
    names = tuple(labels)
    lower = _vector(constraints.min_weight, names, "min_weight", 0.0)
    upper = _vector(constraints.max_weight, names, "max_weight", 1.0)
    ones = np.ones(len(names))
    highest = 1.0 - constraints.min_cash
    short = bool((lower < 0.0).any())
    if not short:
        highest = min(highest, constraints.max_leverage)
    rows = [Limit("invested", ones, 1.0 - constraints.max_cash, highest)]
    rows += _sector_rows(constraints, names)
    current = None
    if constraints.current_weights is not None:
        current = _vector(constraints.current_weights, names, "current_weights", 0.0)
    leverage = constraints.max_leverage if short else None
    return Limits(names, lower, upper, tuple(rows), current, constraints.max_turnover, leverage)


def _sector_rows(constraints: Constraints, names: tuple[Any, ...]) -> list[Limit]:
    if constraints.sector_limits is None or constraints.sectors is None:
        return []
    sectors = constraints.sectors
    missing = [str(n) for n in names if n not in sectors]
    if missing:
        raise LabelError(
            f"`sectors` lacks {', '.join(missing[:5])}; with sector_limits every asset needs one.",
            field="sectors",
        )
    return [
        Limit(
            f"sector:{name}",
            np.array([float(sectors[n] == name) for n in names]),
            *sector_range(limit),
        )
        for name, limit in constraints.sector_limits.items()
    ]


def sector_range(limit: float | tuple[float, float]) -> tuple[float, float]:
    """(minimum, maximum) of a sector limit; a bare number is a maximum."""
    if isinstance(limit, (tuple, list)):
        low, high = limit
        return check_finite(low, "sector_limits"), check_finite(high, "sector_limits")
    return -math.inf, check_finite(limit, "sector_limits")


def _vector(bound: Any, names: tuple[Any, ...], field: str, default: float) -> Floats:
    if not isinstance(bound, Mapping):
        return np.full(len(names), float(bound))
    unknown = [str(label) for label in bound if label not in names]
    if unknown:
        raise LabelError(
            f"`{field}` names {', '.join(unknown[:5])}, which is no asset of the returns.",
            field=field,
        )
    return np.array([float(bound.get(name, default)) for name in names])


def _values(bound: Any) -> list[Any]:
    return list(bound.values()) if isinstance(bound, Mapping) else [bound]


def _fraction(value: Any, name: str) -> None:
    number = check_finite(value, name)
    if abs(number) > 10:
        raise ParameterError(
            f"`{name}` must be a fraction, got {value!r}. Pass {number / 100:g} for {number:g} %.",
            field=name,
        )


def _ordered(low: Any, high: Any) -> None:
    labels = [label for bound in (low, high) if isinstance(bound, Mapping) for label in bound]
    for label in labels or [None]:
        least = low.get(label, 0.0) if isinstance(low, Mapping) else low
        most = high.get(label, 1.0) if isinstance(high, Mapping) else high
        if least > most + _TINY:
            whose = f" of {label}" if label is not None else ""
            raise ParameterError(
                f"`min_weight`{whose} {least:g} is above `max_weight` {most:g}.",
                field="min_weight",
            )
