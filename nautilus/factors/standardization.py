"""Cross-sectional standardisation: what a factor says of one asset against the others that day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_finite
from nautilus.core.errors import DataError, LabelError, ParameterError, ShapeError
from nautilus.core.frames import cross_section, labelled_values, read
from nautilus.core.frames.kinds import has_labels, is_polars_series, kind_of
from nautilus.factors.spreads import (
    mean_and_deviation,
    median_and_deviation,
    rank_scores,
    winsorized,
    within_deviations,
)

__all__ = ["METHODS", "standardize"]

Floats = NDArray[np.float64]
Labels = tuple[Any, ...]
Members = list[NDArray[np.intp]]
LEAST_MADS = 1.5


def standardize(
    factor: Any,
    *,
    method: str = "zscore",
    winsorize: float | None = None,
    mad_limit: float | None = None,
    groups: Any = None,
    exposures: Any = None,
) -> Any:
    """Scores of the assets of one day against each other, each day by itself.

    First outliers are drawn in, then exposures are taken out, then the method is applied:

    - ``zscore``: (x - mean) / standard deviation, ddof=1.
    - ``robust_zscore``: (x - median) / (1.4826 MAD), MAD the median absolute deviation from the
      median; where MAD is 0 and the values still differ, over 1.2533 times the mean absolute
      deviation from the median.
    - ``rank``: (rank - 1/2) / n, in (0, 1); equal values share their mean rank.
    - ``normal``: normal quantile of ``rank``.
    - ``demean``: x - mean, in the unit of the factor.
    - ``none``: only what comes before it.

    Where all known values are equal, or only one is known, they score 0 (``rank``: 0.5).

    Parameters
    ----------
    factor : frame or array (time, asset), or one cross-section (asset,)
        A cross-section is a mapping, a pandas Series by asset, a polars frame (asset, value), or
        plain numbers.
    method : {"zscore", "robust_zscore", "rank", "normal", "demean", "none"}
    winsorize : float, optional
        Share of each tail, in (0, 0.5): the floor(share n) lowest values take the value of the next
        one, the highest alike.
    mad_limit : float, optional
        At least 1.5: values further than this many 1.4826 MAD from the median take that bound;
        nothing is drawn in where MAD is 0. Instead of `winsorize`.
    groups : mapping, Series or sequence of labels by asset, optional
        Industries, say: everything is done within each of them. None as a label: no score.
    exposures : mapping of name -> numbers shaped as `factor`, or by asset, optional
        The score is of the residual of a least squares regression on them with an intercept, with
        `groups` one for each group. An asset without one of them has no score.

    Returns
    -------
    of the kind and shape of `factor`
        NaN where the factor is NaN or infinite: such a value is left out of all statistics.

    Raises
    ------
    ParameterError, ShapeError, LabelError, DataError

    References
    ----------
    Grinold and Kahn (2000), Active Portfolio Management, 2nd ed., ch. 14; Iglewicz and Hoaglin
    (1993), How to Detect and Handle Outliers, section 3.3 (robust); Dixon (1960), Annals of
    Mathematical Statistics 31(2) (winsorising).

    Examples
    --------
    >>> standardize({"A": 1.0, "B": 2.0, "C": 3.0, "D": float("nan")})
    {'A': -1.0, 'B': 0.0, 'C': 1.0, 'D': nan}
    >>> sectors = ["tech", "tech", "energy", "energy"]
    >>> standardize([1.0, 3.0, 10.0, 30.0], method="demean", groups=sectors).tolist()
    [-1.0, 1.0, -10.0, 10.0]
    """
    score = METHODS[check_choice(method, "method", METHODS)]
    share, mads = _limits(winsorize, mad_limit)
    values, labels, rebuilt = _table(factor)
    rows = np.where(np.isfinite(values), values, np.nan)
    members = _members(groups, labels, rows.shape[1])
    drawn = _by_group(rows, members, lambda part: winsorized(part, share, mads))
    if exposures is not None:
        drawn = _residuals(drawn, _exposures(exposures, rows, labels), members)
    return rebuilt(_by_group(drawn, members, score))


def _zscore(rows: Floats) -> Floats:
    return _over(*mean_and_deviation(rows))


def _robust_zscore(rows: Floats) -> Floats:
    return _over(*median_and_deviation(rows))


def _over(distance: Floats, spread: Floats) -> Floats:
    """0 where nothing differs; NaN stays."""
    flat = np.where(np.isnan(distance), np.nan, 0.0)
    return np.divide(distance, spread, out=flat, where=spread > 0.0)


def _normal(rows: Floats) -> Floats:
    from scipy.special import ndtri

    scores: Floats = ndtri(rank_scores(rows))
    return scores


METHODS: dict[str, Callable[[Floats], Floats]] = {
    "zscore": _zscore,
    "robust_zscore": _robust_zscore,
    "rank": rank_scores,
    "normal": _normal,
    "demean": lambda rows: mean_and_deviation(rows)[0],
    "none": lambda rows: rows,
}


def _limits(share: float | None, mads: float | None) -> tuple[float | None, float | None]:
    if share is not None and mads is not None:
        raise ParameterError("Pass either `winsorize` or `mad_limit`, not both.", field="winsorize")
    if share is not None and not 0.0 < check_finite(share, "winsorize") < 0.5:
        raise ParameterError(
            f"`winsorize` must be in (0, 0.5), a share of each tail, got {share!r}."
            " Pass 0.01 for 1 %.",
            field="winsorize",
        )
    if mads is not None and check_finite(mads, "mad_limit") < LEAST_MADS:
        raise ParameterError(
            f"`mad_limit` must be at least {LEAST_MADS}, got {mads!r}: below that it moves the"
            " middle of the values. 3 to 5 are usual.",
            field="mad_limit",
        )
    return share, mads


def _by_group(rows: Floats, members: Members, of: Callable[[Floats], Floats]) -> Floats:
    found = np.full(rows.shape, np.nan)
    for columns in members:
        found[:, columns] = of(rows[:, columns])
    return found


def _members(groups: Any, labels: Labels | None, width: int) -> Members:
    """Columns of each group; all of them in one where there are no groups."""
    if groups is None:
        return [np.arange(width)]
    names = _group_names(groups, labels, width)
    known = [name for name in dict.fromkeys(names) if name is not None and name == name]
    return [np.array([i for i, name in enumerate(names) if name == one]) for one in known]


def _group_names(groups: Any, labels: Labels | None, width: int) -> list[Any]:
    if kind_of(groups) == "pandas" and has_labels(groups.index):
        groups = groups.to_dict()
    if isinstance(groups, Mapping):
        wanted = range(width) if labels is None else labels
        missing = [one for one in wanted if one not in groups]
        if missing or len(groups) > width:
            extra = [one for one in groups if one not in set(wanted)]
            raise LabelError(
                f"`groups` must name the same assets: it lacks {missing[:5]} and has {extra[:5]}"
                " too many.",
                field="groups",
            )
        return [groups[one] for one in wanted]
    names = list(groups)
    if len(names) != width:
        raise ShapeError(
            f"`groups` must have {width} labels, one for each asset, got {len(names)}.",
            field="groups",
        )
    return names


def _exposures(exposures: Any, rows: Floats, labels: Labels | None) -> Floats:
    """(time, asset, exposure)."""
    if not isinstance(exposures, Mapping) or not exposures:
        raise DataError(
            "`exposures` must be a mapping of name -> numbers by asset, and not empty.",
            field="exposures",
        )
    return np.stack([_exposure(one, str(k), rows, labels) for k, one in exposures.items()], axis=2)


def _exposure(given: Any, name: str, rows: Floats, labels: Labels | None) -> Floats:
    found, own, _ = _table(given)
    if found.shape == rows.shape and len(rows) > 1:
        if labels is not None and own is not None and own != labels:
            raise LabelError(
                f"`exposures` {name!r} must have the columns of `factor`, in its order.",
                field="exposures",
            )
        return found
    if len(found) != 1:
        raise ShapeError(
            f"`exposures` {name!r} must have the shape {rows.shape} of `factor` or one value for"
            f" each asset, got {found.shape}.",
            field="exposures",
        )
    data = found[0] if own is None else dict(zip(own, found[0], strict=True))
    wanted = range(rows.shape[1]) if labels is None else labels
    return np.broadcast_to(cross_section(data, f"exposures[{name}]", labels=wanted)[0], rows.shape)


def _residuals(rows: Floats, exposures: Floats, members: Members) -> Floats:
    """Of each day's regression on exposures and one intercept for each group."""
    slots = np.zeros((rows.shape[1], len(members)))
    for number, columns in enumerate(members):
        slots[columns, number] = 1.0
    found = np.full(rows.shape, np.nan)
    for day, (values, loads) in enumerate(zip(rows, exposures, strict=True)):
        known = np.isfinite(values) & np.isfinite(loads).all(axis=1) & (slots.sum(axis=1) > 0.0)
        if known.any():
            found[day, known] = _residual(values[known], loads[known], slots[known])
    return found


