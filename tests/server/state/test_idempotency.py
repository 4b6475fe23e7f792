from __future__ import annotations

import asyncio

import pytest

from nautilus.core.errors import ConflictError, ParameterError
from nautilus.server.state import IdempotencyKeys
from nautilus.server.state.idempotency import (
    Claim,
    KeyReusedError,
    StillRunsError,
    StoredAnswer,
    fingerprint,
)

BODY = {"portfolio_id": "p1", "limits": []}


@pytest.fixture
def keys(database, clock):
    return IdempotencyKeys(database, clock=clock)


def test_the_second_request_gets_the_first_answer(keys):
    async def scenario():
        claim = await keys.claim("risk.limits", "k1", BODY)
        await keys.finish(claim, 201, '{"success":true}')
        return claim, await keys.claim("risk.limits", "k1", dict(reversed(BODY.items())))

    claim, again = asyncio.run(scenario())
    assert isinstance(claim, Claim)
    assert again == StoredAnswer(201, '{"success":true}')


def test_keys_of_other_operations_are_others(keys):
    async def scenario():
        await keys.claim("risk.limits", "k1", BODY)
        return await keys.claim("strategy.deploy", "k1", BODY)

    assert isinstance(asyncio.run(scenario()), Claim)


def test_a_request_that_still_runs_is_a_conflict(keys):
    async def scenario():
        await keys.claim("risk.limits", "k1", BODY)
        await keys.claim("risk.limits", "k1", BODY)

    with pytest.raises(StillRunsError, match="the first request with `Idempotency-Key` 'k1' still"):
        asyncio.run(scenario())


def test_of_requests_at_once_one_is_carried_out(keys):
    async def scenario():
        claims = (keys.claim("risk.limits", "k1", BODY) for _ in range(8))
        return await asyncio.gather(*claims, return_exceptions=True)

    outcomes = asyncio.run(scenario())
    assert [type(one).__name__ for one in outcomes].count("Claim") == 1
    assert sum(isinstance(one, ConflictError) for one in outcomes) == 7


def test_another_body_under_the_same_key_is_refused(keys):
    async def scenario():
        claim = await keys.claim("risk.limits", "k1", BODY)
        await keys.finish(claim, 200, "{}")
        await keys.claim("risk.limits", "k1", {})

    with pytest.raises(KeyReusedError, match=r"'k1' was used with another body\. Use a new key"):
        asyncio.run(scenario())


def test_a_failed_request_may_be_sent_again(keys):
    async def scenario():
        await keys.release(await keys.claim("risk.limits", "k1", BODY))
        return await keys.claim("risk.limits", "k1", BODY)

    assert isinstance(asyncio.run(scenario()), Claim)


def test_a_claim_whose_holder_died_is_free_after_its_lease(keys, clock):
    async def scenario():
        dead = await keys.claim("risk.limits", "k1", BODY)
        clock.forward(minutes=6)
        alive = await keys.claim("risk.limits", "k1", BODY)
        await keys.finish(dead, 500, "late")
        await keys.release(dead)
        await keys.finish(alive, 200, "right")
        return await keys.claim("risk.limits", "k1", BODY)

    assert asyncio.run(scenario()) == StoredAnswer(200, "right")


def test_an_answer_is_forgotten_after_a_day(keys, clock):
    async def scenario():
        await keys.finish(await keys.claim("risk.limits", "k1", BODY), 200, "{}")
        clock.forward(hours=25)
        return await keys.claim("risk.limits", "k1", {"another": "body"})

    assert isinstance(asyncio.run(scenario()), Claim)


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "schlüssel"])
def test_keys_are_checked(keys, key):
    with pytest.raises(ParameterError, match="`Idempotency-Key` must be 1 to 200 printable"):
        asyncio.run(keys.claim("risk.limits", key, BODY))


def test_a_fingerprint_sees_values_and_not_their_order():
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert len(fingerprint(None)) == 64
