"""How long the blocks of a bootstrap must be for the correlation to survive in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice
from nautilus.core.statistics.blocks import Floats, packed
from nautilus.core.statistics.long_run import autocovariances

__all__ = ["optimal_block_length"]

KINDS = {"stationary": 2.0, "circular": 4.0 / 3.0}
_RUN = 5  # insignificant lags in a row that end the search: max(5, sqrt(log10 n))
_THRESHOLD = 2.0


def optimal_block_length(values: Any, *, kind: str = "stationary") -> Any:
    """Block length that minimises the mean squared error of the bootstrap variance of the mean.

    (2 G^2 / D)^(1/3) n^(1/3), with G = sum lambda(k / M) |k| g(k), g the autocovariances at lags
    -M..M, lambda the flat-top window, S = sum lambda(k / M) g(k), D = 2 S^2 for the stationary and
    4/3 S^2 for the circular bootstrap. M is twice the first of 5 lags in a row whose
    autocorrelations are all below 2 sqrt(log10(n) / n).

    Parameters
    ----------
    values : array (time,) or (time, column)
    kind : {"stationary", "circular"}
        Expected length of the stationary, fixed length of the circular block bootstrap.

    Returns
    -------
    float, or one value per column
        From 1 to ceil(min(3 sqrt(n), n / 3)); 1 for constant values, NaN for fewer than 3. NaN
        values are left out.

    References
    ----------
    Politis and White (2004), Automatic Block-Length Selection for the Dependent Bootstrap,
    Econometric Reviews 23(1). Patton, Politis and White (2009), Correction, Econometric Reviews
    28(4).

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).standard_normal(500)
    >>> round(optimal_block_length(np.convolve(noise, np.ones(5))[:500]), 1)
    11.1
    """
    scale = KINDS[check_choice(kind, "kind", KINDS)]
    block = packed(values)
    found = np.full(len(block.counts), np.nan)
    for n in np.unique(block.counts[block.counts >= 3]):
        rows = np.flatnonzero(block.counts == n)
        found[rows] = _lengths(block.values[rows, :n].T, int(n), scale)
    return block.answer(found)


def _lengths(values: Floats, n: int, scale: float) -> Floats:
    longest = min(int(np.ceil(np.sqrt(n))) + _RUN, n - 1)
    gamma = autocovariances(values, longest)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.where(gamma[0] > 0.0, np.abs(gamma / gamma[0]), 0.0)
    width = _band_width(rho[1:] < _THRESHOLD * np.sqrt(np.log10(n) / n), longest)
    steps = np.arange(1, longest + 1)[:, None]
    flat_top = np.clip(2.0 * (1.0 - steps / width), 0.0, 1.0)
    slope = 2.0 * (flat_top * steps * gamma[1:]).sum(axis=0)
    level = gamma[0] + 2.0 * (flat_top * gamma[1:]).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(level != 0.0, 2.0 * slope**2 / (scale * level**2), 0.0)
    longest_block = np.ceil(min(3.0 * np.sqrt(n), n / 3.0))
    lengths: Floats = np.clip(np.cbrt(ratio * n), 1.0, longest_block)
    return lengths


def _band_width(small: NDArray[np.bool_], longest: int) -> Floats:
    """Twice the lag that begins the first run of small autocorrelations, at most `longest`."""
    runs = len(small) - _RUN + 1
    if runs < 1:
        return np.full(small.shape[1], float(longest))
    ended = np.all([small[k : k + runs] for k in range(_RUN)], axis=0)
    first = np.where(ended.any(axis=0), ended.argmax(axis=0) + 1, longest)
    return np.minimum(2.0 * first, longest)
