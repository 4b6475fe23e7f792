"""Brinson attribution and Carino linking against their definitions in plain Python."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.analytics import brinson, link_effects

SEGMENTS = ("UK", "Japan", "US", "Peru")
Row = dict[str, float]


def weighted(weights: Row, returns: Row) -> float:
    return math.fsum(weights[s] * returns[s] for s in weights)


def plain_brinson(w: Row, W: Row, r: Row, R: Row, method: str) -> dict[str, Row]:
    bar = weighted(W, R) if method == "fachler" else 0.0
    return {
        "allocation": {s: (w[s] - W[s]) * (R[s] - bar) for s in w},
        "selection": {s: W[s] * (r[s] - R[s]) for s in w},
        "interaction": {s: (w[s] - W[s]) * (r[s] - R[s]) for s in w},
    }


def plain_carino(p: float, b: float) -> float:
    return (math.log1p(p) - math.log1p(b)) / (p - b) if p != b else 1 / (1 + p)


weights = st.lists(st.integers(1, 50), min_size=4, max_size=4).map(
    lambda parts: {s: p / sum(parts) for s, p in zip(SEGMENTS, parts, strict=True)}
)
returns = st.lists(st.integers(-300, 200), min_size=4, max_size=4).map(
    lambda parts: {s: p / 1000 for s, p in zip(SEGMENTS, parts, strict=True)}
)
periods = st.lists(st.tuples(weights, weights, returns, returns), min_size=1, max_size=5)


def table(rows: list[Row]) -> list[list[float]]:
    return [[row[s] for s in SEGMENTS] for row in rows]


def check(found: Any, wanted: list[dict[str, Row]]) -> None:
    for t, by_kind in enumerate(wanted):
        for k, kind in enumerate(found.effect_names):
            for i, segment in enumerate(SEGMENTS):
                got = found.period_effects[t, i, k]
                assert got == pytest.approx(by_kind[kind][segment], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("method", ["fachler", "bhb"])
@given(history=periods)
def test_effects_are_those_of_the_definition(method: str, history: list[Any]) -> None:
    found = brinson(*(table(list(x)) for x in zip(*history, strict=True)), method=method)
    wanted = [plain_brinson(*period, method) for period in history]
    assert found.effect_names == tuple(wanted[0])
    check(found, wanted)
    assert found.check_sum < 1e-14


@given(history=periods)
def test_linked_effects_are_those_of_the_definition(history: list[Any]) -> None:
    found = link_effects(brinson(*(table(list(x)) for x in zip(*history, strict=True))))
    made = [(weighted(w, r), weighted(W, R)) for w, W, r, R in history]
    whole = tuple(math.prod(1 + x for x in side) - 1 for side in zip(*made, strict=True))
    scales = [plain_carino(*pair) / plain_carino(*whole) for pair in made]
    wanted = [
        {k: {s: e * scale for s, e in v.items()} for k, v in plain_brinson(*p, "fachler").items()}
        for p, scale in zip(history, scales, strict=True)
    ]
    for t, by_kind in enumerate(wanted):
        for k, kind in enumerate(found.effect_names):
            for i, segment in enumerate(SEGMENTS):
                # The quotient of logarithms loses digits where both returns are nearly equal.
                assert found.period_effects[t, i, k] == pytest.approx(
                    by_kind[kind][segment], rel=1e-6, abs=1e-12
                )
    assert math.fsum(found.totals.values()) == pytest.approx(whole[0] - whole[1], abs=1e-12)


@given(st.permutations(SEGMENTS), weights, weights, returns, returns)
def test_segments_are_joined_by_name_and_not_by_place(
    order: list[str],
    w: Row,
    W: Row,
    r: Row,
    R: Row,
) -> None:
    mixed = brinson(w, {s: W[s] for s in order}, {s: r[s] for s in reversed(order)}, R)
    check(mixed, [plain_brinson(w, W, r, R, "fachler")])
