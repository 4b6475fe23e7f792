"""Time limits end what is late, in order, and nothing else."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.server.bus.deadlines import Limits


def forever():
    return asyncio.Event().wait()


def test_what_ends_in_time_is_left_alone():
    async def scenario():
        limits = Limits()
        for _ in range(3):
            with limits.within(0.005):
                await asyncio.sleep(0)
        with pytest.raises(TimeoutError), limits.within(0.005):
            await forever()
        return limits._lanes

    assert asyncio.run(scenario()) == {}


def test_the_inner_limit_ends_only_what_is_inside_it():
    async def scenario():
        limits = Limits()
        with limits.within(30):
            with pytest.raises(TimeoutError), limits.within(0.001):
                await forever()
            await asyncio.sleep(0)
        return "went on"

    assert asyncio.run(scenario()) == "went on"


def test_the_outer_limit_ends_the_inner_one_too():
    async def scenario():
        limits = Limits()
        with limits.within(0.001), limits.within(30):
            await forever()

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_who_is_cancelled_by_somebody_else_stays_cancelled():
    async def scenario():
        async def work():
            with Limits().within(0.005):
                try:
                    await forever()
                except asyncio.CancelledError:
                    await asyncio.sleep(0.01)
                    raise

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(scenario())


def test_another_error_is_not_hidden():
    async def scenario():
        with Limits().within(0.001):
            try:
                await forever()
            except asyncio.CancelledError:
                raise KeyError("mine") from None

    with pytest.raises(KeyError, match="mine"):
        asyncio.run(scenario())


@given(st.lists(st.tuples(st.sampled_from([0.001, 0.002, 30.0]), st.booleans()), max_size=12))
def test_each_of_many_ends_as_if_it_were_alone(wanted):
    async def scenario():
        limits = Limits()

        async def one(seconds, quick):
            try:
                with limits.within(seconds):
                    await (asyncio.sleep(0) if quick or seconds == 30.0 else forever())
            except TimeoutError:
                return "late"
            return "done"

        return await asyncio.gather(*(one(*each) for each in wanted))

    expected = ["done" if quick or seconds == 30.0 else "late" for seconds, quick in wanted]
    assert asyncio.run(scenario()) == expected
