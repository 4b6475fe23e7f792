"""Returns that today's holdings would have had."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.errors import DataError, LabelError
from nautilus.core.frames import cross_section, read
from nautilus.core.periods import check_returns

__all__ = ["backcast_returns"]

Floats = NDArray[np.float64]


def backcast_returns(weights: Any, returns: Any) -> Any:
    """Return per period of a portfolio that is set back to these weights every period.

    sum(w r(t)): what the holdings of today would have earned, which is not what was earned. Each
    period is `return_contributions(weights, returns).period_portfolio_returns`, without the parts.

    Parameters
    ----------
    weights : mapping, Series (asset,) or frame
        Fractions, short positions negative; they need not sum to 1: the rest is cash that earns 0.
    returns : array (time, asset)
        Simple returns, fractions; more assets than are held are left out.

    Returns
    -------
    series of the input's kind (time,)

    Raises
    ------
    LabelError
        A weight without a column of returns.
    DataError
        A weight that is not finite, or a missing return of what is held, naming the asset.

    References
    ----------
    Hull (2018), Risk Management and Financial Institutions, 5th ed., ch. 13: today's portfolio
    over past scenarios.

    Examples
    --------
    >>> backcast_returns([0.5, 0.5], [[0.02, 0.0], [-0.01, 0.03]]).round(4).tolist()
    [0.01, 0.01]
    """
    values, like = read(returns, "returns")
    check_returns(values, "returns")
    labels = like.columns if like.kind != "numpy" else tuple(range(values.shape[1]))
    given, names = cross_section(weights, "weights", labels=_labels_of(weights, labels))
    position = {label: i for i, label in enumerate(labels)}
    missing = [str(name) for name in names if name not in position]
    if missing:
        raise LabelError(
            f"`returns` must have a column for each weight, it lacks {', '.join(missing[:5])}.",
            field="returns",
        )
    if not np.isfinite(given).all():
        bad = names[int(np.argmin(np.isfinite(given)))]
        raise DataError(f"`weights` of {bad} must be finite.", field="weights")
    used = np.flatnonzero(given)
    held = values[:, [position[names[i]] for i in used]]
    if not np.isfinite(held).all():
        column = int(np.argmin(np.isfinite(held).all(axis=0)))
        raise DataError(
            f"`returns` of {names[used[column]]} must be known in every period.", field="returns"
        )
    return like.column(held @ given[used], "returns")


def _labels_of(weights: Any, labels: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Labels for weights that bring none."""
    labelled = hasattr(weights, "keys") or hasattr(weights, "schema")
    return None if labelled else labels
