"""What features are asked about: how much was traded against before, and what came after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nautilus.indicators.volume import volume_sma

__all__ = ["forward_returns", "volume_ratio"]

Floats = NDArray[np.float64]


def forward_returns(close: Floats, horizon: int) -> Floats:
    """Simple return of the `horizon` bars that follow each bar; NaN for the last ones.

    Examples
    --------
    >>> forward_returns(np.array([100.0, 110.0, 99.0]), 1).round(4).tolist()
    [0.1, -0.1, nan]
    """
    found = np.full(len(close), np.nan)
    found[:-horizon] = close[horizon:] / close[:-horizon] - 1.0
    return found


def volume_ratio(volume: Floats, period: int) -> Floats:
    """Volume over its mean of the `period` bars before; the bar itself is not in the mean.

    Examples
    --------
    >>> volume_ratio(np.array([1.0, 3.0, 4.0]), 2).tolist()
    [nan, nan, 2.0]
    """
    mean = np.append(np.nan, volume_sma(volume, period)[:-1])
    ratio: Floats = np.divide(volume, mean, out=np.full(len(volume), np.nan), where=mean > 0)
    return ratio
