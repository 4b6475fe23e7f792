"""What a trade costs: commission, half the spread, and the price that moves away from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nautilus.core.checks import check_finite, check_non_negative, check_positive
from nautilus.core.errors import MissingInputError, ParameterError

__all__ = ["Costs"]

_PARTS = (
    "commission_per_share", "commission_fraction", "min_commission", "max_commission_fraction",
    "spread", "impact",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """A cost model, all parts of it zero unless given.

    commission = max(minimum, per share x |q| + fraction x |q| p m), at most `max_commission` of the
    trade's value; spread = half the spread x |q| p m; impact = Y sigma sqrt(|q| / ADV) x |q| p m.

    Parameters
    ----------
    commission_per_share : float
        Money per unit.
    commission_fraction : float
        Of the value traded: 0.0005 for 5 basis points.
    min_commission : float
        Money per order.
    max_commission_fraction : float, optional
        Of the value traded; None for no cap.
    spread : float
        Whole bid-ask spread as a fraction of the price; half of it is paid.
    impact : float
        Y of the square-root law, about 1; needs a volatility and a volume for each symbol.
    volatilities : mapping of symbol -> volatility of daily returns, optional
        Fractions.
    average_daily_volumes : mapping of symbol -> units per day, optional

    Raises
    ------
    ParameterError
        A negative part, or a fraction that looks like a percentage.

    References
    ----------
    Almgren, Thum, Hauptmann and Li (2005), Direct estimation of equity market impact, eq. 11;
    Toth et al. (2011), Anomalous price impact and the critical nature of liquidity, eq. 1.

    Examples
    --------
    >>> costs = Costs(commission_per_share=0.005, min_commission=1.0, spread=0.0002)
    >>> costs.commission(100, 50.0), costs("AAPL", 1_000, 50.0)
    (1.0, 10.0)
    """

    commission_per_share: float = 0.0
    commission_fraction: float = 0.0
    min_commission: float = 0.0
    max_commission_fraction: float | None = None
    spread: float = 0.0
    impact: float = 0.0
    volatilities: Mapping[str, float] | None = None
    average_daily_volumes: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for name in _PARTS:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check_non_negative(value, name))
        for name in ("commission_fraction", "max_commission_fraction", "spread"):
            value = getattr(self, name)
            if value is not None and value >= 1:
                raise ParameterError(
                    f"`{name}` must be a fraction of the value traded, got {value:g}."
                    " Pass 0.0005 for 5 basis points.",
                    field=name,
                )

    def commission(self, quantity: float, price: float, *, multiplier: float = 1.0) -> float:
        """Commission of one order, in money; 0.0 for no quantity.

        Parameters
        ----------
        quantity : float
            Its sign does not matter.
        price : float
        multiplier : float
        """
        size, value = _traded(quantity, price, multiplier)
        if size == 0.0:
            return 0.0
        asked = self.commission_per_share * size + self.commission_fraction * value
        asked = max(self.min_commission, asked)
        cap = self.max_commission_fraction
        return asked if cap is None else min(asked, cap * value)

    def half_spread(self, quantity: float, price: float, *, multiplier: float = 1.0) -> float:
        """Half the spread on the value traded, in money.

        Examples
        --------
        >>> Costs(spread=0.001).half_spread(-100, 50.0)
        2.5
        """
        return 0.5 * self.spread * _traded(quantity, price, multiplier)[1]

    def market_impact(
        self, symbol: str, quantity: float, price: float, *, multiplier: float = 1.0
    ) -> float:
        """Square-root impact, in money: Y sigma sqrt(|q| / ADV) x value traded.

        Raises
        ------
        MissingInputError
            `impact` is set, and the symbol has no volatility or no volume.

        Examples
        --------
        >>> costs = Costs(
        ...     impact=1.0, volatilities={"AAPL": 0.02}, average_daily_volumes={"AAPL": 1_000_000}
        ... )
        >>> costs.market_impact("AAPL", 10_000, 50.0)
        1000.0
        """
        if self.impact == 0.0:
            return 0.0
        daily = check_non_negative(self._known("volatilities", symbol), "volatilities")
        volume = check_positive(
            self._known("average_daily_volumes", symbol), "average_daily_volumes"
        )
        size, value = _traded(quantity, price, multiplier)
        return self.impact * daily * math.sqrt(size / volume) * value

    def __call__(
        self, symbol: str, quantity: float, price: float, *, multiplier: float = 1.0
    ) -> float:
        """Commission, half spread and impact of one order, in money."""
        return (
            self.commission(quantity, price, multiplier=multiplier)
            + self.half_spread(quantity, price, multiplier=multiplier)
            + self.market_impact(symbol, quantity, price, multiplier=multiplier)
        )

    def _known(self, name: str, symbol: str) -> float:
        known: Mapping[str, float] = getattr(self, name) or {}
        if symbol not in known:
            raise MissingInputError(
                f"market impact needs `{name}` of {symbol}. Pass it, or impact=0.0.", field=name
            )
        return known[symbol]


def _traded(quantity: float, price: float, multiplier: float) -> tuple[float, float]:
    size = abs(check_finite(quantity, "quantity"))
    value = size * abs(check_finite(price, "price")) * check_positive(multiplier, "multiplier")
    return size, value
