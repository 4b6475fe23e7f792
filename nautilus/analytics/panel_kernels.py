"""The kernels that describe one series after another, compiled for large panels.

Each writes into its places of `out`: 0 count, 1 mean, 2 to 4 powers of deviations, 5 largest
size, 6 absolute deviations, 7 and 8 extremes, 9 gains, 10 losses, 11 squared losses, 12 winners,
13 losers, 14 cubed losses, 15 to 25 path of wealth, 26 gains less losses.
"""

from __future__ import annotations

from typing import Any

from nautilus.analytics.paths import lift_water, merge_water

__all__ = ["describe_rows"]

# Four sums run side by side, so that the processor adds four numbers at once: the order of a sum is
# fixed all the same.


def describe_rows(rows: Any, out: Any, buffer: Any, moments: bool, sides: bool, path: int) -> None:
    """Fill one row of `out` per series; `buffer` holds one series, near the processor.

    `rows` may be read-only: it is only copied from. `path` is 0 for no path of wealth, 1 for growth
    and worst fall, 2 for all of it.
    """
    for i in range(len(rows)):
        n = len(buffer)
        for j in range(n):
            buffer[j] = rows[i, j]
        first = buffer[0] if n > 0 else 0.0
        total = sum_of_gaps(buffer, first)
        if total != total:
            n = pack(rows[i], buffer)
            first = buffer[0] if n > 0 else 0.0
            total = sum_of_gaps(buffer[:n], first)
        row = buffer[:n]
        mean_offset = total / n if n > 0 else 0.0
        out[i, 0], out[i, 1] = n, first + mean_offset
        if moments:
            describe_moments(row, first, mean_offset, out[i])
        if sides:
            describe_sides(row, out[i])
            describe_counts(row, out[i])
        if moments or sides:
            describe_extremes(row, out[i])
        if path == 2:
            describe_water(row, out[i])
        elif path == 1:
            describe_valley(row, out[i])


def pack(row: Any, buffer: Any) -> int:
    """The values that are not NaN, one after the other; how many there are."""
    n = 0
    for i in range(len(row)):
        if row[i] == row[i]:
            buffer[n] = row[i]
            n += 1
    return n


def sum_of_gaps(row: Any, first: float) -> float:
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = len(row) // 4 * 4
    for i in range(0, whole, 4):
        a += row[i] - first
        b += row[i + 1] - first
        c += row[i + 2] - first
        d += row[i + 3] - first
    for i in range(whole, len(row)):
        a += row[i] - first
    return (a + b) + (c + d)


def describe_moments(row: Any, first: float, offset: float, out: Any) -> None:
    a2, b2, c2, d2, a3, b3, c3, d3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    a4, b4, c4, d4, a1, b1, c1, d1 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = len(row) // 4 * 4
    for i in range(0, whole, 4):
        w, x = row[i] - first - offset, row[i + 1] - first - offset
        y, z = row[i + 2] - first - offset, row[i + 3] - first - offset
        ww, xx, yy, zz = w * w, x * x, y * y, z * z
        a2, b2, c2, d2 = a2 + ww, b2 + xx, c2 + yy, d2 + zz
        a3, b3, c3, d3 = a3 + ww * w, b3 + xx * x, c3 + yy * y, d3 + zz * z
        a4, b4, c4, d4 = a4 + ww * ww, b4 + xx * xx, c4 + yy * yy, d4 + zz * zz
        a1, b1, c1, d1 = a1 + abs(w), b1 + abs(x), c1 + abs(y), d1 + abs(z)
    for i in range(whole, len(row)):
        w = row[i] - first - offset
        ww = w * w
        a2, a3, a4, a1 = a2 + ww, a3 + ww * w, a4 + ww * ww, a1 + abs(w)
    out[2], out[3] = (a2 + b2) + (c2 + d2), (a3 + b3) + (c3 + d3)
    out[4], out[6] = (a4 + b4) + (c4 + d4), (a1 + b1) + (c1 + d1)


