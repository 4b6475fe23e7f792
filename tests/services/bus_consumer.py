"""A process that handles alerts until it is told to end, or ends itself in the middle of one.

Arguments: address, prefix, folder, and how many messages it handles before it takes its own life
inside the next handler (0: never). Each handled message leaves a file named by its id, so that a
message that was handled twice would be seen; `calls` counts handlers that ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from nautilus.server.bus import Message
from nautilus.server.bus.redis_streams import RedisBroker


async def consume(address: str, prefix: str, folder: Path, survives: int) -> None:
    broker = await RedisBroker(
        address, prefix=prefix, janitor_seconds=0.05, idle_seconds=0.4, retry_seconds=0.0
    ).open()
    handled = 0

    async def handle(message: Message) -> None:
        nonlocal handled
        if survives and handled == survives:
            os.kill(os.getpid(), signal.SIGKILL)
        handled += 1
        name = folder / message.id
        with name.open("a") as effect:
            effect.write(f"{message.data} {os.getpid()}\n")

    await broker.bus("risk").subscribe("risk.alerts.*", handle)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    await broker.close()


if __name__ == "__main__":
    address, prefix, folder, survives = sys.argv[1:]
    asyncio.run(consume(address, prefix, Path(folder), int(survives)))
