"""What to hold: moments, limits, optimal weights, and the trades that get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.portfolio.allocation import Allocation as Allocation
    from nautilus.portfolio.allocation import LimitRow as LimitRow
    from nautilus.portfolio.constraints import Constraints as Constraints
    from nautilus.portfolio.diagnosis import InfeasibleError as InfeasibleError
    from nautilus.portfolio.efficient import min_variance as min_variance
    from nautilus.portfolio.moments import Moments as Moments
    from nautilus.portfolio.moments import estimate_moments as estimate_moments
    from nautilus.portfolio.rebalancing import RebalancePlan as RebalancePlan
    from nautilus.portfolio.rebalancing import Trade as Trade
    from nautilus.portfolio.rebalancing import rebalance as rebalance
    from nautilus.portfolio.risk_budgeting import risk_parity as risk_parity

__all__ = [
    "Allocation",
    "Constraints",
    "InfeasibleError",
    "LimitRow",
    "Moments",
    "RebalancePlan",
    "Trade",
    "estimate_moments",
    "min_variance",
    "rebalance",
    "risk_parity",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "allocation": ["Allocation", "LimitRow"],
        "constraints": ["Constraints"],
        "diagnosis": ["InfeasibleError"],
        "efficient": ["min_variance"],
        "moments": ["Moments", "estimate_moments"],
        "rebalancing": ["RebalancePlan", "Trade", "rebalance"],
        "risk_budgeting": ["risk_parity"],
    },
)
