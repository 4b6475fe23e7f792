import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from nautilus.core.errors import ParameterError, ShapeError
from nautilus.core.statistics import benjamini_hochberg, benjamini_yekutieli, holm

many = arrays(np.float64, st.integers(1, 40), elements=st.floats(0.0, 1.0))


@given(many)
def test_adjusted_values_equal_scipy_and_statsmodels(p):
    control = scipy.stats.false_discovery_control
    assert benjamini_hochberg(p) == pytest.approx(control(p, method="bh"), rel=1e-12)
    assert benjamini_yekutieli(p) == pytest.approx(control(p, method="by"), rel=1e-12)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)


@given(many)
def test_adjusting_never_makes_a_test_stronger(p):
    for adjusted in (benjamini_hochberg(p), benjamini_yekutieli(p), holm(p)):
        assert (adjusted >= p * (1.0 - 1e-12)).all()
        assert (adjusted <= 1.0).all()


@pytest.mark.parametrize("adjust", [benjamini_hochberg, benjamini_yekutieli, holm])
def test_a_test_that_was_not_made_does_not_count(adjust):
    found = adjust([0.01, np.nan, 0.04])
    assert np.isnan(found[1])
    assert found[[0, 2]].tolist() == adjust([0.01, 0.04]).tolist()
    assert adjust([]).shape == (0,)


@pytest.mark.parametrize("adjust", [benjamini_hochberg, benjamini_yekutieli, holm])
def test_wrong_input_is_named(adjust):
    with pytest.raises(ParameterError, match=r"`p_values` must be in \[0, 1\], got 5"):
        adjust([0.2, 5.0])
    with pytest.raises(ShapeError, match="`p_values` must be 1-D, got 2-D"):
        adjust([[0.2]])
