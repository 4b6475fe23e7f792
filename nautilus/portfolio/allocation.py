"""What an optimiser answers: weights, what they imply, and every limit checked on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import SolverError
from nautilus.core.frames import labelled_frame
from nautilus.core.results import Reason, Result
from nautilus.portfolio.constraints import Limits
from nautilus.portfolio.moments import Inputs
from nautilus.risk.decomposition import RiskContributions, risk_contributions

__all__ = ["Allocation", "LimitRow", "allocation_of"]

Floats = NDArray[np.float64]

BINDING = 1e-7
VIOLATED = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """One limit at the final weights.

    Parameters
    ----------
    name : str
        invested, weight:<label>, sector:<name>, turnover, leverage.
    value : float
    lower, upper : float or None
        None where there is no bound on that side.
    slack : float
        Distance to the nearer bound, negative when violated.
    binding : bool
        The value lies on a bound, to 1e-7.
    """

    name: str
    value: float
    lower: float | None
    upper: float | None
    slack: float
    binding: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Allocation(Result):
    """Weights of a portfolio and everything recomputed from them.

    Parameters
    ----------
    method : str
    weights : vector by asset
        Fractions, in the kind of the input.
    labels : tuple
    cash : float
        1 - sum of weights.
    expected_return : float
        Per annum, from the moments used; its error is large.
    volatility : float
        Per annum.
    diversification_ratio : float
        Weighted volatilities / volatility; 1 for a single asset.
    covariance_method : str
    n_used : int or None
    limits : tuple of LimitRow
        Every limit, measured on the final weights.
    risk_contributions : RiskContributions
        Of volatility per annum.
    budget : vector by asset, or None
        Wanted shares of risk; None where the method has none.
    parity_achieved : bool or None
        Every share lies within 1e-4 of its budget, relatively.
    max_gap : float or None
        Largest absolute difference between a share and its budget.
    """

    method: str
    weights: Any
    labels: tuple[Any, ...]
    cash: float
    expected_return: float
    volatility: float
    diversification_ratio: float
    covariance_method: str
    n_used: int | None
    limits: tuple[LimitRow, ...]
    risk_contributions: RiskContributions
    budget: Any = None
    parity_achieved: bool | None = None
    max_gap: float | None = None

    @property
    def binding_limits(self) -> tuple[str, ...]:
        """Names of the limits that bind."""
        return tuple(row.name for row in self.limits if row.binding)

    def to_frame(self) -> Any:
        """Weight and share of risk by asset."""
        frame = self.risk_contributions.to_frame()
        columns = {"weight": frame["weights"].to_numpy(), "risk_share": frame["shares"].to_numpy()}
        return labelled_frame(self.labels, columns, "asset")

    def plot(self, ax: Any = None) -> Any:
        """Bars of weights beside shares of risk; returns the axes."""
        return self.risk_contributions.plot(ax)


def allocation_of(
    method: str,
    weights: Floats,
    inputs: Inputs,
    limits: Limits,
    *,
    budget: Floats | None = None,
) -> Allocation:
    """Everything that follows from the weights; refuses weights that break a limit.

    Raises
    ------
    SolverError
        A limit is broken by more than 1e-7: a solver's answer is never taken on trust.
    """
    rows = limit_rows(weights, limits)
    broken = [row for row in rows if row.slack < -VIOLATED]
    if broken:
        raise SolverError(
            f"the solver's weights break {broken[0].name} by {-broken[0].slack:.3g}.",
            hint="Please report the input.",
        )
    parts = risk_contributions(inputs.vector(weights), covariance=inputs.matrix())
    alone = float(weights @ np.sqrt(np.diag(inputs.covariance)))
    still = parts.total == 0.0
    text = "a portfolio without risk has no diversification"
    reasons = (Reason("ZERO_RISK", ("diversification_ratio",), text),) if still else ()
    return Allocation(
        method=method,
        weights=inputs.vector(weights),
        labels=inputs.labels,
        cash=1.0 - float(weights.sum()),
        expected_return=float(weights @ inputs.mean),
        volatility=parts.total,
        diversification_ratio=float("nan") if still else alone / parts.total,
        covariance_method=inputs.covariance_method,
        n_used=inputs.n_used,
        limits=rows,
        risk_contributions=parts,
        reasons=reasons,
        **_parity(parts, budget, inputs),
    )


def _parity(parts: RiskContributions, budget: Floats | None, inputs: Inputs) -> Mapping[str, Any]:
    if budget is None:
        return {}
    gap = np.abs(parts.to_frame()["shares"].to_numpy() - budget)
    return {
        "budget": inputs.vector(budget),
        "parity_achieved": bool((gap <= 1e-4 * budget).all()),
        "max_gap": float(gap.max()),
    }


def limit_rows(weights: Floats, limits: Limits) -> tuple[LimitRow, ...]:
    """Every limit measured on these weights."""
    measured = [(r.name, float(r.coefficients @ weights), r.lower, r.upper) for r in limits.rows]
    if limits.turnover is not None and limits.current is not None:
        change = weights - limits.current
        turnover = 0.5 * float(np.abs(change).sum() + abs(change.sum()))
        measured.append(("turnover", turnover, -np.inf, limits.turnover))
    if limits.leverage is not None:
        measured.append(("leverage", float(np.abs(weights).sum()), -np.inf, limits.leverage))
    bounds = zip(limits.labels, weights.tolist(), limits.lower, limits.upper, strict=True)
    measured += [(f"weight:{name}", w, float(low), float(high)) for name, w, low, high in bounds]
    return tuple(_row(*m) for m in measured)


def _row(name: str, value: float, lower: float, upper: float) -> LimitRow:
    slack = min(value - lower, upper - value)
    return LimitRow(
        name=name,
        value=value,
        lower=lower if np.isfinite(lower) else None,
        upper=upper if np.isfinite(upper) else None,
        slack=slack,
        binding=bool(abs(slack) <= BINDING),
    )
