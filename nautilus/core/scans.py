"""The only loops over bars: one scan per number of inputs and outputs.

`step`, `lift` and `merge` are names that `core.jit.bound` replaces by the functions of a fold.
Interpreted, the columns are lists; compiled, they are float64 arrays.
"""

from __future__ import annotations

from typing import Any

__all__ = ["PUTS", "REDUCTIONS", "SCANS", "put"]

State = Any


def step(state: State, *_: Any) -> Any:
    """Stands for the step of a fold."""
    raise AssertionError("a template is never run unbound")


def lift(*_: Any) -> Any:
    """Stands for the lift of a reduction."""
    raise AssertionError("a template is never run unbound")


def merge(earlier: Any, _later: Any) -> Any:
    """Stands for the merge of a reduction."""
    raise AssertionError("a template is never run unbound")


def put(outs: Any, i: int, values: Any) -> None:
    """Values of one bar into lists, one per output."""
    for j in range(len(values)):
        outs[j][i] = values[j]


# Values of one bar into a column of an array (output, time), place by place: a tuple is not indexed
# by a variable for free.


def put_2(outs: Any, i: int, values: Any) -> None:
    outs[0, i] = values[0]
    outs[1, i] = values[1]


def put_3(outs: Any, i: int, values: Any) -> None:
    outs[0, i] = values[0]
    outs[1, i] = values[1]
    outs[2, i] = values[2]


def put_4(outs: Any, i: int, values: Any) -> None:
    outs[0, i] = values[0]
    outs[1, i] = values[1]
    outs[2, i] = values[2]
    outs[3, i] = values[3]


def put_5(outs: Any, i: int, values: Any) -> None:
    outs[0, i] = values[0]
    outs[1, i] = values[1]
    outs[2, i] = values[2]
    outs[3, i] = values[3]
    outs[4, i] = values[4]


def put_6(outs: Any, i: int, values: Any) -> None:
    outs[0, i] = values[0]
    outs[1, i] = values[1]
    outs[2, i] = values[2]
    outs[3, i] = values[3]
    outs[4, i] = values[4]
    outs[5, i] = values[5]


PUTS = {2: put_2, 3: put_3, 4: put_4, 5: put_5, 6: put_6}


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
        put(out, i, values)
    return state


def scan_2_many(a: Any, b: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], *parameters)
        put(out, i, values)
    return state


def scan_3_many(a: Any, b: Any, c: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], c[i], *parameters)
        put(out, i, values)
    return state


def scan_4_many(a: Any, b: Any, c: Any, d: Any, out: Any, state: State, parameters: Any) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], c[i], d[i], *parameters)
        put(out, i, values)
    return state


def scan_5_many(
    a: Any, b: Any, c: Any, d: Any, e: Any, out: Any, state: State, parameters: Any
) -> State:
    for i in range(len(a)):
        state, values = step(state, a[i], b[i], c[i], d[i], e[i], *parameters)
        put(out, i, values)
    return state


def reduce_1(a: Any, aggregate: Any, parameters: Any) -> Any:
    for i in range(len(a)):
        aggregate = merge(aggregate, lift(a[i], *parameters))
    return aggregate


def reduce_2(a: Any, b: Any, aggregate: Any, parameters: Any) -> Any:
    for i in range(len(a)):
        aggregate = merge(aggregate, lift(a[i], b[i], *parameters))
    return aggregate


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
