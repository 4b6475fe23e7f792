"""Risk parity and risk budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, LabelError, ParameterError, SolverError
from nautilus.portfolio.allocation import Allocation, allocation_of, limit_rows
from nautilus.portfolio.constraints import Constraints, Limits, limits_of
from nautilus.portfolio.diagnosis import InfeasibleError, check_feasible, explain_infeasible
from nautilus.portfolio.moments import inputs_of
from nautilus.portfolio.solvers import (
    Program,
    largest_multiple,
    minimize_quadratic,
    program_of,
    settled,
)

__all__ = ["risk_parity"]

Floats = NDArray[np.float64]

_DEFAULT = Constraints()
_ROUNDS = 60
_LEAST_SHARE = 1e-3


def risk_parity(
    returns_or_moments: Any,
    *,
    risk_budget: Mapping[Any, float] | None = None,
    classes: Mapping[Any, str] | None = None,
    constraints: Constraints = _DEFAULT,
) -> Allocation:
    """Weights whose shares of volatility equal their budgets: w_i (S w)_i = b_i w' S w.

    Where limits make that impossible, the weights minimise w' S w / 2 - v sum b_i log w_i within
    the limits, v the variance of the unlimited solution, and the answer says what was achieved.

    Parameters
    ----------
    returns_or_moments : array (time, asset), or Moments
        Daily simple returns as fractions (Ledoit-Wolf covariance), or the answer of
        `estimate_moments` for any other frequency or estimator.
    risk_budget : mapping asset -> share, or class -> share, optional
        Positive, summing to 1. Equal shares by default: by asset, or by class where `classes` are
        given. A class's share is split equally over its assets.
    classes : mapping asset -> class, optional
        Needed for a budget by class.
    constraints : Constraints
        Long-only and fully invested by default; with cash allowed, as much is invested as may be.

    Returns
    -------
    Allocation
        `.parity_achieved`, `.max_gap`, `.budget`, `.risk_contributions`; weights are positive.

    Raises
    ------
    ParameterError
        A budget that is not positive or does not sum to 1.
    LabelError
        A budget for what is neither an asset nor a class.
    InfeasibleError, DataError, UnitError, NotEnoughDataError, NotBuiltError

    References
    ----------
    Maillard, Roncalli and Teiletche (2010), Journal of Portfolio Management 36(4); Spinu (2013),
    An Algorithm for Computing Risk Parity Weights; Richard and Roncalli (2019), Constrained Risk
    Budgeting Portfolios.

    Examples
    --------
    >>> import numpy as np
    >>> from nautilus.portfolio import Moments
    >>> moments = Moments(mean=np.zeros(2), covariance=np.diag([0.04, 0.01]))
    >>> risk_parity(moments).weights.round(6).tolist()
    [0.333333, 0.666667]
    """
    inputs = inputs_of(returns_or_moments)
    limits = limits_of(constraints, inputs.labels)
    check_feasible(limits)
    budget = _budget(risk_budget, classes, inputs.labels)
    _check_positive_weights(inputs.covariance, limits)
    invested = min(limits.rows[0].upper, 1.0 - constraints.min_cash)
    free = invested * _unlimited(inputs.covariance, budget)
    if min(row.slack for row in limit_rows(free, limits)) >= -1e-12:
        weights = free
    else:
        weights = settled(_limited(inputs.covariance, budget, free, limits), limits)
    return allocation_of("risk_parity", weights, inputs, limits, budget=budget)


def _budget(risk_budget: Any, classes: Any, labels: tuple[Any, ...]) -> Floats:
    members = _members(classes, labels)
    if risk_budget is None:
        risk_budget = {key: 1.0 / len(members) for key in members}
    shares = dict(risk_budget.items())
    by_asset = set(shares) == set(labels)
    unknown = [str(k) for k in shares if k not in (labels if by_asset else members)]
    lacking = [str(k) for k in (labels if by_asset else members) if k not in shares]
    if unknown or lacking:
        what = "classes" if classes is not None else "assets"
        hint = "" if classes is not None else " For a budget by class pass `classes` too."
        names = (
            f"unknown: {', '.join(unknown[:5])}"
            if unknown
            else f"missing: {', '.join(lacking[:5])}"
        )
        raise LabelError(
            f"`risk_budget` must name all {what} and nothing else ({names}).{hint}",
            field="risk_budget",
        )
    if min(shares.values()) <= 0.0 or abs(sum(shares.values()) - 1.0) > 1e-6:
        raise ParameterError(
            "`risk_budget` must be positive and sum to 1,"
            f" got {', '.join(f'{k}: {v:g}' for k, v in list(shares.items())[:5])}.",
            field="risk_budget",
        )
    if not by_asset:
        shares = {a: shares[c] / len(group) for c, group in members.items() for a in group}
    found = np.array([float(shares[label]) for label in labels])
    total = float(found.sum())
    return found / total


def _members(classes: Any, labels: tuple[Any, ...]) -> dict[Any, list[Any]]:
    if classes is None:
        return {label: [label] for label in labels}
    mapping = dict(classes.items())
    wrong = [str(x) for x in labels if x not in mapping] + [
        str(x) for x in mapping if x not in labels
    ]
    if wrong:
        raise LabelError(
            "`classes` must give every asset its class and nothing else;"
            f" see {', '.join(wrong[:5])}.",
            field="classes",
        )
    groups: dict[Any, list[Any]] = {}
    for label in labels:
        groups.setdefault(mapping[label], []).append(label)
    return groups


def _check_positive_weights(covariance: Floats, limits: Limits) -> None:
    still = [str(x) for x, v in zip(limits.labels, np.diag(covariance), strict=True) if v <= 0.0]
    if still:
        raise DataError(
            f"risk parity needs assets that move; {', '.join(still[:5])} has no variance."
            " Leave it out.",
            field="returns_or_moments",
        )
    shut = [str(x) for x, most in zip(limits.labels, limits.upper, strict=True) if most <= 0.0]
    if shut:
        raise InfeasibleError(
            f"risk parity holds every asset, but `max_weight` of {', '.join(shut[:5])} is not above"
            " 0. Leave it out of the returns.",
            field="max_weight",
            conflict=tuple(f"weight:{x}" for x in shut),
        )


def _unlimited(covariance: Floats, budget: Floats) -> Floats:
    """The unique positive solution, summing to 1: L-BFGS in log x, then Newton steps."""
    from scipy.optimize import minimize

    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)

    def objective(y: Floats) -> tuple[float, Floats]:
        x = np.exp(y)
        through = correlation @ x
        return 0.5 * float(x @ through) - float(budget @ y), x * through - budget

    start = np.log(np.sqrt(budget / np.maximum(correlation.sum(axis=1), 0.1)))
    options = {"maxiter": 500, "ftol": 1e-15, "gtol": 1e-9}
    x = np.exp(minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x)
    for _ in range(_ROUNDS):
        gradient = correlation @ x - budget / x
        if float(np.abs(x * gradient).max()) <= 1e-14:
            break
        hessian = correlation + np.diag(budget / (x * x))
        step = np.linalg.solve(hessian, gradient)
        # A damped step of a self-concordant function stays positive and always descends.
        decrement = float(np.sqrt(max(gradient @ step, 0.0) / budget.min()))
        x = x - step / (1.0 + decrement if decrement > 0.25 else 1.0)
    weights: Floats = x / deviation
    total = float(weights.sum())
    return weights / total


def _limited(covariance: Floats, budget: Floats, free: Floats, limits: Limits) -> Floats:
    """The barrier problem within limits: Newton steps, each one a quadratic program."""
    penalty = float(free @ covariance @ free)
    scaled = covariance / penalty if penalty > 0.0 else covariance
    program = program_of(limits)
    w = _start(free, limits, program)

    def value(x: Floats) -> float:
        return 0.5 * float(x @ scaled @ x) - float(budget @ np.log(x))

    for _ in range(_ROUNDS):
        hessian = scaled + np.diag(budget / (w * w))
        gradient = scaled @ w - budget / w
        target = minimize_quadratic(hessian, gradient - hessian @ w, _kept_positive(program, w))
        if target is None:
            break
        step = target - w
        slope = float(gradient @ step)
        if -slope <= 1e-15 or float(np.abs(step / w).max()) <= 1e-11:
            return w
        size = 1.0
        while value(w + size * step) > value(w) + 0.25 * size * slope and size > 1e-6:
            size *= 0.5
        w = w + size * step
    raise SolverError(
        f"risk parity within limits did not settle in {_ROUNDS} rounds.",
        hint="Loosen the limits a little, or scale the returns.",
    )


def _start(free: Floats, limits: Limits, program: Program) -> Floats:
    """A point within the limits, near the unlimited solution, with every weight above zero."""
    reachable = np.minimum(free, limits.upper)
    share = largest_multiple(reachable, program)
    if share is not None and share < _LEAST_SHARE:
        raise InfeasibleError(
            "risk parity holds every asset, but the limits together force some weight to 0."
            " Leave that asset out of the returns.",
            field="constraints",
        )
    floor = min(0.5 * (share or 0.0), 0.01) * reachable
    raised = _with_floor(program, floor)
    found = minimize_quadratic(np.diag(1.0 / free), -np.ones_like(free), raised)
    if share is None or found is None:
        raise explain_infeasible(limits)
    return np.maximum(found, floor)


def _kept_positive(program: Program, weights: Floats) -> Program:
    return _with_floor(program, 0.05 * weights)


def _with_floor(program: Program, floor: Floats) -> Program:
    lower = program.lower.copy()
    lower[: program.n] = np.maximum(lower[: program.n], floor)
    return replace(program, lower=lower)
