"""The one door for arrays and frames: numpy, pandas, polars and lists in, the same kind out.

Recognising pandas or polars asks `sys.modules`, so it never imports a library that the caller does
not use. Axis 0 is time, axis 1 is asset.
"""

from __future__ import annotations

from nautilus.core.frames.building import labelled_frame, labelled_vector, time_frame, time_series
from nautilus.core.frames.cross_sections import cross_section, labelled_values
from nautilus.core.frames.joining import aligned, matched
from nautilus.core.frames.like import Like
from nautilus.core.frames.long import LongFrame, read_long
from nautilus.core.frames.plain import read_csv, records, rows
from nautilus.core.frames.reading import read

__all__ = [
    "Like",
    "LongFrame",
    "aligned",
    "cross_section",
    "labelled_frame",
    "labelled_values",
    "labelled_vector",
    "matched",
    "read",
    "read_csv",
    "read_long",
    "records",
    "rows",
    "time_frame",
    "time_series",
]
