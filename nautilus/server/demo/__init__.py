"""The demo set, labelled simulated: what the documented requests need on a fresh machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nautilus.server.platform import Platform

__all__ = ["install"]


async def install(platform: Platform) -> None:
    """Insert what is absent; never overwrite what somebody else stored."""
    from nautilus.server.demo.installing import install_portfolios

    await install_portfolios(platform.portfolios, platform.clock)
