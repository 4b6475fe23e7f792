import numpy as np
import pytest

from nautilus.core.errors import SolverError
from nautilus.portfolio import Constraints
from nautilus.portfolio.constraints import limits_of
from nautilus.portfolio.solvers import minimize_quadratic, program_of, settled


def program(n=3, **options):
    return program_of(limits_of(Constraints(**options), range(n)))


def test_projection_onto_the_simplex():
    wanted = np.array([0.9, 0.5, -0.2])
    found = minimize_quadratic(np.eye(3), -wanted, program())
    np.testing.assert_allclose(found, [0.7, 0.3, 0.0], atol=1e-9)


def test_no_weights_are_none():
    assert minimize_quadratic(np.eye(3), np.zeros(3), program(max_weight=0.2)) is None


def test_limits_that_miss_each_other_by_little_are_none():
    sectors = {0: "x", 1: "x", 2: "y"}
    close = program(min_weight={2: 1e-5}, sectors=sectors, sector_limits={"y": 0.0})
    assert minimize_quadratic(np.eye(3), -np.ones(3), close) is None


def test_a_solver_that_stops_early_is_an_error():
    with pytest.raises(SolverError, match="piqp ended with PIQP_"):
        minimize_quadratic(np.full((3, 3), np.nan), np.zeros(3), program())


def test_extra_variables_for_turnover_and_leverage():
    wide = program(min_weight=-0.5, max_leverage=2.0, current_weights={0: 1.0}, max_turnover=0.1)
    assert wide.size == 3 + 4 + 3
    assert wide.names.count("change") == 8
    assert wide.names.count("size") == 6


def test_rounding_is_spread_over_what_is_not_on_a_bound():
    limits = limits_of(Constraints(max_weight=0.5), range(3))
    found = settled(np.array([0.5 + 1e-10, 0.5 - 5e-6, 5e-6 + 3e-10]), limits)
    assert found.sum() == pytest.approx(1.0, abs=1e-15)
    assert found[0] == 0.5
