from __future__ import annotations

import pytest

from nautilus.server.system import overall_status


@pytest.mark.parametrize(
    ("healthy", "connected", "status"),
    [
        (9, 9, "healthy"),
        (8, 9, "degraded"),
        (5, 5, "degraded"),
        (4, 9, "unhealthy"),
        (8, 0, "unhealthy"),
    ],
)
def test_the_worst_decides(healthy, connected, status):
    assert overall_status(healthy, 9, connected) == status


def test_engines_that_nobody_started_are_unreachable(clients):
    data = clients["risk"].get("/system/health/engines").json()["data"]
    assert data["engines_total"] == 9
    assert set(data["engine_status"]["ml-engine"]) == {"status", "response_time_ms"}
    assert data["messagebus_connectivity"]["total_engines"] == 9
