"""One JSON object per line on standard error."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

__all__ = ["log_to_stderr"]


class _JsonLines(logging.Formatter):
    """One JSON object per record; line breaks in a message cannot forge another record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        names = ("request_id", "engine", "method", "route", "status", "duration_ms")
        line: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {n: getattr(record, n) for n in (*names, "client_version") if hasattr(record, n)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_to_stderr(level: str) -> None:
    """Send every record of this level and above there."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
