"""One series from the first source of a hierarchy that has it, and what happened before."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nautilus.core.errors import NautilusError, ParameterError
from nautilus.marketdata.sources.errors import NoSourceAnswered, SymbolNotFound
from nautilus.marketdata.sources.interface import DataRequest, Source

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Attempt", "Loaded", "load_first"]


_log = logging.getLogger("nautilus.marketdata.sources")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One source that was asked and failed.

    Parameters
    ----------
    source : str
    error : str
        Code of the error, such as "throttled".
    message : str
        For a person; never a key.
    milliseconds : float
        Measured, waits and retries included.
    """

    source: str
    error: str
    message: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """A frame, who sent it, and who did not.

    Parameters
    ----------
    frame : polars frame
        Of one source: adjustment conventions differ, so bars of two are never joined.
    source : str
    attempts : tuple of Attempt
        Failures before it, in order.
    fallback_used : bool
        Another source than the first was used.
    """

    frame: pl.DataFrame
    source: str
    attempts: tuple[Attempt, ...] = ()
    fallback_used: bool = False


async def load_first(sources: Iterable[Source], request: DataRequest) -> Loaded:
    """Ask sources in order until one has the data.

    An empty frame is no answer where another source is left: the next one may have it.

    Parameters
    ----------
    sources : iterable of Source
        Best first.
    request : DataRequest

    Raises
    ------
    SymbolNotFound
        Every source that answered says it does not know the symbol; `attempts` on the error.
    NoSourceAnswered
        None could answer; `attempts` on the error.
    ParameterError
        No source given.
    """
    hierarchy = list(sources)
    if not hierarchy:
        raise ParameterError("`sources` must name at least one source.", field="sources")
    attempts: list[Attempt] = []
    unknown: set[str] = set()
    for position, source in enumerate(hierarchy):
        started = time.monotonic()
        last = position == len(hierarchy) - 1
        try:
            found = await source.load(request)
        except NautilusError as error:
            if isinstance(error, SymbolNotFound):
                unknown.add(source.name)
            attempts.append(_attempt(source, error.code, str(error), started))
            continue
        except Exception as error:
            # A source of somebody else: its text may hold its key, and the next one may answer.
            _log.exception("source %r failed in a way of its own", source.name)
            message = f"{source.name} failed with {type(error).__name__}; see the log."
            attempts.append(_attempt(source, "source_failed", message, started))
            continue
        if found.height or last:
            return Loaded(found, source.name, tuple(attempts), position > 0)
        attempts.append(
            _attempt(source, "no_data", f"{source.name} has nothing in this window.", started)
        )
    raise _nobody(request, tuple(attempts), unknown)


def _attempt(source: Source, code: str, message: str, started: float) -> Attempt:
    return Attempt(source.name, code, message, (time.monotonic() - started) * 1000.0)


def _nobody(
    request: DataRequest, attempts: tuple[Attempt, ...], unknown: set[str]
) -> SymbolNotFound | NoSourceAnswered:
    said = "; ".join(f"{one.source}: {one.error}" for one in attempts)
    answered = {one.source for one in attempts if one.error not in _SILENT}
    if unknown and answered <= unknown:
        return SymbolNotFound(
            f"no source knows {request.symbol!r} ({said}); check its spelling.",
            field="symbol",
            attempts=attempts,
        )
    return NoSourceAnswered(
        f"no source has {request.kind} of {request.symbol!r} now ({said}); see `attempts`.",
        attempts=attempts,
    )


_SILENT = frozenset({"not_configured", "invalid_parameter", "missing_extra"})
