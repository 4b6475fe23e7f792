import numpy as np
import pandas as pd
import pytest
import scipy.stats

from nautilus.core.errors import ParameterError
from nautilus.core.statistics import kurtosis, skewness

VALUES = np.random.default_rng(3).standard_t(4, size=(300, 3)) + 0.5


def test_population_convention_is_scipys():
    assert skewness(VALUES) == pytest.approx(scipy.stats.skew(VALUES), rel=1e-12)
    assert kurtosis(VALUES) == pytest.approx(scipy.stats.kurtosis(VALUES), rel=1e-12)


def test_adjusted_convention_is_pandas():
    frame = pd.DataFrame(VALUES)
    assert skewness(VALUES, convention="adjusted") == pytest.approx(frame.skew(), rel=1e-12)
    assert kurtosis(VALUES, convention="adjusted") == pytest.approx(frame.kurt(), rel=1e-12)


def test_minitab_convention_divides_by_the_sample_deviation():
    x = np.array([1.0, 2.0, 6.0, 9.0])
    gap, s = x - x.mean(), x.std(ddof=1)
    assert skewness(x, convention="minitab") == pytest.approx((gap**3).mean() / s**3)
    assert kurtosis(x, convention="minitab") == pytest.approx((gap**4).mean() / s**4 - 3.0)


def test_excess_is_above_the_normals_three():
    assert kurtosis(VALUES[:, 0], excess=False) == pytest.approx(kurtosis(VALUES[:, 0]) + 3.0)


def test_a_missing_value_is_no_value():
    gapped = np.insert(VALUES, 7, np.nan, axis=0)
    assert skewness(gapped).tolist() == skewness(VALUES).tolist()
    assert kurtosis(gapped).tolist() == kurtosis(VALUES).tolist()


@pytest.mark.parametrize("constant", [0.1, 0.0, 1e9 / 3])
def test_constant_values_have_no_shape(constant):
    assert np.isnan(skewness(np.full(50, constant)))
    assert np.isnan(kurtosis(np.full(50, constant)))


def test_a_spread_of_rounding_is_no_spread():
    assert np.isnan(skewness(1.0 + np.array([0.0, 1.0, 0.0, 2.0]) * np.finfo(float).eps))


@pytest.mark.parametrize("convention", ["population", "adjusted", "minitab"])
def test_too_few_values(convention):
    assert np.isnan(skewness([1.0, 2.0], convention=convention))
    assert np.isnan(kurtosis([1.0, 2.0, 4.0], convention=convention))
    assert np.isnan(skewness([], convention=convention))


def test_a_convention_has_a_name():
    message = "`convention` must be one of 'population', 'adjusted', 'minitab', got True"
    with pytest.raises(ParameterError, match=message):
        skewness(VALUES, convention=True)
