"""Portfolios on the efficient frontier."""

from __future__ import annotations

from typing import Any

import numpy as np

from nautilus.portfolio.allocation import Allocation, allocation_of
from nautilus.portfolio.constraints import Constraints, limits_of
from nautilus.portfolio.diagnosis import check_feasible, explain_infeasible
from nautilus.portfolio.moments import inputs_of
from nautilus.portfolio.solvers import minimize_quadratic, program_of, settled

__all__ = ["min_variance"]

_DEFAULT = Constraints()


def min_variance(returns_or_moments: Any, *, constraints: Constraints = _DEFAULT) -> Allocation:
    """Weights of least variance: minimise w' S w within the limits.

    Parameters
    ----------
    returns_or_moments : array (time, asset), or Moments
        Daily simple returns as fractions (Ledoit-Wolf covariance), or the answer of
        `estimate_moments` for any other frequency or estimator.
    constraints : Constraints
        Long-only and fully invested by default.

    Returns
    -------
    Allocation
        `.weights` in the kind given, `.limits` with what binds, `.risk_contributions`.

    Raises
    ------
    InfeasibleError
        No weights satisfy all limits; the error says which conflict and what would do.
    LabelError, UnitError, NotEnoughDataError, DataError, NotBuiltError, SolverError

    References
    ----------
    Markowitz (1952), Journal of Finance 7(1), 77-91.

    Examples
    --------
    >>> import numpy as np
    >>> from nautilus.portfolio import Moments
    >>> moments = Moments(mean=np.zeros(2), covariance=np.diag([0.04, 0.01]))
    >>> min_variance(moments).weights.round(6).tolist()
    [0.2, 0.8]
    """
    inputs = inputs_of(returns_or_moments)
    limits = limits_of(constraints, inputs.labels)
    check_feasible(limits)
    zero = np.zeros(len(inputs.labels))
    weights = minimize_quadratic(inputs.covariance, zero, program_of(limits))
    if weights is None:
        raise explain_infeasible(limits)
    return allocation_of("min_variance", settled(weights, limits), inputs, limits)
