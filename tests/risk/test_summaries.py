import math

import numpy as np
import pytest

from nautilus.core.errors import NotBuiltError, ParameterError
from nautilus.core.results import reasons, unexplained
from nautilus.risk import expected_shortfall, value_at_risk, var_summary

NORMAL = np.random.default_rng(5).normal(0.0, 0.01, 2000)


def test_the_figures_are_those_of_the_plain_functions():
    summary = var_summary(NORMAL, horizon=10)
    assert len(summary.estimates) == 4
    for found in summary.estimates:
        options = {"confidence": found.confidence, "method": found.method, "horizon": 10}
        assert found.value_at_risk == value_at_risk(NORMAL, **options)
        assert found.expected_shortfall == expected_shortfall(NORMAL, **options)
        assert found.lower < found.value_at_risk < found.upper
        assert found.n_used == 2000
    assert unexplained(summary) == ()
    assert not list(reasons(summary))


def test_standard_errors_are_what_repetition_shows():
    rng = np.random.default_rng(0)
    worlds = rng.normal(0, 0.01, (500, 800))
    for method in ("historical", "normal"):
        options = {"confidence": 0.95, "method": method}
        spread = np.std(value_at_risk(worlds, **options))
        shortfall_spread = np.std(expected_shortfall(worlds, **options))
        found = [
            var_summary(w, confidence=0.95, methods=method).estimates[0] for w in worlds.T[:60]
        ]
        assert np.mean([e.standard_error for e in found]) == pytest.approx(spread, rel=0.15)
        errors = [e.expected_shortfall_error for e in found]
        assert np.mean(errors) == pytest.approx(shortfall_spread, rel=0.15)


def test_the_intervals_cover():
    worlds = np.random.default_rng(1).standard_t(4, (1000, 300)) * 0.01
    found = [var_summary(w, confidence=0.95, methods="historical").estimates[0] for w in worlds.T]
    truth = 0.01 * 2.1318467863266499
    covered = np.mean([e.lower <= truth <= e.upper for e in found])
    assert covered > 0.91


def test_few_tail_returns_are_said():
    (found,) = var_summary(NORMAL[:300], confidence=0.99, methods="historical").estimates
    assert found.n_tail == pytest.approx(3.0)
    assert found.reasons[0].code == "FEW_TAIL_RETURNS"
    # the smallest return is exceeded with probability 5 %: no finite upper end
    assert math.isnan(found.upper)
    assert unexplained(found) == ()


def test_too_few_returns_are_explained():
    (found,) = var_summary(NORMAL[:50], confidence=0.99, methods="historical").estimates
    assert math.isnan(found.value_at_risk)
    (reason,) = found.reasons
    assert (reason.code, reason.have, reason.need) == ("INSUFFICIENT_DATA", 50, 100)
    assert unexplained(found) == ()


def test_an_empty_series_is_explained():
    assert unexplained(var_summary([])) == ()


def test_one_row_for_each_asset_method_and_confidence():
    frame = var_summary(np.column_stack([NORMAL, 2 * NORMAL])).to_frame()
    assert frame.index.tolist() == [0] * 4 + [1] * 4
    assert frame["value_at_risk"].iloc[4:].tolist() == pytest.approx(
        (2 * frame["value_at_risk"].iloc[:4]).tolist()
    )


def test_what_is_refused():
    with pytest.raises(ParameterError, match="`methods` must name at least one"):
        var_summary(NORMAL, methods=())
    with pytest.raises(ParameterError, match=r"`confidence` must be in \(0, 1\), got 95"):
        var_summary(NORMAL, confidence=(0.99, 95))
    with pytest.raises(NotBuiltError, match="'filtered' is documented and not built yet"):
        var_summary(NORMAL, methods=("historical", "filtered"))
