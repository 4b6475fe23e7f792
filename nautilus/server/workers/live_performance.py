"""Performance of a live portfolio: the stored returns, and today's as the one that follows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nautilus.analytics.drawdowns import max_drawdown
from nautilus.analytics.performance import annualized_volatility, sharpe_ratio, total_return
from nautilus.core.streams import Stream, stream

if TYPE_CHECKING:
    from nautilus.server.state.portfolio import Portfolio
    from nautilus.server.workers.live_book import PnlNow

__all__ = ["LivePerformance", "daily_return"]


def daily_return(now: PnlNow, closes: Mapping[str, float]) -> float:
    """Return of what is held since the last daily closes, as a fraction.

    sum(value - value at close) / sum(abs(value at close)), over the positions in base currency.

    Parameters
    ----------
    now : PnlNow
    closes : mapping of symbol -> last daily close

    Returns
    -------
    float
        NaN where a close or a price is not known, or nothing is held.

    Examples
    --------
    >>> from nautilus.server.workers.live_book import PnlNow
    >>> now = PnlNow({}, frozenset(), {"AAPL": 101.0}, {"AAPL": 10_100.0})
    >>> round(daily_return(now, {"AAPL": 100.0}), 4)
    0.01
    """
    before = [_at_close(now, symbol, closes) for symbol in now.values]
    invested = math.fsum(abs(value) for value in before)
    if not invested > 0.0:
        return math.nan
    return (now.market_value - math.fsum(before)) / invested


def _at_close(now: PnlNow, symbol: str, closes: Mapping[str, float]) -> float:
    price = now.prices.get(symbol, math.nan)
    if symbol not in closes or price == 0.0:
        return math.nan
    return now.values[symbol] * closes[symbol] / price


class LivePerformance:
    """Figures of `portfolio.pnl.{id}` and `portfolio.performance.{id}`.

    The metrics are `nautilus.stream` of the library's functions over the stored daily returns;
    today's return is peeked at, never taken in, so that every update begins from the last close.

    Parameters
    ----------
    portfolio : Portfolio

    Examples
    --------
    >>> from nautilus.server.state.portfolio import Portfolio
    >>> from nautilus.server.workers.live_book import PnlNow
    >>> live = LivePerformance(Portfolio(id="p1"))
    >>> now = PnlNow({}, frozenset(), {"AAPL": 101.0}, {"AAPL": 10_100.0})
    >>> live.short_form(now, {"AAPL": 100.0})["market_value"]
    10100.0
    """

    def __init__(self, portfolio: Portfolio) -> None:
        self._total: float | None = None
        self._returns = portfolio.nav.returns() if len(portfolio.nav) > 1 else None
        self._metrics: dict[str, Stream] = {}
        self.n_returns = 0 if self._returns is None else len(self._returns)
        if self._returns is None:
            return
        for name, function in (
            ("sharpe_ratio", sharpe_ratio),
            ("drawdown", max_drawdown),
            ("volatility", annualized_volatility),
            ("total_return", total_return),
        ):
            self._metrics[name] = stream(function)
            self._metrics[name].extend(self._returns)

    def short_form(self, now: PnlNow, closes: Mapping[str, float]) -> dict[str, Any]:
        """The documented `portfolio_performance`; `pnl_change` is since the message before."""
        change = None if self._total is None else _finite(now.total - self._total)
        self._total = now.total
        return {
            "total_pnl": _finite(now.total),
            "pnl_change": change,
            "market_value": _finite(now.market_value),
            "daily_return": _finite(daily_return(now, closes)),
        }

    def full_form(self, short: Mapping[str, Any]) -> dict[str, Any]:
        """The short form and the metrics as of now; null without stored net asset values."""
        today = short["daily_return"]
        metrics = dict.fromkeys(("sharpe_ratio", "drawdown", "volatility", "total_return"))
        for name, metric in self._metrics.items():
            value = metric.peek(math.nan if today is None else today)
            metrics[name] = _finite(value)
        return {**short, "pnl": short["total_pnl"], **metrics, "n_observations": self.n_returns}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
