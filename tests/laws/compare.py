"""Outputs of every kind as plain numbers, and ways to say that they are the same."""

import numpy as np
import pandas as pd
import polars as pl

from nautilus.core.results import Result


def columns(output):
    """A series-like output as an array (time, column)."""
    if isinstance(output, pl.DataFrame):
        output = output.select(c for c, t in output.schema.items() if t.is_numeric()).to_numpy()
    values = np.asarray(output, dtype=np.float64)
    return values[:, None] if values.ndim == 1 else values


def parts(output):
    """Several outputs as a tuple, one output as a tuple of one."""
    return tuple(output) if hasattr(output, "_fields") else (output,)


def floats(output):
    """All floats inside an output, in order: dates, words and counts are left out."""
    if isinstance(output, Result):
        return floats(output.to_dict())
    if isinstance(output, (pl.DataFrame, pd.DataFrame, pd.Series, pl.Series, np.ndarray)):
        return columns(output).ravel().tolist()
    if isinstance(output, dict):
        return [x for key, value in output.items() if key != "reasons" for x in floats(value)]
    if isinstance(output, (list, tuple)):
        return [x for value in output for x in floats(value)]
    return [float(output)] if isinstance(output, float) else []


def assert_bits(found, expected):
    """Equal to the bit, any NaN equal to any NaN."""
    found, expected = (np.ascontiguousarray(x, dtype=np.float64) for x in (found, expected))
    assert found.shape == expected.shape
    missing = np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(found), missing)
    np.testing.assert_array_equal(found[~missing].view(np.int64), expected[~missing].view(np.int64))


def assert_close(found, expected, tolerance=1e-12):
    """Equal to `tolerance` of the larger of 1 and the value."""
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def assert_same(found, expected, exact):
    if exact:
        assert_bits(found, expected)
    else:
        assert_close(found, expected)


def assert_within(found, function, data, tolerance=1e-12):
    """Equal to `tolerance` of the scale of the terms, which a touch of noise on the data shows."""
    expected = np.asarray(function(*data), dtype=np.float64)
    rng = np.random.default_rng(0)
    noise = np.zeros_like(expected)
    for _ in range(3):
        touched = function(*[x * (1.0 + rng.uniform(-1e-13, 1e-13, x.shape)) for x in data])
        noise = np.fmax(noise, np.nan_to_num(np.abs(touched - expected), nan=0.0, posinf=0.0))
    allowed = tolerance * np.fmax(1.0, np.abs(expected)) + noise
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
    apart = np.abs(found - expected)[np.isfinite(expected)]
    assert (apart <= allowed[np.isfinite(expected)]).all(), (found, expected)
