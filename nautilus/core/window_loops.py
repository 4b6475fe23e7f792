"""The loops of windows: one per number of inputs and outputs, and one that reads a window anew.

`lift`, `merge`, `finish`, `load`, `store` and `measure` are names that `core.jit.bound` replaces.
Interpreted, columns and buffers are lists; compiled, they are float64 arrays.
"""

from __future__ import annotations

from typing import Any

from nautilus.core.scans import put

__all__ = ["LIST_BUFFER", "PUSH", "RECENT", "WINDOWS", "array_buffer"]


def lift(*_: Any) -> Any:
    """Stands for the lift of a window."""
    raise AssertionError("a template is never run unbound")


def merge(earlier: Any, _later: Any) -> Any:
    """Stands for the merge of a window."""
    raise AssertionError("a template is never run unbound")


def finish(aggregate: Any, *_: Any) -> Any:
    """Stands for the finish of a window."""
    raise AssertionError("a template is never run unbound")


def measure(values: Any, first: int, end: int, *_: Any) -> float:
    """Stands for what is measured of `values[first:end]`."""
    raise AssertionError("a template is never run unbound")


def load(buffer: Any, j: int) -> Any:
    """An element of a buffer that is a list of tuples."""
    return buffer[j]


def store(buffer: Any, j: int, element: Any) -> None:
    """Put an element into a buffer that is a list of tuples."""
    buffer[j] = element


# Two-block aggregate: nothing is ever subtracted, so one bad tick leaves no trace and NaN stays
# inside the bars that read it (van Herk 1992, Pattern Recognition Letters 13:517-521).
#
# `buffer` holds the elements of the running block below k, and at and above k the suffix
# aggregates of the block before it; a window ending at k is one suffix merged with one prefix.


def push(buffer: Any, k: int, full: bool, prefix: Any, element: Any, n: int) -> Any:
    """(k, full, prefix, the window is whole, its aggregate) after one more element."""
    store(buffer, k, element)
    prefix = element if k == 0 else merge(prefix, element)
    k += 1
    if k == n:
        suffix = element
        for j in range(n - 2, 0, -1):
            suffix = merge(load(buffer, j), suffix)
            store(buffer, j, suffix)
        return 0, True, prefix, True, prefix
    if full:
        return k, True, prefix, True, merge(load(buffer, k), prefix)
    return k, False, prefix, False, prefix


def window_1(
    a: Any, out: Any, buffer: Any, k: int, full: bool, prefix: Any, n: int, parameters: Any
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            out[i] = finish(aggregate, *parameters)
    return k, full, prefix


def window_2(
    a: Any, b: Any, out: Any, buffer: Any, k: int, full: bool, prefix: Any, n: int, parameters: Any
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], b[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            out[i] = finish(aggregate, *parameters)
    return k, full, prefix


def window_3(
    a: Any,
    b: Any,
    c: Any,
    out: Any,
    buffer: Any,
    k: int,
    full: bool,
    prefix: Any,
    n: int,
    parameters: Any,
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], b[i], c[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            out[i] = finish(aggregate, *parameters)
    return k, full, prefix


def window_4(
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    out: Any,
    buffer: Any,
    k: int,
    full: bool,
    prefix: Any,
    n: int,
    parameters: Any,
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], b[i], c[i], d[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            out[i] = finish(aggregate, *parameters)
    return k, full, prefix


def window_1_many(
    a: Any, out: Any, buffer: Any, k: int, full: bool, prefix: Any, n: int, parameters: Any
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            put(out, i, finish(aggregate, *parameters))
    return k, full, prefix


def window_2_many(
    a: Any, b: Any, out: Any, buffer: Any, k: int, full: bool, prefix: Any, n: int, parameters: Any
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], b[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            put(out, i, finish(aggregate, *parameters))
    return k, full, prefix


def window_3_many(
    a: Any,
    b: Any,
    c: Any,
    out: Any,
    buffer: Any,
    k: int,
    full: bool,
    prefix: Any,
    n: int,
    parameters: Any,
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], b[i], c[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            put(out, i, finish(aggregate, *parameters))
    return k, full, prefix


def window_4_many(
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    out: Any,
    buffer: Any,
    k: int,
    full: bool,
    prefix: Any,
    n: int,
    parameters: Any,
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], b[i], c[i], d[i], *parameters)
        k, full, prefix, whole, aggregate = push(buffer, k, full, prefix, element, n)
        if whole:
            put(out, i, finish(aggregate, *parameters))
    return k, full, prefix


def recent_1(a: Any, out: Any, seen: int, n: int, parameters: Any) -> None:
    """`out[i]` of the bars after the first `seen`, which are there to be read."""
    for i in range(seen, len(a)):
        if i + 1 >= n:
            out[i - seen] = measure(a, i + 1 - n, i + 1, *parameters)


def load_1(buffer: Any, j: int) -> Any:
    return (buffer[j, 0],)


def load_2(buffer: Any, j: int) -> Any:
    return buffer[j, 0], buffer[j, 1]


def load_3(buffer: Any, j: int) -> Any:
    return buffer[j, 0], buffer[j, 1], buffer[j, 2]


def load_4(buffer: Any, j: int) -> Any:
    return buffer[j, 0], buffer[j, 1], buffer[j, 2], buffer[j, 3]


def load_5(buffer: Any, j: int) -> Any:
    return buffer[j, 0], buffer[j, 1], buffer[j, 2], buffer[j, 3], buffer[j, 4]


def load_6(b: Any, j: int) -> Any:
    return b[j, 0], b[j, 1], b[j, 2], b[j, 3], b[j, 4], b[j, 5]


def load_7(b: Any, j: int) -> Any:
    return b[j, 0], b[j, 1], b[j, 2], b[j, 3], b[j, 4], b[j, 5], b[j, 6]


def load_8(b: Any, j: int) -> Any:
    return b[j, 0], b[j, 1], b[j, 2], b[j, 3], b[j, 4], b[j, 5], b[j, 6], b[j, 7]


def store_row(buffer: Any, j: int, element: Any) -> None:
    for c in range(len(element)):
        buffer[j, c] = element[c]


LIST_BUFFER = {"load": load, "store": store}
_LOADS = (load_1, load_2, load_3, load_4, load_5, load_6, load_7, load_8)

PUSH = push
RECENT = recent_1
WINDOWS = {
    (1, False): window_1,
    (2, False): window_2,
    (3, False): window_3,
    (4, False): window_4,
    (1, True): window_1_many,
    (2, True): window_2_many,
    (3, True): window_3_many,
    (4, True): window_4_many,
}


def array_buffer(width: int) -> dict[str, Any]:
    """`load` and `store` for a float64 array buffer (period, width)."""
    if not 1 <= width <= len(_LOADS):
        raise ValueError(f"an element of a window has 1 to {len(_LOADS)} floats, got {width}.")
    return {"load": _LOADS[width - 1], "store": store_row}
