"""Hypothesis at two depths: a few fixed examples by default, full counts for `make prove`."""

import os

from hypothesis import settings

PROVE = os.environ.get("NAUTILUS_PROVE") == "1"

settings.register_profile("default", max_examples=12, deadline=None, derandomize=True)
settings.register_profile("prove", max_examples=300, deadline=None)
settings.load_profile("prove" if PROVE else "default")
