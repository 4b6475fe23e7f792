"""One active return explained in two ways: by decisions, and by factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nautilus.analytics.attribution import brinson
from nautilus.analytics.effects import Attribution
from nautilus.analytics.factor_models import FactorAttribution, factor_attribution
from nautilus.analytics.factor_samples import SPECIFIC
from nautilus.analytics.linking import link_effects
from nautilus.core.errors import DataError, MissingInputError, NotEnoughDataError
from nautilus.core.results import Reason, Result

__all__ = ["ActiveAttribution", "attribute_active_return"]

TRADING = "trading"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActiveAttribution(Result):
    """Two complete decompositions of the same active return, as fractions; never add them up.

    Parameters
    ----------
    portfolio_return, benchmark_return : float
        Compounded over all periods.
    active_return : float
        Their difference.
    n_periods : int
    decisions : Attribution or None
        By allocation, selection and interaction; None without weights.
    factors : FactorAttribution or None
        By factor and what is specific; None without factor returns, or too few periods for them.

    Examples
    --------
    >>> both = attribute_active_return(portfolio_weights={"UK": 0.4, "US": 0.6},
    ...     benchmark_weights={"UK": 0.5, "US": 0.5},
    ...     portfolio_returns={"UK": 0.2, "US": 0.1}, benchmark_returns={"UK": 0.1, "US": 0.1})
    >>> round(both.selection_effect, 4), round(both.interaction_effect, 4)
    (0.04, -0.01)
    """

    portfolio_return: float
    benchmark_return: float
    active_return: float
    n_periods: int
    decisions: Attribution | None
    factors: FactorAttribution | None

    @property
    def allocation_effect(self) -> float | None:
        """Of weights that differ from the benchmark's."""
        return None if self.decisions is None else self.decisions.allocation

    @property
    def selection_effect(self) -> float | None:
        """Of what was held within the segments, `interaction_effect` included."""
        if self.decisions is None:
            return None
        return (self.decisions.selection or 0.0) + (self.decisions.interaction or 0.0)

    @property
    def interaction_effect(self) -> float | None:
        """The part of `selection_effect` that comes from both at once."""
        return None if self.decisions is None else self.decisions.interaction

    @property
    def trading_effect(self) -> float | None:
        """Of trades and costs within the periods; None where contributions were not given."""
        return None if self.decisions is None else self.decisions.totals.get(TRADING)

    @property
    def residual(self) -> float | None:
        """Active return less allocation, selection and trading effect."""
        if self.decisions is None:
            return None
        known = (self.allocation_effect, self.selection_effect, self.trading_effect)
        return self.active_return - sum(value or 0.0 for value in known)

    @property
    def factor_effects(self) -> dict[str, float] | None:
        """Active return earned by each factor."""
        return None if self.factors is None else _effects(self.factors)[0]

    @property
    def specific_effect(self) -> float | None:
        """Active return that no factor explains, alpha included."""
        return None if self.factors is None else _effects(self.factors)[1]

    @property
    def factor_residual(self) -> float | None:
        """Active return less the factor effects and the specific one."""
        if self.factors is None:
            return None
        by_factor, specific = _effects(self.factors)
        return self.active_return - sum(by_factor.values()) - specific

    @property
    def factor_exposures(self) -> dict[str, float] | None:
        """Mean exposure to each factor over the periods."""
        if self.factors is None:
            return None
        means = self.factors.exposures.mean(axis=0).tolist()
        return dict(zip(map(str, self.factors.factors), means, strict=True))

    @property
    def segment_effects(self) -> list[dict[str, Any]] | None:
        """One row for each segment: label, average weights and effects."""
        if self.decisions is None:
            return None
        return _segments(self.decisions)

    def to_frame(self) -> Any:
        """One row for each part of either decomposition: effect."""
        from nautilus.core.frames import labelled_frame

        parts = {
            "allocation": self.allocation_effect,
            "selection": self.selection_effect,
            "trading": self.trading_effect,
            **(self.factor_effects or {}),
            SPECIFIC: self.specific_effect,
            "active": self.active_return,
        }
        shown = {name: value for name, value in parts.items() if value is not None}
        return labelled_frame(list(shown), {"effect": list(shown.values())})


