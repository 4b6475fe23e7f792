from __future__ import annotations

import asyncio
import os
import threading

import pytest

from nautilus.core.errors import UnavailableError
from nautilus.server.cpu import INLINE_SIZE, Cpu, TimedOutError, cap_library_threads, within
from nautilus.server.reporting import GivenUpError, report


@pytest.fixture
def cpu():
    one = Cpu(threads=1, waiting=2)
    yield one
    one.close()


def where() -> int:
    return threading.get_ident()


def fails() -> None:
    raise ZeroDivisionError("here")


def test_small_work_runs_inline_and_large_work_in_a_thread(cpu):
    async def both():
        return await cpu.run(INLINE_SIZE, where), await cpu.run(INLINE_SIZE + 1, where)

    inline, thread = asyncio.run(both())
    assert inline == threading.get_ident() != thread


def test_arguments_and_errors_pass_through(cpu):
    assert asyncio.run(cpu.thread(max, [1, 3], key=lambda x: -x)) == 1
    with pytest.raises(ZeroDivisionError, match="here"):
        asyncio.run(cpu.thread(fails))


def test_one_call_too_many_is_refused_and_room_comes_back(cpu):
    release = threading.Event()

    async def crowd():
        first = [asyncio.create_task(cpu.thread(release.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="Busy: 3 calls are running or waiting"):
            await cpu.thread(where)
        release.set()
        await asyncio.gather(*first)
        await asyncio.sleep(0)
        return await cpu.thread(where)

    assert asyncio.run(crowd())
    assert cpu.running == 0


def test_work_that_nobody_waits_for_still_takes_its_place(cpu):
    release, begun = threading.Event(), threading.Event()

    def work():
        begun.set()
        release.wait()

    async def leave():
        task = asyncio.create_task(cpu.thread(work))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        held = cpu.running
        release.set()
        return held

    assert asyncio.run(leave()) == 1


def test_processes_run_elsewhere_and_a_dead_one_is_told():
    cpu = Cpu(threads=1)

    async def calls():
        there = await cpu.process(os.getpid)
        with pytest.raises(UnavailableError, match="The process that ran this call died"):
            await cpu.process(os._exit, 1)
        return there, await cpu.process(os.getpid)

    try:
        first, second = asyncio.run(calls())
    finally:
        cpu.close()
    assert os.getpid() not in (first, second)
    assert first != second


def test_libraries_get_one_thread_unless_the_user_chose(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "7"})
    cap_library_threads()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["POLARS_MAX_THREADS"]) == ("7", "1")


def test_a_thread_whose_caller_has_left_ends_at_its_next_report(cpu):
    begun, go_on, ended = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        go_on.wait(20)
        try:
            report(0.5)
        except GivenUpError as error:
            ended.append(error.code)
            raise

    async def leave():
        task = asyncio.create_task(cpu.thread(work))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.wait([task])
        go_on.set()
        async with asyncio.timeout(10):
            while cpu.running:
                await asyncio.sleep(0.005)

    asyncio.run(leave())
    assert ended == ["given_up"]


def test_threads_and_processes_have_places_of_their_own():
    cpu = Cpu(threads=1, waiting=1)
    release = threading.Event()

    async def crowd():
        first = [asyncio.create_task(cpu.thread(release.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        elsewhere = await cpu.process(os.getpid)
        seen = cpu.threads.running, cpu.threads.waiting, cpu.processes.waiting
        release.set()
        await asyncio.gather(*first)
        return elsewhere, seen

    try:
        elsewhere, seen = asyncio.run(crowd())
    finally:
        cpu.close()
    assert elsewhere != os.getpid()
    assert seen == (1, 1, 0)


def test_work_within_a_time_and_errors_that_are_not_of_the_time():
    async def late():
        async with within(0.01):
            await asyncio.Event().wait()

    async def other():
        async with within(10):
            raise TimeoutError("of the network")

    with pytest.raises(TimedOutError, match=r"not done within 0\.01 s"):
        asyncio.run(late())
    with pytest.raises(TimeoutError, match="of the network"):
        asyncio.run(other())
