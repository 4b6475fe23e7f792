"""Style factors: scores of published definition, and the returns of rank-weighted portfolios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.errors import MissingInputError, NotEnoughDataError
from nautilus.core.frames import Like, cross_section, read

__all__ = ["STYLE_FACTORS", "style_factor_returns", "style_scores"]

Floats = NDArray[np.float64]
Facts = Mapping[str, Floats]
YEAR, MONTH = 252, 21
FUNDAMENTALS = {
    "size": ("shares_outstanding",),
    "value": ("shares_outstanding", "book_value"),
    "quality": ("gross_profit", "total_assets"),
}


def style_scores(prices: Any, *, factor: str, fundamentals: Any = None) -> Any:
    """Score of each stock at each close; a higher score is what the factor buys.

    - ``momentum``: P(t-21) / P(t-252) - 1, twelve months without the last one.
    - ``low_volatility``: minus the standard deviation of the last 252 daily returns.
    - ``size``: minus log market value, log(P x shares).
    - ``value``: book value over market value.
    - ``quality``: gross profit over total assets.

    Parameters
    ----------
    prices : frame or array (time, stock)
        Daily closes, positive, adjusted for splits and dividends.
    factor : {"momentum", "low_volatility", "size", "value", "quality"}
    fundamentals : mapping of fact -> cross-section (stock,), optional
        ``shares_outstanding``, ``book_value``, ``gross_profit``, ``total_assets``, as known before
        the first price that they are scored with; needed by the last three.

    Returns
    -------
    array of the input's kind (time, stock)
        NaN during the warm-up (252 rows for the first two) and where a price or fact is missing.

    Raises
    ------
    MissingInputError
        A fact that the factor needs.
    ParameterError, LabelError

    References
    ----------
    Jegadeesh and Titman (1993), Journal of Finance 48(1), with the skipped month of Fama and
    French (1996); Ang, Hodrick, Xing and Zhang (2006), Journal of Finance 61(1); Banz (1981) and
    Fama and French (1993) for size; Fama and French (1992) for book to market; Novy-Marx (2013),
    Journal of Financial Economics 108(1), for gross profitability.

    Examples
    --------
    >>> facts = {"shares_outstanding": [10.0, 20.0], "book_value": [500.0, 500.0]}
    >>> style_scores([[100.0, 50.0]], factor="value", fundamentals=facts).tolist()
    [[0.5, 0.5]]
    """
    check_choice(factor, "factor", STYLE_FACTORS)
    values, like = read(prices, "prices")
    with np.errstate(all="ignore"):
        scores = _SCORES[factor](values, _facts(factor, fundamentals, like))
    return like.series(np.where(np.isfinite(scores), scores, np.nan))


def style_factor_returns(
    prices: Any,
    *,
    factors: Sequence[str] = ("momentum", "low_volatility"),
    fundamentals: Any = None,
) -> Any:
    """Daily return of each style factor: long the high scores and short the low ones.

    Weights at the close t - 1 are proportional to the rank of the score then, less the mean rank,
    scaled to 1 long and 1 short; they earn the return of the day t. Nothing of t enters them.

    Parameters
    ----------
    prices : frame or array (time, stock)
        Daily closes, positive, adjusted for splits and dividends.
    factors : sequence of str
        As `style_scores` names them.
    fundamentals : mapping of fact -> cross-section (stock,), optional
        As for `style_scores`.

    Returns
    -------
    table of the input's kind (time, factor)
        Fractions; NaN on days before which fewer than two stocks have a score.

    Raises
    ------
    NotEnoughDataError
        Fewer than two stocks.
    MissingInputError, ParameterError, LabelError

    References
    ----------
    Asness, Moskowitz and Pedersen (2013), Value and momentum everywhere, Journal of Finance 68(3),
    eq. 1.

    Examples
    --------
    >>> facts = {"shares_outstanding": [10.0, 10.0], "book_value": [500.0, 900.0]}
    >>> style_factor_returns([[100.0, 100.0], [100.0, 110.0]], factors=["value"],
    ...                      fundamentals=facts).round(4).tolist()
    [[nan], [0.1]]
    """
    values, like = read(prices, "prices")
    if values.shape[1] < 2:
        raise NotEnoughDataError(
            f"`prices` must have at least 2 stocks to compare, got {values.shape[1]}.",
            field="prices",
        )
    with np.errstate(all="ignore"):
        earned = values[1:] / values[:-1] - 1.0
    found = {}
    for factor in factors:
        scores, _ = read(style_scores(prices, factor=factor, fundamentals=fundamentals), "prices")
        found[factor] = _earned(_rank_weights(scores[:-1]), earned)
    return like.table(found)


def _earned(weights: Floats, returns: Floats) -> Floats:
    """A return that is missing earns nothing; no return where there are no weights."""
    held = np.isfinite(weights).any(axis=1)
    made = np.where(np.isfinite(returns), weights * returns, 0.0)
    total = np.where(held, np.nansum(made, axis=1), np.nan)
    return np.concatenate([[np.nan], total])


def _rank_weights(scores: Floats) -> Floats:
    """Rank less mean rank, 1 long and 1 short; NaN without a score, and without two of them."""
    from scipy.stats import rankdata

    known = np.isfinite(scores)
    # Unknown scores rank last and so leave the ranks of the others alone.
    ranks = np.where(known, rankdata(np.where(known, scores, np.inf), axis=1), np.nan)
    count = known.sum(axis=1, keepdims=True)
    centred = ranks - (count + 1) / 2.0
    gross = np.nansum(np.abs(centred), axis=1, keepdims=True)
    weights: Floats = np.divide(
        2.0 * centred, gross, out=np.full_like(centred, np.nan), where=(gross > 0.0) & known
    )
    return weights


def _facts(factor: str, fundamentals: Any, like: Like) -> Facts:
    found = {}
    for fact in FUNDAMENTALS.get(factor, ()):
        if fundamentals is None or fact not in fundamentals:
            raise MissingInputError(
                f"`fundamentals` must have {fact!r} by stock for the factor {factor!r}.",
                field="fundamentals",
            )
        given = fundamentals[fact]
        labelled = like.kind != "numpy"
        wanted = like.columns if labelled else range(len(like.columns))
        found[fact] = cross_section(given, fact, labels=wanted)[0]
    return found


def _momentum(prices: Floats, facts: Facts) -> Floats:
    scores = np.full_like(prices, np.nan)
    if len(prices) > YEAR:
        scores[YEAR:] = prices[YEAR - MONTH : -MONTH] / prices[:-YEAR] - 1.0
    return scores


def _low_volatility(prices: Floats, facts: Facts) -> Floats:
    scores = np.full_like(prices, np.nan)
    if len(prices) > YEAR:
        returns = prices[1:] / prices[:-1] - 1.0
        windows = np.lib.stride_tricks.sliding_window_view(returns, YEAR, axis=0)
        scores[YEAR:] = -windows.std(axis=-1, ddof=1)
    return scores


def _size(prices: Floats, facts: Facts) -> Floats:
    scores: Floats = -np.log(prices * facts["shares_outstanding"])
    return scores


def _value(prices: Floats, facts: Facts) -> Floats:
    return facts["book_value"] / (prices * facts["shares_outstanding"])


def _quality(prices: Floats, facts: Facts) -> Floats:
    return np.broadcast_to(facts["gross_profit"] / facts["total_assets"], prices.shape)


_SCORES: dict[str, Callable[[Floats, Facts], Floats]] = {
    "momentum": _momentum,
    "low_volatility": _low_volatility,
    "size": _size,
    "value": _value,
    "quality": _quality,
}
STYLE_FACTORS = tuple(_SCORES)