def describe_sides(row: Any, out: Any) -> None:
    g0, g1, g2, g3, l0, l1, l2, l3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    s0, s1, s2, s3, c0, c1, c2, c3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = len(row) // 4 * 4
    for i in range(0, whole, 4):
        w, x, y, z = row[i], row[i + 1], row[i + 2], row[i + 3]
        gw, gx = (w if w > 0.0 else 0.0), (x if x > 0.0 else 0.0)
        gy, gz = (y if y > 0.0 else 0.0), (z if z > 0.0 else 0.0)
        lw, lx, ly, lz = gw - w, gx - x, gy - y, gz - z
        g0, g1, g2, g3 = g0 + gw, g1 + gx, g2 + gy, g3 + gz
        l0, l1, l2, l3 = l0 + lw, l1 + lx, l2 + ly, l3 + lz
        sw, sx, sy, sz = lw * lw, lx * lx, ly * ly, lz * lz
        s0, s1, s2, s3 = s0 + sw, s1 + sx, s2 + sy, s3 + sz
        c0, c1, c2, c3 = c0 + sw * lw, c1 + sx * lx, c2 + sy * ly, c3 + sz * lz
    for i in range(whole, len(row)):
        gain = row[i] if row[i] > 0.0 else 0.0
        loss = gain - row[i]
        g0, l0, s0, c0 = g0 + gain, l0 + loss, s0 + loss * loss, c0 + loss * loss * loss
    gains, losses = (g0 + g1) + (g2 + g3), (l0 + l1) + (l2 + l3)
    out[9], out[10], out[11], out[14] = gains, losses, (s0 + s1) + (s2 + s3), (c0 + c1) + (c2 + c3)
    out[26] = gains - losses


def describe_extremes(row: Any, out: Any) -> None:
    a, b, c, d = float("inf"), float("inf"), float("inf"), float("inf")
    e, f, g, h = -float("inf"), -float("inf"), -float("inf"), -float("inf")
    whole = len(row) // 4 * 4
    for i in range(0, whole, 4):
        w, x, y, z = row[i], row[i + 1], row[i + 2], row[i + 3]
        a, b, c, d = (
            (w if w < a else a),
            (x if x < b else b),
            (y if y < c else c),
            (z if z < d else d),
        )
        e, f, g, h = (
            (w if w > e else e),
            (x if x > f else f),
            (y if y > g else g),
            (z if z > h else h),
        )
    for i in range(whole, len(row)):
        a, e = (row[i] if row[i] < a else a), (row[i] if row[i] > e else e)
    low, high = min(min(a, b), min(c, d)), max(max(e, f), max(g, h))
    out[7], out[8], out[5] = low, high, (0.0 if len(row) == 0 else max(high, -low))


def describe_counts(row: Any, out: Any) -> None:
    winners, losers = 0, 0
    for i in range(len(row)):
        winners += row[i] > 0.0
        losers += row[i] < 0.0
    out[12], out[13] = winners, losers


def describe_valley(row: Any, out: Any) -> None:
    """Two halves side by side, since each product waits for the one before; then their merge."""
    half = len(row) // 2
    w, peak, worst = 1.0, 1.0, 1.0
    v, other_peak, other_worst, lowest = 1.0, 1.0, 1.0, 1.0
    ruin = 0.0
    for i in range(half):
        x, y = row[i], row[half + i]
        w, v = w * (1.0 + x), v * (1.0 + y)
        ruin = float("nan") if x < -1.0 or y < -1.0 else ruin
        peak = w if w > peak else peak
        other_peak = v if v > other_peak else other_peak
        lowest = v if v < lowest else lowest
        # Divided only where it matters: a division costs as much as all the rest.
        if w < worst * peak:
            worst = w / peak
        if v < other_worst * other_peak:
            other_worst = v / other_peak
    for i in range(2 * half, len(row)):
        v = v * (1.0 + row[i])
        ruin = float("nan") if row[i] < -1.0 else ruin
        other_peak = v if v > other_peak else other_peak
        lowest = v if v < lowest else lowest
        if v < other_worst * other_peak:
            other_worst = v / other_peak
    across = w * lowest / peak
    worst = min(worst, other_worst, across)
    out[15], out[16], out[19] = w * v + ruin, max(peak, w * other_peak), worst - 1.0


def describe_water(row: Any, out: Any) -> None:
    water = lift_water(float("nan"))
    for i in range(len(row)):
        water = merge_water(water, lift_water(row[i]))
    for i in range(11):
        out[15 + i] = water[i + 1]
