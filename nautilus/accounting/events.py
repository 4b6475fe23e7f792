"""What can happen to a book: fills, dividends, splits, fees, transfers, exchange rates, marks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from nautilus.core.errors import DataError

__all__ = [
    "Dividend",
    "Event",
    "Fee",
    "Fill",
    "FxRate",
    "Mark",
    "Split",
    "Transfer",
]


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade: `quantity` units at `price`, negative when sold.

    Parameters
    ----------
    timestamp : datetime
    symbol : str
    quantity : float
        Signed, not zero.
    price : float
        Of one unit in `currency`; may be negative (spreads, power), not NaN.
    fee : float
        Commission and taxes in `currency`, positive when paid, negative when rebated.
    currency : str
    multiplier : float
        Units of the underlying in one contract.
    fill_id : str, optional
        The broker's id; the ledger takes each id once.

    Raises
    ------
    DataError

    Examples
    --------
    >>> Fill(datetime(2024, 1, 2), "AAPL", -100, 185.0, fee=1.0).cash_flow
    18499.0
    """

    timestamp: datetime
    symbol: str
    quantity: float
    price: float
    fee: float = 0.0
    currency: str = "USD"
    multiplier: float = 1.0
    fill_id: str | None = None

    def __post_init__(self) -> None:
        _check(self, "quantity", "price", "fee", "multiplier")
        _check_word(self, "symbol")
        _check_word(self, "currency")
        if self.quantity == 0:
            raise DataError(
                f"`quantity` of {_named(self)} must not be 0. Pass a positive one for a purchase"
                " and a negative one for a sale.",
                field="quantity",
            )
        if self.multiplier <= 0:
            raise DataError(
                f"`multiplier` of {_named(self)} must be above 0, got {self.multiplier}.",
                field="multiplier",
            )

    @property
    def cash_flow(self) -> float:
        """Cash received, fee deducted."""
        return -(self.quantity * self.price * self.multiplier) - self.fee


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash per unit held; a short position pays it.

    Parameters
    ----------
    timestamp : datetime
        The ex-date.
    symbol : str
    amount : float
        Money per unit of the underlying: a multiplier counts.
    currency : str
        That of the symbol.

    Raises
    ------
    DataError

    Examples
    --------
    >>> Dividend(datetime(2024, 2, 9), "AAPL", 0.24).amount
    0.24
    """

    timestamp: datetime
    symbol: str
    amount: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        _check(self, "amount")
        _check_word(self, "symbol")
        _check_word(self, "currency")


@dataclass(frozen=True, slots=True)
class Split:
    """Each share becomes `ratio` shares; what was paid for them stays.

    Parameters
    ----------
    timestamp : datetime
    symbol : str
    ratio : float
        4.0 for four-for-one, 0.1 for a one-for-ten reverse split.

    Raises
    ------
    DataError

    Examples
    --------
    >>> Split(datetime(2020, 8, 31), "AAPL", 4).ratio
    4.0
    """

    timestamp: datetime
    symbol: str
    ratio: float

    def __post_init__(self) -> None:
        _check(self, "ratio")
        _check_word(self, "symbol")
        if self.ratio <= 0:
            raise DataError(
                f"`ratio` of {_named(self)} must be above 0, got {self.ratio}. Pass 4.0 for 4:1.",
                field="ratio",
            )


@dataclass(frozen=True, slots=True)
class Fee:
    """Cash paid for running the book: interest, borrow, data.

    Parameters
    ----------
    timestamp : datetime
    amount : float
        Negative when received.
    currency : str
    symbol : str, optional
        Whose P&L it counts in; None for the cash of its currency.

    Raises
    ------
    DataError

    Examples
    --------
    >>> Fee(datetime(2024, 1, 31), 12.5, symbol="AAPL").currency
    'USD'
    """

    timestamp: datetime
    amount: float
    currency: str = "USD"
    symbol: str | None = None

    def __post_init__(self) -> None:
        _check(self, "amount")
        _check_word(self, "currency")


@dataclass(frozen=True, slots=True)
class Transfer:
    """Cash put in or taken out: no profit, no loss.

    Parameters
    ----------
    timestamp : datetime
    amount : float
        Negative when taken out.
    currency : str

    Raises
    ------
    DataError

    Examples
    --------
    >>> Transfer(datetime(2024, 1, 2), -5_000).amount
    -5000.0
    """

    timestamp: datetime
    amount: float
    currency: str = "USD"

    def __post_init__(self) -> None:
        _check(self, "amount")
        _check_word(self, "currency")


@dataclass(frozen=True, slots=True)
class FxRate:
    """An exchange rate that holds from this time on.

    Parameters
    ----------
    timestamp : datetime
    currency : str
    rate : float
        Base currency per unit of `currency`.

    Raises
    ------
    DataError

    Examples
    --------
    >>> FxRate(datetime(2024, 1, 2), "EUR", 1.09).rate
    1.09
    """

    timestamp: datetime
    currency: str
    rate: float

    def __post_init__(self) -> None:
        _check(self, "rate")
        _check_word(self, "currency")
        if self.rate <= 0:
            raise DataError(
                f"`rate` of {_named(self)} must be above 0, got {self.rate}.", field="rate"
            )


@dataclass(frozen=True, slots=True)
class Mark:
    """All prices of one time; the net asset value is struck after it and only then.

    Parameters
    ----------
    timestamp : datetime
    prices : mapping of symbol -> price
        NaN or None means no price; the ledger refuses it for a symbol that is held.

    Examples
    --------
    >>> Mark(datetime(2024, 1, 2), {"AAPL": 185.64}).prices["AAPL"]
    185.64
    """

    timestamp: datetime
    prices: Mapping[str, float]

    def __post_init__(self) -> None:
        _check_time(self)
        prices: dict[str, float] = dict(_items(self.prices))
        for symbol, price in prices.items():
            if type(price) is not float or price in _INFINITE:
                prices[symbol] = self._read(symbol, price)
        object.__setattr__(self, "prices", MappingProxyType(prices))

    def _read(self, symbol: str, price: Any) -> float:
        number = math.nan if price is None else _number(price)
        if number is None or math.isinf(number):
            raise DataError(
                f"`prices` of the mark at {self.timestamp:%Y-%m-%d} must be numbers,"
                f" got {price!r} for {symbol}.",
                field="prices",
            )
        return number

    def __hash__(self) -> int:
        return hash((self.timestamp, tuple(sorted(self.prices.items()))))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Mark)
            and self.timestamp == other.timestamp
            and dict(self.prices) == dict(other.prices)
        )

    def __reduce__(self) -> Any:
        return Mark, (self.timestamp, dict(self.prices))


_INFINITE = (math.inf, -math.inf)
Event = Fill | Dividend | Split | Fee | Transfer | FxRate | Mark
EVENT_KINDS: dict[str, type[Any]] = {
    "fill": Fill,
    "dividend": Dividend,
    "split": Split,
    "fee": Fee,
    "transfer": Transfer,
    "fx_rate": FxRate,
    "mark": Mark,
}
EVENT_WORDS = {kind: word for word, kind in EVENT_KINDS.items()}


def _items(prices: Any) -> Any:
    if hasattr(prices, "items"):  # a mapping, a pandas Series
        return prices.items()
    raise DataError(
        f"`prices` of a mark must be a mapping of symbol -> price, got {type(prices).__name__}.",
        field="prices",
    )


def _check(event: Any, *names: str) -> None:
    _check_time(event)
    for name in names:
        value = getattr(event, name)
        number = _number(value)
        if number is None:
            raise DataError(
                f"`{name}` of {_named(event)} must be a number, got {value!r}.", field=name
            )
        if not math.isfinite(number):
            raise DataError(
                f"`{name}` of {_named(event)} must be finite, got {number}."
                " Drop the event or repair it; a missing number is not 0.",
                field=name,
            )
        object.__setattr__(event, name, number)


def _number(value: Any) -> float | None:
    if type(value) is float:
        return value
    is_text = isinstance(value, (str, bytes)) or type(value).__name__ in ("bool", "bool_")
    if is_text or not hasattr(value, "__float__") or getattr(value, "ndim", None):
        return None
    return float(value)


def _check_time(event: Any) -> None:
    when = event.timestamp
    if not isinstance(when, datetime) or when != when:  # pandas.NaT is a datetime that is not
        raise DataError(
            f"`timestamp` must be a datetime, got {when!r}."
            " Use datetime.fromisoformat or pandas.Timestamp.",
            field="timestamp",
        )
    if hasattr(when, "to_pydatetime"):
        object.__setattr__(event, "timestamp", when.to_pydatetime(warn=False))


def _check_word(event: Any, name: str) -> None:
    value = getattr(event, name)
    if not isinstance(value, str) or not value.strip():
        raise DataError(
            f"`{name}` of the {EVENT_WORDS[type(event)]} at {event.timestamp:%Y-%m-%d} must be a"
            f" name, got {value!r}.",
            field=name,
        )


def _named(event: Any) -> str:
    subject = getattr(event, "symbol", None) or getattr(event, "currency", "")
    return f"the {EVENT_WORDS[type(event)]} of {subject} at {event.timestamp:%Y-%m-%d}"
