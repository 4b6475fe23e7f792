"""Listening sockets for all engines at once, or one message about every busy port; addresses."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from nautilus.server.registry import EngineRow, engine_rows
from nautilus.server.settings import Settings

__all__ = ["BACKLOG", "bind", "documented_addresses", "url_of"]

BACKLOG = 2048
OFFSETS = (1000, 2000, 3000, 5000, 10_000, 20_000)


def bind(
    rows: Sequence[EngineRow], settings: Settings, *, free: bool = False
) -> dict[str, socket.socket]:
    """A listening socket for each engine, or one error that names every busy port.

    Raises
    ------
    OSError
        The message lists all busy ports and an offset whose ports are free.
    """
    sockets: dict[str, socket.socket] = {}
    busy: list[int] = []
    for row in rows:
        port = 0 if free else row.port + settings.port_offset
        try:
            sockets[row.name] = _listening(settings.host, port)
        except OSError:
            busy.append(port)
    if not busy:
        return sockets
    for one in sockets.values():
        one.close()
    raise OSError(_busy_message(busy, rows, settings))


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    one.setblocking(False)
    return one


def _busy_message(busy: Sequence[int], rows: Sequence[EngineRow], settings: Settings) -> str:
    ports = ", ".join(str(port) for port in busy)
    word = "Port" if len(busy) == 1 else "Ports"
    verb = "is" if len(busy) == 1 else "are"
    offset = next((n for n in OFFSETS if _all_free(rows, settings.host, n)), OFFSETS[0])
    return (
        f"{word} {ports} on {settings.host} {verb} in use. Stop what listens there, or move all "
        f"ports: --port-offset {offset} (make run PORT_OFFSET={offset})."
    )


def _all_free(rows: Sequence[EngineRow], host: str, offset: int) -> bool:
    try:
        for row in rows:
            _listening(host, row.port + offset).close()
    except OSError:
        return False
    return True


def url_of(one: socket.socket) -> str:
    """The address that a bound socket answers at."""
    host, port = one.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def documented_addresses(settings: Settings) -> dict[str, str]:
    """URL of each engine: the configured one, else this host at the documented port."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        row.name: settings.engine_urls.get(
            row.name, f"http://{host}:{row.port + settings.port_offset}"
        )
        for row in engine_rows()
    }
