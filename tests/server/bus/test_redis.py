"""What holds for the bus over Redis only."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server.bus import NobodyAnswersError, RequestTimeoutError
from nautilus.server.bus.redis_entries import delivery_of
from nautilus.server.bus.redis_streams import RedisBroker
from nautilus.server.bus.topics import RISK_CHECK_REQUEST

TOPIC = "risk.alerts.p1"
GROUP = f"risk:{TOPIC}"


@pytest.fixture
def prefix(request):
    return f"test:{request.node.name}"


@pytest.fixture
def stream(prefix):
    return f"{prefix}:risk.alerts"


@pytest.fixture
def raw(redis_server):
    """Runs a coroutine function with a plain client beside the bus."""

    def client():
        return Redis.from_url(redis_server.url)

    return client


def test_a_message_that_was_stored_twice_is_handled_once(
    open_redis, inbox, prefix, stream, raw, eventually
):
    async def scenario():
        async with open_redis(prefix=prefix) as broker, raw() as redis:
            bus, box = broker.bus("risk"), inbox()
            await bus.subscribe(TOPIC, box)
            await bus.publish(TOPIC, 1, durable=True)
            ((_, fields),) = await redis.xrange(stream)
            await redis.xadd(stream, fields)
            await bus.publish(TOPIC, 2)
            await box.until(2)
            await eventually(lambda: bus.status.duplicates == 1)
            await broker.session.writer.flush()
            return box.data, await redis.xpending(stream, GROUP)

    data, pending = asyncio.run(scenario())
    assert data == [1, 2]
    assert pending["pending"] == 0


def test_a_message_that_was_stored_twice_is_handled_once_by_two_processes(
    open_redis, inbox, prefix, stream, raw, eventually
):
    async def scenario():
        async with (
            open_redis(prefix=prefix) as one,
            open_redis(prefix=prefix) as two,
            raw() as redis,
        ):
            boxes = [inbox(), inbox()]
            for broker, box in zip((one, two), boxes, strict=True):
                box.gate.clear()
                await broker.bus("risk").subscribe(TOPIC, box)
            await one.bus("risk").publish(TOPIC, 1, durable=True)
            await eventually(lambda: boxes[0].messages or boxes[1].messages)
            ((_, fields),) = await redis.xrange(stream)
            await redis.xadd(stream, fields)
            await eventually(lambda: one.status.duplicates + two.status.duplicates == 1)
            for box in boxes:
                box.gate.set()
            return boxes[0].data + boxes[1].data

    assert asyncio.run(scenario()) == [1]


def test_an_observer_sees_a_message_that_was_stored_twice_once(
    open_redis, inbox, prefix, stream, raw
):
    async def scenario():
        async with open_redis(prefix=prefix) as broker, raw() as redis:
            bus, box = broker.bus("risk"), inbox()
            await bus.subscribe(TOPIC, box, mode="broadcast")
            await bus.publish(TOPIC, 1, durable=True)
            ((_, fields),) = await redis.xrange(stream)
            await redis.xadd(stream, fields)
            await bus.publish(TOPIC, 2)
            await box.until(2)
            return box.data

    assert asyncio.run(scenario()) == [1, 2]


def test_what_is_no_message_is_a_dead_letter_and_the_reader_goes_on(
    open_redis, inbox, prefix, stream, raw
):
    async def scenario():
        async with open_redis(prefix=prefix) as broker, raw() as redis:
            bus, box, observer = broker.bus("risk"), inbox(), inbox()
            await bus.subscribe(TOPIC, box)
            await bus.subscribe(TOPIC, observer, mode="broadcast")
            for fields in ({"x": "1"}, {"m": "{"}, {"m": '{"topic": "no.topic"}'}, {"m": "[]"}):
                await redis.xadd(stream, fields)
            await redis.xadd(stream, {"m": '{"topic":"risk.alerts.p1","source_engine":"","id":1}'})
            await bus.publish(TOPIC, "fine")
            await box.until(1)
            await observer.until(1)
            await broker.session.writer.flush()
            dead = await redis.xrange(f"{prefix}:dead")
            return box.data, [fields[b"error"] for _, fields in dead], bus.status.dead

    data, errors, dead = asyncio.run(scenario())
    assert data == ["fine"]
    assert (len(errors), dead) == (5, 5)
    assert b"of test:" in errors[0]
    assert b"is no message: KeyError: b'm'" in errors[0]


def test_an_answer_goes_only_into_a_reply_stream(open_redis, inbox, prefix, stream, raw):
    async def scenario():
        async with open_redis(prefix=prefix) as broker, raw() as redis:
            bus, box = broker.bus("risk"), inbox()
            await bus.subscribe(TOPIC, box)
            await bus.publish(TOPIC, 1, durable=True)
            ((_, fields),) = await redis.xrange(stream)
            asked = fields[b"m"].replace(b'"id":"', b'"reply_to":"precious","id":"x')
            await redis.xadd(stream, {"m": asked})
            await box.until(2)
            await broker.session.writer.flush()
            return box.messages[1].reply_to, await redis.exists("precious")

    assert asyncio.run(scenario()) == ("precious", 0)


def test_dead_letters_are_kept_for_other_processes(open_redis, inbox, prefix):
    async def scenario():
        async with open_redis(prefix=prefix) as broker, open_redis(prefix=prefix) as other:
            bus, box = broker.bus("risk"), inbox(failures=5)
            await bus.subscribe(TOPIC, box)
            await bus.publish(TOPIC, {"n": 1})
            await box.until(5)
            await bus.publish(TOPIC, {"n": 2})
            await box.until(6)
            await broker.session.writer.flush()
            return await other.stored_dead_letters(), list(broker.dead_letters)

    stored, here = asyncio.run(scenario())
    assert stored == here
    assert (stored[0].message.data, stored[0].error, stored[0].deliveries) == (
        {"n": 1},
        "ValueError: no",
        5,
    )


async def taken_by_a_process_that_died(redis, stream, times=1):
    """A foreign consumer takes everything and is never heard of again."""
    taken = await redis.xreadgroup(GROUP, "died", {stream: ">"})
    entries = [entry for _, got in taken for entry, _ in got]
    for _ in range(times - 1):
        await redis.xclaim(stream, GROUP, "died", 0, entries)
    return entries


def test_what_a_dead_process_had_taken_is_taken_over(
    open_redis, inbox, prefix, stream, raw, eventually
):
    async def scenario():
        async with open_redis(prefix=prefix, idle_seconds=0, forget_seconds=0) as broker:
            bus, box = broker.bus("risk"), inbox()
            first = await bus.subscribe(TOPIC, box)
            await first.close()
            for number in range(150):
                await bus.publish(TOPIC, number)
            await broker.session.writer.flush()
            async with raw() as redis:
                await taken_by_a_process_that_died(redis, stream)
                await bus.subscribe(TOPIC, box)
                await broker.janitor.tidy()
                await box.until(150)
                await broker.session.writer.flush()
                await broker.janitor.tidy()
                consumers = await redis.xinfo_consumers(stream, GROUP)
            return box.data, bus.status, [one["name"] for one in consumers], broker

    data, status, consumers, broker = asyncio.run(scenario())
    assert sorted(data) == list(range(150))
    assert (status.redelivered, status.received, status.pending) == (150, 0, 0)
    assert consumers == [broker.session.consumer.encode()]


def test_a_message_that_ends_every_process_is_a_dead_letter(open_redis, inbox, prefix, stream, raw):
    async def scenario():
        async with open_redis(prefix=prefix, idle_seconds=0) as broker, raw() as redis:
            bus, box = broker.bus("risk"), inbox()
            first = await bus.subscribe(TOPIC, box)
            await first.close()
            await bus.publish(TOPIC, "poison", durable=True)
            await taken_by_a_process_that_died(redis, stream, times=5)
            await bus.subscribe(TOPIC, box)
            await broker.janitor.tidy()
            await broker.session.writer.flush()
            return box.data, list(broker.dead_letters), await redis.xpending(stream, GROUP)

    data, (letter,), pending = asyncio.run(scenario())
    assert data == []
    assert letter.error == "every process that took it ended before it was handled"
    assert (letter.deliveries, pending["pending"]) == (5, 0)


@pytest.mark.parametrize("acknowledged", [True, False])
def test_what_is_given_up_while_a_reader_fetches_it_is_not_handled(
    open_redis, inbox, prefix, stream, raw, acknowledged
):
    """A reader that connects asks for what it holds while the janitor gives it up."""

    async def scenario():
        async with open_redis(prefix=prefix, idle_seconds=0) as broker, raw() as redis:
            bus, box = broker.bus("risk"), inbox()
            await (await bus.subscribe(TOPIC, box)).close()
            await bus.publish(TOPIC, "poison", durable=True)
            await taken_by_a_process_that_died(redis, stream, times=5)
            await bus.subscribe(TOPIC, box)
            fetched = await redis.xrange(stream)
            await broker.janitor.tidy()
            if acknowledged:
                await broker.session.writer.flush()
            (reader,) = broker._groups_read.values()
            await reader.take_over(stream.encode(), fetched)
            await bus.publish(TOPIC, "last", durable=True)
            await box.until(1)
            return box.data, list(broker.dead_letters)

    data, letters = asyncio.run(scenario())
    assert data == ["last"]
    assert len(letters) == 1


def test_who_is_slow_but_alive_keeps_its_message(open_redis, inbox, prefix, stream, raw):
    async def scenario():
        async with (
            open_redis(prefix=prefix) as slow,
            open_redis(prefix=prefix) as other,
            raw() as redis,
        ):
            boxes = [inbox(), inbox()]
            boxes[0].gate.clear()
            await slow.bus("risk").subscribe(TOPIC, boxes[0])
            await slow.bus("risk").publish(TOPIC, 1)
            await boxes[0].until(1)
            await other.bus("risk").subscribe(TOPIC, boxes[1])
            ((entry, _),) = await redis.xrange(stream)
            name = slow.session.consumer
            await redis.xclaim(stream, GROUP, name, 0, [entry], idle=100_000, justid=True)
            await slow.janitor.tidy()
            await other.janitor.tidy()
            boxes[0].gate.set()
            return boxes[0].data, boxes[1].data

    assert asyncio.run(scenario()) == ([1], [])


def test_failed_tries_are_counted_by_redis(open_redis, inbox, prefix, stream, raw):
    async def scenario():
        async with open_redis(prefix=prefix) as broker, raw() as redis:
            bus, box = broker.bus("risk"), inbox(failures=2)
            await bus.subscribe(TOPIC, box)
            await bus.publish(TOPIC, 1)
            await box.until(2)
            box.gate.clear()
            await box.until(3)
            await broker.session.writer.flush()
            (held,) = await redis.xpending_range(stream, GROUP, "-", "+", 10)
            box.gate.set()
            return held["times_delivered"]

    assert asyncio.run(scenario()) == 2


def test_who_closes_hands_back_what_it_had_taken(open_redis, inbox, prefix, stream, raw):
    async def scenario():
        async with open_redis(prefix=prefix) as closes, open_redis(prefix=prefix) as stays:
            box, other = inbox(), inbox()
            box.gate.clear()
            risk = closes.bus("risk")
            await risk.subscribe(TOPIC, box)
            for number in range(3):
                await risk.publish(TOPIC, number, durable=True)
            await box.until(1)
            await risk.close()
            await stays.bus("risk").subscribe(TOPIC, other)
            await stays.janitor.tidy()
            await other.until(3)
            await stays.session.writer.flush()
            await stays.janitor.tidy()
            async with raw() as redis:
                consumers = await redis.xinfo_consumers(stream, GROUP)
            return sorted(other.data), [one["name"] for one in consumers], stays, closes

    data, consumers, stays, closes = asyncio.run(scenario())
    assert data == [0, 1, 2]
    assert consumers == [stays.session.consumer.encode()]
    assert not closes.dead_letters


def test_who_asked_an_engine_that_closes_is_told(open_redis, inbox, prefix):
    async def scenario():
        async with (
            open_redis(prefix=prefix) as closes,
            open_redis(prefix=prefix) as asks,
            open_redis(prefix=prefix) as later,
        ):
            box, risk = inbox(), closes.bus("risk")
            box.gate.clear()
            await risk.subscribe(RISK_CHECK_REQUEST, box)
            asked = asyncio.create_task(
                asks.bus("analytics").request(RISK_CHECK_REQUEST, {}, timeout=60)
            )
            await box.until(1)
            await risk.close()
            with pytest.raises(UnavailableError, match="The engine that was asked has closed"):
                await asked
            with pytest.raises(NobodyAnswersError, match="the risk engine is not running"):
                await later.bus("analytics").request(RISK_CHECK_REQUEST, {}, timeout=60)
            return len(box.messages)

    assert asyncio.run(scenario()) == 1


def test_entries_that_were_trimmed_away_do_not_stay_pending(open_redis, inbox, prefix, stream, raw):
    async def scenario():
        async with open_redis(prefix=prefix, idle_seconds=0) as broker, raw() as redis:
            bus, box = broker.bus("risk"), inbox()
            first = await bus.subscribe(TOPIC, box)
            await first.close()
            for number in range(3):
                await bus.publish(TOPIC, number, durable=True)
            await taken_by_a_process_that_died(redis, stream)
            await redis.xtrim(stream, maxlen=1, approximate=False)
            await bus.subscribe(TOPIC, box)
            await broker.janitor.tidy()
            await box.until(1)
            await broker.session.writer.flush()
            return box.data, await redis.xpending(stream, GROUP)

    data, pending = asyncio.run(scenario())
    assert data == [2]
    assert pending["pending"] == 0


def test_pending_and_lag_are_those_of_all_processes(open_redis, inbox, prefix, raw):
    async def scenario():
        async with open_redis(prefix=prefix) as one, open_redis(prefix=prefix) as two:
            boxes = [inbox(), inbox()]
            for broker, box in zip((one, two), boxes, strict=True):
                box.gate.clear()
                await broker.bus("risk").subscribe(TOPIC, box)
            for number in range(5):
                await one.bus("risk").publish(TOPIC, number, durable=True)
            for box in boxes:
                await box.until(1)
            await one.janitor.tidy()
            async with raw() as redis:
                version = (await redis.info("server"))["redis_version"]
            status = one.bus("late").status, one.status
            for box in boxes:
                box.gate.set()
            return status, version

    (late, total), version = asyncio.run(scenario())
    assert (late.pending, late.lag) == (0, 0)
    assert total.pending >= 2
    knows = int(version.split(".")[0]) >= 7
    assert total.lag == (5 - total.pending if knows else None)


def test_answers_do_not_stay_for_ever(open_redis, inbox, prefix, raw):
    async def scenario():
        async with raw() as redis:
            async with open_redis(prefix=prefix, reply_seconds=30) as broker:
                await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, inbox(answer=1))
                await broker.bus("analytics").request(RISK_CHECK_REQUEST, {})
                key = broker.session.replies
                answers, left = await redis.xlen(key), await redis.ttl(key)
            return answers, left, await redis.exists(key)

    answers, left, after = asyncio.run(scenario())
    assert (answers, after) == (1, 0)
    assert 0 < left <= 30


def test_a_group_that_was_there_before_goes_on_where_it_was(open_redis, inbox, prefix):
    async def scenario():
        box = inbox()
        async with open_redis(prefix=prefix) as broker:
            await broker.bus("risk").subscribe(TOPIC, box)
        async with open_redis(prefix=prefix) as broker:
            await broker.bus("portfolio").publish(TOPIC, "while it was away", durable=True)
        async with open_redis(prefix=prefix) as broker:
            await broker.bus("risk").subscribe(TOPIC, box)
            await box.until(1)
        return box.data

    assert asyncio.run(scenario()) == ["while it was away"]


def test_a_group_has_no_colon(open_redis, inbox):
    async def scenario():
        async with open_redis() as broker:
            await broker.bus("risk").subscribe(TOPIC, inbox(), group="a:b")

    with pytest.raises(ParameterError, match="`group` must not contain ':', got 'a:b'"):
        asyncio.run(scenario())


def test_a_redis_that_is_too_old_is_refused():
    async def answer(reader, writer):
        body = b"# Server\r\nredis_version:5.0.7\r\n"
        while head := await reader.readline():
            words = [[await reader.readline() for _ in "ab"][1] for _ in range(int(head[1:]))]
            known = words[0].strip() == b"INFO"
            writer.write(b"$%d\r\n%s\r\n" % (len(body), body) if known else b"+OK\r\n")
        writer.close()

    async def scenario():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            await RedisBroker(f"redis://127.0.0.1:{port}/0").open()
        finally:
            server.close()

    with pytest.raises(UnavailableError, match=r"must be 6\.2 or newer, got 5\.0\.7"):
        asyncio.run(scenario())


def test_an_entry_knows_its_deliveries():
    body = (
        b'{"topic":"risk.alerts.p1","source_engine":"risk","id":"1",'
        b'"timestamp":"2025-08-23T10:30:00Z","data":{"n":1},"broadcast":true}'
    )
    delivery = delivery_of(b"s", b"1-0", {b"m": body}, 3)
    assert delivery.deliveries == 3
    assert delivery.message().data == {"n": 1}


def test_a_request_that_nobody_takes_in_time_is_given_up(open_redis, inbox, prefix):
    async def scenario():
        async with open_redis(prefix=prefix) as broker:
            box, risk = inbox(), broker.bus("risk")
            box.gate.clear()
            await risk.subscribe(RISK_CHECK_REQUEST, box)
            with pytest.raises(RequestTimeoutError, match="the risk engine is busy"):
                await broker.bus("a").request(RISK_CHECK_REQUEST, {}, timeout=0.05)

    asyncio.run(scenario())


def test_streams_that_nobody_observes_any_more_are_not_read(open_redis, inbox, prefix, stream):
    async def scenario():
        async with open_redis(prefix=prefix) as broker:
            bus, box, other = broker.bus("websocket"), inbox(), inbox()
            first = await bus.subscribe("risk.>", box, mode="broadcast")
            second = await bus.subscribe("risk.alerts.*", other, mode="broadcast")
            await first.close()
            still = set(broker._observer._cursors)
            await bus.publish(TOPIC, 1)
            await other.until(1)
            await second.close()
            after = set(broker._observer._cursors)
            await bus.publish(TOPIC, 2, durable=True)
            await bus.subscribe("risk.>", box, mode="broadcast")
            await bus.publish(TOPIC, 3)
            await box.until(1)
            return still, after, box.data, other.data

    still, after, data, other = asyncio.run(scenario())
    assert still == {stream.encode()}
    assert after == set()
    assert (data, other) == ([3], [1])


def test_a_closed_bus_over_redis_says_so_at_once(open_redis, inbox):
    async def scenario():
        async with open_redis() as broker:
            writer = broker.session.writer
        with pytest.raises(UnavailableError, match="did not store this"):
            await writer.flush()

    asyncio.run(scenario())


def test_a_handler_of_the_bus_that_breaks_its_reader_does_not_end_it(
    open_redis, inbox, prefix, caplog
):
    async def scenario():
        async with open_redis(prefix=prefix) as broker:
            bus, box = broker.bus("websocket"), inbox()
            await bus.subscribe(TOPIC, box, mode="broadcast")
            take, calls = broker._observer._take, []

            async def breaks_once(*entry):
                calls.append(entry)
                if len(calls) == 1:
                    raise ZeroDivisionError("a bug")
                await take(*entry)

            broker._observer._take = breaks_once
            await bus.publish(TOPIC, 1)
            await bus.publish(TOPIC, 2)
            await box.until(1)
            return box.data, broker.status.connected

    assert asyncio.run(scenario()) == ([2], True)
    assert "a reader begins again" in caplog.text
