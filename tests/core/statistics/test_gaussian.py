import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError
from nautilus.core.statistics import normal_cdf, normal_density, normal_quantile


@given(st.floats(-37.0, 8.0))
def test_cdf_keeps_the_relative_precision_of_the_tail(x):
    assert normal_cdf(x) == pytest.approx(scipy.stats.norm.cdf(x), rel=1e-11)
    assert normal_density(x) == pytest.approx(scipy.stats.norm.pdf(x), rel=1e-11)


@given(st.floats(1e-300, 1.0 - 1e-12))
def test_quantile_equals_scipys(probability):
    expected = scipy.stats.norm.ppf(probability)
    assert normal_quantile(probability) == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_percent_is_not_a_probability():
    with pytest.raises(
        ParameterError, match=r"`probability` must be in \(0, 1\), got 99. Pass 0.99"
    ):
        normal_quantile(99)
