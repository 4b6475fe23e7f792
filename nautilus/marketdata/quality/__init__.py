"""Data quality: what is missing, late, contradictory, implausible, or denied by other sources.

Flags only: nothing is deleted, repaired or interpolated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.marketdata.quality.assessment import quality_report as quality_report
    from nautilus.marketdata.quality.issues import QualityIssue as QualityIssue
    from nautilus.marketdata.quality.report import QualityReport as QualityReport
    from nautilus.marketdata.quality.tick_checks import TickQuality as TickQuality
    from nautilus.marketdata.quality.tick_checks import tick_quality as tick_quality

__all__ = ["QualityIssue", "QualityReport", "TickQuality", "quality_report", "tick_quality"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "assessment": ["quality_report"],
        "issues": ["QualityIssue"],
        "report": ["QualityReport"],
        "tick_checks": ["TickQuality", "tick_quality"],
    },
)