def _residual(values: Floats, loads: Floats, slots: Floats) -> Floats:
    """Both sides less their group means first, which is the regression with the intercepts."""
    y = within_deviations(values, slots)
    x = np.column_stack([within_deviations(column, slots) for column in loads.T])
    scale = np.abs(x).max(axis=0)
    x = x / np.where(scale > 0.0, scale, 1.0)
    rest: Floats = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    noise = len(values) * np.finfo(np.float64).eps * np.abs(values).max()
    return np.where(np.abs(rest) <= noise, 0.0, rest)


def _table(data: Any) -> tuple[Floats, Labels | None, Callable[[Floats], Any]]:
    """Values (time, asset), labels of the assets, and how to look like `data` again."""
    kind = kind_of(data)
    if isinstance(data, Mapping):
        labels, values = labelled_values(data, "factor")
        return values[None, :], labels, lambda rows: dict(zip(data, rows[0].tolist(), strict=True))
    if kind == "pandas" and data.ndim == 1:
        _refuse_times(data.index)
        labels, values = labelled_values(data, "factor")
        made = type(data)
        return values[None, :], labels, lambda rows: made(rows[0], index=data.index, name=data.name)
    if kind == "polars" and not is_polars_series(data) and _is_by_asset(data):
        return _polars_cross_section(data)
    values, like = read(data, "factor")
    named = like.columns if like.kind != "numpy" and like.ndim == 2 else None
    if like.ndim == 1:
        return values.T, None, lambda rows: like.series(rows[0])
    return values, named, like.series


def _is_by_asset(data: Any) -> bool:
    import polars

    return len(data.columns) == 2 and sum(t == polars.String for t in data.schema.values()) == 1


def _polars_cross_section(data: Any) -> tuple[Floats, Labels | None, Callable[[Floats], Any]]:
    import polars

    labels, values = labelled_values(data, "factor")
    (column,) = [name for name, kind in data.schema.items() if kind != polars.String]
    return values[None, :], labels, lambda rows: data.with_columns(polars.Series(column, rows[0]))


def _refuse_times(index: Any) -> None:
    if getattr(index, "nlevels", 1) > 1:
        raise ShapeError(
            "`factor` must be (time, asset) or one value for each asset, got a series with"
            f" {index.nlevels} levels of labels. Call .unstack() for a table by time and asset.",
            field="factor",
        )
    if getattr(getattr(index, "dtype", None), "kind", "") == "M" or hasattr(index, "freqstr"):
        raise ShapeError(
            "`factor` must be (time, asset) or one value for each asset, got a series over time:"
            " there is nothing to compare a single asset with.",
            field="factor",
        )
