"""The documented coordination patterns, over either bus."""

from __future__ import annotations

import asyncio

import pytest

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.server.bus import NobodyAnswersError, RequestTimeoutError, patterns
from nautilus.server.bus.patterns import (
    event_broadcast,
    fan_out_fan_in,
    pipeline_processing,
    request_response,
)
from nautilus.server.tables import engine_tables

FACTORS, ML, RISK = "factors.calculation.request", "ml.prediction.request", "risk.check.request"


def adding(step):
    async def handler(message):
        return [*message.data, step]

    return handler


def test_they_are_the_documented_ones():
    documented = engine_tables("risk")["COORDINATION_PATTERNS"]
    assert set(documented) <= set(patterns.__all__)


def test_request_and_answer(open_broker):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").subscribe(RISK, adding("risk"))
            return await request_response(broker.bus("analytics"), RISK, [])

    assert asyncio.run(scenario()) == ["risk"]


def test_an_event_for_everybody(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            boxes = [inbox(), inbox()]
            for engine, box in zip(("risk", "websocket"), boxes, strict=True):
                await broker.bus(engine).subscribe("portfolio.updated.*", box)
            await event_broadcast(broker.bus("portfolio"), "portfolio.updated.p1", 1, durable=True)
            for box in boxes:
                await box.until(1)
            return [box.data for box in boxes]

    assert asyncio.run(scenario()) == [[1], [1]]


def test_each_stage_works_on_the_answer_of_the_one_before(open_broker):
    async def scenario():
        async with open_broker() as broker:
            for name, topic in (("factors", FACTORS), ("ml", ML), ("risk", RISK)):
                await broker.bus(name).subscribe(topic, adding(name))
            return await pipeline_processing(broker.bus("portfolio"), (FACTORS, ML, RISK), [])

    found = asyncio.run(scenario())
    assert found.complete
    assert found.error is None
    assert found.data == ["factors", "ml", "risk"]
    assert [reply.data[-1] for reply in found.replies] == ["factors", "ml", "risk"]


def test_a_stage_that_fails_is_named_and_what_was_finished_is_kept(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("factors").subscribe(FACTORS, adding("factors"))
            failing = inbox(failures=9, error=NotFoundError("no model 'm1'.", field="model_id"))
            await broker.bus("ml").subscribe(ML, failing)
            return await pipeline_processing(broker.bus("portfolio"), (FACTORS, ML, RISK), [])

    found = asyncio.run(scenario())
    assert not found.complete
    assert found.data is None
    assert [reply.ok for reply in found.replies] == [True, False]
    assert found.replies[0].data == ["factors"]
    assert isinstance(found.error, NotFoundError)
    assert (str(found.error), found.error.field) == (
        "stage 2 of 3 failed: no model 'm1'.",
        "model_id",
    )


def test_the_deadline_is_for_all_stages_together(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            stuck = inbox()
            stuck.gate.clear()
            await broker.bus("factors").subscribe(FACTORS, adding("factors"))
            await broker.bus("ml").subscribe(ML, stuck)
            bus = broker.bus("portfolio")
            return await pipeline_processing(bus, (FACTORS, ML, RISK), [], timeout=0.2)

    found = asyncio.run(scenario())
    assert isinstance(found.error, RequestTimeoutError)
    assert "stage 2 of 3 failed: ml.prediction.request was not answered within" in str(found.error)


def test_a_pipeline_has_stages(open_broker):
    async def scenario():
        async with open_broker() as broker:
            await pipeline_processing(broker.bus("portfolio"), (), [])

    with pytest.raises(ParameterError, match="`stages` must hold at least one topic"):
        asyncio.run(scenario())


def test_what_comes_in_time_is_gathered_and_the_rest_is_named(open_broker, inbox):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").subscribe(RISK, adding("risk"))
            stuck = inbox()
            stuck.gate.clear()
            await broker.bus("ml").subscribe(ML, stuck)
            asked = [(RISK, []), (ML, []), (FACTORS, [])]
            return await fan_out_fan_in(broker.bus("portfolio"), asked, timeout=0.2)

    found = asyncio.run(scenario())
    assert not found.complete
    assert [reply.data for reply in found.answered] == [["risk"]]
    late, missing = found.failed
    assert (late.topic, type(late.error)) == (ML, RequestTimeoutError)
    assert (missing.topic, type(missing.error)) == (FACTORS, NobodyAnswersError)


def test_a_whole_fan_in_is_complete(open_broker):
    async def scenario():
        async with open_broker() as broker:
            await broker.bus("risk").subscribe(RISK, adding("risk"), concurrency=2)
            bus = broker.bus("portfolio")
            return await fan_out_fan_in(bus, [(RISK, [1]), (RISK, [2])])

    found = asyncio.run(scenario())
    assert found.complete
    assert [reply.data for reply in found.replies] == [[1, "risk"], [2, "risk"]]
