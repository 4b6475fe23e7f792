"""The documented constant tables that `/info` serves, one set per engine."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["engine_tables"]


@cache
def _tables() -> dict[str, dict[str, Any]]:
    text = files("nautilus.server").joinpath("tables.json").read_text("utf-8")
    tables: dict[str, dict[str, Any]] = json.loads(text)
    return tables


def engine_tables(engine: str) -> dict[str, Any]:
    """Tables of an engine by their documented names, those of all engines last.

    Examples
    --------
    >>> list(engine_tables("risk"))
    ['LIMIT_TYPES', 'COORDINATION_PATTERNS']
    """
    return {**_tables()[engine], **_tables()["all"]}
