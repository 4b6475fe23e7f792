"""Put the demo set into the state: what is absent, and later sessions of what is still its own.

The books are computed at the start and not shipped: they reach to the last session, which a file
could not, and cost 0.1 s without importing pandas, once a day.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import numpy as np

from nautilus.core.errors import ConflictError
from nautilus.server.demo.books import DemoBook, demo_books
from nautilus.server.demo.portfolios import DEMO
from nautilus.server.history import last_session
from nautilus.server.state.portfolio import NavHistory, Portfolio
from nautilus.server.state.portfolios import Portfolios

__all__ = ["install_portfolios"]

_log = logging.getLogger("nautilus.server.demo")


async def install_portfolios(
    portfolios: Portfolios, clock: Callable[[], datetime], *, seed: int = 0
) -> list[str]:
    """Ids of the demo portfolios that were made or brought up to date.

    A portfolio of the user's with the same id stays as it is; so does a demo portfolio to which
    somebody added events.
    """
    last = last_session(clock())
    stored = {one.id: await portfolios.find(one.id) for one in DEMO}
    due = [one for one in DEMO if _is_due(stored[one.id], last)]
    if not due:
        return []
    changed = []
    for book in await asyncio.to_thread(demo_books, due, last, seed=seed):
        if await _installed(portfolios, book, stored[book.portfolio.id]):
            changed.append(book.portfolio.id)
    return changed


def _is_due(portfolio: Portfolio | None, last: np.datetime64) -> bool:
    if portfolio is None:
        return True
    if not portfolio.simulated:
        return False
    times = portfolio.nav.times
    return portfolio.snapshot is None or not len(times) or times[-1].astype("M8[D]") < last


async def _installed(portfolios: Portfolios, book: DemoBook, stored: Portfolio | None) -> bool:
    if stored is not None and stored.events != book.fills[: len(stored.events)]:
        return False
    try:
        if stored is None:
            await _create(portfolios, book)
            stored = await portfolios.get(book.portfolio.id)
        await _extend(portfolios, book, stored)
    except ConflictError:  # another process that starts installs the same
        _log.info("%s is installed elsewhere", book.portfolio.id)
        return False
    return True


async def _create(portfolios: Portfolios, book: DemoBook) -> None:
    demo = book.portfolio
    await portfolios.create(
        demo.id,
        cash=demo.cash,
        events=book.fills,
        benchmark=demo.benchmark,
        targets=demo.targets,
        limits=demo.limits,
        name=demo.name,
        source="simulated",
    )


async def _extend(portfolios: Portfolios, book: DemoBook, stored: Portfolio) -> None:
    """Append what came since; orders of later sessions are events as well."""
    demo, version = book.portfolio, stored.version
    new = book.fills[len(stored.events) :]
    if new:
        change = await portfolios.append_events(demo.id, new, expected_version=version)
        version = change.version
    later = book.nav.times > (stored.nav.times[-1] if len(stored.nav) else np.datetime64(0, "us"))
    if later.any():
        nav = NavHistory(book.nav.times[later], book.nav.values[later], book.nav.flows[later])
        change = await portfolios.append_nav(demo.id, nav, expected_version=version)
        version = change.version
    if stored.snapshot is None or stored.snapshot.source == "simulated":
        await portfolios.save_snapshot(
            demo.id,
            book.positions,
            at=book.at,
            cash=book.cash,
            source="simulated",
            expected_version=version,
        )
