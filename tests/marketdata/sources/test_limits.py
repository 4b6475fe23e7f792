"""How often a source is asked: windows, days, restarts, the breaker; by a clock that tests move."""

import asyncio
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from nautilus.core.errors import ParameterError
from nautilus.core.rate_limit import WindowLimit
from nautilus.marketdata.sources import (
    CircuitOpen,
    DataRequest,
    QuotaExhausted,
    SymbolNotFound,
    Throttled,
    Upstream,
)
from nautilus.marketdata.sources.breaker import CircuitBreaker
from nautilus.marketdata.sources.limits import DailyQuota, Limiter
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.server import Answer
from tests.marketdata.sources.conftest import run

IBM = DataRequest("bars", "IBM")
DAY = play.alpha_vantage_daily({"2024-01-02": (10, 12, 9, 11, 500)})
USED_UP = {"Information": "Our standard API rate limit is 25 requests per day."}
SERIES = DataRequest("macro", "IMF/IFS/A")


def limiter(clock, limits, patience=100.0):
    return Limiter(
        "fred", WindowLimit.parse(limits), clock=clock, sleep=clock.sleep, patience_seconds=patience
    )


def test_two_a_second_and_three_a_minute_hold_at_once(clock):
    limit = limiter(clock, "2/second, 3/minute")
    start = clock.now

    async def scenario():
        taken = []
        for _ in range(4):
            await limit.acquire()
            taken.append((clock.now - start).total_seconds())
        return taken

    assert asyncio.run(scenario()) == pytest.approx([0.0, 0.0, 1.0, 60.0], abs=0.01)


def test_those_who_wait_together_are_served_in_turn(clock):
    limit = limiter(clock, "1/second")
    served = []

    async def one(number):
        await limit.acquire()
        served.append(number)

    async def scenario():
        await asyncio.gather(*(one(number) for number in range(5)))

    asyncio.run(scenario())
    assert served == [0, 1, 2, 3, 4]
    assert sum(clock.slept) == pytest.approx(4.0, abs=0.01)


def test_a_wait_beyond_the_patience_is_refused_with_its_length(clock):
    limit = limiter(clock, "1/hour", patience=10.0)

    async def scenario():
        await limit.acquire()
        clock.move(600)
        await limit.acquire()

    with pytest.raises(Throttled, match=r"fred: the next request is allowed in 3e\+03 s") as caught:
        asyncio.run(scenario())
    assert caught.value.retry_after == 3000.0
    assert clock.slept == []


def test_a_day_that_is_used_up_stays_so_after_a_restart(replay, source, clock, tmp_path):
    replay.plays("/query", DAY)
    settings = {"state_path": tmp_path / "state" / "quota.db", "limits": "9/second, 2/day"}
    run(source("alpha_vantage", **settings), IBM, IBM)
    again = source("alpha_vantage", **settings)
    assert again.status() == "exhausted"
    with pytest.raises(QuotaExhausted, match="has used up 2 requests a day") as caught:
        run(again, IBM)
    assert caught.value.until == datetime(2026, 11, 21, 5, tzinfo=UTC)  # midnight in New York
    assert len(replay.asked) == 2
    clock.now = caught.value.until - timedelta(seconds=1)
    assert again.status() == "exhausted"
    clock.move(1)
    assert again.status() == "ready"
    assert run(again, IBM).height == 1


def test_the_source_itself_may_say_that_its_day_is_used_up(replay, source, clock, tmp_path):
    replay.plays("/query", USED_UP)
    settings = {"state_path": tmp_path / "quota.db"}
    first = source("alpha_vantage", **settings)
    with pytest.raises(QuotaExhausted):
        run(first, IBM)
    second = source("alpha_vantage", **settings)
    assert (first.status(), second.status()) == ("exhausted", "exhausted")
    with pytest.raises(QuotaExhausted):
        run(second, IBM)
    assert len(replay.asked) == 1  # the second did not even ask, nor did anybody retry


def test_without_a_file_the_day_is_counted_in_memory(replay, source):
    replay.plays("/query", DAY)
    one = source("alpha_vantage", limits="1/day")
    run(one, IBM)
    assert one.status() == "exhausted"
    assert source("alpha_vantage", limits="1/day").status() == "ready"


COUNTING = """
import sys
from datetime import datetime, timezone
from nautilus.marketdata.sources.errors import QuotaExhausted
from nautilus.marketdata.sources.limits import DailyQuota
quota = DailyQuota("fred", 30, lambda: datetime(2024, 1, 2, tzinfo=timezone.utc), sys.argv[1])
taken = 0
for _ in range(20):
    try:
        quota.take()
        taken += 1
    except QuotaExhausted:
        continue
print(taken)
"""


