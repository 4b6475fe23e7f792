"""Cores that this process may use: a container often has fewer than its machine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["quota", "usable_cores"]

GROUPS = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """The least of what the scheduler and every control group above us grant; at least 1."""
    affine = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if affine else os.cpu_count() or 1
    granted = quota()
    return max(1, cores if math.isinf(granted) else min(cores, math.ceil(granted)))


def quota(groups: Path = GROUPS, mount: Path = MOUNT) -> float:
    """Cores that control groups grant, of version 2 or 1; infinity where they set no limit.

    A group may be limited by any of those that it lies in.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return math.inf
    return min(
        (_granted(place) for line in lines for place in _places(line, mount)), default=math.inf
    )


def _places(line: str, mount: Path) -> Iterator[Path]:
    """Folders of a group and of all above it, as a line of /proc/self/cgroup names them."""
    _, controllers, path = line.split(":", 2)
    if controllers == "":
        root = mount
    elif "cpu" in controllers.split(","):
        root = mount / "cpu"
    else:
        return
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for depth in range(len(parts), -1, -1):
        yield root.joinpath(*parts[:depth])


def _granted(place: Path) -> float:
    try:
        if (place / "cpu.max").exists():
            granted, period = (place / "cpu.max").read_text().split()
        else:
            granted = (place / "cpu.cfs_quota_us").read_text().strip()
            period = (place / "cpu.cfs_period_us").read_text().strip()
    except (OSError, ValueError):
        return math.inf
    return math.inf if granted in ("max", "-1") else int(granted) / int(period)
