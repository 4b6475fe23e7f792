"""The two ways to a client: prepared frames, or `send` where another server runs."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from nautilus.server.websocket.prepared import Prepared
from nautilus.server.websocket.protocol import EXTENSION, FanOutProtocol

__all__ = ["FrameLink", "Link", "TextLink", "link_to"]

LEAVE_SECONDS = 2.0
_log = logging.getLogger("nautilus.server.websocket")


class Link(Protocol):
    """Takes messages without waiting; `buffered` bytes of them are not on their way yet."""

    @property
    def buffered(self) -> int:
        """Bytes that wait for the client to read."""
        ...

    def write(self, messages: Sequence[Prepared]) -> bool:
        """Take messages in order; False where the connection is over."""
        ...

    def leave(self, code: int, reason: str) -> None:
        """Close it."""
        ...

    async def received(self) -> str | bytes | None:
        """The next message of the client; None where the conversation is over."""
        ...

    def end(self) -> None:
        """Let go: the conversation is over."""
        ...


def link_to(socket: WebSocket) -> Link:
    """The best way to a client that was accepted."""
    protocol = socket.scope.get("extensions", {}).get(EXTENSION)
    return TextLink(socket) if protocol is None else FrameLink(protocol, socket)


class FrameLink:
    """One write of all frames into the transport."""

    def __init__(self, protocol: FanOutProtocol, socket: WebSocket) -> None:
        self._protocol = protocol
        self._socket = socket

    @property
    def buffered(self) -> int:
        """Bytes in the buffer of the transport."""
        return self._protocol.buffered

    def write(self, messages: Sequence[Prepared]) -> bool:
        """All in one call of the system, if it takes them."""
        if len(messages) == 1:
            return self._protocol.write_frames(messages[0].frame)
        return self._protocol.write_frames(b"".join([one.frame for one in messages]))

    def leave(self, code: int, reason: str) -> None:
        """Close it, whether the client reads or not."""
        self._protocol.leave(code, reason)

    async def received(self) -> str | bytes | None:
        """The next message of the client; None where the conversation is over."""
        return await _heard(self._socket)

    def end(self) -> None:
        """Nothing is held here."""


class TextLink:
    """A queue and a task that sends it; `send` may wait as long as the client pleases."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._waiting: deque[Prepared] = deque()
        self._something = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._bytes = 0
        self._task = asyncio.create_task(self._run(), name="websocket writer")

    @property
    def buffered(self) -> int:
        """Bytes in the queue."""
        return self._bytes

    def write(self, messages: Sequence[Prepared]) -> bool:
        """Queue them."""
        if self._task.done() or self._closing is not None:
            return False
        self._waiting.extend(messages)
        self._bytes += sum(len(one.payload) for one in messages)
        self._something.set()
        return True

    def leave(self, code: int, reason: str) -> None:
        """Send what is queued and close, or break off where the client does not read."""
        if self._closing is None:
            self._closing = code, reason
            self._something.set()
            asyncio.get_running_loop().call_later(LEAVE_SECONDS, self._task.cancel)

    async def received(self) -> str | bytes | None:
        """The next message of the client; None where the conversation is over."""
        hearing = asyncio.ensure_future(_heard(self._socket))
        await asyncio.wait([hearing, self._task], return_when=asyncio.FIRST_COMPLETED)
        if hearing.done():
            return hearing.result()
        hearing.cancel()
        return None

    def end(self) -> None:
        """Send no more."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            while await self._next():
                pass
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            _log.debug("a client has gone while it was written to: %s", error)

    async def _next(self) -> bool:
        while self._waiting:
            one = self._waiting[0]
            await self._socket.send_text(one.payload.decode())
            self._waiting.popleft()
            self._bytes -= len(one.payload)
        if self._closing is not None:
            code, reason = self._closing
            await self._socket.close(code, reason)
            return False
        self._something.clear()
        await self._something.wait()
        return True


async def _heard(socket: WebSocket) -> str | bytes | None:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        return None
    heard: str | bytes | None = message.get("text")
    return heard if heard is not None else message.get("bytes", b"")
