"""Yahoo Finance, chart API v8: split-adjusted bars, actions and last prices, for personal use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nautilus.core.errors import ParameterError
from nautilus.marketdata.sources.errors import (
    AuthRequired,
    SchemaChanged,
    SymbolNotFound,
    Upstream,
)
from nautilus.marketdata.sources.http_source import HttpSource, segment
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import frame, midnight, within
from nautilus.marketdata.sources.payloads import (
    RawPayload,
    check_status,
    decode,
    instant,
    number,
    require,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["YahooSource"]

_INTERVALS = {
    "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1h",
    "1d": "1d", "1w": "1wk", "1M": "1mo",
}  # fmt: skip
_SECONDS = {"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600}
_EVENTS = (("dividends", "dividend"), ("capitalGains", "dividend"), ("splits", "split"))
_MINUTE_DAYS = 7  # of 1m bars, at most 8 days per call
_FIELDS = ("open", "high", "low", "close", "volume")
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.36"


class YahooSource(HttpSource):
    """Tickers of Yahoo, with suffixes (VOD.L) and carets (^GSPC).

    Options of a request: `partial` (True: with the bar that is still forming), `extended_hours`.
    """

    name = "yfinance"
    address = "https://query2.finance.yahoo.com"
    switch = "ENABLED=true"
    offers = Capabilities(
        kinds=("bars", "actions", "quotes"),
        timeframes=tuple(_INTERVALS),
        asset_classes=("stocks", "etfs", "indices"),
        limits="1/second, 60/minute",
        needs_key=False,
        adjustment="split_adjusted",
        point_in_time="none: prices are rewritten after each split",
        terms="unofficial, for personal use; no limit is published, 60 a minute is ours; prices in"
        " London are in pence",
        documented_data_types=("quotes", "historical_bars"),
        documented_asset_classes=("stocks", "etfs", "indices"),
        documented_rate_limit="2000/hour",
        documented_symbols=15_000,
    )

    def configured(self) -> bool:
        """Turned on by name, or by an address."""
        return self.config.enabled or self.config.base_url is not None

    def user_agent(self) -> str:
        """Yahoo answers browsers."""
        return self.config.user_agent or _BROWSER

    def parts(self, request: DataRequest) -> Sequence[DataRequest]:
        """Minute bars in stretches of a week."""
        first, last = request.start, request.end
        if request.kind != "bars" or request.timeframe != "1m" or not (first and last):
            return (request,)
        step = timedelta(days=_MINUTE_DAYS)
        starts = [first + step * n for n in range((last - first) // step + 1)]
        ends = [min(start + step - timedelta(days=1), last) for start in starts]
        return [replace(request, start=s, end=e) for s, e in zip(starts, ends, strict=True)]

    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """`v8/finance/chart/{symbol}`."""
        daily = request.kind != "bars" or request.timeframe not in _SECONDS
        interval = _INTERVALS[request.timeframe] if request.kind == "bars" else "1d"
        params = {
            "interval": interval,
            "events": "div,splits,capitalGains",
            "includePrePost": "true" if request.options.get("extended_hours") else "false",
        }
        if request.start or request.end:
            params["period1"] = _epoch(request.start or date(1900, 1, 1))
            last = request.end or self.config.clock().date()
            params["period2"] = _epoch(last + timedelta(days=1))
        else:
            params["range"] = "5d" if not daily or request.kind == "quotes" else "max"
        return f"v8/finance/chart/{segment(request.symbol)}", params

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """Bars, actions or the last price; a bar without prices is no bar."""
        result = _result(payload, request)
        if result is None:
            return frame(request.kind, ())
        meta = require(result, "meta", Mapping, self.name)
        if request.kind == "quotes":
            return frame("quotes", [_quote(meta, request)])
        if request.kind == "actions":
            rows = _action_rows(result, meta, request)
        else:
            rows = _bar_rows(result, meta, request)
        return within(frame(request.kind, rows), request.kind, request.start, request.end)

    def joined(self, pages: Sequence[pl.DataFrame], request: DataRequest) -> pl.DataFrame:
        """Stretches in a row, no bar twice."""
        keys = ["timestamp", "kind"] if request.kind == "actions" else ["timestamp"]
        return super().joined(pages, request).unique(keys, keep="last", maintain_order=True)


def _epoch(of: date) -> str:
    return str(int(midnight(of).timestamp()))


def _result(payload: RawPayload, request: DataRequest) -> Any:
    if payload.status in (401, 429) or payload.status >= 500:
        check_status(payload, "yfinance", request.symbol)
    chart = require(decode(payload, "yfinance"), "chart", Mapping, "yfinance")
    if chart.get("error") is not None:
        raise _refused(chart["error"], request)
    check_status(payload, "yfinance", request.symbol)
    results = require(chart, "result", list, "yfinance")
    return results[0] if results else None


def _refused(error: Any, request: DataRequest) -> Exception:
    code = str(require(error, "code", str, "yfinance"))
    said = str(error.get("description") or "")[:200]
    if code.lower() == "not found":
        return SymbolNotFound(
            f"yfinance has no data of {request.symbol!r}: unknown or delisted; check its spelling"
            " and suffix.",
            source="yfinance",
            field="symbol",
        )
    if code.lower() in ("unauthorized", "forbidden"):
        return AuthRequired(f"yfinance refused the request: {said}", source="yfinance")
    if code.lower() in ("bad request", "unprocessable entity"):
        return ParameterError(
            f"yfinance refused the window or timeframe: {said} Minute bars reach back 30 days,"
            " others within the day 60, hours 730.",
            field="timeframe",
        )
    return Upstream(f"yfinance failed: {code[:60]} {said}", source="yfinance")


def _zone(meta: Mapping[str, Any]) -> ZoneInfo:
    name = require(meta, "exchangeTimezoneName", str, "yfinance")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise SchemaChanged(
            f"yfinance names the time zone {name[:40]!r}, which is not one.",
            source="yfinance",
            field="exchangeTimezoneName",
        ) from None


def _stamp(seconds: Any, timeframe: str, zone: ZoneInfo) -> datetime:
    """Start of the bar; from a day on, midnight UTC of the session's date on the exchange."""
    if isinstance(seconds, str):
        seconds = None
    at = instant(seconds, "timestamp", "yfinance")
    return at if timeframe in _SECONDS else midnight(at.astimezone(zone).date())


