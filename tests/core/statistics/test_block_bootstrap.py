import numpy as np
import pytest
import scipy.stats
from scipy.signal import lfilter

from nautilus.core.errors import ParameterError, ShapeError
from nautilus.core.statistics import (
    bootstrap_interval,
    hac_standard_error_of_mean,
    stationary_bootstrap_indices,
)


def mean(x):
    return x.mean(axis=0)


def test_blocks_have_the_expected_length_and_every_position_the_same_chance():
    rows = stationary_bootstrap_indices(50, 5.0, 4000, 0)
    continued = (np.diff(rows, axis=1) % 50 == 1).mean()
    # 1 - 1 / 5, and a new start that happens to be the next one.
    assert continued == pytest.approx(0.8 + 0.2 / 50, abs=0.005)
    assert np.bincount(rows.ravel(), minlength=50) / rows.size == pytest.approx(0.02, abs=0.002)


def test_blocks_of_one_are_the_ordinary_bootstrap():
    rows = stationary_bootstrap_indices(40, 1.0, 2000, 0)
    assert (np.diff(rows, axis=1) % 40 == 1).mean() == pytest.approx(1 / 40, abs=0.003)


def test_the_same_seed_draws_the_same():
    first = stationary_bootstrap_indices(20, 3.0, 5, 7)
    assert (first == stationary_bootstrap_indices(20, 3.0, 5, np.random.default_rng(7))).all()


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_interval_of_a_mean_is_as_wide_as_its_hac_error(method):
    x = lfilter([1.0], [1.0, -0.5], np.random.default_rng(4).standard_normal(800))
    found = bootstrap_interval(mean, x, method=method, block_length=25, replications=3000)
    error = hac_standard_error_of_mean(x, 25)
    assert found.estimate == x.mean()
    assert found.standard_error == pytest.approx(error, rel=0.1)
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_bca_equals_scipy_for_independent_values():
    x = np.random.default_rng(6).exponential(size=120)
    found = bootstrap_interval(mean, x, method="bca", block_length=1, replications=20_000)
    expected = scipy.stats.bootstrap(
        (x,), np.mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.lower, found.upper) == pytest.approx(tuple(expected), rel=0.01)


def test_pairs_are_drawn_together():
    x = np.random.default_rng(2).normal(size=200)
    found = bootstrap_interval(lambda a, b: (b - a).mean(axis=0), x, x + 1.0)
    assert (found.lower, found.upper) == pytest.approx((1.0, 1.0))


def test_a_time_with_a_gap_is_left_out():
    x = np.random.default_rng(2).normal(size=100)
    gapped = np.insert(x, 5, np.nan)
    assert bootstrap_interval(mean, gapped) == bootstrap_interval(mean, x)


def test_samples_made_in_parts_are_the_whole():
    x = np.random.default_rng(2).normal(size=5000)
    found = bootstrap_interval(mean, x, replications=1000, block_length=2)
    assert found.replications == 1000
    assert found.lower < x.mean() < found.upper


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_a_statistic_that_does_not_exist_has_no_interval(method):
    found = bootstrap_interval(lambda x: np.full(x.shape[1], np.nan), np.arange(9.0), method=method)
    assert np.isnan([found.estimate, found.lower, found.upper, found.standard_error]).all()
    assert found.replications == 0


def test_bca_is_undefined_where_all_replicates_lie_on_one_side():
    found = bootstrap_interval(lambda x: x.max(axis=0) + (x.shape[1] == 1), np.arange(30.0),
                               method="bca", replications=200)  # fmt: skip
    assert np.isnan(found.lower)
    assert found.standard_error > 0.0


def test_bca_of_a_constant_is_the_constant():
    found = bootstrap_interval(mean, np.full(30, 2.0), method="bca", replications=100)
    assert (found.lower, found.upper) == (2.0, 2.0)


def test_wrong_options_are_named():
    with pytest.raises(ParameterError, match=r"`block_length` must be at least 1, got 0\.5"):
        stationary_bootstrap_indices(10, 0.5, 2, 0)
    with pytest.raises(ParameterError, match="`method` must be one of 'percentile', 'bca'"):
        bootstrap_interval(mean, [1.0, 2.0], method="normal")
    with pytest.raises(
        ShapeError, match=r"`series` must be 1-D and of equal length, got \(3,\), \(2,\)"
    ):
        bootstrap_interval(mean, [1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ShapeError, match="`series` must hold at least one time without NaN"):
        bootstrap_interval(mean, [np.nan])