def attribute_active_return(
    *,
    portfolio_weights: Any = None,
    benchmark_weights: Any = None,
    portfolio_returns: Any = None,
    benchmark_returns: Any = None,
    portfolio_contributions: Any = None,
    sectors: Mapping[Any, Any] | None = None,
    factor_returns: Any = None,
    exposures: Any = None,
    linking: str = "carino",
) -> ActiveAttribution:
    """Active return by decisions (`brinson`) and by factors (`factor_attribution`).

    Both explain the same P - B, compounded over the periods, and both are linked, so that each
    sums to it: allocation + selection (+ trading) = P - B = sum of factors + specific.

    Parameters
    ----------
    portfolio_weights, benchmark_weights : mapping, Series (segment,) or panel, optional
        As `brinson` takes them. Without weights there is no decomposition by decisions, and the
        returns are those of the whole portfolio and the whole benchmark, series (time,).
    portfolio_returns, benchmark_returns : mapping, Series (segment,), panel, or series (time,)
        Simple returns, fractions.
    portfolio_contributions : mapping, Series (segment,) or panel, optional
        Profit of each segment over the portfolio's value: trades and costs become an effect.
    sectors : mapping of segment -> group, optional
        Then allocation is between groups.
    factor_returns : array (time, factor), optional
        In the periods of the returns.
    exposures : mapping or Series (factor,), or array (time, factor), optional
        Active exposures; estimated by regression within the periods by default.
    linking : str
        Of `link_effects`.

    Returns
    -------
    ActiveAttribution
        `factors` is None with reason ``INSUFFICIENT_DATA`` when the periods are too few for a
        regression.

    Raises
    ------
    MissingInputError
        Neither weights nor factor returns.
    LabelError, DataError, ShapeError

    References
    ----------
    Brinson and Fachler (1985); Carino (1999), Combining attribution effects over time.

    Examples
    --------
    >>> market, fund = [0.01, -0.02, 0.03, 0.00], [0.02, -0.01, 0.03, 0.01]
    >>> both = attribute_active_return(portfolio_returns=fund, benchmark_returns=market,
    ...                                factor_returns=market)
    >>> round(both.active_return, 4), abs(both.factor_residual) < 1e-12
    (0.031, True)
    """
    weighted = portfolio_weights is not None and benchmark_weights is not None
    if not weighted and factor_returns is None:
        raise MissingInputError(
            "`portfolio_weights` and `benchmark_weights`, or `factor_returns`, must be given.",
            field="portfolio_weights",
        )
    for name, given in (
        ("portfolio_returns", portfolio_returns),
        ("benchmark_returns", benchmark_returns),
    ):
        if given is None:
            raise MissingInputError(f"`{name}` must be given.", field=name)
    decisions = None
    totals = (portfolio_returns, benchmark_returns)
    if weighted:
        single = brinson(
            portfolio_weights,
            benchmark_weights,
            portfolio_returns,
            benchmark_returns,
            sectors=sectors,
            off_benchmark="own_return",
            portfolio_contributions=portfolio_contributions,
        )
        decisions = link_effects(single, method=linking)
        totals = _totals(single)
    factors: FactorAttribution | None = None
    reasons: tuple[Reason, ...] = ()
    if factor_returns is not None:
        factors, reasons = _by_factors(*totals, factor_returns, exposures, linking)
    whole = decisions if decisions is not None else factors
    if whole is None:
        raise NotEnoughDataError(reasons[0].message, field="returns")
    return ActiveAttribution(
        portfolio_return=whole.portfolio_return,
        benchmark_return=whole.benchmark_return,
        active_return=whole.portfolio_return - whole.benchmark_return,
        n_periods=whole.n_periods,
        decisions=decisions,
        factors=factors,
        reasons=reasons,
    )


def _totals(attribution: Attribution) -> tuple[Any, Any]:
    from nautilus.core.frames import time_series

    sides = (attribution.period_portfolio_returns, attribution.period_benchmark_returns)
    if attribution.times is None:
        return sides
    return time_series(attribution.times, sides[0]), time_series(attribution.times, sides[1])


def _by_factors(
    returns: Any, benchmark: Any, factor_returns: Any, exposures: Any, linking: str
) -> tuple[FactorAttribution | None, tuple[Reason, ...]]:
    try:
        single = factor_attribution(
            returns,
            factor_returns,
            benchmark_returns=benchmark,
            exposures=exposures,
            min_overlap=1.0,
        )
    except NotEnoughDataError as error:
        lost = ("factor_effects", "specific_effect", "factor_residual", "factor_exposures")
        return None, (Reason("INSUFFICIENT_DATA", lost, error.message),)
    size = len(returns)
    if single.n_used < size:
        raise DataError(
            f"`factor_returns` must be known in each of {size} periods, got {single.n_used}."
            " Leave out the factors that are not.",
            field="factor_returns",
        )
    linked = link_effects(single, method=linking)
    assert isinstance(linked, FactorAttribution)
    return linked, ()


def _effects(factors: FactorAttribution) -> tuple[dict[str, float], float]:
    values = dict(zip(map(str, factors.segments), factors.effects[:, 0].tolist(), strict=True))
    specific = values.pop(SPECIFIC)
    return values, specific


def _segments(decisions: Attribution) -> list[dict[str, Any]]:
    labels, effects = decisions.by_level(decisions.levels[0])
    rows = [dict(zip(decisions.effect_names, row, strict=True)) for row in effects.tolist()]
    return [{"segment": str(s), **row} for s, row in zip(labels, rows, strict=True)]
