"""Messages a second to WebSocket clients, and what one that never reads does to the others.

Run: python benchmarks/fanout.py [--full]

A process serves the WebSocket engine as the launcher does, or a peer that awaits `send_text` for
each client in turn; this process holds the clients, on loopback and the same cores. Figures of one
run compare with each other only. "core" is the processor time of the server per second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TOPIC = "market.data.AAPL"
PADDING = "x" * 60
SENT = re.compile(rb'"sent":([0-9.]+)')
MARK = b'"offset":'
SAMPLED = 20
HANDSHAKE = (
    b"GET /ws/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(message: dict[str, Any]) -> bytes:
    """A client frame with a mask of zeros."""
    payload = json.dumps(message).encode()
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


@dataclass(slots=True)
class Client:
    """One connection that counts what it hears."""

    socket: socket.socket
    sampled: bool
    heard: int = 0
    tail: bytes = b""
    delays: list[float] = field(default_factory=list)

    def read(self) -> None:
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        whole = self.tail + data
        self.heard += whole.count(MARK)
        cut = whole.rfind(MARK)
        self.tail = whole[-(len(MARK) - 1) :] if cut < 0 else whole[cut + len(MARK) :][-8:]
        if self.sampled:
            now = time.monotonic()
            self.delays += [now - float(sent) for sent in SENT.findall(data)]


class Crowd:
    """Clients that listen to one topic, and some that never read."""

    def __init__(self, port: int, readers: int, deaf: int, filters: dict[str, Any] | None) -> None:
        self.selector = selectors.DefaultSelector()
        self.deaf = [self._connected(port, filters, deaf=True) for _ in range(deaf)]
        self.clients = []
        for number in range(readers):
            one = Client(self._connected(port, filters), number % max(1, readers // SAMPLED) == 0)
            self.selector.register(one.socket, selectors.EVENT_READ, one)
            self.clients.append(one)
        self.read(0.5)
        for one in self.clients:
            one.heard = 0

    def _connected(
        self, port: int, filters: dict[str, Any] | None, *, deaf: bool = False
    ) -> socket.socket:
        one = socket.socket()
        if deaf:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", port))
        one.sendall(HANDSHAKE)
        while b"\r\n\r\n" not in one.recv(1024):
            pass
        message = {"type": "subscribe", "topics": [TOPIC]}
        one.sendall(masked(message if filters is None else {**message, "filters": filters}))
        one.setblocking(False)
        return one

    def read(self, seconds: float, wanted: int | None = None) -> None:
        """Until the time is over, or this many messages came in all."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            for key, _ in self.selector.select(min(left, 0.05)):
                key.data.read()
            if wanted is not None and sum(one.heard for one in self.clients) >= wanted:
                return

    def close(self) -> None:
        for one in (*self.deaf, *(one.socket for one in self.clients)):
            one.close()
        self.selector.close()


@contextlib.contextmanager
def server(design: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, __file__, "--serve", design]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["port"]
        finally:
            process.kill()


def measured(
    design: str,
    *,
    readers: int,
    rate: float,
    burst: int = 1,
    seconds: float = 4.0,
    deaf: int = 0,
    filters: dict[str, Any] | None = None,
) -> dict[str, float]:
    """Publish `rate` messages a second, `burst` at a time, and count what arrives."""
    with server(design) as (process, port):
        crowd = Crowd(port, readers, deaf, filters)
        count = int(rate * seconds)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"count": count, "rate": rate, "burst": burst}) + "\n")
        process.stdin.flush()
        began = time.monotonic()
        crowd.read(3 * seconds + 5, wanted=count * readers)
        elapsed = time.monotonic() - began
        heard = [one.heard for one in crowd.clients]
        delays = sorted(d for one in crowd.clients for d in one.delays)
        if sum(heard) < count * readers and design != "nautilus":
            told = {"cpu": float("nan"), "rss": float("nan")}  # the peer hangs on the deaf one
        else:
            told = json.loads(process.stdout.readline())
        crowd.close()
    return {
        "delivered": sum(heard) / elapsed,
        "lost": count * readers - sum(heard),
        "core": told["cpu"] / elapsed,
        "us": told["cpu"] / max(sum(heard), 1) * 1e6,
        "p50": statistics.median(delays) * 1e3 if delays else float("nan"),
        "p99": delays[int(0.99 * len(delays))] * 1e3 if delays else float("nan"),
        "rss": told["rss"],
    }


