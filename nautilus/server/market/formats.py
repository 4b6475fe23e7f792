"""Rows as JSON, CSV, Parquet or an Arrow stream."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from nautilus.core.errors import ParameterError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FILE_ANSWERS", "MOST_JSON_ROWS", "file_of", "records_of"]

# As JSON this many bars are about 8 MB; the other formats are for more.
MOST_JSON_ROWS = 50_000
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
# For the OpenAPI document of an endpoint that may answer with a file.
FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.split(";")[0]: {} for kind in _TYPES.values()}}
}
_HIDDEN = ("symbol", "source", "received_ts", "knowledge_ts", "revision", "series")


def records_of(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows for a JSON answer, without what is the same in all of them.

    Raises
    ------
    ParameterError
        More than JSON is good for.
    """
    if len(rows) > MOST_JSON_ROWS:
        raise ParameterError(
            f"the window has {len(rows):,} rows, JSON gives at most {MOST_JSON_ROWS:,}. Ask for a"
            " shorter window, or for format csv, parquet or arrow.",
            field="format",
        )
    return rows.drop([name for name in _HIDDEN if name in rows.columns]).to_dicts()


def file_of(rows: pl.DataFrame, form: str, name: str, headers: dict[str, str]) -> Response:
    """A file of the rows, the source in every one of them."""
    buffer = io.BytesIO()
    if form == "csv":
        rows.write_csv(buffer, datetime_format="%Y-%m-%dT%H:%M:%S%.fZ")
    elif form == "parquet":
        rows.write_parquet(buffer)
    else:
        rows.write_ipc_stream(buffer)
    suffix = {"arrow": "arrows"}.get(form, form)
    return Response(
        buffer.getvalue(),
        media_type=_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{suffix}"', **headers},
    )
