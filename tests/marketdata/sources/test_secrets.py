"""A key is looked for everywhere it must not be."""

import asyncio
import copy
import json
import logging
import pickle
import traceback

import pytest

from nautilus.core.errors import NautilusError
from nautilus.marketdata.sources import DataRequest, SourceConfig, errors
from nautilus.marketdata.sources.redaction import Secret, redacted_url
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.examples import GOOD, REQUESTS
from tests.marketdata.replay.server import Answer
from tests.marketdata.sources.conftest import run

KEYED = ("fred", "alpha_vantage", "datagov", "trading_economics")


@pytest.fixture
def everything_logged(caplog):
    for name in ("", "httpx2", "httpcore2", "stamina", "nautilus"):
        caplog.set_level(1, logger=name)
    return caplog


@pytest.mark.parametrize("name", KEYED)
def test_a_key_reaches_the_source_and_nothing_else(
    replay, source, everything_logged, tmp_path, name
):
    replay.plays("/", GOOD[name])
    one = source(name, record_to=tmp_path)

    async def scenario():
        payload = await one.fetch(REQUESTS[name])
        frame = one.parse(payload, REQUESTS[name])
        await one.aclose()
        return payload, frame

    payload, frame = asyncio.run(scenario())
    sent = replay.asked[0]
    assert play.KEY in {**sent.query, **sent.headers}.values()
    recorded = [path.read_text() for path in tmp_path.iterdir()]
    shown = [repr(payload), str(payload.headers), payload.text, repr(frame), repr(one)]
    shown += [repr(one.config), repr(one.capabilities()), everything_logged.text, *recorded]
    assert len(recorded) == 1
    assert everything_logged.text
    assert [text for text in shown if play.KEY in text] == []
    assert play.KEY.encode() not in pickle.dumps((payload, one.config, frame))


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize(
    "answer",
    [
        Answer(f"no such key {play.KEY}", 500),
        Answer(f"<html>{play.KEY}</html>"),
        Answer({"error_message": f"api_key {play.KEY} is not registered"}, 400),
        Answer({"Information": f"API key as {play.KEY}: 25 requests per day"}),
        Answer(json.dumps({play.KEY: play.KEY}), 422, {"X-Echo": play.KEY}),
        Answer({"a": play.KEY * 9}, cut=True),
    ],
    ids=range(6),
)
def test_a_source_that_sends_the_key_back_does_not_spread_it(
    replay, source, everything_logged, name, answer
):
    everything_logged.set_level(logging.INFO, logger="httpcore2")  # below, it shows all headers
    replay.plays("/", answer)
    with pytest.raises(NautilusError) as caught:
        run(source(name), REQUESTS[name])
    error = caught.value
    whole = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
    assert play.KEY not in whole + everything_logged.text + str(error.to_dict())
    assert play.KEY.encode() not in pickle.dumps(error)


@pytest.mark.parametrize("name", KEYED)
def test_a_key_that_comes_back_is_replaced_in_body_and_headers(replay, source, name):
    replay.plays("/", Answer(f"your key {play.KEY}", 200, {"X-Key-Of": play.KEY}))
    one = source(name)

    async def scenario():
        payload = await one.fetch(REQUESTS[name])
        await one.aclose()
        return payload

    payload = asyncio.run(scenario())
    assert payload.body == b"your key hidden"
    assert payload.headers["x-key-of"] == "hidden"


@pytest.mark.parametrize("kind", errors.__all__)
def test_errors_survive_a_pickle_with_what_they_know(kind):
    error = getattr(errors, kind)("fred is down.", source="fred", hint="Wait.")
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is type(error)
    assert (str(copied), copied.source) == ("fred is down. Wait.", "fred")


def test_a_secret_is_not_shown_copied_or_compared_by_its_text():
    key = Secret("abcdefgh12345678")
    assert "abcdefgh" not in f"{key!r} {key} {vars(SourceConfig)}"
    assert not pickle.loads(pickle.dumps(key))
    assert not copy.deepcopy(key)
    assert key == Secret("abcdefgh12345678")
    assert key != "abcdefgh12345678"
    assert len({key, Secret("abcdefgh12345678")}) == 1


def test_both_halves_of_user_and_password_are_hidden():
    key = Secret("username1:password1")
    assert key.hide("password1 of username1 in username1:password1") == "hidden of hidden in hidden"
    assert Secret("demo").hide("a demo") == "a demo"  # a word is no secret, and data may hold it


def test_urls_lose_keys_passwords_and_fragments():
    assert redacted_url("http://u:p@h/x?c=1&d=2#f") == "http://h/x?c=hidden&d=2"


def test_a_key_never_follows_a_redirect(replay, source):
    replay.plays("/fred", Answer("", 302, {"Location": f"{replay.url}/elsewhere"}))
    with pytest.raises(NautilusError, match="HTTP 302"):
        run(source("fred"), DataRequest("macro", "X"))
    assert {one.path for one in replay.asked} == {"/fred/series/observations"}


def test_recordings_are_whole_and_can_be_played_again(replay, source, tmp_path):
    replay.plays("/", GOOD["fred"])
    run(source("fred", record_to=tmp_path), REQUESTS["fred"])
    (path,) = tmp_path.iterdir()
    record = json.loads(path.read_text())
    assert json.loads(record["text"]) == GOOD["fred"]
    assert record["status"] == 200
    assert "api_key" not in record["url"]
    replay.plays("/", Answer(record["text"], record["status"], {}))
    assert run(source("fred"), REQUESTS["fred"]).height == 2


def test_bytes_that_are_no_text_are_recorded_too(replay, source, tmp_path):
    replay.plays("/", Answer(b"\xff\xfe\x00"))
    one = source("fred", record_to=tmp_path)

    async def scenario():
        await one.fetch(REQUESTS["fred"])
        await one.aclose()

    asyncio.run(scenario())
    assert json.loads(next(tmp_path.iterdir()).read_text())["base64"] == "//4A"


def test_logging_is_as_loud_as_before(everything_logged):
    assert logging.getLogger("httpx2").filters == []