def show(name: str, row: dict[str, float]) -> None:
    print(
        f"{name:46s} {row['delivered']:10,.0f} {row['lost']:8,.0f} {row['core']:6.2f}"
        f" {row['us']:7.2f} {row['p50']:8.1f} {row['p99']:8.1f} {row['rss']:6.0f}"
    )


def main(*, full: bool) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    many = 5_000 if full else 1_000
    print(
        f"{'design, clients, wanted messages/s':46s} {'delivered':>10s} {'lost':>8s} {'core':>6s}"
        f" {'us/msg':>7s} {'p50 ms':>8s} {'p99 ms':>8s} {'MB':>6s}"
    )
    filters = {"price_change_threshold": 0.0}
    paced = measured("nautilus", readers=1000, rate=50, filters=filters)
    show("nautilus, 1,000, 50,000, filtered", paced)
    show("nautilus, 1,000, 50,000", measured("nautilus", readers=1000, rate=50))
    coalesced = measured("nautilus", readers=1000, rate=200, burst=20)
    show("nautilus, 1,000, 200,000 in bursts of 20", coalesced)
    flat = measured("nautilus", readers=1000, rate=300, burst=1, seconds=1.0)
    show("nautilus, 1,000, as fast as it can", flat)
    loop = measured("loop", readers=1000, rate=300, burst=1, seconds=1.0)
    show("await send_text in a loop, 1,000, same", loop)
    if full:
        show("nautilus, 5,000, 50,000", measured("nautilus", readers=many, rate=10))
        burst = measured("nautilus", readers=many, rate=40, burst=20)
        show("nautilus, 5,000, 200,000 in bursts of 20", burst)
    alone = measured("nautilus", readers=200, rate=100)
    one = measured("nautilus", readers=200, rate=100, deaf=1)
    hundred = measured("nautilus", readers=200, rate=100, deaf=100)
    show("nautilus, 200, 20,000", alone)
    show("  with 1 that never reads", one)
    show("  with 100 that never read", hundred)
    print()
    print(f"delivered per core, nautilus : send_text loop   {loop['us'] / flat['us']:.1f}")
    print(f"the same, coalesced                            {loop['us'] / coalesced['us']:.1f}")
    print(f"p99 with 1 deaf client : without                {one['p99'] / alone['p99']:.2f}")


async def serve(design: str) -> None:
    from nautilus.server.launcher import _server
    from nautilus.server.settings import Settings

    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    async with contextlib.AsyncExitStack() as stack:
        app, publish = await stack.enter_async_context(_DESIGNS[design]())
        server = _server(app, Settings(), started := asyncio.Event())
        task = asyncio.create_task(server.serve([listening]))
        await started.wait()
        print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
        order = json.loads(await asyncio.to_thread(sys.stdin.readline))
        cpu = time.process_time()
        await _published(publish, **order)
        usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        await asyncio.sleep(0.5)
        print(json.dumps({"cpu": time.process_time() - cpu, "rss": usage}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        task.cancel()


async def _published(publish: Any, count: int, rate: float, burst: int) -> None:
    began = time.monotonic()
    for number in range(count):
        if number % burst == 0:
            due = began + number / rate
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
        await publish({"price": 100.0 + number, "padding": PADDING, "sent": time.monotonic()})


@contextlib.asynccontextmanager
async def nautilus_design() -> Any:
    from nautilus.server.app import create_app
    from nautilus.server.platform import open_platform

    async with open_platform() as platform:
        bus = platform.broker.bus("marketdata")
        yield create_app("websocket", platform=platform), lambda data: bus.publish(TOPIC, data)


@contextlib.asynccontextmanager
async def loop_design() -> Any:
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocketDisconnect

    sockets: set[Any] = set()
    offset = 0

    async def stream(one: Any) -> None:
        await one.accept()
        await one.receive_text()
        sockets.add(one)
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await one.receive_text()

    async def publish(data: Any) -> None:
        nonlocal offset
        offset += 1
        message = {"type": "market_data", "topic": TOPIC, "data": data, "offset": offset}
        text = json.dumps(message, separators=(",", ":"))
        for one in list(sockets):
            await one.send_text(text)

    yield Starlette(routes=[WebSocketRoute("/ws/stream", stream)]), publish


_DESIGNS = {"nautilus": nautilus_design, "loop": loop_design}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--serve", choices=_DESIGNS)
    options = parser.parse_args()
    if options.serve:
        import uvloop

        uvloop.run(serve(options.serve))
    else:
        main(full=options.full)
