import platform

import numpy as np

from nautilus.core import versions


def test_it_tells_python_and_every_library_that_matters():
    found = versions.show_versions()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["nautilus-quant"]
    assert all(isinstance(v, str) and v for v in found.values())


def test_a_missing_library_is_said_not_raised(monkeypatch):
    monkeypatch.setattr(versions, "_SHOWN", ("no-such-distribution-anywhere",))
    assert versions.show_versions()["no-such-distribution-anywhere"] == "not installed"
