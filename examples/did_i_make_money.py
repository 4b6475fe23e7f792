"""The main job on real data: a book of fills, its P&L, its performance, and why.

python examples/did_i_make_money.py                 the report and a tear sheet
python examples/did_i_make_money.py --serve         then all nine engines, until Ctrl-C
python examples/did_i_make_money.py --serve --check one curl, then stop
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

import nautilus as nt

FILLS = Path(__file__).with_name("fills.csv")
CASH = 1_000_000
RISK_FREE_RATE = 0.02
METRICS = {
    "annualized_return": "return a year",
    "annualized_volatility": "volatility a year",
    "sharpe_ratio": "Sharpe ratio",
    "sortino_ratio": "Sortino ratio",
    "max_drawdown": "largest drawdown",
    "alpha": "alpha a year",
    "beta": "beta",
    "probabilistic_sharpe_ratio": "P(true Sharpe > 0)",
}


@contextmanager
def stage(title: str) -> Iterator[None]:
    """A headed part of the report, with the time it took."""
    print(f"\n== {title}")
    start = time.perf_counter()
    yield
    print(f"   ({time.perf_counter() - start:.2f} s)")


def load() -> tuple[pd.DataFrame, pd.Series]:
    """Prices of 20 real stocks and returns of the index, with their caveats."""
    prices = nt.marketdata.load_sample("us_stocks")
    index = nt.marketdata.load_sample("sp500_index")
    for sample in (prices, index):
        columns = ", ".join(map(str, sample.columns[:4])) + (", ..." if sample.shape[1] > 4 else "")
        print(f"{len(sample):,} sessions of {columns}, from {sample.attrs['source']}")
        print(f"   caveat: {sample.attrs['caveat']}")
    return prices, nt.analytics.simple_returns(index)["SP500"]


def keep_the_book(prices: pd.DataFrame) -> Any:
    """Fills to P&L by symbol, reconciled."""
    fills = nt.accounting.read_fills(FILLS)
    book = nt.accounting.run_ledger(fills, prices, cash=CASH)
    check = nt.accounting.reconcile(book)
    print(f"{len(fills)} fills of {FILLS.name}, {CASH:,} cash; average cost\n")
    print(book.pnl.sort_values("total", ascending=False).to_string(float_format="{:,.2f}".format))
    print(f"\ntotal P&L {book.total_pnl:,.2f} = NAV {book.nav.iloc[-1]:,.2f} - {CASH:,} paid in")
    print(f"reconciled: {check.reconciled}, largest residual {check.nav_residual:.1e} of currency")
    return book


def performance(returns: pd.Series, index: pd.Series) -> Any:
    """Performance against the index, with 95 % intervals where a formula gives one."""
    summary = nt.analytics.performance_summary(returns, index, risk_free_rate=RISK_FREE_RATE)
    table = summary.to_frame()
    for name, label in METRICS.items():
        value, _, lower, upper = table.loc[name]
        interval = f"{lower:>9.3f} .. {upper:.3f}" if math.isfinite(lower) else ""
        print(f"{label:<20}{value:>9.3f}{interval}")
    print(f"   against the index, risk-free {RISK_FREE_RATE:.0%} a year, intervals 95 % (HAC)")
    return summary


def attribution(book: Any, prices: pd.DataFrame) -> None:
    """Brinson-Fachler by sector against the equally weighted universe, trading apart."""
    history = nt.analytics.book_history(book)
    stocks = nt.analytics.simple_returns(prices).reindex(history.weights.index).assign(cash=0.0)
    benchmark = pd.Series({**dict.fromkeys(prices.columns, 1 / prices.shape[1]), "cash": 0.0})
    sectors = {s: nt.marketdata.find_instrument(s).sector for s in prices} | {"cash": "cash"}
    period = nt.analytics.brinson(
        history.weights.reindex(columns=benchmark.index, fill_value=0.0),
        benchmark,
        stocks,
        stocks,
        sectors=sectors,
        interaction="with_selection",
        portfolio_contributions=history.contributions.reindex(
            columns=benchmark.index, fill_value=0.0
        ),
        portfolio_total_returns=book.returns,
    )
    linked = nt.analytics.link_effects(period, method="carino")
    print(linked.to_frame("sector").to_string(float_format="{:+.4f}".format))
    print(f"\nactive return {linked.active_return:+.4f}")
    print(
        f"sum of effects less active return, to 12 decimals: {abs(round(linked.residual, 12)):.1e}"
    )
    print("   benchmark: the same 20 names in equal weights, rebalanced daily; cash earns nothing")


def tear_sheet(returns: pd.Series, index: pd.Series, path: Path) -> None:
    """One self-contained HTML page."""
    sheet = nt.reports.tear_sheet(
        returns, index, title="Did I make money?", risk_free_rate=RISK_FREE_RATE
    )
    sheet.report(path)
    print(f"{path.stat().st_size / 1024:.0f} KB, no network address inside")


def request_body(book: Any, index: pd.Series) -> dict[str, Any]:
    """What `curl` sends: the book's holdings, its returns and those of the index."""
    joined = pd.DataFrame({"book": book.returns, "index": index}).dropna()
    held = book.positions.reset_index()
    return {
        "positions": [
            {
                "symbol": row["symbol"],
                "quantity": row["quantity"],
                "avg_cost": row["average_cost"],
                "current_price": row["price"],
            }
            for row in held.to_dict("records")
        ],
        "returns": joined["book"].tolist(),
        "benchmark_returns": joined["index"].tolist(),
        "calculation_options": {"risk_free_rate": RISK_FREE_RATE, "metrics_window": "ALL"},
    }


