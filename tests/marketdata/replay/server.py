"""A local HTTP server that plays answers in order and remembers what it was asked."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer: `cut` breaks off in the middle, `stuck` never sends the second half."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stuck: bool = False

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Replay:
    """Answers by the beginning of the path; the last one of a path is repeated."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.ended = threading.Event()
        self._answers: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Between two tests: no answers, no memory, nobody stuck."""
        self.ended.set()
        with self._lock:
            self.ended, self.asked, self._answers = threading.Event(), [], {}

    def plays(self, path: str, *answers: Answer | Any) -> Replay:
        made = [one if isinstance(one, Answer) else Answer(one) for one in answers]
        with self._lock:
            self._answers[path] = made
        return self

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            known = [path for path in self._answers if asked.path.startswith(path)]
            if not known:
                return Answer("<html>nothing is played here</html>", 404)
            left = self._answers[max(known, key=len)]
            return left.pop(0) if len(left) > 1 else left[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each body waits 40 ms for an acknowledgement
    replay: Replay

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.replay.answer(Asked(parts.path, query, headers))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        half = answer.content[: len(answer.content) // 2]
        self.wfile.write(half if answer.cut or answer.stuck else answer.content)
        if answer.stuck:
            ended = self.replay.ended
            self.wfile.flush()
            ended.wait()
        if answer.cut or answer.stuck:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    """Clients that give up on a slow answer are what it is for."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running() -> Iterator[Replay]:
    """A server on a free port until the end of the block."""
    replay = Replay()
    handler = type("Bound", (Handler,), {"replay": replay})
    with Server(("127.0.0.1", 0), handler) as server:
        replay.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield replay
        finally:
            replay.ended.set()
            server.shutdown()
            thread.join()
