from __future__ import annotations

import asyncio
import re
import threading
import time
from contextlib import AsyncExitStack

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from nautilus.core.errors import UnavailableError
from nautilus.server import ENGINES, create_app
from nautilus.server.bus import Message
from nautilus.server.loop_watch import LoopWatch
from nautilus.server.metrics import EngineMetrics, portfolio_size, short_endpoint
from nautilus.server.platform import open_platform
from nautilus.server.registry import engine_row
from nautilus.server.windows import Window

OWNER = {"analytics": "analytics", "risk": "risk", "factor": "factors", "ml": "ml"} | {
    "websocket": "websocket",
    "strategy": "strategy",
}


def samples(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    return [sample for family in families for sample in family.samples]


def test_every_documented_name_is_exposed_by_its_engine(clients, constants):
    for metric in constants["metrics"]:
        name = metric["name"]
        prefix = name.partition("_")[0]
        engines = [OWNER[prefix]] if prefix in OWNER else list(ENGINES)
        for engine in engines:
            text = clients[engine].get("/metrics").text
            bare = name.removesuffix("_total")
            assert re.search(rf"^# TYPE {bare}(_total)? ", text, re.MULTILINE), (engine, name)


def test_requests_are_counted_by_short_endpoint_method_and_status(clients):
    client = clients["portfolio"]
    client.post("/portfolio/optimize/risk_parity", json={})
    client.post("/portfolio/nowhere", json={})
    (row,) = [
        s
        for s in samples(client)
        if s.name == "engine_requests_total"
        and (s.labels["endpoint"], s.labels["status"]) == ("/optimize/risk_parity", "501")
    ]
    assert row.labels == {
        "engine": "portfolio",
        "method": "POST",
        "endpoint": "/optimize/risk_parity",
        "status": "501",
    }
    endpoints = {s.labels["endpoint"] for s in samples(client) if "endpoint" in s.labels}
    assert "unmatched" in endpoints
    assert not any("nowhere" in e or "{" in e for e in endpoints)


def test_errors_are_counted_by_kind(clients):
    client = clients["portfolio"]
    client.post("/portfolio/optimize", json={})
    kinds = {s.labels["error_type"] for s in samples(client) if s.name == "engine_errors_total"}
    assert "not_built" in kinds


def test_durations_are_a_summary_with_quantiles_beside_a_histogram(clients):
    client = clients["analytics"]
    client.get("/analytics/status")
    text = client.get("/metrics").text
    assert "# TYPE engine_request_duration_seconds summary" in text
    assert "# TYPE engine_request_duration_histogram_seconds histogram" in text
    found = samples(client)
    for name, labels in (
        ("engine_request_duration_seconds", {"engine": "analytics", "quantile": "0.95"}),
        ("analytics_request_duration_seconds", {"quantile": "0.95"}),
    ):
        (value,) = [s.value for s in found if s.name == name and s.labels == labels]
        assert 0 < value < 60


def test_the_two_documented_spellings_share_one_value():
    metrics = EngineMetrics(engine_row("analytics"))
    metrics.count("analytics_pnl_calculations_total", 3)
    metrics.count("analytics_pnl_updates_total")
    assert metrics.total("analytics_pnl_calculations_total") == 4
    assert metrics.total("analytics_pnl_updates_total") == 4


def test_labelled_business_metrics():
    metrics = EngineMetrics(engine_row("analytics"))
    metrics.count("analytics_calculation_errors_total", error_type="invalid_position")
    metrics.timed("analytics_calculation_time_seconds", 0.1, portfolio_size=portfolio_size(3))
    text = metrics.exposition("")[0].decode()
    assert 'analytics_calculation_errors_total{error_type="invalid_position"} 1.0' in text
    assert 'analytics_calculation_time_seconds_count{portfolio_size="small"} 1.0' in text


def test_there_are_no_creation_times_among_the_samples(clients):
    assert "_created" not in clients["analytics"].get("/metrics").text


def test_gauges_are_set():
    metrics = EngineMetrics(engine_row("websocket"))
    metrics.put("websocket_connections_active", 7)
    assert metrics.total("websocket_connections_active") == 7


def test_engines_do_not_share_a_registry(clients):
    assert "risk_limit_checks_total" not in clients["ml"].get("/metrics").text
    assert 'engine="risk"' not in clients["ml"].get("/metrics").text


def test_the_scraper_chooses_the_format(risk):
    assert risk.get("/metrics").headers["content-type"].startswith("text/plain; version=")
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    reply = risk.get("/metrics", headers=accept)
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert reply.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    ("route", "short"),
    [
        ("/calculate/{portfolio_id}", "/calculate"),
        ("/deployments/{deployment_id}/status", "/deployments/status"),
        ("/reports/{report_id}.{format}", "/reports"),
        ("/system/health/engines", "/system/health/engines"),
        (None, "unmatched"),
    ],
)
def test_short_endpoint(route, short):
    assert short_endpoint(route) == short


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_window_forgets():
    clock = Clock()
    window = Window(60.0, clock=clock)
    assert (window.mean(), window.quantile(0.5), window.rate()) == (None, None, 0.0)
    for seconds in (1.0, 2.0, 3.0):
        clock.now += 10
        window.add(seconds)
    assert window.mean() == 2.0
    assert window.rate() == 3 / 30
    assert [window.quantile(p) for p in (0.0, 0.5, 0.95)] == [1.0, 2.0, 3.0]
    clock.now = 75.0
    assert window.durations() == [2.0, 3.0]
    assert window.rate() == 2 / 60


