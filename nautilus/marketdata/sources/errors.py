"""What can go wrong with a source, one class for each thing a caller would do differently."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nautilus.core.errors import DataError, NautilusError, NotFoundError, UnavailableError

__all__ = [
    "AuthRequired",
    "CircuitOpen",
    "NoSourceAnswered",
    "NotConfigured",
    "NotEntitled",
    "QuotaExhausted",
    "SchemaChanged",
    "SourceError",
    "SymbolNotFound",
    "Throttled",
    "Upstream",
]


class SourceError(NautilusError):
    """Root of the errors of sources.

    Parameters
    ----------
    message : str
        What was asked, what came and what to do; never a key.
    source : str, optional
        Name of the source.
    attempts : tuple
        What was tried before, where several sources were.
    """

    code = "source_failed"

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        attempts: tuple[Any, ...] = (),
        **more: Any,
    ) -> None:
        super().__init__(message, **more)
        self.source = source
        self.attempts = attempts


class Throttled(SourceError, UnavailableError):
    """Too many requests for now.

    Parameters
    ----------
    retry_after : float, optional
        Seconds to wait, where known.

    Examples
    --------
    >>> Throttled("fred allows 2 a second; wait.", source="fred", retry_after=0.5).retry_after
    0.5
    """

    code = "throttled"

    def __init__(self, message: str, *, retry_after: float | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.retry_after = retry_after


class CircuitOpen(Throttled):
    """The source failed several times in a row and is left alone for a while."""

    code = "source_resting"


class QuotaExhausted(SourceError, UnavailableError):
    """The day's requests are used up.

    Parameters
    ----------
    until : datetime, optional
        Aware; when the next day of the source begins.
    """

    code = "quota_exhausted"

    def __init__(self, message: str, *, until: datetime | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.until = until


class AuthRequired(SourceError, PermissionError):
    """The key is missing, malformed or refused."""

    code = "source_key_refused"


class NotEntitled(SourceError, PermissionError):
    """The key is good and its plan does not include this."""

    code = "not_entitled"


class SymbolNotFound(SourceError, NotFoundError):
    """The source does not know the symbol or series."""

    code = "symbol_not_found"


class SchemaChanged(SourceError, DataError):
    """The answer is not in the documented shape any more: the connector has to be changed."""

    code = "schema_changed"


class Upstream(SourceError, UnavailableError):
    """The source is down, slow, cut off in the middle, or answers a web page instead of data.

    Parameters
    ----------
    status : int, optional
        HTTP status; None where no complete answer came.
    """

    code = "source_unavailable"

    def __init__(self, message: str, *, status: int | None = None, **more: Any) -> None:
        super().__init__(message, **more)
        self.status = status


class NotConfigured(SourceError, UnavailableError):
    """Nobody has turned this source on."""

    code = "not_configured"


class NoSourceAnswered(SourceError, UnavailableError):
    """Every source of a hierarchy failed; `attempts` says how."""

    code = "no_source_answered"
