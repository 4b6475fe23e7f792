"""How far work is, told from wherever it runs: a coroutine, a thread, a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar

from nautilus.core.errors import UnavailableError

__all__ = ["GivenUpError", "Listener", "listened", "listener", "report", "until_given_up"]

Listener = Callable[[float, str], None]

_LISTENER: ContextVar[Listener | None] = ContextVar("nautilus_listener", default=None)
_GIVEN_UP: ContextVar[threading.Event | None] = ContextVar("nautilus_given_up", default=None)


class GivenUpError(UnavailableError):
    """Nobody waits for this work any more."""

    code = "given_up"


def report(progress: float, stage: str = "") -> None:
    """Tell how far this work is; nothing happens where nobody listens.

    Pass it to a function of the library that takes a `progress` callable: it works in the event
    loop, in a thread and in a process, and it is where a thread ends whose caller has left.

    Parameters
    ----------
    progress : float
        0 to 1; what lies outside is cut to it.
    stage : str
        What is being done.

    Raises
    ------
    GivenUpError
        In a thread whose result nobody waits for.

    Examples
    --------
    >>> report(0.5, "fitting")
    """
    given_up = _GIVEN_UP.get()
    if given_up is not None and given_up.is_set():
        raise GivenUpError("Nobody waits for this work any more.")
    heard = _LISTENER.get()
    if heard is not None:
        heard(min(max(float(progress), 0.0), 1.0), stage)


def listened(heard: Listener | None) -> None:
    """Who hears the reports of this task, or of this process."""
    _LISTENER.set(heard)


def listener() -> Listener | None:
    """Who hears the reports of this task."""
    return _LISTENER.get()


def until_given_up(event: threading.Event) -> None:
    """End this task at its next report once the event is set."""
    _GIVEN_UP.set(event)
