"""Further lines of simulated statements, made to fit the main ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["DETAILS", "DETAIL_FLOWS", "detail_lines"]

Floats = NDArray[np.float64]

DETAIL_FLOWS = (
    "OperatingIncomeLoss",
    "DepreciationDepletionAndAmortization",
    "PaymentsOfDividends",
)
DETAILS = (
    *DETAIL_FLOWS,
    "InventoryNet",
    "AccountsReceivableNetCurrent",
    "CashAndCashEquivalentsAtCarryingValue",
    "LongTermDebtNoncurrent",
    "LongTermDebtCurrent",
)
# Of a quarter: rates of tax and interest, and what is written off of all assets.
TAX, INTEREST, WRITTEN_OFF = 0.21, 0.01, 0.007
MOST_OF_PROFIT = 0.9
INVENTORY, RECEIVABLES, MOST_CURRENT = 0.6, 0.55, 0.3  # quarters of cost, of revenue; of assets
CASH, DEBT, DUE = 0.12, 0.4, 0.1
TRAIT, WOBBLE = 0.35, 0.04


def detail_lines(
    lines: Mapping[str, Floats], payout: float, traits: Floats, shocks: Floats
) -> dict[str, Floats]:
    """Further lines (quarter,) of a company in whole dollars.

    Operating income is net income before a tax on profits and interest on the debt; dividends are
    what a profit leaves beside the growth of equity; receivables, inventory and cash are less than
    assets, and debt is less than liabilities.

    Parameters
    ----------
    lines : mapping of concept -> array (quarter,)
        The main lines.
    payout : float
        Share of a profit that is paid out.
    traits : array (6,)
        Standard normal, of the company.
    shocks : array (quarter, 6)
        Standard normal.

    Returns
    -------
    dict of concept -> array (quarter,)
    """
    scale = np.exp(TRAIT * traits + WOBBLE * shocks)  # (quarter, 6)
    revenue, profit, income = (lines[k] for k in ("Revenues", "GrossProfit", "NetIncomeLoss"))
    assets, liabilities = lines["Assets"], lines["Liabilities"]
    debt = liabilities * np.minimum(DEBT * scale[:, 0], 0.9)
    due = np.round(debt * np.minimum(DUE * scale[:, 1], 0.5))
    before_tax = np.where(income > 0.0, income / (1.0 - TAX), income)
    operating = np.minimum(before_tax + INTEREST * debt, MOST_OF_PROFIT * profit)
    inventory = np.minimum(INVENTORY * (revenue - profit) * scale[:, 2], MOST_CURRENT * assets)
    owed = np.minimum(RECEIVABLES * revenue * scale[:, 3], MOST_CURRENT * assets)
    found = (
        operating,
        WRITTEN_OFF * assets * scale[:, 4],
        np.maximum(income - np.round((1.0 - payout) * income), 0.0),
        inventory,
        owed,
        (assets - inventory - owed) * np.minimum(CASH * scale[:, 5], 0.9),
        debt - due,
        due,
    )
    return {name: np.round(line) for name, line in zip(DETAILS, found, strict=True)}
