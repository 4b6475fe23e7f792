"""The model behind the simulated market: who shares what, and each symbol's path of bars.

Every random stream belongs to one name and one purpose and is drawn from a fixed first day onward.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nautilus.marketdata.reference import find_instrument

__all__ = ["PRICE_DECIMALS", "World", "bars_of", "own_shocks", "stream_of"]

Floats = NDArray[np.float64]

YEAR = 252
MARKET_SYMBOLS = ("SPY", "SP500")
# Any name would do; under this one seed 0 is an ordinary world of growth and bear markets.
MARKET_STREAM = "j/market"

STAY_CALM, STAY_STRESSED = 0.995, 0.975
CALM_VARIANCE, STRESS_VARIANCE = 0.75, 2.1
CALM_DRIFT, STRESS_DRIFT = 0.11, -0.18
VARIANCE_CEILING = 10.0
OVERNIGHT_SHARE = 0.35
EARNINGS_EVERY, EARNINGS_JUMP = 63, 0.035
BOND_DURATION, BOND_CONVEXITY = 17.0, 400.0
YIELD_LEVEL, YIELD_REVERSION, YIELD_VOLATILITY = 0.03, 0.15, 0.0080
YIELD_MARKET_CORRELATION, GOLD_YIELD_LOAD = 0.35, 0.25
PRICE_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Garch:
    """GJR-GARCH(1,1) with standardised Student-t shocks; `volatility` is per annum."""

    volatility: float
    alpha: float
    gamma: float
    beta: float
    degrees: float


MARKET = Garch(0.15, 0.01, 0.17, 0.88, 8.0)
SECTOR = Garch(0.09, 0.05, 0.04, 0.90, 6.0)
GOLD = Garch(0.15, 0.06, -0.03, 0.92, 6.0)
YIELD = Garch(1.0, 0.04, 0.0, 0.94, 8.0)


@dataclass(slots=True)
class World:
    """What all symbols share over the first `size` sessions, drawn once for each call."""

    seed: int
    size: int
    regimes: NDArray[np.int64] = field(init=False)
    multiplier: Floats = field(init=False)
    market: Floats = field(init=False)
    market_variance: Floats = field(init=False)
    sectors: dict[str, tuple[Floats, Floats]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.regimes = _regimes(self.generator(MARKET_STREAM, "regimes").random(self.size))
        self.multiplier = np.where(self.regimes == 1, STRESS_VARIANCE, CALM_VARIANCE)
        drift = np.where(self.regimes == 1, STRESS_DRIFT, CALM_DRIFT) / YEAR
        shocks, variance = self.garch(MARKET_STREAM, MARKET)
        self.market = drift + np.sqrt(self.multiplier) * shocks
        self.market_variance = self.multiplier * variance

    def generator(self, name: str, purpose: str) -> np.random.Generator:
        """The stream of one name and purpose: nobody else draws from it."""
        digest = hashlib.sha256(f"{name}/{purpose}".encode()).digest()
        words = [self.seed, *np.frombuffer(digest[:16], dtype="<u4").tolist()]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))

    def garch(self, name: str, model: Garch) -> tuple[Floats, Floats]:
        """Shocks and their conditional variances, both (time,)."""
        draws = self.generator(name, "returns").standard_t(model.degrees, self.size)
        z = draws * np.sqrt((model.degrees - 2.0) / model.degrees)
        variance = _conditional_variance(z, model)
        return np.sqrt(variance) * z, variance

    def sector(self, name: str) -> tuple[Floats, Floats]:
        """Log returns of a sector and their variances, drawn when first asked for."""
        if name not in self.sectors:
            shocks, variance = self.garch(f"sector/{name}", SECTOR)
            scale = np.sqrt(self.multiplier)
            self.sectors[name] = (np.sqrt(scale) * shocks, scale * variance)
        return self.sectors[name]


def _conditional_variance(z: Floats, model: Garch) -> Floats:
    """h[t+1] = omega + h[t] * ((alpha + gamma 1[z<0]) z^2 + beta): linear, since z is known.

    The ceiling keeps one run of large shocks from outdoing 1987, 2008 and 2020 together: over 30
    seeds of ten years the worst 20 sessions lose 36 %, those of 2008 and 2020 lost 33 and 34 %.
    """
    mean = model.volatility * model.volatility / YEAR
    persistence = model.alpha + 0.5 * model.gamma + model.beta
    omega, ceiling = mean * (1.0 - persistence), VARIANCE_CEILING * mean
    factors = np.where(z < 0.0, model.alpha + model.gamma, model.alpha) * z * z + model.beta
    variance, h = [], mean
    for factor in factors.tolist():
        variance.append(h)
        h = min(omega + h * factor, ceiling)
    return np.array(variance)


def _regimes(uniforms: Floats) -> NDArray[np.int64]:
    states, state = [], 0
    for u in uniforms.tolist():
        leave = u >= (STAY_STRESSED if state else STAY_CALM)
        state = 1 - state if leave else state
        states.append(state)
    return np.array(states, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Path:
    """Close-to-close log returns, the part of them that is known news overnight, and variances."""

    returns: Floats
    jumps: Floats
    variance: Floats
    first_price: float
    median_volume: float


def bars_of(symbol: str, world: World) -> Mapping[str, Floats]:
    """Open, high, low, close and volume of one symbol, each (time,)."""
    instrument = find_instrument(symbol)
    if symbol in MARKET_SYMBOLS:
        level = 100.0 if symbol == "SPY" else 1000.0
        return _open_high_low(
            stream_of(symbol), world, _path(world.market, world.market_variance, level, 8e7)
        )
    if symbol == "TLT":
        return _open_high_low(symbol, world, _bond(world))
    if symbol == "GLD":
        return _open_high_low(symbol, world, _gold(world))
    return _open_high_low(symbol, world, _stock(symbol, str(instrument.gics_sector), world))


def stream_of(symbol: str) -> str:
    """Whose random streams a symbol follows: the index and its fund are one market."""
    return "SPY" if symbol in MARKET_SYMBOLS else symbol


def _path(returns: Floats, variance: Floats, price: float, volume: float) -> _Path:
    return _Path(returns, np.zeros_like(returns), variance, price, volume)


def _traits(traits: np.random.Generator) -> tuple[float, float, float, float, float]:
    """Beta, load on the sector, own volatility, log price and log volume of a stock."""
    beta = float(np.clip(traits.normal(1.0, 0.3), 0.2, 2.0))
    load, own, price, volume = (
        float(traits.uniform(low, high))
        for low, high in ((0.6, 1.2), (0.12, 0.24), (np.log(20), np.log(200)), (14.0, 17.0))
    )
    return beta, load, own, price, volume


def _stock(symbol: str, sector: str, world: World) -> _Path:
    traits = world.generator(symbol, "traits")
    beta, load, own, price, volume = _traits(traits)
    sector_shocks, sector_variance = world.sector(sector)
    shocks, variance = world.garch(symbol, _own_garch(own))
    jumps = np.zeros(world.size)
    dates = np.arange(int(traits.integers(EARNINGS_EVERY)), world.size, EARNINGS_EVERY)
    jumps[dates] = EARNINGS_JUMP * world.generator(symbol, "jumps").standard_normal(len(dates))
    return _Path(
        beta * world.market + load * sector_shocks + shocks + jumps,
        jumps,
        beta * beta * world.market_variance + load * load * sector_variance + variance,
        float(np.exp(price)),
        float(np.exp(volume)),
    )


def own_shocks(symbol: str, world: World) -> Floats:
    """What moves one stock alone: its own shocks over their volatility, (time,)."""
    own = _traits(world.generator(symbol, "traits"))[2]
    shocks, variance = world.garch(symbol, _own_garch(own))
    unit: Floats = shocks / np.sqrt(variance)
    return unit


def _own_garch(volatility: float) -> Garch:
    return Garch(volatility, 0.05, 0.05, 0.89, 6.0)


def _yield_shocks(world: World) -> tuple[Floats, Floats]:
    """Shocks of unit annual volatility that fall when the market falls, and their variances."""
    own, variance = world.garch("yield", YIELD)
    market = (world.market - np.where(world.regimes == 1, STRESS_DRIFT, CALM_DRIFT) / YEAR) / 0.15
    rho = YIELD_MARKET_CORRELATION
    own_part = np.sqrt(1.0 - rho * rho)
    return (
        rho * market + own_part * own,
        rho * rho * world.market_variance / (0.15 * 0.15) + own_part * own_part * variance,
    )


def _bond(world: World) -> _Path:
    """Carry, duration and convexity of a long yield (Vasicek 1977) that shrinks with its level."""
    shocks, variance = _yield_shocks(world)
    levels, changes, level = [], [], YIELD_LEVEL
    for shock in shocks.tolist():
        change = YIELD_REVERSION * (YIELD_LEVEL - level) / YEAR + YIELD_VOLATILITY * shock
        levels.append(level)
        changes.append(change)
        level = level + change
    moves = np.array(changes)
    carry = np.array(levels) / YEAR
    returns = carry - BOND_DURATION * moves + 0.5 * BOND_CONVEXITY * moves * moves
    scale = BOND_DURATION * YIELD_VOLATILITY
    return _path(returns, scale * scale * variance, 90.0, 1e7)


def _gold(world: World) -> _Path:
    shocks, variance = world.garch("GLD", GOLD)
    yields, yield_variance = _yield_shocks(world)
    load = GOLD_YIELD_LOAD * GOLD.volatility
    returns = 0.04 / YEAR + shocks - load * yields
    return _path(returns, variance + load * load * yield_variance, 110.0, 9e6)


def _open_high_low(name: str, world: World, path: _Path) -> Mapping[str, Floats]:
    """Bars around the closes: the extremes of a Brownian bridge from open to close, exactly.

    References
    ----------
    Karatzas and Shreve (1991), Brownian Motion and Stochastic Calculus, 2nd ed., eq. 4.3.40.
    """
    draws = world.generator(name, "bars")
    deviation, u, v, noise = np.maximum(draws.random((world.size, 4)), 1e-16).T
    usual = path.returns - path.jumps
    spread = np.sqrt(OVERNIGHT_SHARE * (1.0 - OVERNIGHT_SHARE) * path.variance)
    overnight = path.jumps + OVERNIGHT_SHARE * usual + spread * _logistic(deviation)
    day = path.returns - overnight
    width = -2.0 * (1.0 - OVERNIGHT_SHARE) * path.variance
    log_close = np.log(path.first_price) + np.cumsum(path.returns)
    log_open = log_close - day
    steps = {
        "open": log_open,
        "high": log_open + 0.5 * (day + np.sqrt(day * day + width * np.log(1.0 - u))),
        "low": log_open + 0.5 * (day - np.sqrt(day * day + width * np.log(1.0 - v))),
        "close": log_close,
    }
    prices = {name: np.round(np.exp(value), PRICE_DECIMALS) for name, value in steps.items()}
    return {**prices, "volume": _volume(path, noise)}


def _volume(path: _Path, noise: Floats) -> Floats:
    """Log V = level + 0.45 log|r| + 0.25 log h + noise, in whole shares."""
    typical = 0.45 * np.log(0.01) + 0.25 * np.log(2e-4)
    size = np.log(np.maximum(np.abs(path.returns), 1e-4))
    logs = 0.45 * size + 0.25 * np.log(path.variance) - typical + 0.7 * _logistic(noise)
    shares: Floats = np.round(path.median_volume * np.exp(logs))
    return shares


def _logistic(uniforms: Floats) -> Floats:
    """Logistic numbers of unit variance by inversion: one uniform each, so prefixes are stable."""
    scaled: Floats = (np.sqrt(3.0) / np.pi) * np.log(uniforms / (1.0 - uniforms))
    return scaled