def test_processes_share_one_count(tmp_path):
    command = [sys.executable, "-c", COUNTING, str(tmp_path / "quota.db")]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(worker.communicate()[0]) for worker in workers) == 30


def test_the_file_of_quotas_names_no_key(replay, source, tmp_path):
    replay.plays("/query", DAY)
    run(source("alpha_vantage", state_path=tmp_path / "quota.db"), IBM)
    assert play.KEY.encode() not in (tmp_path / "quota.db").read_bytes()
    with sqlite3.connect(tmp_path / "quota.db") as database:
        assert database.execute("SELECT * FROM quota").fetchall() == [
            ("alpha_vantage", "2026-11-20", 1.0)
        ]
    database.close()


def test_a_new_day_begins_at_zero(clock):
    quota = DailyQuota("fred", 1, clock)
    quota.take()
    with pytest.raises(QuotaExhausted):
        quota.take()
    clock.move(86400)
    quota.take()


def test_limits_that_cannot_be_read_are_named(source):
    with pytest.raises(ParameterError, match='must be like "5/minute, 500/day"'):
        source("fred", limits="often")


def test_a_window_that_a_whole_day_cannot_pay_for_is_refused_at_once(replay, source):
    request = DataRequest("bars", "IBM", "1m", date(2020, 1, 1), date(2022, 6, 30))
    with pytest.raises(ParameterError, match=r"needs 30 requests .* and allows 25 a day"):
        run(source("alpha_vantage"), request)
    assert replay.asked == []


def test_demo_key_of_the_catalogue_has_its_own_limits(source):
    assert source("datagov", key="DEMO_KEY").capabilities().limits == "30/hour, 50/day"
    assert source("datagov").capabilities().limits == "1000/hour"


def test_a_breaker_opens_rests_and_probes_once(clock):
    breaker = CircuitBreaker("fred", clock, failures=2, rest_seconds=60)
    breaker.failed()
    breaker.enter()
    breaker.failed()
    assert breaker.state == "open"
    with pytest.raises(CircuitOpen, match=r"fred failed 2 times in a row .* 60 s more") as caught:
        breaker.enter()
    assert caught.value.retry_after == 60.0
    clock.move(60)
    assert breaker.state == "half_open"
    breaker.enter()  # the probe
    with pytest.raises(CircuitOpen):
        breaker.enter()  # everybody else still waits
    breaker.failed()
    assert breaker.state == "open"
    clock.move(60)
    breaker.enter()
    breaker.succeeded()
    assert breaker.state == "closed"
    breaker.enter()


def test_a_probe_that_is_cancelled_leaves_room_for_the_next(clock):
    breaker = CircuitBreaker("fred", clock, failures=1, rest_seconds=60)
    breaker.failed()
    clock.move(60)
    breaker.enter()
    breaker.withdrawn()
    breaker.enter()


def test_a_source_that_keeps_failing_is_left_alone_and_comes_back(replay, source, clock):
    replay.plays("/", Answer("oops", 500))
    one = source("dbnomics", limits="100/second")
    for _ in range(2):
        with pytest.raises(Upstream, match="HTTP 500"):
            run(one, SERIES)
    assert len(replay.asked) == 5
    assert one.status() == "open"
    with pytest.raises(CircuitOpen):
        run(one, SERIES)
    assert len(replay.asked) == 5
    clock.move(60)
    replay.plays("/", play.dbnomics([1.0], code="A"))
    assert one.status() == "ready"
    assert run(one, SERIES).height == 1


def test_saying_no_is_an_answer_and_opens_nothing(replay, source):
    replay.plays("/", play.dbnomics([], found=0))
    one = source("dbnomics", limits="100/second")
    for _ in range(7):
        with pytest.raises(SymbolNotFound):
            run(one, SERIES)
    assert (one.status(), len(replay.asked)) == ("ready", 7)


def test_a_cancelled_request_counts_for_nothing(replay, source):
    one = source("dbnomics")
    replay.plays("/", Answer({"a": 1}, stuck=True))

    async def scenario():
        task = asyncio.create_task(one.load(SERIES))
        while not replay.asked:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await one.aclose()
        return task.cancelled()

    assert asyncio.run(scenario())
    assert one.status() == "ready"


def test_latency_is_measured_or_nothing(replay, source):
    replay.plays("/", play.dbnomics([1.0], code="A"))
    one = source("dbnomics")
    assert one.latency() is None
    run(one, SERIES)
    assert one.latency() > 0.0
