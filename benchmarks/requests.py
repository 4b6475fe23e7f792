"""Small POST requests over real sockets: how many per core, and how long each takes.

Run: python benchmarks/requests.py [seconds]

A process serves the probe of `http_overhead.py` as the launcher does, another the same domain call
from a bare FastAPI app under uvicorn without its access log. This process asks over 32 kept
connections and reads nothing but the length of an answer. "per core" divides by the processor time
of the server, so that what else the machine does counts less.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from http_overhead import PAYLOAD, bare, router

CONNECTIONS = 32
REQUEST = (
    b"POST /analytics/probe HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(PAYLOAD), PAYLOAD)
)


async def serve(kind: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    if kind == "bare":
        import uvicorn

        server = uvicorn.Server(uvicorn.Config(bare, access_log=False, log_config=None))
        task = asyncio.create_task(server.serve([listening]))
        print(json.dumps(listening.getsockname()[1]), flush=True)
        await task
        return
    from nautilus.server.app import create_app
    from nautilus.server.launcher import _server
    from nautilus.server.platform import open_platform

    async with open_platform() as platform:
        app = create_app("analytics", platform=platform)
        app.include_router(router, prefix="/analytics")
        server = _server(app, platform.settings, started := asyncio.Event())
        task = asyncio.create_task(server.serve([listening]))
        await started.wait()
        print(json.dumps(listening.getsockname()[1]), flush=True)
        await task


class Client(asyncio.Protocol):
    """Sends the next request when the answer to the last one is complete."""

    def __init__(self, times: list[float]) -> None:
        self.times = times
        self.stopping = False
        self.left = 0
        self.head = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if self.left == 0:
            self.head += data
            head, found, rest = self.head.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            self.left, data, self.head = length, rest, b""
        self.left -= len(data)
        if self.left == 0:
            self.times.append(time.perf_counter() - self.sent)
            if self.stopping:
                self.transport.close()
            else:
                self.send()


@contextlib.asynccontextmanager
async def served(kind: str) -> AsyncIterator[tuple[int, int]]:
    command = [sys.executable, __file__, "serve", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield process.pid, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def processor_seconds(pid: int) -> float:
    import psutil

    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


async def measure(pid: int, port: int, seconds: float) -> tuple[float, float, list[float]]:
    times: list[float] = []
    loop = asyncio.get_running_loop()
    before, began = processor_seconds(pid), time.perf_counter()
    clients = [
        (await loop.create_connection(lambda: Client(times), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(seconds)
    used, wall = processor_seconds(pid) - before, time.perf_counter() - began
    done = list(times)
    for client in clients:
        client.stopping = True
    await asyncio.sleep(0.2)
    return len(done) / wall, len(done) / used, sorted(done)


async def main(seconds: float) -> None:
    rates: dict[str, list[float]] = {}
    print(f"{'':8s} {'req/s':>9s} {'per core':>9s} {'p50 ms':>8s} {'p99 ms':>8s}")
    async with served("ours") as ours, served("bare") as theirs:
        for pid, port in (ours, theirs):
            await measure(pid, port, 0.5)
        for _ in range(3):
            for kind, (pid, port) in (("ours", ours), ("bare", theirs)):
                rate, per_core, times = await measure(pid, port, seconds)
                rates.setdefault(kind, []).append(per_core)
                p50, p99 = (times[int(len(times) * q)] * 1e3 for q in (0.5, 0.99))
                print(f"{kind:8s} {rate:9.0f} {per_core:9.0f} {p50:8.2f} {p99:8.2f}")
    ratio = statistics.median(rates["bare"]) / statistics.median(rates["ours"])
    print(f"processor time of a request, ours to bare: {ratio:.2f}")


if __name__ == "__main__":
    import uvloop

    if sys.argv[1:2] == ["serve"]:
        uvloop.run(serve(sys.argv[2]))
    else:
        uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0))
