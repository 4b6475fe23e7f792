"""How much a feature and a target have to do with each other, and what chance alone gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nautilus.core.splits import walk_forward_splits

__all__ = [
    "Dependence",
    "absolute_correlations",
    "block_permutations",
    "each_asset",
    "held_out_losses",
    "mutual_information",
    "mutual_informations",
    "rank_correlation",
]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
NEIGHBOURS = 3
NOISE = 1e-10


class Dependence(NamedTuple):
    """Score of each feature (feature,), and what it is when time is shuffled (feature, shuffle).

    `held_out` is the R squared of a model where there is one.
    """

    raw: Floats
    chance: Floats
    held_out: float | None = None


def block_permutations(n: int, count: int, length: int, seed: int) -> Rows:
    """Orders (shuffle, row) that keep blocks of `length` rows together, from a random start.

    Examples
    --------
    >>> block_permutations(6, 2, 3, seed=1).tolist()
    [[1, 2, 3, 4, 5, 0], [2, 3, 4, 5, 0, 1]]
    """
    rng = np.random.default_rng(seed)
    return np.array([_block_permutation(n, length, rng) for _ in range(count)], dtype=np.intp)


def _block_permutation(n: int, length: int, rng: np.random.Generator) -> Rows:
    rows = np.roll(np.arange(n), -int(rng.integers(length)))
    parts = np.split(rows, np.arange(length, n, length))
    return np.concatenate([parts[i] for i in rng.permutation(len(parts))])


def each_asset(orders: Rows, assets: int, seed: int) -> Rows:
    """Orders of times as orders of rows (time x asset), the assets in another order each time.

    One order of the assets for all times of a shuffle: what is always high stays always high, and
    stands beside another asset's target. Else a lasting difference between assets would be part of
    every shuffle and could never be told from chance.

    Examples
    --------
    >>> each_asset(np.array([[1, 0]]), 3, seed=0).tolist()
    [[5, 4, 3, 2, 1, 0]]
    """
    rng = np.random.default_rng([seed, assets])
    places = rng.permuted(np.tile(np.arange(assets), (len(orders), 1)), axis=1)
    whole: Rows = orders[:, :, None] * assets + places[:, None, :]
    return whole.reshape(len(orders), -1)


def mutual_informations(features: Floats, target: Floats, orders: Rows, seed: int) -> Dependence:
    """In nats; each feature with the same noise against ties, whatever its column."""
    rng = np.random.RandomState(seed)  # that of sklearn, whose numbers these are
    noise, target_noise = rng.standard_normal(len(target)), rng.standard_normal(len(target))
    y = _scaled(target, target_noise)
    raw, chance = [], []
    for column in features.T:
        x = _scaled(column, noise)
        raw.append(mutual_information(x, y))
        chance.append([mutual_information(x, y[order]) for order in orders])
    return Dependence(np.array(raw), np.array(chance))


def mutual_information(x: Floats, y: Floats) -> float:
    """Mutual information of two series without ties, in nats, from nearest neighbours.

    psi(n) + psi(3) - mean(psi(n_x) + psi(n_y)), n_x the number of values of x, its own included,
    closer than the third neighbour in the maximum norm of both; at least 0.

    References
    ----------
    Kraskov, Stoegbauer and Grassberger (2004), Estimating mutual information, Physical Review E 69,
    eq. 8.

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> round(mutual_information(x, x), 2)
    3.68
    """
    from scipy.spatial import cKDTree
    from scipy.special import digamma

    both = np.column_stack([x, y])
    reach = cKDTree(both).query(both, k=NEIGHBOURS + 1, p=np.inf)[0][:, -1]
    inside = np.nextafter(reach, 0.0)
    counted = sum(float(np.mean(digamma(_within(values, inside)))) for values in (x, y))
    return max(0.0, float(digamma(len(x)) + digamma(NEIGHBOURS)) - counted)


def _within(values: Floats, reach: Floats) -> Rows:
    """How many values are no further than `reach` from each, itself included."""
    ordered = np.sort(values)
    above = np.searchsorted(ordered, values + reach, side="right")
    below = np.searchsorted(-ordered[::-1], -values + reach, side="right")
    return (
        _settled(ordered, values, reach, above)
        + _settled(-ordered[::-1], -values, reach, below)
        - len(values)
    )


def _settled(ordered: Floats, values: Floats, reach: Floats, found: Rows) -> Rows:
    """How many lie at or below value + reach; the sum is rounded, the difference decides."""
    last = len(ordered) - 1
    one_more = (found <= last) & (ordered[np.minimum(found, last)] - values <= reach)
    one_less = ordered[np.maximum(found - 1, 0)] - values > reach
    settled: Rows = found + one_more - one_less
    return settled


def _scaled(values: Floats, noise: Floats) -> Floats:
    """Deviation 1, and noise far below it, so that no two values are equal."""
    moderate = np.ldexp(values, -np.frexp(np.abs(values).max())[1])  # squares stay in range
    scaled: Floats = moderate / moderate.std()
    return scaled + NOISE * max(1.0, float(np.mean(np.abs(scaled)))) * noise


def rank_correlation(features: Floats, target: Floats) -> Floats:
    """Spearman's correlation of each feature with the target."""
    correlations: Floats = _standard_ranks(features).T @ _standard_ranks(target[:, None])[:, 0]
    return np.clip(correlations, -1.0, 1.0)


