from __future__ import annotations

import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

from nautilus.core import errors
from nautilus.server.bus.interface import RemoteError, error_from_problem, problem_of
from nautilus.server.bus.messages import Message, new_id

AT = datetime(2025, 8, 23, 10, 30, tzinfo=UTC)


def message(**changes: object) -> Message:
    fields = {
        "topic": "risk.check.request",
        "source_engine": "analytics",
        "data": {"portfolio_id": "portfolio_001"},
        "id": "m1",
        "timestamp": AT,
    }
    return Message(**(fields | changes))


def test_the_envelope_is_the_documented_one():
    targeted = json.loads(message(target_engine="risk", request_id="req_001").to_bytes())
    assert targeted == {
        "topic": "risk.check.request",
        "source_engine": "analytics",
        "target_engine": "risk",
        "data": {"portfolio_id": "portfolio_001"},
        "id": "m1",
        "timestamp": "2025-08-23T10:30:00Z",
        "request_id": "req_001",
    }
    broadcast = json.loads(message().to_bytes())
    assert broadcast["broadcast"] is True
    assert "target_engine" not in broadcast


def test_a_message_comes_back_whole():
    whole = message(
        target_engine="risk",
        request_id="r",
        correlation_id="c",
        reply_to="reply.analytics",
        deadline=AT + timedelta(seconds=5),
    )
    assert Message.from_bytes(whole.to_bytes()) == whole
    assert Message.from_bytes(message().to_bytes()) == message()


def test_unknown_fields_of_a_later_version_are_left_out():
    body = json.dumps({**json.loads(message().to_bytes()), "traceparent": "00-x"})
    assert Message.from_bytes(body.encode()) == message()


def test_a_deadline_passes():
    due = message(deadline=AT)
    assert not due.expired(AT)
    assert due.expired(AT + timedelta(microseconds=1))
    assert not message().expired(AT)


def test_ids_are_uuids_of_version_7_that_sort_by_time():
    ids = [new_id(AT + timedelta(milliseconds=n)) for n in range(50)]
    assert ids == sorted(ids)
    parsed = uuid.UUID(ids[0])
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert len({new_id(AT) for _ in range(1000)}) == 1000


def test_every_error_of_the_library_travels():
    for name in errors.__all__:
        error = getattr(errors, name)("what came.", field="x", hint="Do this.")
        back = error_from_problem(problem_of(error), "risk.check.request")
        assert type(back) is type(error)
        assert back.to_dict() == error.to_dict()


def test_other_errors_travel_without_their_text():
    problem = problem_of(RuntimeError("secret"))
    assert problem == {"code": "internal_error", "message": "The handler failed: RuntimeError."}
    assert isinstance(error_from_problem(problem, "risk.check.request"), RemoteError)


FORKING = """
import os
from datetime import UTC, datetime
from nautilus.server.bus.messages import new_id
at = datetime(2025, 8, 23, tzinfo=UTC)
new_id(at)
parent = os.fork()
os.write(1, "".join(new_id(at) + " " for _ in range(50)).encode())
if parent:
    os.waitpid(parent, 0)
"""


def test_ids_of_a_forked_process_are_others():
    ran = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=60, check=True
    )
    assert len(set(ran.stdout.split())) == 100