def test_a_full_window_still_knows_its_rate():
    clock = Clock()
    window = Window(60.0, most=10, clock=clock)
    for _ in range(100):
        clock.now += 0.5
        window.add(0.001)
    assert window.rate() == pytest.approx(10 / 4.5)


@pytest.fixture
def private():
    """A client whose engine nobody else uses."""
    with TestClient(create_app("risk")) as client:
        yield client


def value_of(client, name, **labels):
    return next(s.value for s in samples(client) if (s.name, s.labels) == (name, labels))


def test_a_blocked_event_loop_shows_in_the_histogram(private):
    watch = private.app.state.deps.platform.loop
    before = value_of(private, "engine_event_loop_lag_seconds_sum", engine="risk")
    count = value_of(private, "engine_event_loop_lag_seconds_count", engine="risk")

    async def block() -> None:
        time.sleep(0.3)
        async with asyncio.timeout(20):
            while not (watch.p99() or 0.0) > 0.1:
                await asyncio.sleep(0.01)

    private.portal.call(block)
    assert value_of(private, "engine_event_loop_lag_seconds_sum", engine="risk") - before > 0.1
    assert value_of(private, "engine_event_loop_lag_seconds_count", engine="risk") > count
    assert private.get("/status").json()["data"]["event_loop"]["lag_p99_ms"] > 100


def test_the_histogram_of_lags_is_cumulative():
    watch = LoopWatch()
    for lag in (0.0, 0.001, 0.3, 99.0):
        watch.add(lag)
    counts = dict(watch.cumulative())
    assert (counts["0.001"], counts["0.25"], counts["0.5"], counts["5.0"]) == (2, 2, 3, 3)
    assert counts["+Inf"] == 4
    assert watch.p99() == 99.0


def test_the_bus_is_counted_by_engine(private):
    async def break_down() -> None:
        bus = private.app.state.deps.bus
        done = asyncio.Event()

        async def handler(message: Message) -> None:
            if bus.status.redelivered == 4:
                done.set()
            raise ValueError

        await bus.subscribe("risk.alerts.*", handler)
        await bus.publish("risk.alerts.p", {})
        async with asyncio.timeout(20):
            await done.wait()
            while not bus.status.dead:
                await asyncio.sleep(0.01)

    private.portal.call(break_down)
    found = {s.name: s.value for s in samples(private) if s.labels == {"engine": "risk"}}
    counted = ("received", "failed", "redelivered", "dead_letters", "expired", "timeouts")
    assert [found[f"engine_messagebus_{n}_total"] for n in counted] == [1, 5, 4, 1, 0, 0]
    assert (found["engine_messagebus_lag"], found["engine_messagebus_pending"]) == (0, 0)


def test_a_refused_calculation_is_counted(private):
    cpu = private.app.state.deps.cpu
    gate = threading.Event()

    async def too_much() -> int:
        calls = [asyncio.create_task(cpu.thread(gate.wait, 20)) for _ in range(cpu.workers + 64)]
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError):
            await cpu.thread(gate.wait, 20)
        found = value_of_now(private)
        gate.set()
        await asyncio.gather(*calls)
        return found

    running, waiting, rejected = private.portal.call(too_much)
    assert (running, waiting, rejected) == (cpu.workers, 64, 1)


def value_of_now(client):
    """From inside of the loop, where no request can be made."""
    text = client.app.state.metrics.exposition("")[0].decode()
    found = {s.name: s.value for f in text_string_to_metric_families(text) for s in f.samples}
    return [found[f"engine_cpu_{n}"] for n in ("running", "waiting", "rejected_total")]


def test_the_process_is_shown_once_by_the_first_engine_of_a_platform():
    async def shown() -> list[bool]:
        async with open_platform() as platform:
            apps = [create_app(name, platform=platform) for name in ("risk", "ml")]
            async with AsyncExitStack() as stack:
                for app in apps:
                    await stack.enter_async_context(app.router.lifespan_context(app))
                texts = [app.state.metrics.exposition("")[0] for app in apps]
                return [b"process_resident_memory_bytes" in text for text in texts]

    assert asyncio.run(shown()) == [True, False]


def test_active_calculations_are_those_that_run_now():
    metrics = EngineMetrics(engine_row("risk"))
    with metrics.calculation():
        assert metrics.calculating == 1
    assert metrics.calculating == 0
