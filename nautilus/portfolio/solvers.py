"""Convex programs over weights: a dense quadratic program by piqp, linear limits in one place.

Turnover and leverage are sums of absolute values; they enter through extra variables:
x = (weights, |changes|, |change of cash|, |weights|), the last three only where they are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import SolverError
from nautilus.portfolio.constraints import Limits

__all__ = [
    "Program",
    "is_feasible",
    "largest_multiple",
    "minimize_quadratic",
    "program_of",
    "settled",
]

Floats = NDArray[np.float64]

TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Program:
    """row_lower <= matrix @ x <= row_upper, lower <= x <= upper; the first n of x are weights."""

    n: int
    names: tuple[str, ...]
    matrix: Floats
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats

    @property
    def size(self) -> int:
        """Number of variables."""
        return len(self.lower)


def program_of(limits: Limits) -> Program:
    """The linear limits as arrays."""
    n = len(limits.labels)
    changes = n + 1 if limits.turnover is not None else 0
    size = n + changes + (n if limits.leverage is not None else 0)
    names = [row.name for row in limits.rows]
    blocks = [np.zeros((len(names), size))]
    blocks[0][:, :n] = np.array([row.coefficients for row in limits.rows])
    ends = [(row.lower, row.upper) for row in limits.rows]
    if limits.turnover is not None and limits.current is not None:
        held = np.append(limits.current, limits.current.sum())
        block = _absolute_rows(np.vstack([np.eye(n), np.ones(n)]), n, size)
        blocks += [block, _sum_row(n, changes, size)]
        ends += [(-np.inf, x) for x in (*held, *-held)] + [(-np.inf, 2.0 * limits.turnover)]
        names += ["change"] * len(block) + ["turnover"]
    if limits.leverage is not None:
        block = _absolute_rows(np.eye(n), n + changes, size)
        blocks += [block, _sum_row(n + changes, n, size)]
        ends += [(-np.inf, 0.0)] * len(block) + [(-np.inf, limits.leverage)]
        names += ["size"] * len(block) + ["leverage"]
    extra = size - n
    return Program(
        n,
        tuple(names),
        np.vstack(blocks),
        np.array([low for low, _ in ends]),
        np.array([high for _, high in ends]),
        np.append(limits.lower, np.zeros(extra)),
        np.append(limits.upper, np.full(extra, np.inf)),
    )


def _absolute_rows(parts: Floats, at: int, size: int) -> Floats:
    """Rows of parts @ w - u <= c and -parts @ w - u <= -c, with u from column `at` on."""
    count, n = parts.shape
    rows = np.zeros((2 * count, size))
    rows[:count, :n], rows[count:, :n] = parts, -parts
    rows[:count, at : at + count] = rows[count:, at : at + count] = -np.eye(count)
    return rows


def _sum_row(at: int, count: int, size: int) -> Floats:
    row = np.zeros((1, size))
    row[0, at : at + count] = 1.0
    return row


def minimize_quadratic(quadratic: Floats, linear: Floats, program: Program) -> Floats | None:
    """Weights that minimise w' Q w / 2 + c' w within the limits; None if there are none.

    Q must be positive semidefinite. The objective is scaled to mean curvature 1 first: unscaled
    daily variances leave weights off by 1e-4 at usual tolerances.

    Raises
    ------
    SolverError
        The solver stopped early.
    """
    import piqp

    n, extra = program.n, program.size - program.n
    scale = float(np.trace(quadratic)) / n
    scale = scale if scale > 0.0 else 1.0
    padded = np.pad(quadratic / scale, (0, extra))
    equal = program.row_lower == program.row_upper
    solver = piqp.DenseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = TOLERANCE
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = TOLERANCE
    solver.settings.verbose = False
    solver.setup(
        np.asfortranarray(padded),
        np.append(linear / scale, np.zeros(extra)),
        np.asfortranarray(program.matrix[equal]),
        program.row_lower[equal],
        np.asfortranarray(program.matrix[~equal]),
        program.row_lower[~equal],
        program.row_upper[~equal],
        program.lower,
        program.upper,
    )
    status = solver.solve()
    if status == piqp.PIQP_SOLVED:
        objective = padded, np.append(linear / scale, np.zeros(extra))
        return polished(*objective, program, solver.result)[:n]
    # Limits that miss each other by little make the interior point run on instead of saying so.
    if status == piqp.PIQP_PRIMAL_INFEASIBLE or not is_feasible(program):
        return None
    raise SolverError(f"piqp ended with {status.name} after {solver.result.info.iter} rounds.")


def polished(quadratic: Floats, linear: Floats, program: Program, result: Any) -> Floats:
    """The interior point's answer put exactly onto the limits that it found to bind.

    With those limits as equations the optimum is one linear system (the polishing step of
    Stellato et al. 2020, OSQP, section 4). An interior point stops a gap of 1e-10 short, which is
    1e-6 in a weight that hardly matters; this ends at rounding. Where the guess of the binding
    limits is wrong the interior point's answer stays.
    """
    x = np.array(result.x)
    equal = program.row_lower == program.row_upper
    rows, target = program.matrix.copy(), program.row_lower.copy()
    at_upper = np.zeros(len(rows), dtype=bool)
    at_upper[~equal] = np.asarray(result.z_u) > np.asarray(result.s_u)
    binding = equal | at_upper
    binding[~equal] |= np.asarray(result.z_l) > np.asarray(result.s_l)
    target[at_upper] = program.row_upper[at_upper]
    low = np.asarray(result.z_bl) > np.asarray(result.s_bl)
    high = np.asarray(result.z_bu) > np.asarray(result.s_bu)
    exact = np.where(low, program.lower, np.where(high, program.upper, 0.0))
    free = ~(low | high)
    a = rows[binding][:, free]
    system = np.block([[quadratic[np.ix_(free, free)], a.T], [a, np.zeros((len(a), len(a)))]])
    right = np.append(-(linear + quadratic @ exact)[free], target[binding] - rows[binding] @ exact)
    exact[free] = np.linalg.lstsq(system, right, rcond=None)[0][: free.sum()]
    return exact if _is_better(exact, x, quadratic, linear, program) else x


def _is_better(
    exact: Floats, x: Floats, quadratic: Floats, linear: Floats, program: Program
) -> bool:
    sums = program.matrix @ exact
    outside = max(
        (program.lower - exact).max(initial=0.0),
        (exact - program.upper).max(initial=0.0),
        (program.row_lower - sums).max(initial=0.0),
        (sums - program.row_upper).max(initial=0.0),
    )

    def value(w: Floats) -> float:
        return float(0.5 * w @ quadratic @ w + linear @ w)

    return bool(np.isfinite(exact).all() and outside < 1e-10 and value(exact) <= value(x) + 1e-9)


def is_feasible(program: Program) -> bool:
    """Whether any weights lie within the limits, by a linear program (HiGHS)."""
    return largest_multiple(np.zeros(program.n), program) is not None


def largest_multiple(direction: Floats, program: Program) -> float | None:
    """Largest t <= 1 for which weights of at least t * direction exist; None if none exist."""
    from scipy.optimize import linprog

    rows = np.vstack([program.matrix, np.eye(program.size)[: program.n]])
    pull = np.append(np.zeros(len(program.matrix)), direction)
    low = np.append(program.row_lower, np.zeros(program.n))
    high = np.append(program.row_upper, np.full(program.n, np.inf))
    low[len(program.matrix) :][direction == 0.0] = -np.inf
    upper, lower = np.isfinite(high), np.isfinite(low)
    solved = linprog(
        np.append(np.zeros(program.size), -1.0),
        np.vstack(
            [
                np.column_stack([rows[upper], -pull[upper]]),
                np.column_stack([-rows[lower], pull[lower]]),
            ]
        ),
        np.append(high[upper], -low[lower]),
        bounds=[*zip(program.lower, program.upper, strict=True), (0.0, 1.0)],
        method="highs",
    )
    return float(solved.x[-1]) if solved.x is not None else None


def settled(weights: Floats, limits: Limits) -> Floats:
    """Weights put exactly onto their bounds, the rounding of the solver spread over the others."""
    low, high = limits.lower, limits.upper
    found = np.clip(weights, low, high)
    found[(np.abs(found) < 1e-9) & (low <= 0.0) & (high >= 0.0)] = 0.0
    invested = limits.rows[0]
    gap = float(np.clip(found.sum(), invested.lower, invested.upper) - found.sum())
    room = (high - found > 1e-6) & (found - low > 1e-6) & (found != 0.0)
    if gap != 0.0 and room.any():
        found[room] += gap / room.sum()
    return found
