from __future__ import annotations

import asyncio

import pytest
from starlette.testclient import TestClient

from nautilus.core.errors import ParameterError
from nautilus.server import ENGINES, Settings, create_app, open_platform
from nautilus.server.bus import Message
from nautilus.server.engine import engine_module
from nautilus.server.envelope import started_call
from nautilus.server.ports import documented_addresses
from nautilus.server.registry import engine_row, engine_rows
from nautilus.server.tables import engine_tables


def test_a_platform_is_shared_by_the_apps_of_a_process(tmp_path):
    settings = Settings(database=str(tmp_path / "state.db"), demo=False)

    async def two() -> bool:
        async with open_platform(settings) as platform:
            apps = [create_app(name, platform=platform) for name in ("risk", "ml")]
            for app in apps:
                async with app.router.lifespan_context(app):
                    assert app.state.deps.platform is platform
            assert not platform.draining.is_set()
        return platform.draining.is_set()

    assert asyncio.run(two())


def test_a_changed_portfolio_is_announced_with_its_version_and_the_request(tmp_path):
    settings = Settings(database=str(tmp_path / "state.db"), demo=False)

    async def heard() -> Message:
        async with open_platform(settings) as platform:
            messages: asyncio.Queue[Message] = asyncio.Queue()
            await platform.broker.bus("risk").subscribe("portfolio.updated.*", messages.put)
            started_call("analytics", "req-1")
            await platform.portfolios.create("p.1")
            return await asyncio.wait_for(messages.get(), 5)

    message = asyncio.run(heard())
    assert message.topic == "portfolio.updated.p%2E1"
    assert message.data == {"portfolio_id": "p.1", "version": 1, "what": "created"}
    assert message.request_id == "req-1"


def test_the_demo_set_is_there_unless_it_is_left_out(tmp_path):
    for demo, count in ((False, 0), (True, 2)):
        settings = Settings(database=str(tmp_path / f"{demo}.db"), demo=demo)
        with TestClient(create_app("portfolio", settings=settings)) as client:
            assert client.get("/health").json()["active_portfolios"] == count


def test_metrics_and_status_count_what_the_bus_carried(tmp_path):
    app = create_app("risk", settings=Settings(database=str(tmp_path / "state.db"), demo=False))
    with TestClient(app) as client:
        bus = app.state.deps.bus
        client.portal.call(bus.publish, "risk.alerts.portfolio_001", {"severity": "HIGH"})
        assert client.get("/status").json()["data"]["messagebus"]["messages_sent"] == 1
        line = 'engine_messagebus_messages_sent_total{engine="risk",topic="risk.alerts"} 1.0'
        assert line in client.get("/metrics").text


def test_an_engine_whose_bus_is_gone_is_degraded_and_not_ready(tmp_path):
    app = create_app("risk", settings=Settings(database=str(tmp_path / "state.db"), demo=False))
    with TestClient(app) as client:
        client.portal.call(app.state.deps.bus.close)
        health = client.get("/health").json()
        assert (health["status"], health["messagebus_connected"]) == ("degraded", False)
        assert health["problems"] == ["The message bus is not connected."]
        assert client.get("/ready").status_code == 503
        client.portal.call(app.state.deps.platform.database.close)
        assert client.get("/health").json()["problems"][1:] == ["The database does not answer."]


def test_a_private_platform_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with TestClient(create_app("risk")) as client:
        assert client.get("/health").status_code == 200
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_before_the_lifespan_the_engine_is_unavailable():
    async def ask() -> tuple[int, str]:
        import httpx2

        transport = httpx2.ASGITransport(create_app("risk"))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            reply = await client.get("/health")
        return reply.status_code, reply.headers["retry-after"]

    assert asyncio.run(ask()) == (503, "1")


def test_an_engine_that_cannot_start_does_not_take_the_process_down(monkeypatch):
    from contextlib import asynccontextmanager

    module = engine_module("ml")

    @asynccontextmanager
    async def opened(deps):
        raise OSError("no disk")
        yield

    monkeypatch.setattr(module, "opened", opened, raising=False)
    with TestClient(create_app("ml")) as client:
        health = client.get("/health")
    assert health.status_code == 503
    assert health.json()["problems"] == ["The engine could not start: OSError."]


def test_own_things_are_opened_and_closed_with_the_engine(monkeypatch):
    from contextlib import asynccontextmanager
    from dataclasses import dataclass

    @dataclass
    class Own:
        open: bool

    own = Own(open=False)

    @asynccontextmanager
    async def opened(deps):
        own.open = True
        yield own
        own.open = False

    monkeypatch.setattr(engine_module("ml"), "opened", opened, raising=False)
    app = create_app("ml")
    with TestClient(app):
        assert app.state.deps.own is own
        assert own.open
    assert not own.open


def test_addresses_follow_offset_and_overrides():
    settings = Settings(port_offset=1000, engine_urls={"ml": "http://gpu:8400"})
    addresses = documented_addresses(settings)
    assert addresses["risk"] == "http://127.0.0.1:9200"
    assert addresses["ml"] == "http://gpu:8400"
    assert documented_addresses(Settings(host="::1"))["risk"] == "http://[::1]:8200"


def test_the_registry_is_the_documented_nine():
    ports = {row.name: row.port for row in ENGINES.values()}
    assert ports == dict(zip(ENGINES, range(8100, 9000, 100), strict=True))
    assert ENGINES["factors"].paths == ("/factors", "/factor")
    with pytest.raises(ParameterError, match=r"`engine` must be one of analytics, .* got 'rsk'"):
        engine_row("rsk")
    assert engine_rows() == tuple(ENGINES.values())


def test_every_engine_has_tables_that_nobody_shares():
    for name in ENGINES:
        engine_tables(name).clear()
        assert "COORDINATION_PATTERNS" in engine_tables(name)


def test_a_plain_path_is_a_sqlite_file(tmp_path):
    assert Settings(database=str(tmp_path / "x.db")).database == f"sqlite:///{tmp_path / 'x.db'}"
    assert Settings(database="postgresql://host/db").database == "postgresql://host/db"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
    ],
)
def test_loopback(host, loopback):
    assert Settings(host=host).loopback is loopback
