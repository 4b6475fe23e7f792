"""Levels of decision: asset class over sector over security."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.segments import CASH
from nautilus.core.errors import LabelError, ParameterError

__all__ = ["Hierarchy", "hierarchy_of"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
SECURITY = "security"
USUAL_NAMES = {1: ("sector",), 2: ("asset_class", "sector")}


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchy:
    """Groups of the segments, coarsest level first.

    `members[d]` numbers the group of each segment at level d. `levels` names all levels and ends
    with that of the segments; `groups` holds the labels of the levels above them.
    """

    members: tuple[Indices, ...]
    groups: tuple[tuple[Any, ...], ...]
    levels: tuple[str, ...]

    @property
    def decisions(self) -> tuple[str, ...]:
        """Names of the allocation decisions."""
        if len(self.members) == 1:
            return ("allocation",)
        return tuple(f"{name}_allocation" for name in self.levels[: len(self.members)])


def hierarchy_of(
    labels: Sequence[Any],
    sectors: Mapping[Any, Any] | None = None,
    level_names: Sequence[str] | None = None,
) -> Hierarchy:
    """The levels that `sectors` (segment -> sector, or -> path of groups) describes.

    Without it every segment is a group of its own.

    Examples
    --------
    >>> hierarchy_of(["A", "B"], {"A": "tech", "B": "tech"}).levels
    ('sector', 'security')
    """
    if sectors is None:
        if level_names is not None:
            raise ParameterError("`level_names` needs `sectors`.", field="level_names")
        return Hierarchy((np.arange(len(labels)),), (), ("sector",))
    paths = _paths(labels, dict(sectors))
    depth = len(paths[0])
    by_level = [tuple(p[: d + 1] for p in paths) for d in range(depth)]
    return Hierarchy(
        tuple(_numbered(groups) for groups in by_level),
        tuple(_shown(groups) for groups in by_level),
        (*_level_names(depth, level_names), SECURITY),
    )


def group_sum(values: Floats, members: Indices) -> Floats:
    """For each segment the sum over its group, as an array like `values`."""
    size = int(members.max()) + 1
    if size == len(members):
        return values
    indicator = np.zeros((len(members), size))
    indicator[np.arange(len(members)), members] = 1.0
    summed: Floats = (values @ indicator)[:, members]
    return summed


def _paths(labels: Sequence[Any], sectors: dict[Any, Any]) -> list[tuple[Any, ...]]:
    known = {label: _path(group) for label, group in sectors.items()}
    if CASH in labels and CASH not in known and known:
        known[CASH] = (CASH,) * len(next(iter(known.values())))
    missing = [str(x) for x in labels if x not in known]
    if missing:
        raise LabelError(
            f"`sectors` must give the sector of {', '.join(missing[:5])}"
            f"{f' and {len(missing) - 5} more' if len(missing) > 5 else ''}.",
            field="sectors",
        )
    paths = [known[x] for x in labels]
    if len({len(p) for p in paths}) != 1:
        raise LabelError(
            "`sectors` must give paths of one length, such as (asset class, sector).",
            field="sectors",
        )
    return paths


def _path(group: Any) -> tuple[Any, ...]:
    return tuple(group) if isinstance(group, (tuple, list)) else (group,)


def _numbered(groups: Sequence[Any]) -> Indices:
    position = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    return np.array([position[g] for g in groups], dtype=np.intp)


def _shown(groups: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The last step of each path, or the whole of it where that name has several parents."""
    owners: dict[Any, set[Any]] = {}
    for path in groups:
        owners.setdefault(path[-1], set()).add(path)
    return tuple(
        p[-1] if len(owners[p[-1]]) == 1 else " / ".join(str(x) for x in p) for p in groups
    )


def _level_names(depth: int, names: Sequence[str] | None) -> tuple[str, ...]:
    if names is None:
        if depth not in USUAL_NAMES:
            raise ParameterError(
                f"`level_names` must name the {depth} levels of `sectors`.", field="level_names"
            )
        return USUAL_NAMES[depth]
    if len(set(names)) != depth or len(names) != depth or SECURITY in names:
        raise ParameterError(
            f"`level_names` must be {depth} different names, none of them {SECURITY!r},"
            f" got {list(names)}.",
            field="level_names",
        )
    return tuple(names)