def _bar_rows(
    result: Mapping[str, Any], meta: Mapping[str, Any], request: DataRequest
) -> list[tuple[Any, ...]]:
    if "timestamp" not in result:
        return []
    stamps = require(result, "timestamp", list, "yfinance")
    indicators = require(result, "indicators", Mapping, "yfinance")
    quotes = require(indicators, "quote", list, "yfinance")
    values = [require(quotes[0] if quotes else None, key, list, "yfinance") for key in _FIELDS]
    if {len(column) for column in values} - {len(stamps)}:
        raise SchemaChanged(
            f"yfinance sent {len(stamps)} times and columns of other lengths.", source="yfinance"
        )
    if stamps and not request.options.get("partial") and _forming(stamps[-1], meta, request):
        stamps, values = stamps[:-1], [column[:-1] for column in values]
    zone = _zone(meta)
    rows = []
    for seconds, *row in zip(stamps, *values, strict=True):
        numbers = [number(v, k, "yfinance") for v, k in zip(row, _FIELDS, strict=True)]
        if any(value is not None for value in numbers[:4]):
            rows.append((request.symbol, _stamp(seconds, request.timeframe, zone), *numbers))
    return rows


def _forming(last: Any, meta: Mapping[str, Any], request: DataRequest) -> bool:
    """Whether the newest bar had not ended when it was sent."""
    period = meta.get("currentTradingPeriod")
    regular = period.get("regular") if isinstance(period, Mapping) else None
    if not isinstance(regular, Mapping) or "regularMarketTime" not in meta:
        return False
    now, end, start = (
        number(value, "regularMarketTime", "yfinance") or 0.0
        for value in (meta["regularMarketTime"], regular.get("end"), regular.get("start"))
    )
    begun = number(last, "timestamp", "yfinance") or 0.0
    if now >= end:
        return False
    width = _SECONDS.get(request.timeframe)
    return begun + width > now if width else begun >= start or request.timeframe != "1d"


def _action_rows(
    result: Mapping[str, Any], meta: Mapping[str, Any], request: DataRequest
) -> list[tuple[Any, ...]]:
    events = result.get("events") or {}
    zone = _zone(meta)
    values: dict[tuple[datetime, str], float] = {}
    for group, kind in _EVENTS:
        entries = require(events, group, Mapping, "yfinance") if group in events else {}
        for one in entries.values():
            at = _stamp(require(one, "date", int, "yfinance"), "1d", zone)
            if kind == "split":
                values[at, kind] = values.get((at, kind), 1.0) * _ratio(one)
            else:
                values[at, kind] = values.get((at, kind), 0.0) + _amount(one)
    return [
        (request.symbol, at, kind, value, "yfinance", at) for (at, kind), value in values.items()
    ]


def _amount(one: Any) -> float:
    return number(require(one, "amount", (int, float), "yfinance"), "amount", "yfinance") or 0.0


def _ratio(one: Any) -> float:
    new, old = (
        number(require(one, key, (int, float), "yfinance"), key, "yfinance") or 0.0
        for key in ("numerator", "denominator")
    )
    if new <= 0.0 or old <= 0.0:
        raise SchemaChanged("yfinance sent a split without a ratio.", source="yfinance")
    return new / old


def _quote(meta: Mapping[str, Any], request: DataRequest) -> tuple[Any, ...]:
    price = require(meta, "regularMarketPrice", (int, float), "yfinance")
    time = require(meta, "regularMarketTime", int, "yfinance")
    at = instant(time, "regularMarketTime", "yfinance")
    previous = number(meta.get("chartPreviousClose"), "chartPreviousClose", "yfinance")
    shown = number(price, "regularMarketPrice", "yfinance")
    return request.symbol, at, None, None, None, None, shown, None, previous, 0
