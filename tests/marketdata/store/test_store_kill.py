"""A writer that is killed at any instant tears nothing and loses nothing it had acknowledged."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from nautilus.marketdata.store import Store
from tests.conftest import PROVE

WRITER = Path(__file__).with_name("killed_writer.py")
KILLS = 100 if PROVE else 10


def test_kill_9_while_appending_and_compacting(tmp_path):
    root = tmp_path / "market"
    chance = random.Random(4)
    acknowledged, fault, done = set(), [], threading.Event()
    with Store(root) as store:
        reader = threading.Thread(target=_read_until, args=(store, done, fault))
        reader.start()
        try:
            for _ in range(KILLS):
                acknowledged |= _kill_after(root, len(acknowledged), chance)
        finally:
            done.set()
            reader.join()
    assert fault == []
    with Store(root) as store:
        counts = Counter(int(price) for price in store.read("trades")["price"])
        checked = store.check()
        on_disk = {path.name for path in root.rglob("*part-*")}
        store.compact()
    assert checked.damaged == {}
    assert not [name for name in on_disk if name.endswith(".tmp")]
    # Whole batches, each once: the acknowledged ones, and at most one per kill that was not told.
    assert set(counts.values()) == {200}
    assert acknowledged <= set(counts)
    assert len(set(counts) - acknowledged) <= KILLS
    assert len(acknowledged) > KILLS


def _kill_after(root, first, chance):
    """Numbers that a writer acknowledged before it was killed in the middle of something."""
    command = [sys.executable, str(WRITER), str(root), str(first)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    told = []
    for line in writer.stdout:
        told.append(int(line))
        if len(told) >= 2 + chance.randrange(9):
            break
    # Somewhere within the next append: a spin, since a sleep would be too coarse.
    for _ in range(chance.randrange(60_000)):
        pass
    os.kill(writer.pid, signal.SIGKILL)
    told += [int(line) for line in writer.stdout if line.endswith("\n")]
    writer.stdout.close()
    writer.wait()
    return set(told)


def _read_until(store, done, fault):
    """Another process's writes are seen whole: batches of 200, and never fewer than before."""
    seen = 0
    while not done.is_set():
        try:
            counts = Counter(store.read("trades")["price"]) if store.symbols("trades") else {}
        except Exception as error:
            fault.append(repr(error))
            return
        if set(counts.values()) - {200} or len(counts) < seen:
            fault.append((seen, counts))
            return
        seen = len(counts)


def test_two_processes_append_at_once(tmp_path):
    root = tmp_path / "market"
    firsts = (0, 100_000)
    writers = [
        subprocess.Popen(
            [sys.executable, str(WRITER), str(root), str(first)], stdout=subprocess.PIPE, text=True
        )
        for first in firsts
    ]
    told = [[int(writer.stdout.readline()) for _ in range(20)] for writer in writers]
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
        writer.stdout.close()
        writer.wait()
    with Store(root) as store:
        counts = Counter(int(price) for price in store.read("trades")["price"])
    assert set(counts.values()) == {200}
    assert set(told[0] + told[1]) <= set(counts)
    assert [len(set(numbers)) for numbers in told] == [20, 20]


FULL = """
import resource, sys
import polars as pl
from nautilus.marketdata.store import Store, StoreFullError
from tests.marketdata.store.killed_writer import batch

with Store(sys.argv[1]) as store:
    store.append("trades", batch(0), source="feed")
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
    try:
        store.append("trades", batch(1), source="feed")
    except StoreFullError as error:
        print(error.code, error.message)
    print(store.read("trades").height, len(list(store.root.rglob("*part-*"))))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(store.append("trades", batch(1), source="feed").rows, store.check().damaged)
"""


def test_a_full_disk_stores_nothing_and_loses_nothing(tmp_path):
    """A limit on the size of files fails a write where a full disk does: in the middle."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "market")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told, after, again = done.stdout.splitlines()
    assert told.startswith("store_full no space for")
    assert "Nothing of this call was stored" in told
    assert after == "200 3"
    assert again == "200 {}"
