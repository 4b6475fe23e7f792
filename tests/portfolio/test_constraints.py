import pytest

from nautilus.core.errors import LabelError, MissingInputError, NotBuiltError, ParameterError
from nautilus.portfolio import Constraints, min_variance


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"max_weight": 40}, ParameterError, r"must be a fraction, got 40. Pass 0.4 for 40 %"),
        ({"max_weight": float("nan")}, ParameterError, "`max_weight` must be finite"),
        ({"min_weight": 0.5, "max_weight": 0.1}, ParameterError, "`min_weight` 0.5 is above `max"),
        (
            {"min_weight": {"A": 0.5}, "max_weight": {"A": 0.1}},
            ParameterError,
            "`min_weight` of A 0.5 is above `max_weight` 0.1",
        ),
        ({"min_cash": 0.2}, ParameterError, "`min_cash` 0.2 is above `max_cash` 0"),
        ({"max_leverage": 0}, ParameterError, "`max_leverage` must be above 0, got 0"),
        ({"sector_limits": {"tech": 0.2}}, MissingInputError, "`sector_limits` need `sectors`"),
        (
            {"sector_limits": {"tehc": 0.2}, "sectors": {"A": "tech"}},
            LabelError,
            r"names 'tehc', in which there is no asset. Sectors are tech",
        ),
        (
            {"sector_limits": {"tech": (0.5, 0.2)}, "sectors": {"A": "tech"}},
            ParameterError,
            "of 'tech' has minimum 0.5 above maximum 0.2",
        ),
        ({"max_turnover": 0.1}, MissingInputError, "`max_turnover` needs `current_weights`"),
        (
            {"max_turnover": -0.1, "current_weights": {}},
            ParameterError,
            "`max_turnover` must be at least 0",
        ),
    ],
)
def test_contradictions_are_seen_when_made(options, error, message):
    with pytest.raises(error, match=message):
        Constraints(**options)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"max_weight": {"APPL": 0.1}}, LabelError, "`max_weight` names APPL, which is no asset"),
        (
            {"sectors": {"KO": "staples"}, "sector_limits": {"staples": 0.2}},
            LabelError,
            "`sectors` lacks AAPL, AMD, BAC, BBY, CVX; with sector_limits every asset needs one",
        ),
        (
            {"current_weights": {"XYZ": 1.0}, "max_turnover": 0.1},
            LabelError,
            "`current_weights` names XYZ",
        ),
        ({"max_positions": 5}, NotBuiltError, "`max_positions` is documented and not built yet"),
        ({"factor_limits": {"beta": 1}}, NotBuiltError, "`factor_limits` is documented and not"),
    ],
)
def test_names_are_checked_against_the_assets(options, error, message, returns):
    with pytest.raises(error, match=message):
        min_variance(returns, constraints=Constraints(**options))


def test_only_what_was_given_is_shown():
    assert repr(Constraints()) == "Constraints()"
    assert repr(Constraints(max_weight=0.1)) == "Constraints(max_weight=0.1)"


def test_mappings_may_be_series():
    import pandas as pd

    assert Constraints(max_weight=pd.Series({"A": 0.4})).max_weight == {"A": 0.4}
