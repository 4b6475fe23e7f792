"""Tables and demo set, written in a process that ends before the engines begin."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from nautilus.core.errors import NautilusError
from nautilus.server.engine_process import when_orphaned
from nautilus.server.launcher import loop_factory
from nautilus.server.logs import log_to_stderr

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from nautilus.server.settings import Settings

__all__ = ["prepare_state"]


def prepare_state(settings: Settings, pipe: Connection) -> None:
    """Open everything once and close it; the pipe brings "", or what is wrong.

    Parameters
    ----------
    settings : Settings
    pipe : Connection
        To the supervisor, which so never loads the libraries itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides what Ctrl-C means
    when_orphaned(lambda: None)
    log_to_stderr(settings.log_level, settings.log_format)
    problem = ""
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_opened(settings))
    except (OSError, NautilusError) as error:
        problem = str(error)
    pipe.send(problem)
    sys.stderr.flush()
    os._exit(0)


async def _opened(settings: Settings) -> None:
    from nautilus.server.platform import open_platform

    async with open_platform(settings):
        return
