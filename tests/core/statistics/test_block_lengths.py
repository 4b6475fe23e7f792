import arch.bootstrap
import numpy as np
import pytest
from scipy.signal import lfilter

from nautilus.core.errors import ParameterError
from nautilus.core.statistics import optimal_block_length


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.3, 0.7, 0.95])
@pytest.mark.parametrize("n", [1000, 2520])
def test_length_equals_arch(n, rho):
    x = lfilter([1.0], [1.0, -rho], np.random.default_rng(n).standard_normal(n))
    expected = arch.bootstrap.optimal_block_length(x).iloc[0]
    assert optimal_block_length(x) == pytest.approx(max(1.0, expected["stationary"]), rel=1e-9)
    assert optimal_block_length(x, kind="circular") == pytest.approx(
        max(1.0, expected["circular"]), rel=1e-9
    )


def test_a_panel_is_its_columns_and_a_gap_is_no_time():
    x = lfilter([1.0], [1.0, -0.8], np.random.default_rng(2).standard_normal((300, 3)), axis=0)
    gapped = x.copy()
    gapped[7, 1] = np.nan
    found = optimal_block_length(gapped)
    expected = [x[:, 0], np.delete(x[:, 1], 7), x[:, 2]]
    assert found == pytest.approx([optimal_block_length(c) for c in expected], rel=1e-12)


def test_blocks_stay_between_one_and_a_third_of_the_series():
    assert optimal_block_length(np.full(50, 0.1)) == 1.0
    assert optimal_block_length(np.arange(30.0)) <= 10.0
    assert 1.0 <= optimal_block_length([1.0, 2.0, 4.0]) <= 1.0


def test_too_few_values():
    assert np.isnan(optimal_block_length([1.0, np.nan, 2.0]))


def test_an_unknown_kind_is_named():
    with pytest.raises(ParameterError, match="`kind` must be one of 'stationary', 'circular'"):
        optimal_block_length([1.0, 2.0, 3.0], kind="moving")
