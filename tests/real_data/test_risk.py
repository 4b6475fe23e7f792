"""Value at risk and optimisers on real returns."""

import numpy as np
import pytest

from nautilus.portfolio import Constraints, estimate_moments, min_variance, risk_parity
from nautilus.risk import expected_shortfall, risk_contributions, value_at_risk


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_exceptions_of_historical_value_at_risk(spy, confidence):
    values, window = spy.to_numpy(), 500
    days = range(window, len(values))
    figures = [value_at_risk(values[t - window : t], confidence=confidence) for t in days]
    hits = (values[window:] < -np.array(figures)).sum()
    n, share = len(values) - window, 1.0 - confidence
    # Exceptions cluster, so the band is that of the binomial with twice its deviation.
    assert abs(hits - n * share) < 2 * 2.58 * np.sqrt(n * share * (1.0 - share))


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_in_sample_the_share_beyond_is_the_stated_one(hundred, confidence):
    figures = value_at_risk(hundred, confidence=confidence)
    losses = -hundred
    beyond = (losses > figures).sum()
    assert abs(beyond - len(hundred) * (1.0 - confidence)).max() <= 1
    shortfall = expected_shortfall(hundred, confidence=confidence)
    assert (shortfall >= figures).all()
    for symbol in ("AAPL", "BA", "CCL"):
        worst = np.sort(losses[symbol].to_numpy())[::-1]
        mass = len(worst) * (1.0 - confidence)
        whole = int(mass)
        wanted = (worst[:whole].sum() + (mass - whole) * worst[whole]) / mass
        assert shortfall[symbol] == pytest.approx(wanted, rel=1e-12)


@pytest.fixture(scope="module")
def moments(hundred):
    return estimate_moments(hundred)


def check_kkt(weights, covariance, most):
    """First order conditions of least variance: equal slopes inside, the right sign on bounds."""
    slope = covariance @ weights
    level = weights @ slope
    inside = (weights > 1e-7) & (weights < most - 1e-7)
    price = slope[inside].mean() if inside.any() else level
    np.testing.assert_allclose(slope[inside], price, rtol=1e-5)
    assert (slope[weights <= 1e-7] >= price * (1 - 1e-5)).all()
    assert (slope[weights >= most - 1e-7] <= price * (1 + 1e-5)).all()


@pytest.mark.parametrize("most", [1.0, 0.05])
def test_least_variance_of_a_hundred_stocks(hundred, moments, most):
    found = min_variance(moments, constraints=Constraints(max_weight=most))
    weights = found.weights[hundred.columns].to_numpy()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert weights.min() >= -1e-12
    assert weights.max() <= most + 1e-9
    check_kkt(weights, np.asarray(moments.covariance), most)
    ours = (hundred.to_numpy() @ weights).std()
    equal = hundred.mean(axis=1).std()
    assert ours < equal


def test_risk_parity_of_a_hundred_stocks(hundred, moments):
    found = risk_parity(moments)
    weights = found.weights[hundred.columns].to_numpy()
    covariance = np.asarray(moments.covariance)
    shares = weights * (covariance @ weights) / (weights @ covariance @ weights)
    np.testing.assert_allclose(shares, 0.01, rtol=1e-9)
    assert weights.min() > 0
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("measure", ["volatility", "var", "es"])
def test_contributions_sum_to_the_risk_of_the_whole(hundred, measure):
    rng = np.random.default_rng(4)
    weights = dict(zip(hundred.columns, rng.dirichlet(np.ones(100)), strict=True))
    found = risk_contributions(weights, hundred, measure=measure)
    whole = hundred.to_numpy() @ np.array(list(weights.values()))
    wanted = {
        "volatility": whole.std(ddof=1),
        "var": value_at_risk(whole, method="normal"),
        "es": expected_shortfall(whole),
    }[measure]
    assert found.total == pytest.approx(wanted, rel=1e-10)
    assert found.contributions.sum() == pytest.approx(wanted, rel=1e-10)
    assert found.shares.sum() == pytest.approx(1.0, rel=1e-12)


def test_shrinkage_by_the_formula_of_ledoit_and_wolf(hundred):
    found = estimate_moments(hundred)
    x = (hundred - hundred.mean()).to_numpy()
    n, p = x.shape
    sample = x.T @ x / n
    level = np.trace(sample) / p
    distance = ((sample - level * np.eye(p)) ** 2).sum() / p
    noise = sum(((np.outer(row, row) - sample) ** 2).sum() for row in x) / n**2 / p
    intensity = min(noise, distance) / distance
    wanted = intensity * level * np.eye(p) + (1 - intensity) * sample
    assert found.shrinkage == pytest.approx(intensity, rel=1e-10)
    np.testing.assert_allclose(np.asarray(found.covariance), 252 * wanted, rtol=1e-9)
