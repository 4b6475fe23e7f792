"""Hosts, origins, deadlines, places, and the settings that would leave a door open."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from pydantic import ValidationError
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.testclient import TestClient

from nautilus.core.errors import ParameterError, UnavailableError
from nautilus.server import Settings, create_app
from nautilus.server.auth import authenticator_of
from nautilus.server.boundary import Boundary
from nautilus.server.exposure import AllowedHosts
from nautilus.server.metrics import EngineMetrics
from nautilus.server.registry import engine_row
from nautilus.server.tokens import duration, minted_token, service_token

SECRET = "a secret of 32 bytes, for the tests"
DESK = "https://desk.example.com"


def command(*words, **variables):
    return subprocess.run(
        [sys.executable, "-m", "nautilus.server", *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# Hosts and origins


@pytest.mark.parametrize(
    ("hosts", "host", "foreign"),
    [
        ([], "localhost:8200", False),
        ([], "LOCALHOST", False),
        ([], "[::1]:8200", False),
        ([], "", True),
        ([], "evil.example", True),
        ([], "localhost.evil.example", True),
        (["risk-engine"], "risk-engine:8200", False),
        (["risk-engine"], "risk-engine.evil.example", True),
        (["*.example.com"], "a.b.example.com:1", False),
        (["*.example.com"], "example.com", True),
        (["*.example.com"], "evilexample.com", True),
        (["*"], "anything", False),
    ],
)
def test_a_host_is_known_or_foreign(hosts, host, foreign):
    assert AllowedHosts(hosts).foreign(host, None) is foreign


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        (DESK, False),
        (DESK.upper(), False),
        ("http://desk.example.com", True),
        (DESK + ":444", True),
        (DESK + ".evil.example", True),
        ("http://localhost:3000", False),
        ("http://risk-engine:8200", False),
        ("http://risk-engine:9999", True),
        ("null", True),
        ("", True),
        ("file://", True),
        ("https://evil.example", True),
        ("https://localhost.evil.example", True),
        ("https://evil.example//localhost", True),
    ],
)
def test_a_page_is_at_home_or_foreign(origin, foreign):
    allowed = AllowedHosts(["risk-engine"], [DESK])
    assert allowed.foreign("risk-engine:8200", origin) is foreign


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(
        auth_secret=SECRET,
        database=str(tmp_path_factory.mktemp("exposed") / "state.db"),
        demo=False,
        allowed_hosts="risk-engine",
        allowed_origins=DESK,
    )


@pytest.fixture(scope="module")
def client(settings):
    with TestClient(create_app("risk", settings=settings), base_url="http://risk-engine") as one:
        one.headers["authorization"] = f"Bearer {minted_token(settings, 'a', ['read'], seconds=60)}"
        yield one


def test_with_authentication_hosts_are_checked_too(client):
    assert client.get("/status").status_code == 200
    reply = client.get("/status", headers={"host": "evil.example"})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (403, "foreign_host")
    assert "NAUTILUS_ALLOWED_HOSTS" in reply.json()["errors"][0]["hint"]


def test_an_allowed_page_may_ask_and_read_errors(client):
    for path in ("/status", "/nothing"):
        reply = client.get(path, headers={"origin": DESK})
        assert reply.headers["access-control-allow-origin"] == DESK
        assert "access-control-allow-credentials" not in reply.headers
    asked = {"origin": DESK, "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "authorization,idempotency-key"
    assert client.options("/process", headers=asked).status_code == 200


def test_another_page_may_not(client):
    reply = client.get("/status", headers={"origin": "https://evil.example"})
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert client.options("/process", headers=asked).status_code == 400


def test_without_allowed_origins_there_is_no_cors(risk):
    reply = risk.get("/status", headers={"origin": DESK})
    assert not [name for name in reply.headers if name.startswith("access-control")]


# Settings that cannot be meant


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"auth_secret": "short"}, "`auth_secret` must have at least 32 bytes, got 5"),
        ({"auth": "on"}, "`auth` is on, so one of auth_secret"),
        ({"auth_secret": SECRET, "auth_jwks": "x.json"}, "only one of"),
        ({"auth_secret": SECRET, "auth_algorithm": "RS256"}, "does not go with `auth_secret`"),
        ({"auth_jwks": "x.json", "auth_algorithm": "HS256"}, "does not go with `auth_jwks`"),
        ({"auth_jwks": "http://evil.example/keys"}, "a file or an https:// address"),
        ({"auth_jwks": "http://127.0.0.1.evil.example/keys"}, "a file or an https:// address"),
        ({"auth_secret": SECRET, "auth_leeway_seconds": 31}, "less than or equal to 30"),
        ({"auth_secret": SECRET, "auth_algorithm": "none"}, "Input should be"),
        ({"allowed_hosts": "*"}, "may be \\* only with authentication"),
        ({"allowed_hosts": "http://x/"}, "`allowed_hosts` must be names"),
        ({"allowed_origins": "*"}, "and no \\*"),
        ({"allowed_origins": "desk.example.com"}, "`allowed_origins` must be scheme"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        Settings(**given)


def test_every_wrong_setting_of_security_is_named_at_once():
    wrong = {"NAUTILUS_AUTH_SECRET": "short", "NAUTILUS_ALLOWED_ORIGINS": "*,x"}
    done = command("--print-config", **wrong)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3
    assert "Traceback" not in done.stderr


def test_authentication_is_on_where_a_key_is():
    assert not Settings().authenticated
    assert Settings(auth_secret=SECRET).authenticated
    assert not Settings(auth_secret=SECRET, auth="off").authenticated
    assert authenticator_of(Settings()) is None


def test_the_secret_is_never_shown():
    done = command("--print-config", NAUTILUS_AUTH_SECRET=SECRET)
    assert SECRET not in done.stdout + done.stderr
    assert json.loads(done.stdout)["auth_secret"] == "**********"
    assert SECRET not in repr(Settings(auth_secret=SECRET))


@pytest.mark.parametrize("text", ["", "short\n"])
def test_a_file_with_a_short_secret_is_refused_at_the_start(tmp_path, text):
    file = tmp_path / "secret"
    file.write_text(text)
    done = command("--free-ports", "--no-demo", NAUTILUS_AUTH_SECRET_FILE=str(file))
    assert done.returncode == 1
    assert "at least 32 bytes" in done.stderr
    assert "Traceback" not in done.stderr


# Tokens by command


def test_a_token_by_command_opens_a_server(tmp_path, launched, monkeypatch):
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    monkeypatch.setenv("NAUTILUS_AUTH_SECRET_FILE", str(file))
    made = command("token", "--subject", "alice", "--scopes", "read,risk:write", "--expires", "5m")
    assert (made.returncode, made.stderr) == (0, "")
    token = made.stdout.strip()
    options = ("--engines", "risk", "--no-warm", "--no-demo", "--log-level", "DEBUG")
    with launched(tmp_path, *options) as running:
        url = running.url("risk") + f"/status?token={token}"
        for headers, status in (({}, 401), ({"Authorization": f"Bearer {token}"}, 200)):
            assert status_of(urllib.request.Request(url, headers=headers)) == status
        assert status_of(urllib.request.Request(running.url("risk") + "/ready")) == 200
        running.process.terminate()
        out, err = running.process.communicate(timeout=20)
    assert running.process.returncode == 0
    assert token not in out + err
    assert token.rpartition(".")[2] not in out + err
    lines = [json.loads(line) for line in err.splitlines() if '"route":' in line]
    told = {(line["route"], line["status"], line["subject"]) for line in lines}
    assert told >= {("unmatched", 401, None), ("/status", 200, "alice")}


def status_of(request):
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scopes", "everything"], "`scopes` must be of read, write"),
        (["--expires", "soon"], "`expires` must be a number and one of s, m, h, d"),
        (["--expires", "0h"], "`expires` must be"),
    ],
)
def test_a_token_that_cannot_be_made_says_why(words, message):
    done = command("token", "--subject", "a", *words, NAUTILUS_AUTH_SECRET=SECRET)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_without_a_secret_no_token_is_made():
    done = command("token", "--subject", "a")
    assert done.returncode == 2
    assert "`auth_secret` must be set to make tokens" in done.stderr


def test_a_duration_is_a_number_and_a_unit():
    assert [duration(text) for text in ("90s", "15m", "1h", "7d")] == [90, 900, 3600, 604_800]
    with pytest.raises(ParameterError, match="`expires` must be"):
        duration("1w")


def test_engines_ask_each_other_with_a_token_of_a_minute(tmp_path):
    assert service_token(Settings(), "risk") is None
    settings = Settings(auth_secret=SECRET)
    checking = authenticator_of(settings)
    found = asyncio.run(checking.identity(service_token(settings, "risk")))
    assert (found.subject, found.scopes, found.portfolios) == ("engine:risk", {"read"}, None)
    foreign = Settings(auth_jwks=str(tmp_path / "keys.json"))
    with pytest.raises(UnavailableError, match="NAUTILUS_AUTH_SERVICE_TOKEN_FILE"):
        service_token(foreign, "risk")
    file = tmp_path / "token"
    file.write_text("a.b.c\n")
    foreign = Settings(auth_jwks=str(tmp_path / "keys.json"), auth_service_token_file=file)
    assert service_token(foreign, "risk") == "a.b.c"


# Where servers listen


def test_beyond_loopback_without_authentication_only_when_insisted(tmp_path):
    words = ("--host", "0.0.0.0", "--free-ports", "--ready-json", "--engines", "risk", "--no-warm")
    state = ("--database", str(tmp_path / "s.db"), "--no-demo")
    whole = [sys.executable, "-m", "nautilus.server", *words, *state, "--insecure"]
    with subprocess.Popen(
        whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert json.loads(process.stdout.readline())["engines"]
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert "WARNING: --insecure: whoever reaches 0.0.0.0" in err
    refused = command(*words, *state)
    assert refused.returncode == 2
    assert "--insecure opens it to everybody" in refused.stderr


# Deadlines and places


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.entered = 0
        self.go = asyncio.Event()
        self.cancelled = False

    async def __call__(self, scope, receive, send):
        self.entered += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        await PlainTextResponse("done")(scope, receive, send)


def bounded(app, **limits):
    row = engine_row("risk")
    return Boundary(app, engine="risk", metrics=EngineMetrics(row), max_body_bytes=1000, **limits)


async def asked(app, path="/status"):
    """Status, headers and body of a GET."""
    sent = []
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        return requests.pop() if requests else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])


def test_a_request_without_an_answer_in_time_is_504_and_its_work_is_cancelled():
    async def scenario():
        slow = Slow()
        app = bounded(slow, request_seconds=0.02)
        status, headers, body = await asked(app)
        assert (status, json.loads(body)["errors"][0]["code"]) == (504, "request_too_slow")
        assert headers["x-request-id"]
        assert slow.cancelled
        assert app.metrics.active == 0
        assert asyncio.current_task().cancelling() == 0

    asyncio.run(scenario())


def test_a_request_that_its_caller_gives_up_is_cancelled_and_not_504():
    async def scenario():
        slow = Slow()
        task = asyncio.create_task(asked(bounded(slow, request_seconds=60.0)))
        while not slow.entered:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


def test_a_reader_that_never_reads_does_not_hold_its_place():
    async def endless(scope, receive, send):
        async def rows():
            yield b"first"
            await asyncio.Event().wait()

        await StreamingResponse(rows(), media_type="text/csv")(scope, receive, send)

    async def scenario():
        app = bounded(endless, request_seconds=0.02)
        with pytest.raises((TimeoutError, BaseExceptionGroup)):
            await asked(app)
        assert app.metrics.active == 0

    asyncio.run(scenario())


def test_more_open_requests_than_there_are_places_are_503_but_the_health_answers():
    async def scenario():
        slow = Slow()
        app = bounded(slow, open_requests=2)
        first, second = (asyncio.create_task(asked(app)) for _ in range(2))
        while slow.entered < 2:
            await asyncio.sleep(0)
        status, headers, body = await asked(app)
        assert (status, json.loads(body)["errors"][0]["code"]) == (503, "busy")
        assert headers["retry-after"] == "1"
        health = asyncio.create_task(asked(app, "/health"))
        while slow.entered < 3:
            await asyncio.sleep(0)
        slow.go.set()
        assert [(await one)[0] for one in (first, second, health)] == [200, 200, 200]
        assert (await asked(app))[0] == 200

    asyncio.run(scenario())


def test_without_authentication_nothing_of_it_is_loaded():
    code = "import sys; from nautilus.server import create_app; create_app('risk');"
    code += "print({'jwt', 'cryptography'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
