"""`python -m nautilus.server`."""

from __future__ import annotations

import os
import sys
import threading

from nautilus.server.launcher import main

if __name__ == "__main__":
    code = main()
    if threading.active_count() > 1:  # a calculation that nobody waits for must not hold us up
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
