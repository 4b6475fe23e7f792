"""`python -m nautilus.server`."""

from __future__ import annotations

import sys

from nautilus.server.launcher import main

if __name__ == "__main__":
    sys.exit(main())
