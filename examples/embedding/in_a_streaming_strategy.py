"""Indicators inside an event-driven strategy: the shape that NautilusTrader and its like call."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from nautilus.indicators import FeatureSet, compute


@dataclass(frozen=True)
class Bar:
    """What a trading engine hands over."""

    open: float
    high: float
    low: float
    close: float
    volume: float


class Crossing:
    """`on_start`, `on_bar`, `on_save`, `on_load`: the state travels as JSON."""

    def on_start(self) -> None:
        self.features = FeatureSet(
            [("ema", {"period": 10}, "fast"), ("ema", {"period": 30}, "slow"), "atr"]
        )
        self.orders: list[str] = []
        self.was_above: bool | None = None

    def on_bar(self, bar: Bar) -> None:
        values = self.features.update(vars(bar))
        if values["slow"] != values["slow"]:  # warming up
            return
        above = values["fast"] > values["slow"]
        if self.was_above is not None and above != self.was_above:
            self.orders.append("buy" if above else "sell")
        self.was_above = above

    def on_save(self) -> bytes:
        return json.dumps([self.features.snapshot(), self.orders, self.was_above]).encode()

    def on_load(self, state: bytes) -> None:
        snapshot, self.orders, self.was_above = json.loads(state)
        self.features = FeatureSet.of(snapshot)


def main() -> None:
    import pandas as pd

    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 500)))
    bars = [Bar(x, x * 1.01, x * 0.99, x, 1e6) for x in close.tolist()]
    unbroken, stopped = Crossing(), Crossing()
    unbroken.on_start()
    stopped.on_start()
    for number, bar in enumerate(bars):
        if number == 200:
            state = stopped.on_save()
            stopped = Crossing()
            stopped.on_load(state)
        unbroken.on_bar(bar)
        stopped.on_bar(bar)
    assert stopped.orders == unbroken.orders
    assert stopped.features == unbroken.features
    history = compute(pd.DataFrame([vars(bar) for bar in bars]), [("ema", {"period": 30}, "slow")])
    assert history["slow"].iloc[-1] == unbroken.features.value["slow"]
    print(f"streaming strategy: {len(unbroken.orders)} orders, the same after a restart")


if __name__ == "__main__":
    main()
