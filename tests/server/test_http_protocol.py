"""Headers that never end, and connections that say nothing, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from nautilus.server.http_protocol import BoundedHttpProtocol

DONE = PlainTextResponse("done")
GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


class Impatient(BoundedHttpProtocol):
    header_seconds = 0.05
    most_header_bytes = 1000


class Patient(BoundedHttpProtocol):
    most_header_bytes = 1000


@asynccontextmanager
async def running(protocol, app=DONE):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, http=protocol, lifespan="off", log_config=None)
        serving = uvicorn.Server(config)
        task = asyncio.create_task(serving.serve([listening]))
        while not serving.started:
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            serving.should_exit = True
            await task


def run(scenario, *options):
    async def within():
        async with asyncio.timeout(20), running(*options) as streams:
            await scenario(*streams)

    asyncio.run(within())


@pytest.mark.parametrize("start", [b"", b"GET", b"GET / HTTP/1.1\r\n", GET[:-2], GET[:-1]])
def test_headers_that_do_not_end_are_408(start):
    async def scenario(reader, writer):
        writer.write(start)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")

    run(scenario, Impatient)


def test_headers_byte_by_byte_gain_no_time():
    async def scenario(reader, writer):
        async def drip():
            for byte in b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.001)

        dripping = asyncio.create_task(drip())
        with suppress(ConnectionResetError):  # a byte that came after the end resets the connection
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        assert not dripping.done()
        dripping.cancel()

    run(scenario, Impatient)


def test_headers_without_end_are_431():
    async def scenario(reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"x-more: y\r\n" * 100)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")

    run(scenario, Patient)


def test_a_second_request_has_as_long_and_no_longer():
    async def scenario(reader, writer):
        for _ in range(3):
            writer.write(GET)
            assert b"200 OK" in await reader.readuntil(b"done")
        writer.write(GET[:20])
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")

    run(scenario, Impatient)


def test_an_answer_may_take_longer_than_headers():
    async def slow(scope, receive, send):
        await asyncio.sleep(3 * Impatient.header_seconds)
        await PlainTextResponse("done")(scope, receive, send)

    async def scenario(reader, writer):
        writer.write(GET + GET[:10])
        assert b"200 OK" in await reader.readuntil(b"done")

    run(scenario, Impatient, slow)
