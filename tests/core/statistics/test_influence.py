import numpy as np
import pytest

from nautilus.core.errors import ShapeError
from nautilus.core.statistics import (
    hac_standard_error_of_mean,
    influence_of_moments,
    influence_standard_error,
    jackknife_influence,
)

RETURNS = np.random.default_rng(8).normal(0.001, 0.01, size=600)


def sharpe(x):
    return x.mean(axis=0) / x.std(axis=0)


def test_the_influence_on_a_mean_is_the_distance_from_it():
    influence = influence_of_moments(RETURNS[:, None], [1.0])
    assert influence == pytest.approx(RETURNS - RETURNS.mean())
    assert influence_standard_error(influence, 3) == pytest.approx(
        hac_standard_error_of_mean(RETURNS, 3), rel=1e-12
    )


def test_delta_method_gives_los_standard_error_of_the_sharpe_ratio():
    mean, square = RETURNS.mean(), (RETURNS**2).mean()
    deviation = np.sqrt(square - mean**2)
    gradient = [square / deviation**3, -mean / (2.0 * deviation**3)]
    influence = influence_of_moments(np.column_stack([RETURNS, RETURNS**2]), gradient)
    ratio = mean / deviation
    # Lo (2002), equation 9; normal returns, so that skewness and kurtosis add little.
    expected = np.sqrt((1.0 + ratio**2 / 2.0) / len(RETURNS))
    assert influence_standard_error(influence, 0) == pytest.approx(expected, rel=0.02)


def test_jackknife_and_delta_method_agree():
    mean, square = RETURNS.mean(), (RETURNS**2).mean()
    deviation = np.sqrt(square - mean**2)
    gradient = [square / deviation**3, -mean / (2.0 * deviation**3)]
    smooth = influence_of_moments(np.column_stack([RETURNS, RETURNS**2]), gradient)
    left_out = jackknife_influence(sharpe, RETURNS)
    # The jackknife keeps a term of order 1/n.
    assert np.abs(left_out - smooth).max() < 0.02 * np.abs(smooth).max()


def test_blocks_are_left_out_together_and_the_rest_is_kept():
    found = jackknife_influence(lambda x: x.mean(axis=0), np.arange(7.0), block_length=3)
    assert found == pytest.approx([0.5 * (4.5 - 2.25) * -1, 0.5 * (4.5 - 2.25)])


def test_many_samples_are_made_in_parts():
    long = np.random.default_rng(1).normal(size=3000)
    found = jackknife_influence(lambda x: x.mean(axis=0), long)
    assert found == pytest.approx(long - long.mean(), abs=1e-9)


def test_several_series_are_left_out_together():
    x, y = RETURNS, 2.0 * RETURNS
    found = jackknife_influence(lambda a, b: (b - a).mean(axis=0), x, y)
    assert found == pytest.approx(x - x.mean(), abs=1e-12)


def test_a_missing_row_has_no_influence():
    moments = np.column_stack([[1.0, np.nan, 3.0], [1.0, 4.0, 9.0]])
    found = influence_of_moments(moments, [1.0, 0.5])
    assert found[[0, 2]].tolist() == [-3.0, 3.0]
    assert np.isnan(found[1])


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"`moments` must be \(time, moment\) and `gradient`"):
        influence_of_moments(RETURNS, [1.0])
    with pytest.raises(ShapeError, match="`series` must be 1-D, of equal length and at least 2"):
        jackknife_influence(sharpe, [1.0])
