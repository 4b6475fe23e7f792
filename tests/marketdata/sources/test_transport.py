"""The door to HTTP: stamps, proxies, sizes, pages without an end, libraries that are missing."""

import asyncio

import pytest

from nautilus.core.errors import MissingExtraError
from nautilus.marketdata.sources import DataRequest, SchemaChanged, Upstream, transport
from tests.marketdata.replay import payloads as play
from tests.marketdata.sources.conftest import run

UNRATE = DataRequest("macro", "UNRATE")


def test_stamps_are_in_order_and_of_the_monotonic_clock(replay, source, clock):
    replay.plays("/", play.fred(["1"]))
    one = source("fred")

    async def scenario():
        payload = await one.fetch(UNRATE)
        await one.aclose()
        return payload

    payload = asyncio.run(scenario())
    assert payload.sent <= payload.first_byte <= payload.done
    assert payload.milliseconds == (payload.done - payload.sent) * 1000.0 == one.latency()
    assert payload.received_at == clock.now
    assert payload.url.startswith(replay.url)


def test_the_proxy_of_the_environment_serves_the_world_but_not_this_machine(
    replay, source, monkeypatch
):
    monkeypatch.setenv("http_proxy", replay.url)
    replay.plays("/fred", play.fred(["1"]))
    assert run(source("fred", base_url="http://fred.example.invalid"), UNRATE).height == 1
    assert replay.asked[0].headers["host"] == "fred.example.invalid"
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert run(source("fred"), UNRATE).height == 1


def test_an_answer_that_is_far_too_long_is_given_up(replay, source, monkeypatch):
    monkeypatch.setattr(transport, "LARGEST_BODY", 100)
    replay.plays("/", play.fred(["1"] * 9))
    with pytest.raises(Upstream, match="sent more than"):
        run(source("fred"), UNRATE)


def test_pages_without_an_end_are_an_error(replay, source):
    replay.plays("/", play.dbnomics([1.0], code="A", found=3), play.dbnomics([], found=3))
    with pytest.raises(SchemaChanged, match="keeps sending pages without an end"):
        run(source("dbnomics"), DataRequest("macro", "IMF/IFS"))
    assert len(replay.asked) == 2


@pytest.mark.parametrize("library", ["httpx2", "stamina"])
def test_a_library_that_is_missing_is_named_with_its_extra(source, monkeypatch, library):
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"{library}: pip install .*\[sources\]"):
        run(source("fred"), UNRATE)


def test_connections_are_kept_and_can_be_opened_again(replay, source):
    replay.plays("/", play.fred(["1"]))
    one = source("fred")
    run(one, UNRATE, UNRATE)
    assert run(one, UNRATE).height == 1
    assert len(replay.asked) == 3
