import numpy as np
import pytest

from nautilus.marketdata import load_sample
from nautilus.portfolio import Moments


@pytest.fixture(scope="session")
def prices():
    return load_sample("us_stocks", start="2015-01-01")


@pytest.fixture(scope="session")
def returns(prices):
    return prices.pct_change()


@pytest.fixture(scope="session")
def random_moments():
    """A function (seed, assets, factors) -> Moments of a random factor model."""

    def draw(seed, n, k=3):
        rng = np.random.default_rng(seed)
        loads = rng.normal(0, 0.15, (n, k))
        covariance = loads @ loads.T + np.diag(rng.uniform(0.005, 0.1, n))
        return Moments(mean=rng.normal(0.05, 0.1, n), covariance=covariance)

    return draw
