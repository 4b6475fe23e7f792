"""What to hand over: tear sheets as pages that need nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.reports.tear_sheets import TearSheet as TearSheet
    from nautilus.reports.tear_sheets import tear_sheet as tear_sheet

__all__ = ["TearSheet", "tear_sheet"]

__getattr__, __dir__ = lazy_exports(__name__, {"tear_sheets": ["TearSheet", "tear_sheet"]})
