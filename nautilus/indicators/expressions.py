"""Indicators as polars expressions, for frames that are queried lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nautilus.core.errors import ParameterError
from nautilus.indicators.plan import columns_of
from nautilus.indicators.registry import indicator_named

if TYPE_CHECKING:
    import polars as pl

__all__ = ["expression"]


def expression(name: str, *columns: str, **parameters: Any) -> pl.Expr:
    """An indicator as a polars expression.

    Parameters
    ----------
    name : str
        One of `available()`, or rolling_vwap.
    *columns : str
        Of its inputs, in their order; by default they are called as the inputs are. That of `vwap`
        is a column `session` as well, a number for each session, unless ``anchor="start"``.
    **parameters
        Options of the indicator.

    Returns
    -------
    polars.Expr
        A column named as `compute` names it; a struct of them where there are several outputs:
        `.unnest` takes it apart. `.over("symbol")` begins anew with each symbol; `compute` does the
        same in a fifth of the time.

    Raises
    ------
    NotFoundError
        Unknown name; close names are given.
    ParameterError
        An option that it does not have or that is out of range; another number of columns.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"close": [1.0, 2.0, 6.0]})
    >>> frame.select(expression("sma", period=2))["sma_2"].to_list()
    [nan, 1.5, 4.0]
    """
    import polars as pl

    found = indicator_named(name)
    options = found.checked(parameters)
    found.fold.parameters(**options)
    inputs = found.inputs
    if "session" in inputs and options.get("anchor") == "start":
        inputs = inputs[:-1]  # one session: nobody needs to number it
    read = columns or inputs
    if len(read) != len(inputs):
        raise ParameterError(
            f"`{name}` reads {', '.join(inputs)}: pass {len(inputs)} columns, got {len(read)}.",
            field="columns",
        )
    names = columns_of(found, options)

    def apply(batch: pl.Series) -> pl.Series:
        output = found.function(*[batch.struct.field(c).cast(pl.Float64) for c in read], **options)
        if not found.outputs:
            return output.rename(names[0])  # type: ignore[no-any-return]
        return pl.DataFrame(dict(zip(names, output, strict=True))).to_struct(names[0])

    several = pl.Struct(dict.fromkeys(names, pl.Float64))
    kind = several if found.outputs else pl.Float64()
    return pl.struct(*read).map_batches(apply, return_dtype=kind).alias(names[0])
