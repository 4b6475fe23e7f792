"""P&L of a ledger by symbol, in base currency."""

from __future__ import annotations

from dataclasses import dataclass

from nautilus.accounting.ledger import Holding, Ledger
from nautilus.accounting.valuation import open_gains

__all__ = ["PNL_COLUMNS", "PnlLine", "pnl_lines"]

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class PnlLine:
    """One row of `Book.pnl`."""

    symbol: str
    realised: float
    unrealised: float
    fees: float
    dividends: float
    fx: float

    @property
    def total(self) -> float:
        """What was earned."""
        return self.realised + self.unrealised + self.fx + self.dividends - self.fees


PNL_COLUMNS = ("realised", "unrealised", "fees", "dividends", "fx", "total")


def pnl_lines(ledger: Ledger) -> list[PnlLine]:
    """P&L of each symbol, and of cash where it paid fees or moved with exchange rates."""
    lines = [_symbol_line(ledger, h) for h in ledger.holdings.values()]
    for currency, balance in ledger.cash.items():
        moved = balance * ledger.fx_rates[currency] - ledger.cash_costs[currency]
        fees = ledger.base_fees.get(currency, 0.0)
        if currency != ledger.base_currency or fees:
            fx = 0.0 if currency == ledger.base_currency else moved
            lines.append(PnlLine(f"cash {currency}", 0.0, 0.0, fees, 0.0, fx))
    return lines


def _symbol_line(ledger: Ledger, holding: Holding) -> PnlLine:
    unrealised, fx = 0.0, 0.0
    if holding.lots:
        price = ledger.prices.get(holding.symbol, NAN)
        gains = open_gains(holding, price, ledger.fx_rates[holding.currency])
        unrealised, fx = gains.unrealised, gains.fx
    return PnlLine(
        symbol=holding.symbol,
        realised=holding.base_realised,
        unrealised=unrealised,
        fees=holding.base_fees,
        dividends=holding.base_dividends,
        fx=holding.base_fx + fx,
    )
