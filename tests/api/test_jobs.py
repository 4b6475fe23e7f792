"""Jobs: the same answer as without one, progress, cancelling, and the end of a server."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import psutil
import pytest

from nautilus.core.errors import DataError
from nautilus.server import ENGINES, Settings, create_app, open_platform
from nautilus.server.deps import Deps
from nautilus.server.envelope import answer
from nautilus.server.idempotent import IDEMPOTENT
from nautilus.server.job_routes import job_events
from nautilus.server.jobs import Jobs
from nautilus.server.long_operations import long_post
from nautilus.server.reporting import report
from nautilus.server.routing import engine_router
from nautilus.server.schemas.bases import Envelope, LongBody, Number, PortfolioId, View
from nautilus.server.state.jobs import Job, StoredJobs
from nautilus.server.tokens import minted_token

SECRET = "a secret of 32 bytes, for the tests"


class WorkBody(LongBody):
    value: float = 1.0


class WorkView(View):
    value: Number


WorkReply = Envelope[WorkView]


def burn(place: str) -> None:
    """For ever, in a process that says who it is."""
    report(0.25, "burning")
    Path(place).write_text(str(os.getpid()))
    while True:
        pass


class Desk:
    """Endpoints whose work the test holds."""

    def __init__(self, folder: Path) -> None:
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.place = folder / "pid"
        self.thread_begun, self.thread_ended = threading.Event(), threading.Event()

    def router(self):
        router = engine_router("analytics")

        @long_post(
            router, "/wait/{portfolio_id}", operation_id="wait_for_gate", dependencies=[IDEMPOTENT]
        )
        async def work(portfolio_id: PortfolioId, body: WorkBody, deps: Deps) -> WorkReply:
            """Wait for the gate."""
            report(0.5, "waiting")
            self.begun.set()
            await self.gate.wait()
            if body.value < 0:
                raise DataError("`value` must not be negative.", field="value")
            if body.value == 0:
                raise ZeroDivisionError
            return answer(WorkReply, {"value": body.value}, function=portfolio_id)

        @long_post(router, "/burn", operation_id="burn")
        async def burning(body: WorkBody, deps: Deps) -> WorkReply:
            """Work in a process."""
            await deps.cpu.process(burn, str(self.place))
            return answer(WorkReply, {"value": 0.0})

        @long_post(router, "/steps", operation_id="steps")
        async def steps(body: WorkBody, deps: Deps) -> WorkReply:
            """Work in a thread, for ever."""
            await deps.cpu.thread(self._steps)
            return answer(WorkReply, {"value": 0.0})

        return router

    def _steps(self) -> None:
        try:
            while True:
                report(0.1, "stepping")
                self.thread_begun.set()
        finally:
            self.thread_ended.set()


@pytest.fixture
def asked(tmp_path):
    """Run a scenario of (client, desk, platform, app)."""

    @asynccontextmanager
    async def opened(**options):
        settings = Settings(database=str(tmp_path / "state.db"), demo=False, threads=2, **options)
        async with open_platform(settings) as platform:
            app, desk = create_app("analytics", platform=platform), Desk(tmp_path)
            app.include_router(desk.router())
            async with app.router.lifespan_context(app):
                transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
                async with httpx2.AsyncClient(
                    transport=transport, base_url="http://localhost"
                ) as client:
                    yield client, desk, platform, app

    def run(scenario, **options):
        async def whole():
            async with asyncio.timeout(60), opened(**options) as parts:
                return await scenario(*parts)

        return asyncio.run(whole())

    return run


async def until(client, job, *statuses, **options):
    """The job once it is in one of these states."""
    while True:
        found = (await client.get(f"/jobs/{job}", **options)).json()["data"]
        if found["status"] in statuses:
            return found
        await asyncio.sleep(0.005)


def without_times(body):
    own = ("request_id", "processing_time_ms", "timestamp")
    metadata = {k: v for k, v in body["metadata"].items() if k not in own}
    return {**body, "metadata": metadata}


def test_a_job_ends_with_the_answer_that_would_have_been_sent(asked):
    async def scenario(client, desk, *_):
        desk.gate.set()
        plain = await client.post("/wait/p1", json={"value": 2.5})
        started = await client.post("/wait/p1", json={"value": 2.5, "async": True})
        job = started.json()["data"]
        ended = await until(client, job["job_id"], "succeeded")
        return plain, started, ended, await client.get(f"{started.headers['location']}/result")

    plain, started, ended, result = asked(scenario)
    assert (plain.status_code, plain.json()["data"]) == (200, {"value": 2.5})
    assert (started.status_code, started.headers["retry-after"]) == (202, "1")
    job = started.json()["data"]
    assert (job["operation"], job["portfolio_id"]) == ("wait_for_gate", "p1")
    assert (ended["progress"], ended["status_code"]) == (1.0, 200)
    assert ended["size_bytes"] == len(result.content)
    assert result.status_code == 200
    assert without_times(result.json()) == without_times(plain.json())
    assert result.json()["metadata"]["request_id"] == started.headers["x-request-id"]


def test_an_operation_of_an_engine_as_a_job(clients):
    client = clients["analytics"]
    path, body = "/analytics/attribution/portfolio_001", {"attribution_type": "factor"}
    plain = client.post(path, json=body).json()
    assert plain["success"]
    job = client.post(path, json={**body, "async": True})
    assert job.status_code == 202
    events = client.get(f"/analytics/jobs/{job.json()['data']['job_id']}/events").text
    last = json.loads(events.strip().rpartition("data: ")[2])
    assert "event: end" in events
    assert last["status"] == "succeeded"
    result = client.get(f"/jobs/{last['job_id']}/result").json()
    assert without_times(result) == without_times(plain)
    listed = client.get("/jobs", params={"status": "succeeded", "limit": 1}).json()["data"]["jobs"]
    assert [one["job_id"] for one in listed] == [last["job_id"]]


def test_what_takes_long_becomes_a_job_by_itself(asked):
    async def scenario(client, desk, *_):
        slow = await client.post("/wait/p1", json={"value": 3.0})
        job = slow.json()["data"]["job_id"]
        early = await client.get(f"/jobs/{job}/result")
        running = await until(client, job, "running")
        desk.gate.set()
        await until(client, job, "succeeded")
        return slow, early, running, await client.get(f"/jobs/{job}/result")

    slow, early, running, result = asked(scenario, job_after_seconds=0.05)
    assert slow.status_code == 202
    assert (early.status_code, early.headers["retry-after"]) == (409, "1")
    assert early.json()["errors"][0]["code"] == "job_running"
    assert (running["progress"], running["stage"]) == (0.5, "waiting")
    assert result.json()["data"] == {"value": 3.0}


def test_bad_input_is_refused_at_once_and_what_fails_later_is_the_answer(asked):
    async def scenario(client, desk, *_):
        desk.gate.set()
        refused = await client.post("/wait/p1", json={"value": "x", "async": True})
        answers = []
        for value in (-1.0, 0.0):
            body = {"value": value}
            plain = await client.post("/wait/p1", json=body)
            job = (await client.post("/wait/p1", json={**body, "async": True})).json()["data"]
            await until(client, job["job_id"], "failed")
            answers.append((plain, await client.get(f"/jobs/{job['job_id']}/result")))
        return refused, answers

    refused, ((known, known_later), (unknown, unknown_later)) = asked(scenario)
    assert refused.status_code == 422
    assert known.status_code == known_later.status_code == 422
    assert known.json()["errors"] == known_later.json()["errors"]
    assert unknown.status_code == unknown_later.status_code == 500
    assert unknown_later.json()["errors"][0]["code"] == "internal_error"


def test_cancelling_kills_a_process_and_ends_a_thread(asked):
    async def scenario(client, desk, *_):
        job = (await client.post("/burn", json={"async": True})).json()["data"]["job_id"]
        while not desk.place.exists() or not desk.place.read_text():
            await asyncio.sleep(0.005)
        worker = psutil.Process(int(desk.place.read_text()))
        seen = await until(client, job, "running")
        ended = (await client.delete(f"/jobs/{job}")).json()["data"]
        _, alive = await asyncio.to_thread(psutil.wait_procs, [worker], 10)
        gone = await client.get(f"/jobs/{job}/result")
        again = (await client.delete(f"/jobs/{job}")).json()["data"]

        other = (await client.post("/steps", json={"async": True})).json()["data"]["job_id"]
        assert await asyncio.to_thread(desk.thread_begun.wait, 20)
        await client.delete(f"/jobs/{other}")
        assert await asyncio.to_thread(desk.thread_ended.wait, 20)
        return seen, ended, alive, gone, again, await until(client, other, "cancelled")

    seen, ended, alive, gone, again, other = asked(scenario)
    assert (seen["progress"], seen["stage"]) == (0.25, "burning")
    assert ended["status"] == other["status"] == "cancelled"
    assert again == ended
    assert not alive
    assert (gone.status_code, gone.json()["errors"][0]["code"]) == (410, "job_cancelled")


def test_jobs_take_turns_and_short_calls_find_room(asked):
    async def scenario(client, desk, platform, _):
        jobs = []
        for _ in range(3):
            made = await client.post("/wait/p1", json={"async": True})
            jobs.append(made.json()["data"]["job_id"])
        await until(client, jobs[0], "running")
        status = (await client.get("/status")).json()["data"]["jobs"]
        dropped = (await client.delete(f"/jobs/{jobs[2]}")).json()["data"]["status"]
        beside = await platform.cpu.thread(max, 1, 2)
        desk.gate.set()
        ends = [(await until(client, j, "succeeded"))["status"] for j in jobs[:2]]
        return status, dropped, beside, ends

    status, dropped, beside, ends = asked(scenario)
    assert status == {"running": 1, "queued": 2}
    assert (dropped, beside, ends) == ("cancelled", 2, ["succeeded"] * 2)


def test_one_job_too_many_is_refused(asked):
    async def scenario(client, desk, *_):
        first = await client.post("/wait/p1", json={"async": True})
        second = await client.post("/wait/p1", json={"async": True})
        desk.gate.set()
        await until(client, first.json()["data"]["job_id"], "succeeded")
        return second

    second = asked(scenario, jobs=1)
    assert (second.status_code, second.headers["retry-after"]) == (503, "1")
    assert "1 jobs are running or queued" in second.json()["errors"][0]["message"]


def test_an_answer_that_is_too_large_fails_its_job(asked):
    async def scenario(client, desk, *_):
        desk.gate.set()
        job = (await client.post("/wait/p1", json={"async": True})).json()["data"]["job_id"]
        await until(client, job, "failed")
        return await client.get(f"/jobs/{job}/result")

    result = asked(scenario, job_result_bytes=10)
    assert (result.status_code, result.json()["errors"][0]["code"]) == (413, "result_too_large")


def test_a_repeated_key_names_the_same_job(asked):
    async def scenario(client, desk, *_):
        send = {"json": {"value": 1.0, "async": True}, "headers": {"Idempotency-Key": "k"}}
        first, again = [await client.post("/wait/p1", **send) for _ in range(2)]
        listed = (await client.get("/jobs")).json()["data"]["jobs"]
        desk.gate.set()
        return first, again, listed

    first, again, listed = asked(scenario)
    assert first.json()["data"]["job_id"] == again.json()["data"]["job_id"]
    assert len(listed) == 1


def test_events_tell_each_state_once(asked):
    async def scenario(client, desk, platform, app):
        made = await client.post("/wait/p1", json={"async": True})
        job = await platform.jobs.get("analytics", made.json()["data"]["job_id"])
        seen = []
        async for event in job_events(job, app.state.deps):
            body = json.loads(event.raw_data)
            seen.append((event.event, body["status"], body["stage"]))
            if body["stage"] == "waiting":
                desk.gate.set()
        return seen

    seen = asked(scenario)
    assert len(set(seen)) == len(seen)
    assert seen[-1] == ("end", "succeeded", "waiting")
    assert ("progress", "running", "waiting") in seen


def test_jobs_of_others_are_unknown(asked, tmp_path):
    def token(settings, subject, portfolios=None):
        made = minted_token(settings, subject, ("write",), seconds=60, portfolios=portfolios)
        return {"headers": {"authorization": f"Bearer {made}"}}

    async def scenario(client, desk, platform, _):
        desk.gate.set()
        alice, bob = (token(platform.settings, name) for name in ("alice", "bob"))
        alice_elsewhere = token(platform.settings, "alice", ("p2",))
        made = await client.post("/wait/p1", json={"async": True}, **alice)
        job = made.json()["data"]["job_id"]
        await until(client, job, "succeeded", **alice)
        found = []
        for who in (alice, bob, alice_elsewhere):
            answers = [await client.get(f"/jobs/{job}{end}", **who) for end in ("", "/result")]
            answers.append(await client.delete(f"/jobs/{job}", **who))
            listed = await client.get("/jobs", **who)
            codes = [one.status_code for one in answers]
            found.append((codes, len(listed.json()["data"]["jobs"])))
        return found

    own, other, elsewhere = asked(scenario, auth_secret=SECRET)
    assert own == ([200, 200, 200], 1)
    assert other == elsewhere == ([404, 404, 404], 0)


def test_a_job_ends_with_its_server_and_says_so(asked):
    async def begin(client, desk, *_):
        made = await client.post("/wait/p1", json={"async": True})
        await desk.begun.wait()
        return made.json()["data"]["job_id"]

    job = asked(begin)

    async def look(client, *_):
        found = (await client.get(f"/jobs/{job}")).json()["data"]
        return found, await client.get(f"/jobs/{job}/result")

    found, result = asked(look)
    assert (found["status"], found["stage"]) == ("failed", "waiting")
    assert (result.status_code, result.json()["errors"][0]["code"]) == (503, "server_restarted")


def test_a_job_whose_server_was_killed_fails_when_its_lease_ends(asked):
    async def scenario(client, desk, platform, _):
        now = platform.clock()
        dead = StoredJobs(platform.database, holder="dead", clock=lambda: now - timedelta(hours=1))
        job = Job(
            id="job_" + "0" * 32,
            engine="analytics",
            operation="wait_for_gate",
            status="running",
            created_at=now - timedelta(hours=1),
        )
        await dead.add(job)
        found = (await client.get(f"/jobs/{job.id}")).json()["data"]
        return found, await client.get(f"/jobs/{job.id}/result")

    found, result = asked(scenario)
    assert found["status"] == "failed"
    assert result.json()["errors"][0]["code"] == "server_restarted"


def test_a_job_is_cancelled_from_another_process(asked):
    async def scenario(client, desk, platform, _):
        lease = timedelta(seconds=4)  # it looks for cancels four times in it, and must not lose it
        owner = Jobs(StoredJobs(platform.database, holder="other", lease=lease))
        job = await owner.start("analytics", "wait_for_gate", desk.gate.wait)
        try:
            asked_for = (await client.delete(f"/jobs/{job.id}")).json()["data"]
            return asked_for, await until(client, job.id, "cancelled")
        finally:
            await owner.close()

    asked_for, ended = asked(scenario)
    assert asked_for["cancel_asked"]
    assert ended["status"] == "cancelled"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_jobs(clients, engine):
    answers = clients[engine].get("/jobs").json()
    assert answers["success"]
    unknown = clients[engine].get("/jobs/job_" + "0" * 32)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (404, "job_id")
