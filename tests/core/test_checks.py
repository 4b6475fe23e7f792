from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from nautilus.core import checks
from nautilus.core.errors import ParameterError

NUMBERS = [
    checks.check_finite,
    checks.check_positive,
    checks.check_non_negative,
    checks.check_probability,
    checks.check_window,
]


def refused(check, value, *rest):
    with pytest.raises(ParameterError) as caught:
        check(value, "size", *rest)
    assert caught.value.field == "size"
    return str(caught.value)


@pytest.mark.parametrize("check", NUMBERS)
@pytest.mark.parametrize("value", ["0.5", b"1", None, True, np.True_])
def test_words_nothing_and_truth_values_are_no_numbers(check, value):
    assert refused(check, value).startswith("`size` must be a number, got ")


@pytest.mark.parametrize("check", NUMBERS)
@pytest.mark.parametrize("value", [[1.0], np.array([1.0]), np.array([1.0, 2.0]), 1j, object()])
def test_what_float_cannot_take_is_named_by_its_kind(check, value):
    assert refused(check, value) == f"`size` must be a number, got {type(value).__name__}."


@pytest.mark.parametrize("check", NUMBERS)
def test_an_integer_beyond_float_is_a_parameter_error(check):
    assert refused(check, 10**400) == "`size` must be a number, got int."


@pytest.mark.parametrize(
    "value", [0.5, np.float64(0.5), np.array(0.5), Decimal("0.5"), Fraction(1, 2)]
)
def test_every_kind_of_number_comes_back_as_a_plain_float(value):
    for check in NUMBERS[:4]:
        assert type(check(value, "size")) is float
        assert check(value, "size") == 0.5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_finite_means_finite(value):
    assert refused(checks.check_finite, value) == f"`size` must be finite, got {value}."
    assert "must be finite" in refused(checks.check_positive, value)
    assert "must be finite" in refused(checks.check_non_negative, value)


def test_zero_is_not_positive_but_not_negative():
    assert refused(checks.check_positive, 0) == "`size` must be above 0, got 0."
    assert checks.check_non_negative(0, "size") == 0.0
    assert refused(checks.check_non_negative, -1e-9) == "`size` must be at least 0, got -1e-09."


@pytest.mark.parametrize(
    "value, hint",
    [
        (99, " Pass 0.99 for 99 %."),
        (1.5, " Pass 0.015 for 1.5 %."),
        (1, ""),
        (0, ""),
        (-3, ""),
        (100, ""),
    ],
)
def test_a_probability_is_open_and_percent_is_taught(value, hint):
    assert (
        refused(checks.check_probability, value) == f"`size` must be in (0, 1), got {value}.{hint}"
    )


def test_nan_is_no_probability():
    assert refused(checks.check_probability, np.nan) == "`size` must be in (0, 1), got nan."


def test_a_numpy_number_is_shown_as_the_user_wrote_it():
    assert "got 99.0. Pass 0.99 for 99 %." in refused(checks.check_probability, np.float64(99))
    assert "got 0." in refused(checks.check_window, np.int64(0))


@pytest.mark.parametrize("value", [0, 1, 0.9])
def test_a_fraction_may_touch_both_ends(value):
    assert checks.check_fraction(value, "size") == value


def test_a_fraction_given_in_percent_is_taught():
    assert (
        refused(checks.check_fraction, 90) == "`size` must be in [0, 1], got 90. Pass 0.9 for 90 %."
    )
    assert refused(checks.check_fraction, -0.1) == "`size` must be in [0, 1], got -0.1."
    assert refused(checks.check_fraction, np.nan) == "`size` must be in [0, 1], got nan."


@pytest.mark.parametrize("value", [14, 14.0, np.int8(14), np.float32(14)])
def test_a_window_is_a_plain_int(value):
    assert type(checks.check_window(value, "size")) is int


@pytest.mark.parametrize("value", [2.5, np.nan, np.inf])
def test_a_window_is_whole(value):
    assert (
        refused(checks.check_window, value)
        == f"`size` must be a whole number of bars, got {value}."
    )


def test_a_window_has_a_minimum():
    assert refused(checks.check_window, 1, 2) == "`size` must be at least 2, got 1."


def test_a_choice_lists_what_is_known():
    assert checks.check_choice("a", "size", ("a", "b")) == "a"
    assert (
        refused(checks.check_choice, "c", ("a", "b")) == "`size` must be one of 'a', 'b', got 'c'."
    )


@pytest.mark.parametrize("value", [None, ["a"], 1, np.array(["a", "b"])])
def test_a_choice_is_a_word(value):
    assert refused(checks.check_choice, value, ("a", "b")).startswith(
        "`size` must be one of 'a', 'b'"
    )
