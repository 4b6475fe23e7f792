"""deploy/: settings of every container are ours, and an engine runs as its container does."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from typing import Any

import pytest
import yaml

from nautilus.server import ENGINES
from nautilus.server.settings import Settings

ROOT = pathlib.Path(__file__).parents[2]
SECRET = "s" * 48
GIVEN = {"POSTGRES_PASSWORD": "pass", "NAUTILUS_AUTH_SECRET": SECRET}
DOCUMENTED = {  # engine: container, CPUs, GB
    "analytics": ("nautilus-analytics-engine", 2, 4),
    "risk": ("nautilus-risk-engine", 0.5, 1),
    "factors": ("nautilus-factor-engine", 4, 8),
    "ml": ("nautilus-ml-engine", 2, 6),
    "features": ("nautilus-features-engine", 3, 4),
    "websocket": ("nautilus-websocket-engine", 1, 2),
    "strategy": ("nautilus-strategy-engine", 1, 2),
    "marketdata": ("nautilus-marketdata-engine", 2, 3),
    "portfolio": ("nautilus-portfolio-engine", 4, 8),
}


def filled(text: str) -> str:
    """What compose makes of `${NAME:-default}` and `${NAME:?message}`."""
    found = re.compile(r"\$\{(\w+):([-?])([^}]*)\}")
    return found.sub(lambda m: GIVEN.get(m[1], m[3] if m[2] == "-" else ""), text)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    text = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(filled(text))["services"]
    return found


def environment(service: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in service["environment"].items()}


def test_each_engine_has_its_container_port_and_documented_resources(services):
    assert list(services) == [*ENGINES, "redis", "postgres"]
    for name, row in ENGINES.items():
        service, (container, cpus, memory) = services[name], DOCUMENTED[name]
        limits = service["deploy"]["resources"]["limits"]
        assert service["container_name"] == container
        assert (limits["cpus"], limits["memory"]) == (f"{cpus:g}", f"{memory}g")
        assert service["ports"] == [f"127.0.0.1:{row.port}:{row.port}"]
        assert service["command"] == ["--engines", name]
        assert service["environment"]["READY_URL"] == f"http://127.0.0.1:{row.port}/ready"
        assert service["read_only"]
        assert service["user"] != "0:0"


def test_settings_are_known_and_engines_know_each_other(services, monkeypatch):
    for name in [name for name in os.environ if name.startswith("NAUTILUS_")]:
        monkeypatch.delenv(name)
    for name in ENGINES:
        with monkeypatch.context() as patch:
            for key, value in environment(services[name]).items():
                patch.setenv(key, value)
                field = key.removeprefix("NAUTILUS_").lower()
                assert key == "READY_URL" or field in Settings.model_fields
            settings = Settings()
        assert settings.authenticated
        assert settings.engine_urls == {n: f"http://{n}:{row.port}" for n, row in ENGINES.items()}
        assert settings.demo == (name == "portfolio")


def test_the_image_installs_extras_that_exist_and_copies_what_is_there():
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    (wanted,) = re.findall(r'"\.\[([\w,]+)\]"', text)
    assert set(wanted.split(",")) <= extras.keys()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE)
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
    ports = re.findall(r"^EXPOSE (.+)$", text, flags=re.MULTILINE)[0].split()
    assert [int(port) for port in ports] == [row.port for row in ENGINES.values()]


def test_an_engine_runs_as_its_container_does_and_its_health_check_tells(
    services, redis_server, postgresql, tmp_path
):
    service = services["risk"]
    with postgresql.database() as database:
        given = environment(service) | {
            "NAUTILUS_BUS": redis_server.url,
            "NAUTILUS_DATABASE": database,
            "NAUTILUS_DRAIN_SECONDS": "60",
        }
        command = [sys.executable, "-m", "nautilus.server", *service["command"]]
        with (
            (tmp_path / "log").open("w") as log,
            subprocess.Popen(
                [*command, "--free-ports", "--ready-json", "--no-warm"],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **given},
            ) as process,
        ):
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line, (tmp_path / "log").read_text()
                url = json.loads(line)["engines"]["risk"].replace("0.0.0.0", "127.0.0.1")
                assert health_check(service, url) == 0
                with pytest.raises(urllib.error.HTTPError, match="401"):
                    urllib.request.urlopen(f"{url}/info", timeout=10)
                process.terminate()
                while health_check(service, url) == 0:  # /ready says 503 once it drains
                    continue
                process.terminate()
                assert process.wait(20) == 143
            finally:
                if process.poll() is None:
                    process.kill()


def health_check(service: dict[str, Any], url: str) -> int:
    kind, _, *words = service["healthcheck"]["test"]
    assert kind == "CMD"
    done = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "READY_URL": f"{url}/ready"},
        capture_output=True,
        timeout=20,
    )
    return done.returncode
