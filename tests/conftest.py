"""Hypothesis at two depths: a few fixed examples by default, full counts for `make prove`."""

import os

import pytest
from hypothesis import settings

from tests.services.redis import running_redis

PROVE = os.environ.get("NAUTILUS_PROVE") == "1"

settings.register_profile("default", max_examples=12, deadline=None, derandomize=True)
settings.register_profile("prove", max_examples=300, deadline=None)
settings.load_profile("prove" if PROVE else "default")


def pytest_collection_modifyitems(config, items):
    """Leave what is marked `prove` to `make prove`."""
    if PROVE:
        return
    left = [item for item in items if item.get_closest_marker("prove")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def pytest_terminal_summary(terminalreporter):
    """How many answers were 501 `not_built`, by engine: the one 5xx that is allowed."""
    passed = terminalreporter.stats.get("passed", [])
    found = [value for one in passed for name, value in one.user_properties if name == "not_built"]
    if found:
        counts = ", ".join(f"{engine} {count}" for engine, count in sorted(found))
        terminalreporter.write_line(f"501 not_built: {counts}")


@pytest.fixture(scope="session")
def redis_server():
    """One Redis for all tests of a process that do not kill it; each takes a prefix of its own."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql():
    """One PostgreSQL for all tests of a process; each takes a database of its own."""
    from tests.services.postgresql import running_postgresql

    with running_postgresql() as server:
        yield server
