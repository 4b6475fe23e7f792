"""What every bus promises."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from nautilus.core.errors import NotFoundError, ParameterError, UnavailableError
from nautilus.server.bus import (
    NobodyAnswersError,
    RemoteError,
    RequestTimeoutError,
)
from nautilus.server.bus.topics import RISK_CHECK_REQUEST, market_data

TOPIC = "market.data.AAPL"


def test_an_event_reaches_every_engine_that_subscribed(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            first, second = inbox(), inbox()
            await broker.bus("analytics").subscribe("market.data.*", first)
            await broker.bus("risk").subscribe("market.>", second)
            await broker.bus("marketdata").publish(market_data("BRK.B"), {"price": 1.5})
            return await first.until(1), await second.until(1)

    for messages in asyncio.run(scenario()):
        (message,) = messages
        assert message.topic == "market.data.BRK%2EB"
        assert message.source_engine == "marketdata"
        assert message.data == {"price": 1.5}
        assert message.broadcast
        assert message.reply_to is None


def test_a_subscription_gets_nothing_from_before_it(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("risk"), inbox()
            await bus.publish(TOPIC, "before")
            await bus.subscribe(TOPIC, box)
            await bus.publish(TOPIC, "after")
            await box.until(1)
            return box.data

    assert asyncio.run(scenario()) == ["after"]


def test_work_is_shared_and_broadcast_is_not(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            work, observers, takers = inbox(), [inbox(), inbox()], []
            work.gate.clear()

            def member(name):
                async def handler(message):
                    takers.append(name)
                    return await work(message)

                return handler

            for name in ("first", "second"):
                await broker.bus("risk").subscribe(TOPIC, member(name))
            for box in observers:
                await broker.bus("risk").subscribe(TOPIC, box, mode="broadcast")
            for number in range(10):
                await broker.bus("marketdata").publish(TOPIC, number)
            for box in observers:
                await box.until(10)
            await work.until(2)
            work.gate.set()
            await work.until(10)
            return work.data, set(takers), [box.data for box in observers]

    shared, takers, seen = asyncio.run(scenario())
    assert sorted(shared) == list(range(10))
    assert takers == {"first", "second"}
    assert seen == [list(range(10))] * 2


def test_two_patterns_of_one_engine_each_see_what_they_match(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, narrow, wide = broker.bus("risk"), inbox(), inbox()
            await bus.subscribe("portfolio.pnl.p1", narrow)
            await bus.subscribe("portfolio.>", wide)
            await bus.publish("portfolio.pnl.p1", 1)
            await bus.publish("portfolio.positions.p1", 2)
            await wide.until(2)
            await narrow.until(1)
            return narrow.data, wide.data

    assert asyncio.run(scenario()) == ([1], [1, 2])


def test_order_is_kept_one_at_a_time(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("risk"), inbox(failures=3)
            await bus.subscribe(TOPIC, box)
            for number in range(5):
                await bus.publish(TOPIC, number)
            await box.until(8)
            return box.data, box.most_running

    assert asyncio.run(scenario()) == ([0, 0, 0, 0, 1, 2, 3, 4], 1)


def test_concurrency_handles_several_at_once(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("risk"), inbox()
            box.gate.clear()
            await bus.subscribe(TOPIC, box, concurrency=3)
            for number in range(4):
                await bus.publish(TOPIC, number)
            await box.until(3)
            running = box.running
            box.gate.set()
            await box.until(4)
            return running, box.most_running

    assert asyncio.run(scenario()) == (3, 3)


def test_nobody_shares_an_object_with_anybody(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            first, second, sent = inbox(failures=1), inbox(), {"limits": [1, 2]}
            bus = broker.bus("risk")
            await bus.subscribe(TOPIC, first)
            await bus.subscribe("market.>", second)
            await bus.publish(TOPIC, sent)
            sent["limits"].append(3)
            again = await first.until(2)
            again[0].data["limits"].clear()
            return again[1].data, (await second.until(1))[0].data

    assert asyncio.run(scenario()) == ({"limits": [1, 2]}, {"limits": [1, 2]})


def test_data_arrives_as_json_would_have_it(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("risk"), inbox()
            await bus.subscribe(TOPIC, box)
            at = datetime(2025, 8, 23, 10, 30, tzinfo=UTC)
            await bus.publish(TOPIC, {"at": at, "nan": float("nan"), "x": np.float64(1.5)})
            return (await box.until(1))[0].data

    assert asyncio.run(scenario()) == {"at": "2025-08-23T10:30:00Z", "nan": None, "x": 1.5}


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (object(), r"`data` of a message must be what JSON can hold: Type is not JSON"),
        ({1: 2}, r"must be what JSON can hold: Dict key must be str"),
        ("x" * 1_100_000, r"must be at most 1048576 bytes, got 1100002. The bus carries events"),
    ],
)
def test_what_cannot_travel_is_refused_where_it_starts(open_broker, data, match):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").publish(TOPIC, data)

    with pytest.raises(ParameterError, match=match):
        asyncio.run(scenario())


def test_a_request_gets_the_return_value_of_the_handler(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            box = inbox(answer={"status": "BREACH"})
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, box)
            reply = await broker.bus("analytics").request(RISK_CHECK_REQUEST, {"id": "p1"})
            return reply, box.messages[0]

    reply, message = asyncio.run(scenario())
    assert reply == {"status": "BREACH"}
    assert message.target_engine == "risk"
    assert not message.broadcast
    assert message.reply_to is not None
    assert message.deadline - message.timestamp == timedelta(seconds=5)


def test_none_is_an_answer(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, inbox())
            return await broker.bus("analytics").request(RISK_CHECK_REQUEST, {})

    assert asyncio.run(scenario()) is None


def test_observers_of_a_request_do_not_answer_it(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            observer = inbox(answer="observer")
            await broker.bus("websocket").subscribe(">", observer, mode="broadcast")
            with pytest.raises(UnavailableError):
                await broker.bus("analytics").request(RISK_CHECK_REQUEST, {}, timeout=0.01)
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, inbox(answer="risk"))
            return await broker.bus("analytics").request(RISK_CHECK_REQUEST, {})

    assert asyncio.run(scenario()) == "risk"


def test_an_error_of_the_library_comes_back_as_what_it_was(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            error = NotFoundError("no portfolio 'p9'.", field="portfolio_id", hint="Create it.")
            box = inbox(failures=9, error=error)
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, box)
            try:
                await broker.bus("analytics").request(RISK_CHECK_REQUEST, {})
            finally:
                assert len(box.messages) == 1

    with pytest.raises(NotFoundError, match=r"no portfolio 'p9'\. Create it\.") as caught:
        asyncio.run(scenario())
    assert caught.value.field == "portfolio_id"


def test_another_error_is_remote_and_does_not_show_its_text(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            box = inbox(failures=9, error=RuntimeError("password"))
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, box)
            await broker.bus("analytics").request(RISK_CHECK_REQUEST, {})

    with pytest.raises(
        RemoteError, match=r"risk\.check\.request failed .* RuntimeError\."
    ) as caught:
        asyncio.run(scenario())
    assert "password" not in str(caught.value)


def test_an_answer_that_cannot_travel_is_a_remote_error(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, inbox(answer=object()))
            await broker.bus("analytics").request(RISK_CHECK_REQUEST, {})

    with pytest.raises(ParameterError, match="`data` of a message must be what JSON can hold"):
        asyncio.run(scenario())


def test_nobody_there_is_unavailable(open_broker):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("analytics").request(RISK_CHECK_REQUEST, {}, timeout=0.01)

    with pytest.raises(UnavailableError, match=r"risk\.check\.request"):
        asyncio.run(scenario())


def test_a_request_that_takes_too_long_is_given_up_and_counted(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            box, bus = inbox(), broker.bus("analytics")
            box.gate.clear()
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, box)
            with pytest.raises(RequestTimeoutError, match=r"not answered within 0\.01 s: the risk"):
                await bus.request(RISK_CHECK_REQUEST, {}, timeout=0.01)
            return bus.status.timeouts

    assert asyncio.run(scenario()) == 1


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan")])
def test_a_timeout_is_positive(open_broker, timeout):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("analytics").request(RISK_CHECK_REQUEST, {}, timeout=timeout)

    with pytest.raises(ParameterError, match="`timeout` must be"):
        asyncio.run(scenario())


def test_what_is_past_its_deadline_is_dropped_and_counted(open_broker, inbox):
    now = datetime(2025, 8, 23, tzinfo=UTC)
    times = [now]

    async def scenario():
        async with open_broker(clock=lambda: times[0]) as broker:
            risk, box = broker.bus("risk"), inbox()
            box.gate.clear()
            await risk.subscribe(RISK_CHECK_REQUEST, box)
            asks = [
                asyncio.create_task(broker.bus("analytics").request(RISK_CHECK_REQUEST, n))
                for n in range(2)
            ]
            await box.until(1)
            times[0] = now + timedelta(seconds=6)
            box.gate.set()
            await asks[0]
            await broker.bus("analytics").publish(RISK_CHECK_REQUEST, "event")
            await box.until(2)
            asks[1].cancel()
            return box.data, risk.status.expired

    assert asyncio.run(scenario()) == ([0, "event"], 1)


def test_fan_out_gathers_answers_and_errors_in_order(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").subscribe(RISK_CHECK_REQUEST, inbox(answer=1))
            box = inbox(failures=1, error=NotFoundError("no model."))
            await broker.bus("ml").subscribe("ml.prediction.request", box)
            return await broker.bus("portfolio").request_all(
                [
                    (RISK_CHECK_REQUEST, {}),
                    ("ml.prediction.request", {}),
                    ("factors.calculation.request", {}),
                ],
                timeout=0.2,
            )

    risk, ml, factors = asyncio.run(scenario())
    assert risk.ok
    assert (risk.topic, risk.data) == (RISK_CHECK_REQUEST, 1)
    assert isinstance(ml.error, NotFoundError)
    assert not factors.ok
    assert isinstance(factors.error, UnavailableError)


def test_a_failed_event_comes_back_with_the_same_id(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("risk"), inbox(failures=2)
            await bus.subscribe(TOPIC, box)
            await bus.publish(TOPIC, "x")
            messages = await box.until(3)
            await bus.publish(TOPIC, "next")
            await box.until(4)
            return messages, bus.status

    messages, status = asyncio.run(scenario())
    assert len({message.id for message in messages[:3]}) == 1
    assert (status.received, status.failed, status.redelivered, status.dead) == (2, 2, 2, 0)


def test_after_five_deliveries_a_message_is_a_dead_letter(open_broker, inbox, caplog):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("risk"), inbox(failures=5)
            await bus.subscribe("market.data.*", box, group="checks")
            await bus.publish(TOPIC, "poison")
            await bus.publish(TOPIC, "fine")
            await box.until(6)
            return box.data, list(broker.dead_letters), bus.status.dead

    data, (letter,), dead = asyncio.run(scenario())
    assert data == ["poison"] * 5 + ["fine"]
    assert (letter.message.data, letter.group, letter.pattern) == (
        "poison",
        "checks",
        "market.data.*",
    )
    assert (letter.error, letter.deliveries, dead) == ("ValueError: no", 5, 1)
    assert "gave up market.data.AAPL" in caplog.text


def test_a_pipeline_keeps_the_request_id_and_names_its_cause(open_broker, inbox):
    async def scenario():
        async with open_broker(request_id=lambda: "req_001") as broker:
            last = inbox()
            portfolio, risk = broker.bus("portfolio"), broker.bus("risk")

            async def forward(message):
                await risk.publish("risk.alerts.p1", {})
                return message.id

            await risk.subscribe("portfolio.updated.*", forward)
            await portfolio.subscribe("risk.alerts.*", last)
            await portfolio.publish("portfolio.updated.p1", {})
            return (await last.until(1))[0]

    message = asyncio.run(scenario())
    assert message.request_id == "req_001"
    assert message.correlation_id is not None


def test_a_full_queue_can_drop_the_oldest(open_broker, inbox, eventually):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("websocket"), inbox()
            box.gate.clear()
            await bus.subscribe(TOPIC, box, mode="broadcast", capacity=2)
            await bus.publish(TOPIC, 0)
            await box.until(1)
            for number in range(1, 6):
                await bus.publish(TOPIC, number)
            await eventually(lambda: bus.status.dropped == 3)
            waiting = bus.status.waiting
            box.gate.set()
            await box.until(3)
            return box.data, waiting, bus.status.dropped

    assert asyncio.run(scenario()) == ([0, 4, 5], 2, 3)


def test_a_stuck_handler_is_cancelled_and_the_message_comes_again(open_broker, inbox):
    async def scenario():
        async with open_broker(handler_seconds=0.01) as broker:
            bus, box = broker.bus("risk"), inbox()
            box.gate.clear()
            await bus.subscribe(TOPIC, box)
            await bus.publish(TOPIC, "x")
            await box.until(2)
            box.gate.set()
            await bus.publish(TOPIC, "y")
            await box.until(3)
            return box.data[-1], bus.status.failed

    last, failed = asyncio.run(scenario())
    assert last in ("x", "y")
    assert failed >= 1


def test_a_handler_whose_own_task_is_cancelled_has_failed_and_goes_on(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, seen = broker.bus("risk"), inbox()

            async def handler(message):
                await seen(message)
                if len(seen.messages) == 1:
                    inner = asyncio.create_task(asyncio.Event().wait())
                    inner.cancel()
                    await inner

            await bus.subscribe(TOPIC, handler)
            await bus.publish(TOPIC, "x")
            await bus.publish(TOPIC, "y")
            await seen.until(3)
            return seen.data, bus.status.failed

    assert asyncio.run(scenario()) == (["x", "x", "y"], 1)


def test_after_close_nothing_arrives_and_what_runs_ends(open_broker, inbox):
    async def scenario():
        async with open_broker(grace_seconds=5.0) as broker:
            bus, box, other = broker.bus("risk"), inbox(), inbox()
            box.gate.clear()
            subscription = await bus.subscribe(TOPIC, box)
            await bus.subscribe("market.>", other)
            await bus.publish(TOPIC, "running")
            await box.until(1)
            closing = asyncio.create_task(subscription.close())
            await asyncio.sleep(0)
            assert not closing.done()
            box.gate.set()
            await closing
            await bus.publish(TOPIC, "later")
            await other.until(2)
            await subscription.close()
            return box.data, box.running

    assert asyncio.run(scenario()) == (["running"], 0)


def test_a_subscription_may_close_itself(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, closed, other = broker.bus("risk"), asyncio.Event(), inbox()
            held = []

            async def once(message):
                held.append(message.data)
                await subscription.close()
                closed.set()

            subscription = await bus.subscribe(TOPIC, once)
            await bus.subscribe("market.>", other)
            for number in range(3):
                await bus.publish(TOPIC, number)
            async with asyncio.timeout(5):
                await closed.wait()
            await other.until(3)
            return held

    assert asyncio.run(scenario()) == [0]


def test_a_closed_bus_says_so(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus = broker.bus("risk")
            assert bus.status.connected
            await bus.close()
            assert not bus.status.connected
            with pytest.raises(UnavailableError, match="the message bus is closed"):
                await bus.subscribe(TOPIC, inbox())
            await bus.publish(TOPIC, 1)

    with pytest.raises(UnavailableError, match="the message bus is closed: the server is stopping"):
        asyncio.run(scenario())


def test_status_counts_by_family_and_in_total(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            bus, box = broker.bus("marketdata"), inbox()
            await broker.bus("risk").subscribe("market.>", box)
            for symbol in ("AAPL", "MSFT"):
                await bus.publish(market_data(symbol), 1, durable=True)
            await bus.publish("risk.breach.alert", {})
            await box.until(2)
            return bus.status, broker.status

    own, total = asyncio.run(scenario())
    assert dict(own.sent) == {"market.data": 2, "risk.breach": 1} == dict(total.sent)
    assert (own.received, total.received) == (0, 2)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"mode": "both"}, "`mode` must be one of 'work', 'broadcast', got 'both'"),
        ({"overflow": "grow"}, "`overflow` must be one of 'wait', 'drop_oldest', 'error'"),
        ({"concurrency": 0}, "`concurrency` must be at least 1"),
        ({"capacity": 0}, "`capacity` must be at least 1"),
    ],
)
def test_options_of_a_subscription_are_checked(open_broker, inbox, options, match):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").subscribe(TOPIC, inbox(), **options)

    with pytest.raises(ParameterError, match=match):
        asyncio.run(scenario())


def test_nobody_answers_is_an_error_of_its_own_kind():
    assert issubclass(NobodyAnswersError, UnavailableError)
