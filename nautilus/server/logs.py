"""The log: one JSON object per line on standard error, or lines for a person at a terminal."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from nautilus.server.envelope import known_call

if TYPE_CHECKING:
    from structlog.typing import Processor

__all__ = ["ACCESS", "LogFormatter", "access_record", "log_to_stderr"]

Event = MutableMapping[str, Any]

ACCESS = "nautilus.server.access"
ACCESS_FIELDS = (
    "request_id",
    "engine",
    "method",
    "route",
    "status",
    "duration_ms",
    "client_version",
    "subject",
)
# They write whole addresses, with the tokens in their query, at INFO, and bodies at DEBUG.
TALKATIVE = ("uvicorn", "uvicorn.error", "httpx", "httpcore", "httpx2", "httpcore2", "websockets")


class LogFormatter(logging.Formatter):
    r"""Every record through the same processors, whoever wrote it.

    Line breaks and control characters in a message are escaped: nobody forges another record or
    drives the terminal. The processors are made with the first record, so that a quiet server
    does not load them.

    Parameters
    ----------
    console : bool
        For a person; else JSON.
    colors : bool
        Only with `console`.
    **fixed
        What every line carries, such as `pid`.

    Examples
    --------
    >>> record = logging.LogRecord("risk", logging.INFO, "", 0, "a\nb", None, None)
    >>> LogFormatter(console=False, pid=7).format(record).partition(",")[2]
    '"level":"info","logger":"risk","message":"a\\nb","pid":7}'
    """

    def __init__(self, *, console: bool, colors: bool = False, **fixed: Any) -> None:
        super().__init__()
        self._console, self._colors, self._fixed = console, colors, fixed
        self._formatter: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; a traceback at the console has more."""
        if record.name == ACCESS and not self._console and record.exc_info is None:
            return self._access_line(record)
        if self._formatter is None:
            self._formatter = self._made()
        return self._formatter.format(record)

    def _access_line(self, record: logging.LogRecord) -> str:
        """One for each request: what the processors would make of it, at a third of their time."""
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": at.isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._fixed,
        }
        given = vars(record)
        line.update({name: given[name] for name in ACCESS_FIELDS if name in given})
        text = orjson.dumps(line, default=str)
        # ASCII only, as every other line.
        return text.decode() if text.isascii() else _compact(line)

    def _made(self) -> logging.Formatter:
        import structlog
        from structlog.stdlib import ProcessorFormatter

        before: list[Processor] = [
            structlog.contextvars.merge_contextvars,
            self._known,
            structlog.stdlib.ExtraAdder(),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
        ]
        structlog.configure(
            processors=[*before, ProcessorFormatter.wrap_for_formatter],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        last = [_plain, _console(self._colors)] if self._console else [_ordered, _json_line]
        without_meta: Processor = ProcessorFormatter.remove_processors_meta
        return ProcessorFormatter(foreign_pre_chain=before, processors=[without_meta, *last])

    def _known(self, logger: Any, method: str, event: Event) -> Event:
        """What belongs to the process and to the request of this task."""
        call = known_call()
        of_call = {"request_id": call.request_id, "engine": call.engine} if call else {}
        event.update({**self._fixed, **of_call, **event})
        return event


def access_record(**fields: Any) -> logging.LogRecord:
    """The record of one request, without the search for who logs, which costs as much again.

    Examples
    --------
    >>> access_record(status=200).status
    200
    """
    record = logging.LogRecord(ACCESS, logging.INFO, "", 0, "request", None, None)
    vars(record).update(fields)
    return record


def log_to_stderr(level: str, log_format: str = "auto", *, engine: str | None = None) -> None:
    """Send every record of this level and above there.

    Parameters
    ----------
    level : str
    log_format : {"auto", "json", "console"}
        "auto": lines for a person where standard error is a terminal, else JSON.
    engine : str, optional
        The one engine of this process; records outside of any request carry it too.
    """
    terminal = sys.stderr.isatty()
    console = log_format == "console" or (log_format == "auto" and terminal)
    fixed: dict[str, Any] = {"pid": os.getpid()}
    if engine is not None:
        fixed["engine"] = engine
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter(console=console, colors=console and terminal, **fixed))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _ordered(logger: Any, method: str, event: Event) -> Event:
    """What a reader looks for first; the text under the name that it always had."""
    event["message"] = event.pop("event", "")
    if "exception" in event:
        event["traceback"] = event.pop("exception")
    first = ("time", "level", "logger", "message")
    return {name: event.pop(name) for name in first if name in event} | dict(event)


def _json_line(logger: Any, method: str, event: Event) -> str:
    """ASCII only: no reader takes a character of a message for the end of the line."""
    return _compact(event)


def _compact(event: Event) -> str:
    return json.dumps(event, default=str, separators=(",", ":"))


def _plain(logger: Any, method: str, event: Event) -> Event:
    """No control characters; the lines of a traceback stay lines."""
    for name, value in event.items():
        if isinstance(value, str):
            lines = value.split("\n") if name == "exception" else [value]
            event[name] = "\n".join(_printable(line) for line in lines)
    return event


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _console(colors: bool) -> Processor:
    import structlog

    return structlog.dev.ConsoleRenderer(
        colors=colors, timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
    )
