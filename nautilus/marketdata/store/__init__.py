"""Market data on disk: immutable files, one catalogue, every row as it was known when."""

from __future__ import annotations

from nautilus.marketdata.store.catalogue import Coverage
from nautilus.marketdata.store.files import StoreFullError
from nautilus.marketdata.store.maintenance import Checked, Compacted
from nautilus.marketdata.store.store import Appended, Store, default_root

__all__ = [
    "Appended",
    "Checked",
    "Compacted",
    "Coverage",
    "Store",
    "StoreFullError",
    "default_root",
]
