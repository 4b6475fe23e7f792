"""Why a number of a performance summary is missing, and what to be careful with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.options import SHORTEST_SPAN
from nautilus.analytics.paths import growth_of, valley_of, water_of
from nautilus.analytics.summary_metrics import TAIL_ROWS, Row
from nautilus.analytics.summary_values import Bounds, Options, all_rows
from nautilus.core.frames import Like
from nautilus.core.results import Reason

__all__ = ["reasons_of"]

LOW_SAMPLE = 30
LOW_TAIL = 10
LISTED = 3

Floats = NDArray[np.float64]
Cause = tuple[str, str, float | None, float | None]
PATHS = (growth_of, valley_of, water_of)
ANNUALISED = (
    "annualized_return",
    "calmar_ratio",
    "sterling_ratio",
    "burke_ratio",
    "martin_ratio",
    "pain_ratio",
)


def reasons_of(
    found: Mapping[str, Floats],
    bounds: Bounds | None,
    values: Floats,
    n: Floats,
    like: Like,
    options: Options,
    bootstrap: int | None,
) -> tuple[Reason, ...]:
    """One reason per cause, naming its metrics and, for a panel, its assets."""
    causes: dict[Cause, dict[str, list[Any]]] = {}
    rows = all_rows()
    lost: dict[str, NDArray[np.bool_]] = {k: np.asarray(~np.isfinite(v)) for k, v in found.items()}
    if any(where.any() for where in lost.values()):
        ruined = np.asarray((values < -1.0).any(axis=0))
        infinite = np.asarray(np.isinf(values).any(axis=0))
        for name, where in lost.items():
            for j in np.flatnonzero(where):
                cause = _cause(name, rows[name], float(n[j]), ruined[j], infinite[j], options)
                causes.setdefault(cause, {}).setdefault(name, []).append(like.columns[j])
    found_reasons = [
        Reason(code, tuple(names), _said(message, names, like), have, need)
        for (code, message, have, need), names in causes.items()
    ]
    return (*found_reasons, *_caveats(found, bounds, n, options, bootstrap))


def _cause(name: str, row: Row, n: float, ruined: bool, infinite: bool, options: Options) -> Cause:
    if n < row.need:
        return "INSUFFICIENT_DATA", f"needs {row.need} returns", n, float(row.need)
    if infinite:
        return "NOT_FINITE", "a return is infinite", None, None
    if ruined and row.measure.family in PATHS:
        return "RUIN", "a return is below -100 %", None, None
    years = n / options.periods_per_year
    if name in ANNUALISED and years < SHORTEST_SPAN:
        message = "less than a quarter of a year is not annualised"
        return "SHORT_SPAN", message, years, SHORTEST_SPAN
    return row.code, row.message, None, None


def _said(message: str, names: Mapping[str, list[Any]], like: Like) -> str:
    text = f"{', '.join(names)}: {message}"
    if like.ndim == 1:
        return f"{text}."
    assets = list(dict.fromkeys(a for labels in names.values() for a in labels))
    more = f" and {len(assets) - LISTED} more" if len(assets) > LISTED else ""
    return f"{text} ({', '.join(map(str, assets[:LISTED]))}{more})."


def _caveats(
    found: Mapping[str, Floats],
    bounds: Bounds | None,
    n: Floats,
    options: Options,
    bootstrap: int | None,
) -> list[Reason]:
    caveats = []
    least = float(n.min(initial=np.inf))
    if least < LOW_SAMPLE:
        message = f"fewer than {LOW_SAMPLE} returns: every ratio is mostly chance."
        caveats.append(Reason("LOW_SAMPLE", (), message, least, float(LOW_SAMPLE)))
    in_tail = least * (1.0 - options.confidence)
    tail = [name for name in TAIL_ROWS if name in found]
    if tail and in_tail < LOW_TAIL:
        message = (
            f"tail measures rest on fewer than {LOW_TAIL} returns beyond {options.confidence:g}."
        )
        caveats.append(Reason("LOW_TAIL_SAMPLE", (), message, in_tail, float(LOW_TAIL)))
    if bounds is not None:
        caveats += _without_error(found, bounds, bootstrap)
    return caveats


def _without_error(
    found: Mapping[str, Floats], bounds: Bounds, bootstrap: int | None
) -> list[Reason]:
    fields = ("standard_errors", "lower", "upper")
    reasons = []
    absent = [name for name in found if name not in bounds.standard_errors]
    if absent and bootstrap is None:
        message = (
            f"{', '.join(absent)}: no influence function; pass bootstrap=1000 for their errors."
        )
        reasons.append(Reason("NO_STANDARD_ERROR", fields, message))
    parts = (bounds.standard_errors, bounds.lower, bounds.upper)
    names = bounds.standard_errors
    undefined = [k for k in names if not all(np.isfinite(part[k]).all() for part in parts)]
    if undefined:
        why = "no standard error or bound where the metric or its spread is undefined."
        message = f"{', '.join(undefined)}: {why}"
        reasons.append(Reason("UNDEFINED_ERROR", fields, message))
    return reasons
