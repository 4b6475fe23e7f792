"""What do I hold, what did it earn: fills to ledger, net asset value, P&L and round trips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.accounting.book import Book as Book
    from nautilus.accounting.book import run_ledger as run_ledger
    from nautilus.accounting.closed_trades import RoundTrip as RoundTrip
    from nautilus.accounting.costs import Costs as Costs
    from nautilus.accounting.event_records import event_from_dict as event_from_dict
    from nautilus.accounting.event_records import event_to_dict as event_to_dict
    from nautilus.accounting.events import Dividend as Dividend
    from nautilus.accounting.events import Fee as Fee
    from nautilus.accounting.events import Fill as Fill
    from nautilus.accounting.events import FxRate as FxRate
    from nautilus.accounting.events import Mark as Mark
    from nautilus.accounting.events import Split as Split
    from nautilus.accounting.events import Transfer as Transfer
    from nautilus.accounting.explanation import PnlExplanation as PnlExplanation
    from nautilus.accounting.explanation import explain_pnl as explain_pnl
    from nautilus.accounting.fill_columns import FillsPnl as FillsPnl
    from nautilus.accounting.fill_columns import fills_pnl as fills_pnl
    from nautilus.accounting.holdings import Position as Position
    from nautilus.accounting.holdings import read_positions as read_positions
    from nautilus.accounting.ledger import Holding as Holding
    from nautilus.accounting.ledger import Ledger as Ledger
    from nautilus.accounting.ledger import Lot as Lot
    from nautilus.accounting.ledger import apply_event as apply_event
    from nautilus.accounting.ledger import apply_fill as apply_fill
    from nautilus.accounting.ledger import open_ledger as open_ledger
    from nautilus.accounting.reading import read_fills as read_fills
    from nautilus.accounting.reconciliation import Reconciliation as Reconciliation
    from nautilus.accounting.reconciliation import reconcile as reconcile
    from nautilus.accounting.valuation import Valuation as Valuation
    from nautilus.accounting.valuation import mark_to_market as mark_to_market

__all__ = [
    "Book",
    "Costs",
    "Dividend",
    "Fee",
    "Fill",
    "FillsPnl",
    "FxRate",
    "Holding",
    "Ledger",
    "Lot",
    "Mark",
    "PnlExplanation",
    "Position",
    "Reconciliation",
    "RoundTrip",
    "Split",
    "Transfer",
    "Valuation",
    "apply_event",
    "apply_fill",
    "event_from_dict",
    "event_to_dict",
    "explain_pnl",
    "fills_pnl",
    "mark_to_market",
    "open_ledger",
    "read_fills",
    "read_positions",
    "reconcile",
    "run_ledger",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "book": ["Book", "run_ledger"],
        "closed_trades": ["RoundTrip"],
        "costs": ["Costs"],
        "event_records": ["event_from_dict", "event_to_dict"],
        "events": [
            "Dividend",
            "Fee",
            "Fill",
            "FxRate",
            "Mark",
            "Split",
            "Transfer",
        ],
        "explanation": ["PnlExplanation", "explain_pnl"],
        "fill_columns": ["FillsPnl", "fills_pnl"],
        "holdings": ["Position", "read_positions"],
        "ledger": ["Holding", "Ledger", "Lot", "apply_event", "apply_fill", "open_ledger"],
        "reading": ["read_fills"],
        "reconciliation": ["Reconciliation", "reconcile"],
        "valuation": ["Valuation", "mark_to_market"],
    },
)
