"""The statistics of many metrics of a whole panel in one pass, by numpy blocks or compiled.

Both roads fill the same table of families; they agree to 1e-12 of the scale of their terms. Which
one runs depends on the size of the panel only, so that the same input gives the same bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.aggregates import (
    blocks,
    extremes_of,
    moments_of,
    sides_of,
    spread_of,
)
from nautilus.analytics.distribution import sizes_of
from nautilus.analytics.lower_moments import lower_of
from nautilus.analytics.panel_kernels import describe_rows
from nautilus.analytics.paths import growth_of, valley_of, water_of
from nautilus.core import jit

__all__ = ["large_aggregate", "panel_statistics"]

COMPILED_FROM = 1_000_000
THIRD = (0.0, 1.0, 3.0)

Floats = NDArray[np.float64]
Family = Callable[..., tuple[Any, ...]]
Table = dict[Family, tuple[Floats, ...]]

# Places of each family in the row that the compiled kernel writes.
PLACES: dict[Family, tuple[int, ...]] = {
    spread_of: (0, 1, 2, 5),
    moments_of: (0, 1, 2, 3, 4, 5),
    sizes_of: (0, 6),
    extremes_of: (0, 7, 8),
    sides_of: (0, 9, 10, 11, 12, 13, 5),
    lower_of: (0, 26, 14, 5),
    growth_of: (0, 15),
    valley_of: (0, 15, 16, 16, 19),
    water_of: (0, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25),
}
WIDTH = 27
# A family whose statistics hold those of another one, and their places in it.
HELD: dict[Family, tuple[tuple[Family, tuple[int, ...]], ...]] = {
    spread_of: ((moments_of, (0, 1, 2, 5)),),
    growth_of: ((water_of, (0, 1)), (valley_of, (0, 1))),
    valley_of: ((water_of, (0, 1, 2, 2, 5)),),
}
OPTIONS: dict[Family, tuple[float, ...]] = {sides_of: (0.0,), lower_of: THIRD}


def panel_statistics(values: Floats, families: Iterable[Family]) -> Table:
    """Aggregates of these families for every column of (time, asset); thresholds are zero.

    Examples
    --------
    >>> table = panel_statistics(np.array([[0.01], [0.03]]), [spread_of])
    >>> [part.round(4).tolist() for part in table[spread_of][:2]]
    [[2.0], [0.02]]
    """
    wanted = set(families)
    if not wanted:
        return {}
    if values.size >= COMPILED_FROM and jit.is_available():
        return compiled_statistics(values, wanted)
    return numpy_statistics(values, wanted)


def large_aggregate(
    family: Family, values: Floats, parameters: tuple[float, ...]
) -> tuple[Floats, ...] | None:
    """The aggregate of one family by the compiled road; None where it takes the other one."""
    if values.size < COMPILED_FROM or family not in PLACES or not jit.is_available():
        return None
    # The kernel looks at gains and losses around zero, and at cubes of losses.
    if family is sides_of and parameters[0] != 0.0:
        return None
    if family is lower_of and (parameters[0], parameters[2]) != (0.0, 3.0):
        return None
    return compiled_statistics(values, {family})[family]


def numpy_statistics(values: Floats, wanted: set[Family]) -> Table:
    """By blocks that stay in the cache while every family reads them."""
    held = {f: next((h for h in HELD.get(f, ()) if h[0] in wanted), None) for f in wanted}
    computed = [f for f in PLACES if f in wanted and held[f] is None]
    parts: list[list[tuple[Any, ...]]] = []
    with np.errstate(all="ignore"):
        for block in blocks(values) if values.shape[1] else [np.empty((0, len(values)))]:
            parts.append([f(block, *OPTIONS.get(f, ())) for f in computed])
    table = {
        f: tuple(np.concatenate(p) for p in zip(*(row[i] for row in parts), strict=True))
        for i, f in enumerate(computed)
    }
    for f, holder in held.items():
        if holder is not None:
            whole = table.get(holder[0]) or _from(table, holder[0])
            table[f] = tuple(whole[i] for i in holder[1])
    return table


def _from(table: Table, family: Family) -> tuple[Floats, ...]:
    """The aggregate of a family that another one holds, one step up."""
    holder, places = next(h for h in HELD[family] if h[0] in table)
    return tuple(table[holder][i] for i in places)


def compiled_statistics(values: Floats, wanted: set[Family]) -> Table:
    """By kernels over columns, in threads that share the columns and not the interpreter lock."""
    rows = np.ascontiguousarray(values.T).view()
    # Frames of pandas are read-only: with all panels read-only the kernel is compiled once.
    rows.flags.writeable = False
    out = np.full((len(rows), WIDTH), np.nan)
    kernel = jit.compiled(describe_rows)
    moments = bool(wanted & {spread_of, moments_of, sizes_of, extremes_of})
    sides = bool(wanted & {sides_of, lower_of})
    path = 2 if water_of in wanted else int(bool(wanted & {growth_of, valley_of}))
    workers = min(os.cpu_count() or 1, max(1, rows.size // COMPILED_FROM))
    edges = np.linspace(0, len(rows), workers + 1).astype(int)

    def part(first: int, last: int) -> None:
        buffer = np.empty(rows.shape[1])
        kernel(rows[first:last], out[first:last], buffer, moments, sides, path)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(part, edges[:-1], edges[1:]))
    return {f: tuple(out[:, i] for i in PLACES[f]) for f in wanted}
