"""Figures printed by others, recomputed.

Sources: data set `portfolio_bacon` of R PerformanceAnalytics (monthly returns of Bacon 2008, tables
4.1 and 4.2) with the values that its documentation and its vignette "Performance Attribution from
Bacon" print; data set `managers` of the same package, columns HAM1 and SP500 TR, 1996-01 to
2006-12, with the outputs of its reference pages (table.Drawdowns, table.SFM, CalmarRatio,
SterlingRatio, SortinoRatio, SharpeRatio, MarketTiming).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nautilus.analytics as na

# fmt: off
BACON = np.array([
    0.3, 2.6, 1.1, -1.0, 1.5, 2.5, 1.6, 6.7, -1.4, 4.0, -0.5, 8.1,
    4.0, -3.7, -6.1, 1.7, -4.9, -2.2, 7.0, 5.8, -6.5, 2.4, -0.5, -0.9,
]) / 100
# Two rows per year, 1996 to 2006.
HAM1 = [
    0.0074, 0.0193, 0.0155, -0.0091, 0.0076, -0.0039,
    -0.0231, 0.0395, 0.0147, 0.0288, 0.0156, 0.0176,
    0.0212, 0.0022, 0.0094, 0.0126, 0.0438, 0.0231,
    0.0154, 0.0237, 0.0219, -0.0207, 0.025, 0.011,
    0.0056, 0.0429, 0.0362, 0.0078, -0.0231, 0.0121,
    -0.0215, -0.0944, 0.0248, 0.0558, 0.0126, 0.0097,
    -0.0093, 0.0094, 0.0462, 0.051, 0.0162, 0.0326,
    0.0098, -0.0165, -0.0045, -0.0006, 0.0035, 0.0147,
    -0.0102, 0.0123, 0.0575, 0.0202, 0.0339, 0.0123,
    0.0049, 0.0387, 0.0013, -0.0077, 0.0104, -0.0068,
    0.0079, 0.0082, -0.0105, 0.0345, 0.0579, 0.0021,
    0.0207, 0.0161, -0.0312, 0.0011, 0.034, 0.0676,
    0.0135, -0.0124, 0.0063, 0.0046, -0.0015, -0.0241,
    -0.0755, 0.0077, -0.0575, 0.0297, 0.0661, -0.0323,
    -0.0412, -0.0251, 0.0364, 0.0651, 0.0337, 0.0308,
    0.0176, 0.0003, 0.009, 0.0481, 0.0169, 0.0275,
    0.0053, -0.0001, 0.0087, -0.0043, 0.0082, 0.0259,
    0.0, 0.0055, 0.0088, -0.0006, 0.0394, 0.044,
    0.0001, 0.0215, -0.0207, -0.0209, 0.0043, 0.0161,
    0.0091, 0.0113, 0.0261, -0.0187, 0.0231, 0.0261,
    0.0692, 0.0145, 0.0397, -0.0011, -0.0267, 0.0216,
    -0.0144, 0.0161, 0.0068, 0.0427, 0.0117, 0.0115,
]
SP500 = [
    0.034, 0.0093, 0.0096, 0.0147, 0.0258, 0.0038,
    -0.0442, 0.0211, 0.0563, 0.0276, 0.0756, -0.0198,
    0.0625, 0.0078, -0.0411, 0.0597, 0.0609, 0.0448,
    0.0796, -0.056, 0.0548, -0.0334, 0.0463, 0.0172,
    0.0111, 0.0721, 0.0512, 0.0101, -0.0172, 0.0406,
    -0.0106, -0.1446, 0.0641, 0.0813, 0.0606, 0.0576,
    0.0418, -0.0311, 0.04, 0.0387, -0.0236, 0.0555,
    -0.0312, -0.0049, -0.0274, 0.0633, 0.0203, 0.0589,
    -0.0502, -0.0189, 0.0978, -0.0301, -0.0205, 0.0247,
    -0.0156, 0.0621, -0.0528, -0.0042, -0.0788, 0.0049,
    0.0355, -0.0912, -0.0634, 0.0777, 0.0067, -0.0243,
    -0.0098, -0.0626, -0.0808, 0.0191, 0.0767, 0.0088,
    -0.0146, -0.0193, 0.0376, -0.0606, -0.0074, -0.0712,
    -0.078, 0.0066, -0.1087, 0.088, 0.0589, -0.0587,
    -0.0262, -0.015, 0.0097, 0.0824, 0.0527, 0.0128,
    0.0176, 0.0195, -0.0106, 0.0566, 0.0088, 0.0524,
    0.0184, 0.0139, -0.0151, -0.0157, 0.0137, 0.0195,
    -0.0331, 0.0041, 0.0108, 0.0153, 0.0405, 0.034,
    -0.024375, 0.02104, -0.01771, -0.019, 0.03182, 0.00142,
    0.0372, -0.0091, 0.0081, -0.0167, 0.0378, 0.0003,
    0.0265, 0.0027, 0.0125, 0.0134, -0.0288, 0.0014,
    0.0062, 0.0238, 0.0258, 0.0326, 0.019, 0.01403,
]
# fmt: on
MONTHS = pd.date_range("1996-01-31", periods=132, freq="ME")
FUND, INDEX = pd.Series(HAM1, MONTHS), pd.Series(SP500, MONTHS)
RATE = (1 + 0.035 / 12) ** 12 - 1  # per annum, so that one month is 3.5 % / 12
HALF_PERCENT = 1.005**12 - 1  # per annum, so that one month is 0.5 %
ROOT = 12**0.5


@pytest.mark.parametrize(
    ("value", "printed", "digits"),
    [
        (na.mean_absolute_deviation(BACON), 0.0310, 3),
        (na.kurtosis(BACON), -0.57, 2),
        (na.kurtosis(BACON) + 3, 2.43, 2),
        (na.pain_index(BACON), 0.04, 2),
        (na.profit_factor(BACON), 1.78, 2),
        (
            na.omega_ratio(BACON, minimum_acceptable_return=HALF_PERCENT, periods_per_year=12),
            1.29,
            2,
        ),
    ],
)
def test_bacon(value: float, printed: float, digits: int) -> None:
    assert round(value, digits) == pytest.approx(printed, abs=10.0 ** -(digits + 1))


def test_bacon_skewness_with_the_small_sample_factor() -> None:
    n = len(BACON)
    assert na.skewness(BACON) * (n * (n - 1)) ** 0.5 / (n - 2) == pytest.approx(-0.09, abs=0.005)


def test_bacon_kappa_is_per_period() -> None:
    kappa = na.kappa_ratio(
        BACON, minimum_acceptable_return=HALF_PERCENT, periods_per_year=12, order=2
    )
    assert kappa / ROOT == pytest.approx(0.1566371, abs=5e-8)


def test_managers_ratios() -> None:
    assert na.calmar_ratio(FUND, periods_per_year=12) == pytest.approx(0.9061697, abs=5e-8)
    assert na.sterling_ratio(FUND, periods_per_year=12) == pytest.approx(0.5462542, abs=5e-8)
    assert na.sortino_ratio(FUND, periods_per_year=12) / ROOT == pytest.approx(0.7649, abs=5e-5)
    sharpe = na.sharpe_ratio(FUND, risk_free_rate=RATE, periods_per_year=12)
    assert sharpe / ROOT == pytest.approx(0.3201889, abs=5e-8)


def test_managers_against_the_index() -> None:
    assert na.alpha(FUND, INDEX, periods_per_year=12) / 12 == pytest.approx(0.0077, abs=5e-5)
    compounded = na.compounded_alpha(FUND, INDEX, periods_per_year=12)
    assert compounded == pytest.approx(0.0969, abs=5e-5)
    assert na.beta(FUND, INDEX) == pytest.approx(0.3906, abs=5e-5)
    assert na.up_beta(FUND, INDEX) == pytest.approx(0.3010, abs=5e-5)
    assert na.down_beta(FUND, INDEX) == pytest.approx(0.4257, abs=5e-5)
    assert na.r_squared(FUND, INDEX) == pytest.approx(0.4357, abs=5e-5)
    assert na.correlation(FUND, INDEX) == pytest.approx(0.6601, abs=5e-5)
    assert na.tracking_error(FUND, INDEX, periods_per_year=12) == pytest.approx(0.1132, abs=5e-5)


def test_managers_treynor_and_information_ratio_with_geometric_numerators() -> None:
    fund, index = (na.annualized_return(x, periods_per_year=12) for x in (FUND, INDEX))
    error = na.tracking_error(FUND, INDEX, periods_per_year=12)
    assert fund / na.beta(FUND, INDEX) == pytest.approx(0.3521, abs=5e-5)
    assert fund - index == pytest.approx(0.0408, abs=5e-5)
    assert (fund - index) / error == pytest.approx(0.3604, abs=5e-5)


def test_managers_market_timing() -> None:
    timing = na.henriksson_merton(FUND, INDEX, risk_free_rate=RATE, periods_per_year=12)
    assert timing.alpha / 12 == pytest.approx(0.008275839, abs=5e-10)
    # Printed with the exposure of rising markets as beta.
    assert timing.beta + timing.gamma == pytest.approx(0.3211407, abs=5e-8)
    assert abs(timing.gamma) == pytest.approx(0.1344417, abs=5e-8)


def test_managers_drawdowns() -> None:
    printed = [
        ("2000-09-30", "2002-09-30", "2006-10-31", -0.4473, 74, 25, 49),
        ("1998-07-31", "1998-08-31", "1998-11-30", -0.1537, 5, 2, 3),
        ("2000-01-31", "2000-02-29", "2000-03-31", -0.0682, 3, 2, 1),
        ("1999-07-31", "1999-09-30", "1999-11-30", -0.0624, 5, 3, 2),
        ("1997-08-31", "1997-08-31", "1997-11-30", -0.0560, 4, 1, 3),
    ]
    for found, row in zip(na.drawdown_table(INDEX), printed, strict=True):
        assert (found.start, found.trough, found.recovery) == tuple(map(pd.Timestamp, row[:3]))
        assert found.depth == pytest.approx(row[3], abs=5e-5)
        counts = (found.periods, found.periods_to_trough, found.periods_to_recovery)
        assert counts == row[4:]


def test_managers_calendar_returns() -> None:
    table = (100 * na.monthly_returns(FUND)).round(1)
    year_1996 = [0.7, 1.9, 1.6, -0.9, 0.8, -0.4, -2.3, 4.0, 1.5, 2.9, 1.6, 1.8, 13.6]
    assert table.loc[1996].tolist() == pytest.approx(year_1996, abs=0.101)
    assert table.loc[2006, "Year"] == pytest.approx(20.5, abs=0.051)


def test_bailey_lopez_de_prado_minimum_track_record() -> None:
    """A ratio of 2 a year in daily normal returns needs 2.73 years to beat 1 (2012, section 5)."""
    rng = np.random.default_rng(0)
    daily = rng.normal(0.0, 1.0, 200_000)
    daily = (daily - daily.mean()) / daily.std(ddof=1)
    returns = 0.01 * (daily + 2 / 250**0.5)
    need = na.minimum_track_record_length(
        returns, benchmark_sharpe=1.0, periods_per_year=250, confidence=0.95
    )
    assert need / 250 == pytest.approx(2.73, abs=0.02)
