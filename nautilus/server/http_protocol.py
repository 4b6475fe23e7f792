"""uvicorn's HTTP protocol with the two limits that it lacks: time and size of the headers."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BoundedHttpProtocol"]


class BoundedHttpProtocol(HttpToolsProtocol):
    """Give the class as `uvicorn.Config(http=...)`.

    A client that opens a connection and says nothing, or sends its headers byte by byte, holds a
    place and memory for as long as it likes otherwise. The body is bounded inside the app.
    """

    header_seconds = 10.0
    most_header_bytes = 64 * 1024

    _timer: asyncio.TimerHandle | None = None
    _unfinished = False
    _held = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """From now on the first request must come."""
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing left to wait for."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what has come of headers that are not complete."""
        super().data_received(data)
        if not self._unfinished:
            return
        self._held += len(data)
        if self._held > self.most_header_bytes:
            self._refuse(b"431 Request Header Fields Too Large")
        elif self._timer is None:
            self._arm()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._unfinished = True
        self._held = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The app takes over."""
        self._unfinished = False
        if self._timer is not None:
            self._disarm()
        super().on_headers_complete()

    def _arm(self) -> None:
        self._timer = self.loop.call_later(self.header_seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._arm()  # an answer is on its way; the request behind it can wait
        else:
            self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        self._disarm()
        self._unfinished = False
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.close()