def absolute_correlations(features: Floats, target: Floats, orders: Rows, seed: int) -> Dependence:
    """Absolute value of Spearman's correlation."""
    x, y = _standard_ranks(features), _standard_ranks(target[:, None])[:, 0]
    return Dependence(np.abs(x.T @ y), np.abs(x.T @ y[orders].T))


def _standard_ranks(values: Floats) -> Floats:
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0)
    centred = ranks - (len(values) + 1) / 2.0
    standard: Floats = centred / np.sqrt(np.sum(centred * centred, axis=0))
    return standard


def held_out_losses(
    features: Floats,
    target: Floats,
    *,
    orders: Rows,
    gap: int,
    seed: int,
) -> Dependence:
    """What shuffling a feature over the last rows costs a model of the rows before them.

    `orders` are (shuffle, test row). The model is gradient boosting of trees (100 of at most 8
    leaves, rate 0.05) of all rows but the test and the `gap` before it. Scores are in R squared
    over the test rows, against the mean of training: mean loss over the shuffles less the loss of
    the true order.

    References
    ----------
    Breiman (2001), Random forests, Machine Learning 45(1), section 10; Friedman (2001), Greedy
    function approximation, Annals of Statistics 29(5).
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    test = orders.shape[1]
    split = next(
        walk_forward_splits(len(target), train=len(target) - test - gap, test=test, gap=gap)
    )
    model = HistGradientBoostingRegressor(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=8, early_stopping=False, random_state=seed
    )
    rows, truth = features[split.test], target[split.test]
    with threadpool_limits(1, user_api="openmp"):  # threads wait for each other on a busy machine
        model.fit(features[split.train], target[split.train])
        loss = float(np.mean((model.predict(rows) - truth) ** 2))
        shuffled = np.array([_losses(model, rows, truth, j, orders) for j in range(rows.shape[1])])
    spread = float(np.mean((truth - target[split.train].mean()) ** 2))
    level = shuffled.mean(axis=1, keepdims=True)
    return Dependence(
        (level[:, 0] - loss) / spread, (level - shuffled) / spread, 1.0 - loss / spread
    )


def _losses(model: object, rows: Floats, truth: Floats, column: int, orders: Rows) -> Floats:
    """Mean squared error (shuffle,) with one column in another order."""
    many = np.tile(rows, (len(orders), 1))
    many[:, column] = rows[orders, column].reshape(-1)
    predicted = model.predict(many).reshape(len(orders), -1)  # type: ignore[attr-defined]
    losses: Floats = np.mean((predicted - truth) ** 2, axis=1)
    return losses
