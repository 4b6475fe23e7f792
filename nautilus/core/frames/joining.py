"""Two inputs on their common times, or several that describe the same bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_fraction
from nautilus.core.errors import (
    OverlapError,
    ShapeError,
    TimeIndexError,
)
from nautilus.core.frames.cross_sections import join_labels
from nautilus.core.frames.like import Like
from nautilus.core.frames.reading import read

__all__ = ["aligned", "matched"]

Floats = NDArray[np.float64]


def aligned(
    first: Any,
    second: Any,
    *,
    names: tuple[str, str] = ("returns", "benchmark_returns"),
    min_overlap: float = 0.9,
) -> tuple[Floats, Floats, Like]:
    """Two inputs on their common times, in the first one's kind.

    Parameters
    ----------
    first, second : array, Series or frame
        Joined on time where both have an index, else of equal length.
    names : tuple of str
        The caller's arguments, for messages.
    min_overlap : float
        Share of the first one's times that the second must have.

    Returns
    -------
    tuple
        (values of the first (time, asset), values of the second (time, asset), Like of the first).

    Raises
    ------
    OverlapError
        Fewer shared times; the message gives both ranges.
    TimeIndexError
        One index is naive, the other aware.

    Examples
    --------
    >>> aligned([1.0, 2.0], [3.0, 4.0])[1].ravel().tolist()
    [3.0, 4.0]
    """
    check_fraction(min_overlap, "min_overlap")
    a, like = read(first, names[0])
    b, other = read(second, names[1])
    if like.times is None or other.times is None:
        _same_length(like, other, names)
        return a, b, like
    _same_awareness(like, other, names)
    if _index_words(like) != _index_words(other):
        raise TimeIndexError(
            f"`{names[0]}` is indexed by {_index_words(like)} and `{names[1]}` by"
            f" {_index_words(other)}. Give both the same kind of index.",
            field=names[1],
        )
    if len(like.times) == len(other.times) and bool((like.times == other.times).all()):
        return a, b, like
    _, left, right = np.intersect1d(
        like.times, other.times, assume_unique=True, return_indices=True
    )
    share = len(left) / len(like.times) if len(like.times) else 1.0
    if share < min_overlap:
        raise OverlapError(
            f"`{names[0]}` ({_span(like)}) and `{names[1]}` ({_span(other)}) share"
            f" {share:.0%} of the first's times, need {min_overlap:.0%}."
            f" Cut both to a common window or pass min_overlap={np.floor(share * 100) / 100:g}.",
            field=names[1],
        )
    return a[left], b[right], like.at(left)


def matched(
    *inputs: Any, names: Sequence[str], one_for_all: bool = False
) -> tuple[tuple[Floats, ...], Like]:
    """Inputs that describe the same bars: equal length, equal times, equal columns.

    Parameters
    ----------
    *inputs : array, Series or frame
    names : sequence of str
        The caller's arguments, for messages.
    one_for_all : bool
        A later series may stand beside each column of the first input.

    Examples
    --------
    >>> (high, low), like = matched([2.0, 3.0], [1.0, 2.0], names=("high", "low"))
    >>> (high - low).ravel().tolist()
    [1.0, 1.0]
    """
    first, like = read(inputs[0], names[0])
    arrays = [first]
    for data, name in zip(inputs[1:], names[1:], strict=True):
        values, other = read(data, name)
        _same_length(like, other, (names[0], name))
        if like.times is not None and other.times is not None:
            _same_awareness(like, other, (names[0], name))
            if not bool((like.times == other.times).all()):
                raise TimeIndexError(
                    f"`{names[0]}` and `{name}` must have the same times. Join them first.",
                    field=name,
                )
        if one_for_all and other.ndim == 1:
            values = np.broadcast_to(values, first.shape)
        if values.shape[1] != first.shape[1]:
            raise ShapeError(
                f"`{name}` must have {first.shape[1]} columns like `{names[0]}`,"
                f" got {values.shape[1]}.",
                field=name,
            )
        labelled = like.kind != "numpy" and other.kind != "numpy" and like.ndim == other.ndim == 2
        if labelled and set(map(str, other.columns)) != set(map(str, like.columns)):
            join_labels(other.columns, like.columns, name)
        if labelled and tuple(map(str, other.columns)) != tuple(map(str, like.columns)):
            position = {str(c): i for i, c in enumerate(other.columns)}
            values = values[:, [position[str(c)] for c in like.columns]]
        arrays.append(values)
    return tuple(arrays), like


def _same_length(like: Like, other: Like, names: tuple[str, str]) -> None:
    if like.size != other.size:
        raise ShapeError(
            f"`{names[0]}` has {like.size} rows and `{names[1]}` {other.size}; without an index on"
            " both they must be of equal length.",
            field=names[1],
        )


def _same_awareness(like: Like, other: Like, names: tuple[str, str]) -> None:
    if like.aware != other.aware and like.size and other.size:
        words = ["in a time zone" if x.aware else "without a time zone" for x in (like, other)]
        raise TimeIndexError(
            f"`{names[0]}` is indexed {words[0]} and `{names[1]}` {words[1]}."
            " Use tz_localize or tz_convert so that both are alike.",
            field=names[1],
        )


def _index_words(like: Like) -> str:
    return "time" if like.times is not None and like.times.dtype.kind == "M" else "numbers"


def _span(like: Like) -> str:
    if like.times is None or not len(like.times):
        return "empty"
    ends = like.times[[0, -1]]
    if ends.dtype.kind == "M":
        ends = np.datetime_as_string(ends, unit="D")
    return f"{ends[0]}..{ends[1]}"
