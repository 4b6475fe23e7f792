"""Where prices come from: samples, files, a simulated market, calendars, what each symbol is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nautilus.core.lazy import lazy_exports

if TYPE_CHECKING:
    from nautilus.marketdata.bars import Bar as Bar
    from nautilus.marketdata.bars import adjust_prices as adjust_prices
    from nautilus.marketdata.bars import resample_bars as resample_bars
    from nautilus.marketdata.calendars import align_to_sessions as align_to_sessions
    from nautilus.marketdata.calendars import sessions as sessions
    from nautilus.marketdata.corporate_actions import simulate_actions as simulate_actions
    from nautilus.marketdata.expected import expected_bars as expected_bars
    from nautilus.marketdata.fundamentals import simulate_fundamentals as simulate_fundamentals
    from nautilus.marketdata.history import price_history as price_history
    from nautilus.marketdata.ingestion import Ingestion as Ingestion
    from nautilus.marketdata.ingestion import IngestionCounts as IngestionCounts
    from nautilus.marketdata.latency import ClockOffset as ClockOffset
    from nautilus.marketdata.latency import LatencyHistogram as LatencyHistogram
    from nautilus.marketdata.macro import MacroSeries as MacroSeries
    from nautilus.marketdata.macro import macro_series as macro_series
    from nautilus.marketdata.macro import simulate_macro as simulate_macro
    from nautilus.marketdata.news import simulate_news as simulate_news
    from nautilus.marketdata.quality import QualityIssue as QualityIssue
    from nautilus.marketdata.quality import QualityReport as QualityReport
    from nautilus.marketdata.quality import TickQuality as TickQuality
    from nautilus.marketdata.quality import quality_report as quality_report
    from nautilus.marketdata.quality import tick_quality as tick_quality
    from nautilus.marketdata.reading import read_prices as read_prices
    from nautilus.marketdata.reference import Instrument as Instrument
    from nautilus.marketdata.reference import asset_class as asset_class
    from nautilus.marketdata.reference import find_instrument as find_instrument
    from nautilus.marketdata.reference import known_symbols as known_symbols
    from nautilus.marketdata.reference import sectors as sectors
    from nautilus.marketdata.samples import available_samples as available_samples
    from nautilus.marketdata.samples import load_sample as load_sample
    from nautilus.marketdata.simulation import SimulatedMarket as SimulatedMarket
    from nautilus.marketdata.simulation import simulate_market as simulate_market
    from nautilus.marketdata.simulation import simulated_symbols as simulated_symbols
    from nautilus.marketdata.statements import simulate_statements as simulate_statements
    from nautilus.marketdata.store import Store as Store
    from nautilus.marketdata.tick_bars import TickBar as TickBar
    from nautilus.marketdata.tick_bars import TickBars as TickBars
    from nautilus.marketdata.tick_messages import DepthTick as DepthTick
    from nautilus.marketdata.tick_messages import QuoteTick as QuoteTick
    from nautilus.marketdata.tick_messages import TradeTick as TradeTick
    from nautilus.marketdata.ticks import SimulatedTicks as SimulatedTicks
    from nautilus.marketdata.ticks import simulate_ticks as simulate_ticks

__all__ = [
    "Bar",
    "ClockOffset",
    "DepthTick",
    "Ingestion",
    "IngestionCounts",
    "Instrument",
    "LatencyHistogram",
    "MacroSeries",
    "QualityIssue",
    "QualityReport",
    "QuoteTick",
    "SimulatedMarket",
    "SimulatedTicks",
    "Store",
    "TickBar",
    "TickBars",
    "TickQuality",
    "TradeTick",
    "adjust_prices",
    "align_to_sessions",
    "asset_class",
    "available_samples",
    "expected_bars",
    "find_instrument",
    "known_symbols",
    "load_sample",
    "macro_series",
    "price_history",
    "quality_report",
    "read_prices",
    "resample_bars",
    "sectors",
    "sessions",
    "simulate_actions",
    "simulate_fundamentals",
    "simulate_macro",
    "simulate_market",
    "simulate_news",
    "simulate_statements",
    "simulate_ticks",
    "simulated_symbols",
    "tick_quality",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "bars": ["Bar", "adjust_prices", "resample_bars"],
        "calendars": ["align_to_sessions", "sessions"],
        "expected": ["expected_bars"],
        "fundamentals": ["simulate_fundamentals"],
        "history": ["price_history"],
        "ingestion": ["Ingestion", "IngestionCounts"],
        "latency": ["ClockOffset", "LatencyHistogram"],
        "quality": [
            "QualityIssue",
            "QualityReport",
            "TickQuality",
            "quality_report",
            "tick_quality",
        ],
        "reading": ["read_prices"],
        "reference": ["Instrument", "asset_class", "find_instrument", "known_symbols", "sectors"],
        "samples": ["available_samples", "load_sample"],
        "simulation": ["SimulatedMarket", "simulate_market", "simulated_symbols"],
        "store": ["Store"],
        "corporate_actions": ["simulate_actions"],
        "macro": ["MacroSeries", "macro_series", "simulate_macro"],
        "news": ["simulate_news"],
        "statements": ["simulate_statements"],
        "ticks": ["SimulatedTicks", "simulate_ticks"],
        "tick_bars": ["TickBar", "TickBars"],
        "tick_messages": ["DepthTick", "QuoteTick", "TradeTick"],
    },
)
