"""A request for live data as a subscription: who can serve it, and from where."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from nautilus.core.errors import NotFoundError, ParameterError
from nautilus.marketdata.reference import close_names, find_instrument, known_symbols
from nautilus.marketdata.sources.errors import NoSourceAnswered
from nautilus.marketdata.sources.failover import Attempt
from nautilus.server.market.delivery import Rules
from nautilus.server.market.replay import Replay, source_of_day
from nautilus.server.market.sources import SIMULATED, MarketSources
from nautilus.server.market.subscriptions import Subscription, Subscriptions
from nautilus.server.market.windows import window_of

if TYPE_CHECKING:
    from nautilus.server.deps import EngineDeps
    from nautilus.server.schemas.marketdata import SubscribeRequest

__all__ = ["opened_subscription"]


async def opened_subscription(
    body: SubscribeRequest,
    sources: MarketSources,
    subscriptions: Subscriptions,
    deps: EngineDeps[Any],
) -> Subscription:
    """Open what was asked for.

    Raises
    ------
    NotFoundError
        None of the symbols, or a source that is not known; close names are given.
    NoSourceAnswered
        No live source is left.
    ParameterError
    """
    wanted = list(dict.fromkeys(body.symbols))
    replay = _replay(body, deps)
    named = sources.checked(body.sources)
    attempts: tuple[Attempt, ...] = ()
    unknown: dict[str, str] = {}
    symbols, source = wanted, SIMULATED
    if replay is None:
        attempts = tuple(_no_live_feed(name, sources) for name in named if name != SIMULATED)
        _check_live(body, named, sources, attempts)
        symbols, unknown = _known(wanted, await deps.cpu.thread(sources.real_symbols))
    else:
        source = await deps.cpu.thread(
            source_of_day, sources.market, replay, wanted, simulated=sources.simulated
        )
        replay = dataclasses.replace(replay, source=source)
    config = body.delivery_config
    return subscriptions.open(
        symbols=tuple(symbols),
        unknown=unknown,
        data_types=tuple(dict.fromkeys(body.data_types)),
        rules=Rules(
            batch_size=config.batch_size,
            max_latency_seconds=config.max_latency_ms / 1000.0,
            deduplicate=config.deduplicate,
            conflate=config.conflate and replay is None,
            min_price_change=body.filters.min_price_change,
            min_volume_change=body.filters.min_volume_change,
        ),
        source=source,
        simulated=source == SIMULATED,
        attempts=attempts,
        method=config.delivery_method,
        replay=replay,
    )


def _check_live(
    body: SubscribeRequest,
    named: list[str],
    sources: MarketSources,
    attempts: tuple[Attempt, ...],
) -> None:
    """Only the simulated exchange sends live prices here: it must be on, and allowed."""
    wanted = not named or SIMULATED in named or body.fallback_enabled
    if not (sources.simulated and wanted):
        said = "; ".join(f"{one.source}: {one.message}" for one in attempts)
        raise NoSourceAnswered(
            f"no live source is left ({said or 'the simulated one is switched off'}).",
            attempts=attempts,
        )


def _replay(body: SubscribeRequest, deps: EngineDeps[Any]) -> Replay | None:
    if body.replay is None:
        return None
    window = window_of(body.replay.day, body.replay.day, None, deps.clock())
    if body.delivery_config.delivery_method != "websocket":
        raise ParameterError(
            "a replay goes to its own WebSocket: the bus carries live data alone."
            " Leave `delivery_method` out.",
            field="delivery_config.delivery_method",
        )
    given = body.replay
    if given.as_of is not None and given.as_of.date() != window.days[0]:
        raise ParameterError(
            f"`replay.as_of` {given.as_of} is not on `replay.day` {given.day}.",
            field="replay.as_of",
        )
    return Replay(window.days[0], given.speed, given.source, given.as_of)


def _known(symbols: list[str], held: Collection[str]) -> tuple[list[str], dict[str, str]]:
    """(those that the simulated exchange trades, why the others are not)."""
    known, unknown = [], {}
    for symbol in symbols:
        if symbol in held:
            unknown[symbol] = (
                "real prices of it are stored, and simulated ones would not fit beside them;"
                " replay a stored day, or configure a live source."
            )
            continue
        try:
            find_instrument(symbol)
            known.append(symbol)
        except NotFoundError as error:
            unknown[symbol] = str(error)
    if not known:
        first, why = next(iter(unknown.items()))
        near = close_names(first, known_symbols())
        raise NotFoundError(f"no symbol to subscribe to: {first}: {why}{near}", field="symbols")
    return known, unknown


def _no_live_feed(name: str, sources: MarketSources) -> Attempt:
    started = time.perf_counter()
    status = sources.status(name)
    if status == "not_configured":
        error, message = "not_configured", f"{name} has no key; docs/sources.md says which."
    else:
        error, message = "no_live_feed", f"{name} answers requests and sends no live prices here."
    return Attempt(name, error, message, round((time.perf_counter() - started) * 1000.0, 3))
