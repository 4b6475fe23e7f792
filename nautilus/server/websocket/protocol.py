"""uvicorn's WebSocket protocol with a way to write prepared frames without waiting."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["EXTENSION", "FanOutProtocol"]

EXTENSION = "nautilus.ws"
LEAVE_SECONDS = 2.0


class FanOutProtocol(WebSocketsSansIOProtocol):
    """Give the class as `uvicorn.Config(ws=...)`; the app finds the connection in its scope.

    `send` of ASGI waits until a client has read; one that never reads would hold up everybody. What
    is written here goes into the buffer of the transport, whose size the caller watches.
    """

    def handle_connect(self, event: Any) -> None:
        """Tell the app which connection it talks through."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # not where the handshake was refused
            extensions: Any = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
        """As uvicorn does, which takes a refusal by a whole response for a broken handshake."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    @property
    def open(self) -> bool:
        """Whether frames may be written."""
        return (
            self.handshake_complete
            and not self.close_sent
            and not self.disconnected
            and not self.transport.is_closing()
        )

    @property
    def buffered(self) -> int:
        """Bytes that the system has not taken yet."""
        return self.transport.get_write_buffer_size()

    def write_frames(self, frames: bytes) -> bool:
        """Whole frames into the buffer; False where the connection is over.

        This server never sends a message in fragments, so that nothing can be cut in two.
        """
        if not self.open:
            return False
        self.transport.write(frames)
        return True

    def leave(self, code: int, reason: str) -> None:
        """Say why and hang up, also on a client that does not read."""
        if not self.open:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:  # or the answer to the close is never read
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LEAVE_SECONDS, self.transport.abort)
