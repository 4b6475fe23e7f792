"""Which sources there are: the eight built in, and those of other packages by entry point."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from nautilus.core.errors import NautilusError
from nautilus.marketdata.sources.interface import Source, SourceConfig

__all__ = ["available_sources", "open_sources"]

_log = logging.getLogger("nautilus.marketdata.sources")
GROUP = "nautilus.sources"
Opener = Callable[[SourceConfig], Source]
_PACKAGE = "nautilus.marketdata.sources"
_BUILT_IN = {
    "fred": "FredSource",
    "alpha_vantage": "AlphaVantageSource",
    "edgar": "EdgarSource",
    "datagov": "DataGovSource",
    "trading_economics": "TradingEconomicsSource",
    "dbnomics": "DBnomicsSource",
    "yfinance": "YahooSource",
    "ibkr": "IbkrSource",
}
_TRUE = frozenset({"1", "true", "yes", "on"})


def available_sources() -> dict[str, Opener]:
    """Every source by name, as a callable that opens it from a `SourceConfig`.

    Sources of other packages come after ours and cannot take one of our names.

    Returns
    -------
    dict of str -> callable

    Examples
    --------
    >>> list(available_sources())[:3]
    ['fred', 'alpha_vantage', 'edgar']
    """
    found: dict[str, Opener] = {name: _built_in(name) for name in _BUILT_IN}
    for entry in entry_points(group=GROUP):
        if entry.name in found:
            _log.warning("source %r of %s is left out: the name is taken", entry.name, entry.value)
        else:
            found[entry.name] = _plugged_in(entry)
    return found


def open_sources(
    environ: Mapping[str, str],
    *,
    clock: Callable[[], datetime] | None = None,
    state_path: str | Path | None = None,
    timeout_seconds: float = 20.0,
) -> dict[str, Source]:
    """Every source as the environment configures it; none connects before it is asked.

    Parameters
    ----------
    environ : mapping
        `NAUTILUS_<SOURCE>_API_KEY`, `_BASE_URL`, `_USER_AGENT`, `_LIMITS` ("75/minute") and
        `_ENABLED=true`, which sources without a key need; `NAUTILUS_RECORD_PAYLOADS` is a folder
        in which all answers are kept.
    clock : callable, optional
        () -> aware datetime in UTC.
    state_path : path, optional
        SQLite file of the daily quotas.
    timeout_seconds : float

    Returns
    -------
    dict of str -> Source
        Also those that are `not_configured`.

    Raises
    ------
    ParameterError
        A value that cannot be used; the message names it.

    Examples
    --------
    >>> {source.status() for source in open_sources({}).values()}
    {'not_configured'}
    """
    more: dict[str, Any] = {"clock": clock} if clock is not None else {}
    opened: dict[str, Source] = {}
    for name, opener in available_sources().items():
        config = _config(name, environ, state_path, timeout_seconds, more)
        if name in _BUILT_IN:
            opened[name] = opener(config)
        elif (source := _opened(name, opener, config)) is not None:
            opened[name] = source
    return opened


def _config(
    name: str,
    environ: Mapping[str, str],
    state_path: str | Path | None,
    timeout_seconds: float,
    more: Mapping[str, Any],
) -> SourceConfig:
    def given(what: str) -> str | None:
        return environ.get(f"NAUTILUS_{name.upper()}_{what}", "").strip() or None

    try:
        return SourceConfig(
            base_url=given("BASE_URL"),
            key=given("API_KEY"),
            user_agent=given("USER_AGENT"),
            limits=given("LIMITS"),
            enabled=(given("ENABLED") or "").lower() in _TRUE,
            record_to=environ.get("NAUTILUS_RECORD_PAYLOADS") or None,
            state_path=state_path,
            timeout_seconds=timeout_seconds,
            **more,
        )
    except NautilusError as error:
        error.hint = f"It comes from NAUTILUS_{name.upper()}_*."
        raise


def _built_in(name: str) -> Opener:
    def opened(config: SourceConfig) -> Source:
        module = importlib.import_module(f"{_PACKAGE}.{name}")
        source: Source = getattr(module, _BUILT_IN[name])(config)
        return source

    return opened


def _plugged_in(entry: Any) -> Opener:
    def opened(config: SourceConfig) -> Source:
        source: Source = entry.load()(config)
        return source

    return opened


def _opened(name: str, opener: Opener, config: SourceConfig) -> Source | None:
    """A source of somebody else; one that cannot be loaded must not take the others with it."""
    try:
        source = opener(config)
    except Exception:
        _log.exception("source %r cannot be loaded and is left out", name)
        return None
    if not isinstance(source, Source):
        _log.error("source %r has not all methods of Source and is left out", name)
        return None
    return source
