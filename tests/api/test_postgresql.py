"""The nine engines over PostgreSQL, as a process of their own."""

from __future__ import annotations

import json
import signal
import urllib.request

POSITIONS = [{"symbol": "AAPL", "quantity": 10, "avg_cost": 150.0, "current_price": 155.0}]


def asked(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def test_what_a_killed_server_stored_the_next_one_finds(postgresql, launched, tmp_path):
    with postgresql.database() as url:
        options = ("--database", url, "--no-warm", "--no-demo")
        with launched(tmp_path, *options) as first:
            assert asked(f"{first.url('risk')}/ready")["database_connected"] is True
            body = {"positions": POSITIONS}
            asked(f"{first.url('analytics')}/analytics/calculate/mine", body)
            first.process.send_signal(signal.SIGKILL)
        with launched(tmp_path, *options) as second:
            assert asked(f"{second.url('portfolio')}/health")["active_portfolios"] == 1
            assert second.stop() == 0
