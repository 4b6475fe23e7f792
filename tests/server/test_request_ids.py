from __future__ import annotations

import subprocess
import sys
import time
import uuid

from nautilus.server.request_ids import new_request_id


def test_ids_are_uuids_of_version_7_of_now():
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_request_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_ids_differ_and_sort_by_time(monkeypatch):
    assert len({new_request_id() for _ in range(10_000)}) == 10_000
    ids = []
    for second in range(3):
        monkeypatch.setattr(time, "time_ns", lambda now=second: now * 10**9)
        ids.append(new_request_id())
    assert ids == sorted(ids)


FORKED = """
import os
from nautilus.server.request_ids import new_request_id
child = os.fork()
os.write(1, new_request_id().encode() + b"\\n")
if child:
    os.waitpid(child, 0)
"""


def test_a_forked_process_makes_ids_of_its_own():
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, check=True
    )
    ours, theirs = done.stdout.split()
    assert ours[20:] != theirs[20:]
