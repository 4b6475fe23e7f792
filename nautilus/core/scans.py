"""The only loops over bars: one scan per number of inputs and outputs, one two-block window loop.

`step`, `lift`, `merge`, `finish`, `load` and `store` are names that `core.jit.bound` replaces by
the functions of a fold. Interpreted, the columns are lists; compiled, they are float64 arrays.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LIST_BUFFER", "REDUCTIONS", "SCANS", "WINDOWS", "array_buffer"]

NAN = float("nan")
State = Any


def step(state: State, *_: Any) -> Any:
    """Stands for the step of a fold."""
    raise AssertionError("a template is never run unbound")


def lift(*_: Any) -> Any:
    """Stands for the lift of a window."""
    raise AssertionError("a template is never run unbound")


def merge(earlier: Any, _later: Any) -> Any:
    """Stands for the merge of a window."""
    raise AssertionError("a template is never run unbound")


def finish(aggregate: Any, *_: Any) -> Any:
    """Stands for the finish of a window."""
    raise AssertionError("a template is never run unbound")


def load(buffer: Any, j: int) -> Any:
    """An element of a buffer that is a list of tuples."""
    return buffer[j]


def store(buffer: Any, j: int, element: Any) -> None:
    """Put an element into a buffer that is a list of tuples."""
    buffer[j] = element


def scan_1(a: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, out[i] = step(state, a[i], *parameters)
    return state


def scan_2(a: Any, b: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, out[i] = step(state, a[i], b[i], *parameters)
    return state


def scan_3(a: Any, b: Any, c: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, out[i] = step(state, a[i], b[i], c[i], *parameters)
    return state


def scan_4(a: Any, b: Any, c: Any, d: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, out[i] = step(state, a[i], b[i], c[i], d[i], *parameters)
    return state


def scan_5(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, state: State, parameters: Any
) -> State:
    for i in range(len(a)):
        state, out[i] = step(state, a[i], b[i], c[i], d[i], e[i], *parameters)
    return state


def scan_1_many(a: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], *parameters)
        for j in range(len(values)):
            out[j][i] = values[j]
    return state


def scan_2_many(a: Any, b: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], *parameters)
        for j in range(len(values)):
            out[j][i] = values[j]
    return state


def scan_3_many(a: Any, b: Any, c: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], c[i], *parameters)
        for j in range(len(values)):
            out[j][i] = values[j]
    return state


def scan_4_many(a: Any, b: Any, c: Any, d: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], c[i], d[i], *parameters)
        for j in range(len(values)):
            out[j][i] = values[j]
    return state


def scan_5_many(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, state: State, parameters: Any
) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], c[i], d[i], e[i], *parameters)
        for j in range(len(values)):
            out[j][i] = values[j]
    return state


def reduce_1(a: Any, aggregate: Any, parameters: Any) -> Any:
    for i in range(len(a)):
        aggregate = merge(aggregate, lift(a[i], *parameters))
    return aggregate


def reduce_2(a: Any, b: Any, aggregate: Any, parameters: Any) -> Any:
    for i in range(len(a)):
        aggregate = merge(aggregate, lift(a[i], b[i], *parameters))
    return aggregate


# Two-block aggregate: nothing is ever subtracted, so one bad tick leaves no trace and NaN stays
# inside the bars that read it (van Herk 1992, Pattern Recognition Letters 13:517-521).
#
# `buffer` holds the elements of the running block below k, and at and above k the suffix
# aggregates of the block before it; a window ending at k is one suffix merged with one prefix.


def window_1(
    a: Any, out: Any, buffer: Any, k: int, full: bool, prefix: Any, n: int, parameters: Any
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], *parameters)
        store(buffer, k, element)
        prefix = element if k == 0 else merge(prefix, element)
        k += 1
        if k == n:
            out[i] = finish(prefix, *parameters)
            suffix = element
            for j in range(n - 2, 0, -1):
                suffix = merge(load(buffer, j), suffix)
                store(buffer, j, suffix)
            k, full = 0, True
        elif full:
            out[i] = finish(merge(load(buffer, k), prefix), *parameters)
        else:
            out[i] = NAN
    return k, full, prefix


def window_2(
    a: Any, b: Any, out: Any, buffer: Any, k: int, full: bool, prefix: Any, n: int, parameters: Any
) -> Any:
    for i in range(len(a)):
        element = lift(a[i], b[i], *parameters)
        store(buffer, k, element)
        prefix = element if k == 0 else merge(prefix, element)
        k += 1
        if k == n:
            out[i] = finish(prefix, *parameters)
            suffix = element
            for j in range(n - 2, 0, -1):
                suffix = merge(load(buffer, j), suffix)
                store(buffer, j, suffix)
            k, full = 0, True
        elif full:
            out[i] = finish(merge(load(buffer, k), prefix), *parameters)
        else:
            out[i] = NAN
    return k, full, prefix


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

SCANS = {
    (1, False): scan_1,
    (2, False): scan_2,
    (3, False): scan_3,
    (4, False): scan_4,
    (5, False): scan_5,
    (1, True): scan_1_many,
    (2, True): scan_2_many,
    (3, True): scan_3_many,
    (4, True): scan_4_many,
    (5, True): scan_5_many,
}
REDUCTIONS = {1: reduce_1, 2: reduce_2}
WINDOWS = {1: window_1, 2: window_2}


def array_buffer(width: int) -> dict[str, Any]:
    """`load` and `store` for a float64 array buffer (period, width)."""
    if not 1 <= width <= len(_LOADS):
        raise ValueError(f"an element of a window has 1 to {len(_LOADS)} floats, got {width}.")
    return {"load": _LOADS[width - 1], "store": store_row}
