"""What was known at a time: the last version of each fact by then."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from nautilus.core.errors import DataError, TimeIndexError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["known_at"]

_FACTS = ("symbol", "concept", "unit", "period_start", "period_end")
_SERIES = ("series", "timestamp")


def known_at(facts: pl.DataFrame, as_of: date | datetime) -> pl.DataFrame:
    """The last version of each fact that was known at `as_of`.

    Parameters
    ----------
    facts : frame
        Fundamentals or macro rows with `knowledge_ts`, any number of versions of each.
    as_of : date or aware datetime
        A date is its end in UTC: what was filed that day is in.

    Returns
    -------
    frame
        At most one row per fact, sorted by it; the columns of `facts`.

    Raises
    ------
    DataError
        The frame is neither of the two layouts.
    TimeIndexError
        `as_of` is a time without a zone.

    Examples
    --------
    >>> from nautilus.marketdata.sources.layouts import end_of_day, frame, midnight
    >>> first, later = date(2024, 2, 1), date(2024, 3, 1)
    >>> rows = [("GDP", midnight(date(2023, 10, 1)), 4.9, end_of_day(first), "fred", 0),
    ...         ("GDP", midnight(date(2023, 10, 1)), 4.8, end_of_day(later), "fred", 1)]
    >>> known_at(frame("macro", rows), first)["value"].to_list()
    [4.9]
    """
    import polars as pl

    from nautilus.marketdata.sources.layouts import end_of_day

    if isinstance(as_of, datetime):
        if as_of.tzinfo is None:
            raise TimeIndexError(
                f"`as_of` {as_of} has no time zone; add one, such as tzinfo=UTC.", field="as_of"
            )
        moment = as_of
    else:
        moment = end_of_day(as_of)
    keys = next((keys for keys in (_FACTS, _SERIES) if set(keys) <= set(facts.columns)), None)
    if keys is None or "knowledge_ts" not in facts.columns:
        raise DataError(
            "`facts` must have the columns of fundamentals or macro rows and `knowledge_ts`,"
            f" got {facts.columns}.",
            field="facts",
        )
    known = facts.filter(pl.col("knowledge_ts") <= moment)
    latest = known.sort(["knowledge_ts", "revision"], maintain_order=True)
    return latest.unique(list(keys), keep="last", maintain_order=True).sort(list(keys))