def serve(body: Path, printed: float, offset: int, *, check: bool) -> int:
    """Start the nine engines, show that the same number comes by curl, serve until Ctrl-C."""
    command = [sys.executable, "-m", "nautilus.server", "--port-offset", str(offset)]
    server = subprocess.Popen([*command, "--ready-json"], stdout=subprocess.PIPE, text=True)
    try:
        if not ready(server):
            return server.wait() or 1
        url = f"http://127.0.0.1:{8100 + offset}/analytics/calculate/my_book"
        print(f"\ncurl -s {url} -H 'Content-Type: application/json' -d @{body}")
        served = post(url, body.read_bytes())["data"]["performance_metrics"]["sharpe_ratio"]
        print(f"   Sharpe ratio by curl  {served!r}")
        print(f"   Sharpe ratio above    {printed!r}   equal: {served == printed}")
        if check:
            return 0 if served == printed else 1
        print("\nserving until Ctrl-C", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        stop(server)


def ready(server: subprocess.Popen[str]) -> bool:
    """Pass the server's lines on until it says that it is ready."""
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("{"):
            return True
        print(line, end="", flush=True)
    return False


def post(url: str, body: bytes) -> Any:
    """The JSON answer of the server."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def stop(server: subprocess.Popen[str]) -> None:
    """Drain and end the server."""
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def main() -> int:
    """Run the job; see the module's text for the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--serve", action="store_true", help="start the nine engines afterwards")
    parser.add_argument("--check", action="store_true", help="with --serve: one request, then stop")
    parser.add_argument("--port-offset", type=int, default=0, help="added to 8100 ... 8900")
    parser.add_argument("--output", type=Path, default=Path("tear_sheet.html"))
    options = parser.parse_args()

    with stage("Real prices, and what is wrong with them"):
        prices, index = load()
    with stage("The book: P&L by symbol"):
        book = keep_the_book(prices)
    returns = book.returns
    returns.attrs["caveat"] = prices.attrs["caveat"]
    with stage("Performance"):
        summary = performance(returns, index)
    with stage("Under water"):
        table = nt.analytics.drawdown_table(returns).to_frame()
        print(table.to_string(float_format="{:,.3f}".format))
    with stage("Where the difference to the universe came from"):
        attribution(book, prices)
    with stage("Tear sheet"):
        tear_sheet(returns, index, options.output)
    code = 0
    if options.serve:
        body = options.output.with_suffix(".request.json")
        body.write_text(json.dumps(request_body(book, index)))
        print("\n== Nine engines", flush=True)
        code = serve(
            Path(os.path.relpath(body)),
            float(summary.sharpe_ratio),
            options.port_offset,
            check=options.check,
        )
    print(options.output.resolve())
    return code


if __name__ == "__main__":
    raise SystemExit(main())
