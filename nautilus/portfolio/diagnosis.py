"""Why no weights exist, and the least that would have to give way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core import errors
from nautilus.portfolio.constraints import Limits
from nautilus.portfolio.solvers import Program, program_of

__all__ = ["InfeasibleError", "check_feasible", "explain_infeasible"]

Floats = NDArray[np.float64]
_SLACK = 1e-9


class InfeasibleError(errors.InfeasibleError):
    """No weights satisfy all limits.

    Parameters
    ----------
    message : str
    field : str, optional
    hint : str, optional
    conflict : tuple of str
        Limits that cannot hold together.
    relaxation : dict
        The smallest changes (in the sum of absolute values) that make the limits agree, by limit.
    nearest_feasible : dict or None
        Weights that satisfy the relaxed limits, by label.

    Examples
    --------
    >>> InfeasibleError("no way", conflict=("max_weight",)).to_dict()["conflict"]
    ['max_weight']
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        conflict: tuple[str, ...] = (),
        relaxation: dict[str, float] | None = None,
        nearest_feasible: dict[Any, float] | None = None,
    ) -> None:
        super().__init__(message, field=field, hint=hint)
        self.conflict = conflict
        self.relaxation = relaxation or {}
        self.nearest_feasible = nearest_feasible

    def to_dict(self) -> dict[str, Any]:
        """The body that the server sends: code, field, message, hint and the diagnosis."""
        nearest = self.nearest_feasible
        return {
            **super().to_dict(),
            "conflict": list(self.conflict),
            "relaxation": dict(self.relaxation),
            "nearest_feasible": None
            if nearest is None
            else {str(label): weight for label, weight in nearest.items()},
        }


def check_feasible(limits: Limits) -> None:
    """Refuse limits whose contradiction can be seen without solving anything.

    Raises
    ------
    InfeasibleError
    """
    invested = limits.rows[0]
    n = len(limits.labels)
    most, least = float(limits.upper.sum()), float(limits.lower.sum())
    if invested.lower > invested.upper + _SLACK:
        _refuse(
            f"at least {invested.lower:.4g} must be invested, but `max_leverage` and `min_cash`"
            f" allow {invested.upper:.4g}. Raise max_cash or max_leverage.",
            "max_leverage",
            limits,
            ("max_leverage", "max_cash"),
        )
    if most < invested.lower - _SLACK:
        _refuse(
            f"`max_weight` allows {most:.4g} in {n} assets, but {invested.lower:.4g} must be"
            f" invested. Raise max_weight to at least {invested.lower / n:.4g},"
            f" or pass max_cash={1.0 - most:.4g}.",
            "max_weight",
            limits,
            ("max_weight", "max_cash"),
        )
    if least > invested.upper + _SLACK:
        _refuse(
            f"`min_weight` asks for {least:.4g} in {n} assets, but at most {invested.upper:.4g}"
            f" may be invested. Lower min_weight to at most {invested.upper / n:.4g}.",
            "min_weight",
            limits,
            ("min_weight", "min_cash"),
        )
    for row in limits.rows[1:]:
        members = row.coefficients > 0.0
        low, high = (float(side[members].sum()) for side in (limits.lower, limits.upper))
        if low > row.upper + _SLACK or high < row.lower - _SLACK:
            _refuse(
                f"the weights in {row.name} can be {low:.4g}..{high:.4g} by `min_weight` and"
                f" `max_weight`, but its limit is {row.lower:.4g}..{row.upper:.4g}.",
                "sector_limits",
                limits,
                (row.name, "min_weight" if low > row.upper else "max_weight"),
            )


def explain_infeasible(limits: Limits) -> InfeasibleError:
    """Which limits conflict and by how much they must give, from one elastic linear program."""
    program = program_of(limits)
    weights, given = _elastic(program, limits)
    relaxation = {name: round(amount, 9) for name, amount in given.items() if amount > 1e-7}
    words = ", ".join(f"{name} by {amount:.4g}" for name, amount in relaxation.items())
    return InfeasibleError(
        f"no weights satisfy all limits. The least change that would do: relax {words}.",
        field="constraints",
        conflict=tuple(relaxation),
        relaxation=relaxation,
        nearest_feasible=dict(zip(limits.labels, weights.tolist(), strict=True)),
    )


def _refuse(message: str, field: str, limits: Limits, conflict: tuple[str, ...]) -> None:
    found = explain_infeasible(limits)
    raise InfeasibleError(
        message,
        field=field,
        conflict=conflict,
        relaxation=found.relaxation,
        nearest_feasible=found.nearest_feasible,
    )


def _elastic(program: Program, limits: Limits) -> tuple[Floats, dict[str, float]]:
    """Minimise the sum of slacks on rows and weight bounds; definitions stay hard."""
    from scipy.optimize import linprog

    n, size = program.n, program.size
    bounds = np.hstack([np.eye(n), np.zeros((n, size - n))])
    hard = np.array([name in ("change", "size") for name in program.names])
    rows = np.vstack([program.matrix, bounds])
    low = np.append(program.row_lower, limits.lower)
    high = np.append(program.row_upper, limits.upper)
    elastic = ~np.append(hard, np.zeros(n, dtype=bool))
    slack = np.eye(len(rows))[:, elastic]
    count = slack.shape[1]
    upper, lower = np.isfinite(high), np.isfinite(low)
    matrix = np.vstack(
        [
            np.hstack([rows[upper], -slack[upper]]),
            np.hstack([-rows[lower], -slack[lower]]),
        ]
    )
    free = [(None, None)] * n + [(0.0, None)] * (size - n + count)
    cost = np.append(np.zeros(size), np.ones(count))
    solved = linprog(cost, matrix, np.append(high[upper], -low[lower]), bounds=free, method="highs")
    if solved.x is None:
        raise errors.SolverError(f"the diagnosis of infeasible limits failed: {solved.message}")
    names = np.array([*program.names, *(f"weight:{label}" for label in limits.labels)])[elastic]
    given = dict(zip(names.tolist(), solved.x[size:].tolist(), strict=True))
    return np.array(solved.x[:n]), given
