"""Metrics of a panel of 1,000 strategies x 2,520 days against empyrical and quantstats, in one run.

Both sides compute the same metrics. The peers loop over columns: they are timed on a slice of the
columns and scaled to 1,000, as the table says. "numpy" is the same call with NAUTILUS_JIT=0.
Times are processor time of the process with one thread for matrix products, so that what else runs
on the machine does not count; threads over columns then bring nothing.

Run: python benchmarks/analytics.py
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import nautilus as nt
import nautilus.analytics as na
from nautilus.core import jit

STRATEGIES, DAYS = 1_000, 2_520
SLICE = 20
REPEATS = 7
COMMON = [
    "total_return",
    "annualized_return",
    "annualized_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "omega_ratio",
    "max_drawdown",
    "skewness",
    "kurtosis",
    "alpha",
    "beta",
]
WITH_EMPYRICAL = [*COMMON, "downside_deviation"]
WITH_QUANTSTATS = [
    *COMMON,
    "best_return",
    "worst_return",
    "hit_rate",
    "profit_factor",
    "gain_to_pain_ratio",
    "payoff_ratio",
    "probabilistic_sharpe_ratio",
]


def median_seconds(task: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return statistics.median(times)


def both_roads(task: Callable[[], object]) -> tuple[float, float]:
    """(with numba, by numpy alone), after a first call that compiles or loads."""
    task()
    fast = median_seconds(task)
    os.environ["NAUTILUS_JIT"] = "0"
    plain = median_seconds(task)
    del os.environ["NAUTILUS_JIT"]
    return fast, plain


def empyrical_loop(library: object, panel: pd.DataFrame, benchmark: pd.Series) -> None:
    from scipy import stats

    e = library
    for name in panel:
        r = panel[name]
        e.cum_returns_final(r), e.annual_return(r), e.annual_volatility(r), e.sharpe_ratio(r)
        e.sortino_ratio(r), e.calmar_ratio(r), e.omega_ratio(r), e.max_drawdown(r)
        e.downside_risk(r), stats.skew(r), stats.kurtosis(r), e.alpha_beta(r, benchmark)


def quantstats_loop(library: object, panel: pd.DataFrame, benchmark: pd.Series) -> None:
    q = library
    for name in panel:
        r = panel[name]
        q.comp(r), q.cagr(r), q.volatility(r), q.sharpe(r), q.sortino(r), q.calmar(r), q.omega(r)
        q.max_drawdown(r), q.skew(r), q.kurtosis(r), q.best(r), q.worst(r), q.win_rate(r)
        (
            q.profit_factor(r),
            q.gain_to_pain_ratio(r),
            q.payoff_ratio(r),
            q.probabilistic_sharpe_ratio(r),
            q.greeks(r, benchmark),
        )


def row(name: str, fast: float, plain: float, peer: float, how: str) -> None:
    print(
        f"{name:<44}{fast * 1e3:>9.1f}{plain * 1e3:>9.1f}{peer * 1e3:>11.0f}"
        f"{peer / fast:>9.0f}x{peer / plain:>8.0f}x  {how}"
    )


def main() -> None:
    warnings.simplefilter("ignore")
    import empyrical
    import quantstats.stats as quantstats

    rng = np.random.default_rng(0)
    index = pd.bdate_range("2014-01-01", periods=DAYS)
    benchmark = pd.Series(rng.standard_t(5, DAYS) * 0.008 + 0.0003, index)
    values = 0.5 * benchmark.to_numpy()[:, None] + rng.normal(0.0002, 0.01, (DAYS, STRATEGIES))
    # A frame of columns, as pandas builds it from a mapping and keeps it.
    panel = pd.DataFrame(np.asfortranarray(values), index, [f"s{i}" for i in range(STRATEGIES)])
    part, scale = panel.iloc[:, :SLICE].copy(), STRATEGIES / SLICE
    scaled = f"loop, {SLICE} columns x {scale:.0f}"

    print(
        f"{STRATEGIES:,} x {DAYS:,}, processor time, median of {REPEATS};"
        f" numba {'on' if jit.is_available() else 'off'}"
    )
    print(f"{'task':<44}{'numba':>9}{'numpy':>9}{'peer ms':>11}{'numba':>10}{'numpy':>9}  peer")

    def summarised(names: list[str] | None, interval: float | None = None) -> Callable[[], object]:
        return lambda: na.performance_summary(panel, benchmark, metrics=names, interval=interval)

    loop = scale * median_seconds(lambda: empyrical_loop(empyrical, part, benchmark), 3)
    fast, plain = both_roads(summarised(WITH_EMPYRICAL))
    row(f"{len(WITH_EMPYRICAL)} metrics, empyrical", fast, plain, loop, scaled)
    slow = scale * median_seconds(lambda: quantstats_loop(quantstats, part, benchmark), 3)
    fast, plain = both_roads(summarised(WITH_QUANTSTATS))
    row(f"{len(WITH_QUANTSTATS)} metrics, quantstats", fast, plain, slow, scaled)

    def lines() -> None:
        for name in part:
            empyrical.alpha_beta(part[name], benchmark)

    fast, plain = both_roads(lambda: na.alpha_beta(panel, benchmark))
    row("alpha and beta, empyrical", fast, plain, scale * median_seconds(lines), scaled)
    for name, ours, theirs in (
        ("Sharpe ratio", na.sharpe_ratio, empyrical.sharpe_ratio),
        ("Sortino ratio", na.sortino_ratio, empyrical.sortino_ratio),
        ("maximum drawdown", na.max_drawdown, empyrical.max_drawdown),
    ):
        fast, plain = both_roads(lambda f=ours: f(panel))
        row(
            name,
            fast,
            plain,
            median_seconds(lambda f=theirs: f(panel), 3),
            "empyrical, whole frame",
        )
    one = panel["s0"]
    fast, plain = both_roads(lambda: na.rolling(na.sharpe_ratio, one, window=252))
    peer = median_seconds(lambda: empyrical.roll_sharpe_ratio(one, window=252), 3)
    row("rolling Sharpe, one series, 252 days", fast, plain, peer, "empyrical")

    count = len(na.performance_summary(one, benchmark, interval=None).metrics)
    fast, plain = both_roads(summarised(None))
    row(f"all {count} metrics, against 13 of empyrical", fast, plain, loop, scaled)
    fast = median_seconds(summarised(WITH_EMPYRICAL, 0.95), 3)
    row("13 metrics with errors and intervals", fast, fast, loop, scaled)
    fast = median_seconds(summarised(None, 0.95), 3)
    row(f"all {count} with errors and intervals, against 13", fast, fast, loop, scaled)

    live = nt.stream(na.sharpe_ratio)
    live.extend(one)
    update = median_seconds(lambda: [live.update(0.001) for _ in range(1_000)]) / 1_000
    again = median_seconds(lambda: [empyrical.sharpe_ratio(one) for _ in range(100)]) / 100
    print(
        f"\none more return: {update * 1e6:.1f} us a live update, {again * 1e6:.0f} us empyrical"
        f" anew over {DAYS:,} days: {again / update:.0f}x"
    )


if __name__ == "__main__":
    main()
