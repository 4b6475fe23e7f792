"""Linking: effects of many periods that sum to the compounded active return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.effects import GEOMETRIC, Attribution, compounded, log_ratio
from nautilus.core.checks import check_choice
from nautilus.core.errors import DataError, ParameterError

__all__ = ["link_effects"]

Floats = NDArray[np.float64]
METHODS = ("carino", "menchero", "grap", "frongello", "davies_laker")
BRINSON = ("fachler", "bhb")


def link_effects(attribution: Attribution, *, method: str = "carino") -> Attribution:
    """Effects scaled so that over all periods they sum to the compounded active return.

    With period returns p(t), b(t) and whole returns P, B over T periods, effects of period t
    are multiplied by

    - `carino`: k(t)/k, k(t) = (log(1+p) - log(1+b))/(p - b), k the same for P and B;
      the limit for p = b is 1/(1+p).
    - `menchero`: M + C (p - b), M = ((P - B)/T) / ((1+P)^(1/T) - (1+B)^(1/T)) with limit
      (1+P)^((T-1)/T), C = (P - B - M sum(p - b)) / sum((p - b)^2).
    - `grap`: product of 1+p before t and of 1+b after t.

    `frongello` compounds instead: F(t) = e(t) prod(1+p before t) + b(t) sum(F before t).
    `davies_laker` compounds the notional portfolios (benchmark, allocation, selection) and
    compares their wealth; the original gives totals only, which are shared over segments and
    periods with Carino's coefficients of each pair of portfolios.

    Parameters
    ----------
    attribution : Attribution
        Arithmetic and not yet linked: `brinson`, `factor_attribution`, `currency_attribution`.
    method : {"carino", "menchero", "grap", "frongello", "davies_laker"}
        `davies_laker` is for `brinson` only.

    Returns
    -------
    Attribution
        Of the same kind; `period_effects` are the linked ones, `residual` is 0 to rounding.

    Raises
    ------
    ParameterError
        Geometric effects (they compound by themselves) or effects that are linked already.

    Notes
    -----
    GRAP and Frongello give the same totals for each segment and effect, at different times.

    References
    ----------
    Carino (1999), Combining attribution effects over time; Menchero (2000), An optimized approach
    to linking attribution effects; GRAP (1997); Frongello (2002), Linking single period
    attribution results; Davies and Laker (2001); Bacon (2008), ch. 8.

    Examples
    --------
    >>> from nautilus.analytics import brinson
    >>> two = brinson([[0.5, 0.5], [0.5, 0.5]], [[0.6, 0.4], [0.6, 0.4]],
    ...               [[0.10, 0.02], [0.04, 0.00]], [[0.08, 0.03], [0.02, 0.01]])
    >>> linked = link_effects(two)
    >>> abs(sum(linked.totals.values()) - linked.active_return) < 1e-12
    True
    """
    check_choice(method, "method", METHODS)
    check_linkable(attribution, method)
    linked = _LINKS[method](attribution)
    effects = linked.sum(axis=0)
    return replace(
        attribution,
        linking=method,
        period_effects=linked,
        effects=effects,
        residual=attribution.active_return - float(effects.sum()),
        reasons=tuple(r for r in attribution.reasons if r.code != "NOT_LINKED"),
    )


def check_linkable(attribution: Attribution, method: str) -> None:
    """Raise for effects that must not be linked, or not by this method."""
    if attribution.method == GEOMETRIC:
        raise ParameterError(
            "`attribution` is geometric: its effects compound and need no linking.",
            field="attribution",
        )
    if attribution.linking is not None:
        raise ParameterError(
            f"`attribution` is linked already ({attribution.linking}). Link the original.",
            field="attribution",
        )
    if method == "davies_laker" and attribution.method not in BRINSON:
        raise ParameterError(
            f"`method` 'davies_laker' needs a brinson attribution, got {attribution.method!r}."
            " Use 'carino'.",
            field="method",
        )


def _scaled(effects: Floats, factors: Floats) -> Floats:
    return effects * factors.reshape(-1, *([1] * (effects.ndim - 1)))


def _check_wealth(portfolio: Floats, benchmark: Floats) -> None:
    if min(portfolio.min(), benchmark.min()) <= -1.0:
        raise DataError(
            "linking by logarithms needs returns above -100 % in every period."
            " Use method='grap' or 'frongello'.",
            field="attribution",
        )


def _log_slope(portfolio: Floats | float, benchmark: Floats | float) -> Floats:
    """(log(1+p) - log(1+b)) / (p - b), and 1/(1+b) where they are equal."""
    p, b = np.asarray(portfolio), np.asarray(benchmark)
    slope: Floats = log_ratio((p - b) / (1.0 + b)) / (1.0 + b)
    return slope


def _carino_factors(portfolio: Floats, benchmark: Floats) -> Floats:
    _check_wealth(portfolio, benchmark)
    whole = _log_slope(compounded(portfolio), compounded(benchmark))
    factors: Floats = _log_slope(portfolio, benchmark) / whole
    return factors


def _carino(attribution: Attribution) -> Floats:
    factors = _carino_factors(
        attribution.period_portfolio_returns, attribution.period_benchmark_returns
    )
    return _scaled(attribution.period_effects, factors)


def _menchero(attribution: Attribution) -> Floats:
    p, b = attribution.period_portfolio_returns, attribution.period_benchmark_returns
    _check_wealth(p, b)
    size = len(p)
    log_base = float(np.log1p(b).sum())
    log_active = float(np.log1p(p).sum()) - log_base
    # ((1+P) - (1+B)) / (T ((1+P)^(1/T) - (1+B)^(1/T))) without cancellation near P = B.
    ratio = np.expm1(log_active) / np.expm1(log_active / size) / size if log_active else 1.0
    even = np.exp(log_base * (size - 1) / size) * ratio
    active = p - b
    squares = float((active**2).sum())
    left = attribution.active_return - even * float(active.sum())
    slope = left / squares if squares > 0.0 else 0.0
    return _scaled(attribution.period_effects, even + slope * active)


def _grap(attribution: Attribution) -> Floats:
    before, after = _wealth_before(attribution), _benchmark_after(attribution)
    return _scaled(attribution.period_effects, before * after)


def _frongello(attribution: Attribution) -> Floats:
    scaled = _scaled(attribution.period_effects, _wealth_before(attribution))
    linked = np.empty_like(scaled)
    running = np.zeros_like(scaled[0])
    for t, base in enumerate(attribution.period_benchmark_returns):
        linked[t] = scaled[t] + base * running
        running = running + linked[t]
    return linked


def _wealth_before(attribution: Attribution) -> Floats:
    wealth = np.cumprod(1.0 + attribution.period_portfolio_returns)
    return np.concatenate([[1.0], wealth[:-1]])


def _benchmark_after(attribution: Attribution) -> Floats:
    wealth = np.cumprod((1.0 + attribution.period_benchmark_returns)[::-1])
    return np.concatenate([[1.0], wealth[:-1]])[::-1]


def _davies_laker(attribution: Attribution) -> Floats:
    """Each effect is the wealth of one notional portfolio less that of the one before it."""
    effects, names = attribution.period_effects, attribution.effect_names
    totals = effects.sum(axis=1)
    linked = np.empty_like(effects)
    crossed = names.index("interaction") if "interaction" in names else None
    for i, first in _notional_bases(attribution, totals).items():
        factors = _carino_factors(first + totals[:, i], first)
        linked[:, :, i] = _scaled(effects[:, :, i], factors)
    return linked if crossed is None else _with_crossed(attribution, linked, crossed)


def _notional_bases(attribution: Attribution, totals: Floats) -> dict[int, Floats]:
    """Returns of the notional portfolio from which each effect starts; interaction has none."""
    names = attribution.effect_names
    benchmark = attribution.period_benchmark_returns
    order = [i for i, n in enumerate(names) if n.endswith("allocation")]
    selection = names.index("selection")
    if attribution.interaction_mode == "with_allocation":
        order = [selection, *order]
    elif attribution.interaction_mode == "with_selection":
        order = [*order, selection]
    bases, running = {selection: benchmark}, benchmark
    for i in order:
        bases[i] = running
        running = running + totals[:, i]
    reached = attribution.period_portfolio_returns
    for name in ("residual", "trading"):
        if name in names:
            reached = reached - totals[:, names.index(name)]
            bases[names.index(name)] = reached
    return bases


def _with_crossed(attribution: Attribution, linked: Floats, crossed: int) -> Floats:
    """Interaction: allocation made after selection, less allocation made before it."""
    effects, names = attribution.period_effects, attribution.effect_names
    start = attribution.period_benchmark_returns
    kinds = [i for i, n in enumerate(names) if n.endswith("allocation")]
    selected = start + effects.sum(axis=1)[:, names.index("selection")]
    moved = effects[:, :, [*kinds, crossed]].sum(axis=2)
    reached = selected + moved.sum(axis=1)
    after = _scaled(moved, _carino_factors(reached, selected))
    linked[:, :, crossed] = after - linked[:, :, kinds].sum(axis=2)
    return linked


_LINKS: dict[str, Callable[[Attribution], Floats]] = {
    "carino": _carino,
    "menchero": _menchero,
    "grap": _grap,
    "frongello": _frongello,
    "davies_laker": _davies_laker,
}
