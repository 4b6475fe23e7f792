"""How much can be lost, and where from: value at risk, expected shortfall, contributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.risk.decomposition import RiskContributions as RiskContributions
    from nautilus.risk.decomposition import risk_contributions as risk_contributions
    from nautilus.risk.measures import expected_shortfall as expected_shortfall
    from nautilus.risk.measures import value_at_risk as value_at_risk
    from nautilus.risk.summaries import VarEstimate as VarEstimate
    from nautilus.risk.summaries import VarSummary as VarSummary
    from nautilus.risk.summaries import var_summary as var_summary

__all__ = [
    "RiskContributions",
    "VarEstimate",
    "VarSummary",
    "expected_shortfall",
    "risk_contributions",
    "value_at_risk",
    "var_summary",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "decomposition": ["RiskContributions", "risk_contributions"],
        "measures": ["expected_shortfall", "value_at_risk"],
        "summaries": ["VarEstimate", "VarSummary", "var_summary"],
    },
)
