"""Importance and standardisation of real returns: what is known to be there is found."""

import numpy as np
import pandas as pd
import pytest

from nautilus.factors import standardize
from nautilus.ml import feature_importance


@pytest.mark.parametrize("method", ["mutual_information", "correlation"])
def test_volatility_clusters_and_a_coin_tells_nothing(spy, method):
    coin = np.random.default_rng(0).standard_normal(len(spy))
    volatility = spy.rolling(20).std()
    features = pd.DataFrame({"volatility": volatility, "size": spy.abs(), "coin": coin})
    options = {"method": method, "n_permutations": 39, "block_length": 20}
    found = feature_importance(features, spy.abs().shift(-1), **options)
    assert found.n_used == len(spy) - 20  # 19 days of warm-up, and the last day has no tomorrow
    above = {one.feature: one.above_noise for one in found.feature_importance}
    assert above == {"volatility": True, "size": True, "coin": False}
    assert found.feature_importance[0].feature == "volatility"


def test_volatility_of_many_stocks_is_known_ahead(hundred):
    names = list(hundred.columns[:12])
    returns = hundred[names].iloc[:300]
    features = {"volatility": standardize(returns.rolling(20).std(), method="normal")}
    target = returns.abs().rolling(5).sum().shift(-5)
    options = {"method": "correlation", "horizon": 5}
    (one,) = feature_importance(features, target, **options).feature_importance
    assert one.above_noise
    assert one.correlation_to_target > 0.1


@pytest.mark.parametrize("method", ["zscore", "rank"])
def test_scores_of_a_hundred_stocks_are_those_of_pandas(hundred, method):
    found = standardize(hundred, method=method)
    if method == "rank":
        count = hundred.notna().sum(axis=1)
        expected = (hundred.rank(axis=1) - 0.5).div(count, axis=0)
    else:
        expected = hundred.sub(hundred.mean(axis=1), axis=0).div(hundred.std(axis=1), axis=0)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-10, atol=1e-12)
