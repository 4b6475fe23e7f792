"""Calls in processes of their own: killed ones, dying ones, and none left over."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from nautilus.core.errors import UnavailableError
from nautilus.server.cpu import Cpu
from nautilus.server.reporting import listened, report
from nautilus.server.worker_pool import MOST_CALLS, WorkerPool


def busy_for_ever(place: str) -> None:
    """A loop that holds the interpreter lock; writes its id to say that it runs."""
    Path(place).write_text(str(os.getpid()))
    while True:
        pass


def raises(text: str) -> None:
    raise ValueError(text)


def unreadable() -> object:
    return lambda: None


class Poisoned:
    """Leaves its process and cannot arrive."""

    def __reduce__(self):
        return raises, ("cannot arrive",)


def three_stages() -> str:
    for stage in ("load", "fit", "check"):
        report(0.5, stage)
        report(0.6, stage)
    return "done"


async def begun(place: Path) -> int:
    """The process that runs a busy loop, once it does."""
    async with asyncio.timeout(20):
        while not place.exists() or not place.read_text():
            await asyncio.sleep(0.005)
    return int(place.read_text())


@pytest.fixture
def pool():
    one = WorkerPool(2)
    yield one
    one.close()


@pytest.fixture
def cpu():
    one = Cpu(threads=2, waiting=4)
    yield one
    one.close()


def test_errors_come_back_and_results_that_cannot_are_named(pool):
    with pytest.raises(ValueError, match="no such thing"):
        pool.submit(raises, ("no such thing",)).result()
    with pytest.raises(RuntimeError, match="function cannot leave its process"):
        pool.submit(unreadable).result()
    assert pool.submit(abs, (-3,)).result() == 3


def test_an_answer_that_cannot_be_read_takes_its_process_with_it(pool):
    first = pool.submit(os.getpid).result()
    with pytest.raises(ValueError, match="cannot arrive"):
        pool.submit(Poisoned).result()
    assert pool.submit(os.getpid).result() != first
    assert len(pool._all) == 1


def test_a_process_that_died_while_idle_is_replaced(pool):
    first = pool.submit(os.getpid).result()
    idle = psutil.Process(first)
    os.kill(first, signal.SIGKILL)
    psutil.wait_procs([idle], timeout=10)
    assert pool.submit(os.getpid).result() != first


def test_a_closed_pool_starts_nothing():
    pool = WorkerPool(1)
    pool.close()
    with pytest.raises(UnavailableError, match="stopping"):
        pool._started()
    assert not pool._all


def test_reports_of_a_process_are_heard_once_a_stage_at_least(cpu):
    heard = []

    async def listen():
        listened(lambda progress, stage: heard.append((progress, stage)))
        return await cpu.process(three_stages)

    assert asyncio.run(listen()) == "done"
    assert [stage for _, stage in heard] == ["load", "fit", "check"]


def test_a_process_is_used_again_and_replaced_after_many_calls(pool):
    pids = {pool.submit(os.getpid).result() for _ in range(MOST_CALLS)}
    assert len(pids) == 1
    assert pool.submit(os.getpid).result() not in pids


def ended(pid, seconds=10):
    """A kill takes effect when the process is next scheduled."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
    return False


def test_who_stops_waiting_kills_the_process_and_nobody_else_notices(cpu, tmp_path):
    async def scenario():
        place = tmp_path / "pid"
        task = asyncio.create_task(cpu.process(busy_for_ever, str(place)))
        pid = await begun(place)
        neighbour = await cpu.process(os.getpid)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        after = await cpu.process(os.getpid)
        async with asyncio.timeout(10):
            while cpu.running:
                await asyncio.sleep(0.005)
        return pid, neighbour, after

    pid, neighbour, after = asyncio.run(scenario())
    assert ended(pid)
    assert neighbour == after != pid


def test_a_deadline_ends_a_call(cpu, tmp_path):
    async def scenario():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await cpu.process(busy_for_ever, str(tmp_path / "pid"))
        return await cpu.process(max, 1, 2)

    assert asyncio.run(scenario()) == 2


def test_a_process_that_is_killed_fails_its_own_call_only(cpu, tmp_path):
    async def scenario():
        places = [tmp_path / name for name in ("one", "two")]
        tasks = [asyncio.create_task(cpu.process(busy_for_ever, str(p))) for p in places]
        first, second = [await begun(place) for place in places]
        os.kill(first, signal.SIGKILL)
        with pytest.raises(UnavailableError, match="died"):
            await tasks[0]
        alive = psutil.pid_exists(second) and not tasks[1].done()
        tasks[1].cancel()
        await asyncio.wait(tasks)
        return alive

    assert asyncio.run(scenario())


def test_a_call_that_waits_and_is_given_up_frees_its_place(cpu, tmp_path):
    async def scenario():
        places = [tmp_path / name for name in ("one", "two")]
        running = [asyncio.create_task(cpu.process(busy_for_ever, str(p))) for p in places]
        for place in places:
            await begun(place)
        waiting = asyncio.create_task(cpu.process(os.getpid))
        await asyncio.sleep(0)
        held = cpu.processes.taken
        waiting.cancel()
        await asyncio.wait([waiting])
        async with asyncio.timeout(10):
            while cpu.processes.taken > 2:
                await asyncio.sleep(0.005)
        freed = cpu.processes.taken
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        return held, freed

    assert asyncio.run(scenario()) == (3, 2)


ORPHANING = """
import sys
from nautilus.server.worker_pool import WorkerPool
from tests.server.test_worker_pool import busy_for_ever

if __name__ == "__main__":
    WorkerPool(1).submit(busy_for_ever, (sys.argv[1],)).result()
"""


def test_a_busy_process_dies_with_its_parent(tmp_path):
    place, script = tmp_path / "pid", tmp_path / "parent.py"
    script.write_text(ORPHANING)
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, str(script), str(place)], env={**os.environ, "PYTHONPATH": root}
    ) as parent:
        worker = psutil.Process(asyncio.run(begun(place)))
        parent.kill()
        parent.wait(10)
        _, alive = psutil.wait_procs([worker], timeout=15)
    assert not alive
