"""Currency attribution: what markets earned at home, and what their currencies added."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.effects import Attribution, summarised
from nautilus.analytics.holdings import Holdings, on_holdings, read_holdings
from nautilus.analytics.segments import period_name
from nautilus.core.checks import check_choice, check_non_negative
from nautilus.core.errors import DataError, MissingInputError

__all__ = ["currency_attribution"]

Floats = NDArray[np.float64]
METHODS = ("karnosky_singer", "ankrim_hensel")


def currency_attribution(
    portfolio_weights: Any,
    benchmark_weights: Any,
    portfolio_returns: Any,
    benchmark_returns: Any,
    currency_returns: Any,
    *,
    method: str = "karnosky_singer",
    local_cash_returns: Any = None,
    forward_premiums: Any = None,
    portfolio_hedges: Any = None,
    benchmark_hedges: Any = None,
    weight_tolerance: float = 1e-6,
) -> Attribution:
    """Active return in base currency, split into market and currency decisions; fractions.

    With weights w, W, local returns l, L, hedges h, H (forwards as weights, each sum 0), currency
    returns s, local cash returns c and forward premiums d, for each market:

    `karnosky_singer`: local premium l - c and cash in base currency k = (1+c)(1+s) - 1.
    allocation (w - W)((L - c) - sum(W (L - c))); selection W (l - L); interaction
    (w - W)(l - L); currency ((w + h) - (W + H))(k - sum((W + H) k)); cross
    w (l - c) s - W (L - c) s.

    `ankrim_hensel`: base returns r = (1+l)(1+s) - 1, currency surprise e = s - d.
    allocation (w - W)((R - s) - sum(W (R - s))); selection W (r - R); interaction
    (w - W)(r - R); currency_management (w - W)(e - E) + h (f - E) - H (f - E), with
    E = sum(W e) and the return of a forward f = (1+s)/(1+d) - 1; forward_premium
    (w - W)(d - sum(W d)).

    Parameters
    ----------
    portfolio_weights, benchmark_weights : mapping, Series (market,) or panel (time, market)
        At the start of the period; they sum to 1.
    portfolio_returns, benchmark_returns : mapping, Series (market,) or panel (time, market)
        Simple returns in the market's own currency.
    currency_returns : mapping, Series (market,) or panel (time, market)
        Change of the market's currency against the base currency; 0 for the base currency.
    method : {"karnosky_singer", "ankrim_hensel"}
    local_cash_returns : like `currency_returns`
        Cash return of each currency over the period, for `karnosky_singer`.
    forward_premiums : like `currency_returns`
        Forward over spot rate at the start, less 1, for `ankrim_hensel`.
    portfolio_hedges, benchmark_hedges : like weights, optional
        Net forwards by market, as weights that sum to 0; nothing hedged by default.
    weight_tolerance : float
        Weights whose sum is this near to 1 are rescaled to 1; hedges may miss 0 by as much.

    Returns
    -------
    Attribution
        Effects sum to the active return in base currency, hedges included. Several periods:
        `link_effects`.

    Raises
    ------
    MissingInputError
        `karnosky_singer` without `local_cash_returns`, `ankrim_hensel` without
        `forward_premiums`.
    LabelError, DataError, ShapeError, TimeIndexError

    References
    ----------
    Karnosky and Singer (1994), Global Asset Management and Performance Attribution; Ankrim and
    Hensel (1994), Multicurrency performance attribution; Bacon (2008), ch. 6.

    Examples
    --------
    >>> result = currency_attribution(
    ...     {"UK": 0.6, "US": 0.4}, {"UK": 0.5, "US": 0.5},
    ...     {"UK": 0.05, "US": 0.03}, {"UK": 0.04, "US": 0.03},
    ...     {"UK": 0.0, "US": -0.02}, local_cash_returns={"UK": 0.01, "US": 0.02})
    >>> round(result.active_return, 6), round(sum(result.totals.values()), 6)
    (0.00906, 0.00906)
    """
    check_choice(method, "method", METHODS)
    markets = read_holdings(
        portfolio_weights,
        benchmark_weights,
        portfolio_returns,
        benchmark_returns,
        strict=True,
        tolerance=check_non_negative(weight_tolerance, "weight_tolerance"),
    )
    spot = on_holdings(currency_returns, "currency_returns", markets)
    hedges = [
        _hedges(given, name, markets, weight_tolerance)
        for given, name in (
            (portfolio_hedges, "portfolio_hedges"),
            (benchmark_hedges, "benchmark_hedges"),
        )
    ]
    if method == "karnosky_singer":
        cash = _needed(local_cash_returns, "local_cash_returns", method, markets)
        effects, totals = _karnosky_singer(markets, spot, cash, hedges)
    else:
        premium = _needed(forward_premiums, "forward_premiums", method, markets)
        effects, totals = _ankrim_hensel(markets, spot, premium, hedges)
    return _result(markets, effects, totals, method)


def _result(
    markets: Holdings, effects: dict[str, Floats], totals: list[Floats], method: str
) -> Attribution:
    result: Attribution = summarised(
        method=method,
        interaction_mode="separate",
        effect_names=tuple(effects),
        segments=markets.labels,
        levels=("market",),
        period_effects=np.stack(list(effects.values()), axis=2),
        portfolio=totals[0],
        benchmark=totals[1],
        average_portfolio_weights=markets.portfolio_weights.mean(axis=0),
        average_benchmark_weights=markets.benchmark_weights.mean(axis=0),
        times=None if markets.like is None else markets.like.times,
    )
    return result


def _needed(data: Any, name: str, method: str, markets: Holdings) -> Floats:
    if data is None:
        raise MissingInputError(f"method={method!r} needs `{name}`.", field=name)
    return on_holdings(data, name, markets)


def _hedges(data: Any, name: str, markets: Holdings, tolerance: float) -> Floats:
    if data is None:
        return np.zeros_like(markets.portfolio_weights)
    hedges = on_holdings(data, name, markets)
    sums = hedges.sum(axis=1)
    off = np.abs(sums) > tolerance
    if off.any():
        bad = int(np.argmax(off))
        raise DataError(
            f"`{name}` must sum to 0, but {period_name(markets.like, bad)} sums to"
            f" {sums[bad]:.6g}. A forward buys one currency with another: give both sides.",
            field=name,
        )
    centred: Floats = hedges - sums[:, None] / hedges.shape[1]
    return centred


def _karnosky_singer(
    markets: Holdings, spot: Floats, cash: Floats, hedges: list[Floats]
) -> tuple[dict[str, Floats], list[Floats]]:
    w, base = markets.portfolio_weights, markets.benchmark_weights
    r, local = markets.portfolio_returns, markets.benchmark_returns
    own = np.where(w != 0.0, r, local)
    passive = np.where(base != 0.0, local, own)
    bet, premium = w - base, passive - cash
    currency = (1.0 + cash) * (1.0 + spot) - 1.0
    exposures = [weights + hedge for weights, hedge in zip((w, base), hedges, strict=True)]
    effects = {
        "allocation": bet * (premium - _total(base * premium)),
        "selection": base * (own - passive),
        "interaction": bet * (own - passive),
        "currency": (exposures[0] - exposures[1]) * (currency - _total(exposures[1] * currency)),
        "cross": spot * (w * (own - cash) - base * premium),
    }
    totals = [
        (weights * ((1.0 + returns) * (1.0 + spot) - 1.0) + hedge * currency).sum(axis=1)
        for weights, returns, hedge in zip((w, base), (own, passive), hedges, strict=True)
    ]
    return effects, totals


def _ankrim_hensel(
    markets: Holdings, spot: Floats, premium: Floats, hedges: list[Floats]
) -> tuple[dict[str, Floats], list[Floats]]:
    w, base = markets.portfolio_weights, markets.benchmark_weights
    local = np.where(base != 0.0, markets.benchmark_returns, markets.portfolio_returns)
    own = np.where(w != 0.0, markets.portfolio_returns, local)
    own, passive = ((1.0 + x) * (1.0 + spot) - 1.0 for x in (own, local))
    bet, home, surprise = w - base, passive - spot, spot - premium
    forward = (1.0 + spot) / (1.0 + premium) - 1.0
    typical = _total(base * surprise)
    effects = {
        "allocation": bet * (home - _total(base * home)),
        "selection": base * (own - passive),
        "interaction": bet * (own - passive),
        "currency_management": bet * (surprise - typical)
        + (hedges[0] - hedges[1]) * (forward - typical),
        "forward_premium": bet * (premium - _total(base * premium)),
    }
    totals = [
        (weights * returns + hedge * forward).sum(axis=1)
        for weights, returns, hedge in zip((w, base), (own, passive), hedges, strict=True)
    ]
    return effects, totals


def _total(values: Floats) -> Floats:
    total: Floats = values.sum(axis=1, keepdims=True)
    return total
