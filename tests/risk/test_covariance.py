import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import ledoit_wolf

from nautilus.core.errors import DataError, LabelError, NotEnoughDataError, ShapeError
from nautilus.risk.covariance import complete_rows, covariance_of, labelled_matrix

VALUES = np.random.default_rng(3).standard_t(5, (300, 8)) @ np.diag(np.arange(1, 9)) * 0.01


def test_sample_is_numpys():
    found, shrinkage = covariance_of(VALUES, "sample")
    np.testing.assert_allclose(found, np.cov(VALUES.T), rtol=1e-12, atol=1e-18)
    assert shrinkage is None


@pytest.mark.parametrize("rows", [300, 20, 4])
def test_ledoit_wolf_is_scikit_learns(rows):
    found, shrinkage = covariance_of(VALUES[:rows], "ledoit_wolf")
    theirs, theirs_shrinkage = ledoit_wolf(VALUES[:rows])
    np.testing.assert_allclose(found, theirs, rtol=1e-10, atol=1e-15)
    assert shrinkage == pytest.approx(theirs_shrinkage, rel=1e-10)


def test_ewma_by_hand():
    found, _ = covariance_of(np.array([[0.02], [0.01]]), "ewma")
    assert found[0, 0] == pytest.approx((0.94 * 0.0004 + 0.0001) / 1.94)


def test_an_asset_that_does_not_move_has_no_variance():
    still = np.column_stack([VALUES[:, 0], np.full(300, 0.1)])
    assert covariance_of(still, "sample")[0][1].tolist() == [0.0, 0.0]


def test_rows_with_nan_are_left_out_and_too_few_are_refused():
    frame = pd.DataFrame({"A": [np.nan, 0.1, 0.2], "B": [0.1, np.nan, 0.1]})
    with pytest.raises(NotEnoughDataError, match=r"1 rows without NaN, need 2; 'A' lacks 1 of 3"):
        complete_rows(frame)
    with pytest.raises(DataError, match="`returns` must be finite, got infinity"):
        complete_rows(np.array([[0.1], [np.inf], [0.1]]))


def test_matrices_are_joined_by_label():
    matrix = pd.DataFrame([[1.0, 0.2], [0.2, 2.0]], index=["A", "B"], columns=["A", "B"])
    assert labelled_matrix(matrix, "covariance", ["B", "A"]).tolist() == [[2.0, 0.2], [0.2, 1.0]]
    with pytest.raises(LabelError, match=r"`covariance` must have the assets .* differ in A, C"):
        labelled_matrix(matrix, "covariance", ["B", "C"])
    with pytest.raises(ShapeError, match=r"`covariance` must be 3 by 3, got \(2, 2\)"):
        labelled_matrix(np.eye(2), "covariance", ["A", "B", "C"])
    with pytest.raises(DataError, match="`covariance` must be finite and symmetric"):
        labelled_matrix(np.array([[1.0, 0.5], [0.1, 1.0]]), "covariance", ["A", "B"])
