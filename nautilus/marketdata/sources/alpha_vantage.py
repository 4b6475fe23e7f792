"""Alpha Vantage: bars, last prices, actions and statements; every answer is HTTP 200."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from nautilus.core.checks import check_choice
from nautilus.marketdata.sources.alpha_vantage_statements import STATEMENTS, statement_rows
from nautilus.marketdata.sources.errors import (
    AuthRequired,
    NotEntitled,
    QuotaExhausted,
    SchemaChanged,
    SourceError,
    SymbolNotFound,
    Throttled,
)
from nautilus.marketdata.sources.http_source import HttpSource
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import frame, midnight, within
from nautilus.marketdata.sources.payloads import (
    RawPayload,
    check_status,
    day,
    decode,
    instant,
    number,
    require,
)
from nautilus.marketdata.sources.redaction import Secret

if TYPE_CHECKING:
    import polars as pl

__all__ = ["AlphaVantageSource"]

_INTRADAY = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min"}
_LONGER = {
    "1d": "TIME_SERIES_DAILY",
    "1w": "TIME_SERIES_WEEKLY",
    "1M": "TIME_SERIES_MONTHLY",
}
_NUMBERED = re.compile(r"^\d+[.:]\s*")


class AlphaVantageSource(HttpSource):
    """Tickers of Alpha Vantage; currency pairs as "EUR/USD" for quotes.

    Options of a request: `outputsize` ("compact" the last 100 rows, "full" with a paid plan),
    `month` ("2024-01", intraday), `extended_hours` (True: with pre- and post-market), `statement`
    ("income_statement", "balance_sheet", "cash_flow", "earnings", "overview").
    """

    name = "alpha_vantage"
    address = "https://www.alphavantage.co"
    zone = "America/New_York"
    offers = Capabilities(
        kinds=("bars", "quotes", "fundamentals", "actions"),
        timeframes=(*_INTRADAY, *_LONGER),
        asset_classes=("stocks", "etfs", "mutual_funds", "forex"),
        limits="5/minute, 25/day",
        adjustment="as_traded",
        point_in_time="earnings carry the day they were reported; other statements do not:"
        " `filed` is null and they count as known when downloaded",
        terms="free key 25 requests a day; actions and full histories need a paid plan",
        documented_data_types=(
            "quotes", "daily_bars", "fundamentals", "earnings", "price", "volume",
        ),
        documented_asset_classes=("stocks", "etfs", "mutual_funds"),
        documented_update_frequency="daily",
        documented_rate_limit="5/minute",
        documented_symbols=10_000,
        documented_factors=15,
    )  # fmt: skip

    def parts(self, request: DataRequest) -> Sequence[DataRequest]:
        """Bars within the day by month: without one, only the last thirty days are sent."""
        intraday = request.kind == "bars" and request.timeframe in _INTRADAY
        if not intraday or request.start is None or "month" in request.options:
            return (request,)
        last = request.end or self.config.clock().date()
        first = request.start.year * 12 + request.start.month - 1
        months = range(first, last.year * 12 + last.month)
        return [request.with_options(month=f"{m // 12:04d}-{m % 12 + 1:02d}") for m in months]

    def call(self, request: DataRequest) -> tuple[str, Mapping[str, str]]:
        """`query?function=...`."""
        params = {"symbol": request.symbol, **_function(request)}
        if params["function"] == "CURRENCY_EXCHANGE_RATE":
            base, _, quoted = params.pop("symbol").partition("/")
            params |= {"from_currency": base, "to_currency": quoted}
        return "query", params

    def credentials(self, secret: Secret) -> tuple[dict[str, str], dict[str, str]]:
        """In the query: there is no header."""
        return {"apikey": secret.reveal()}, {}

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """Bars as traded, last prices, actions or statements."""
        check_status(payload, self.name, request.symbol)
        answer = decode(payload, self.name)
        if not isinstance(answer, Mapping):
            raise SchemaChanged(
                f"alpha_vantage sent {type(answer).__name__} instead of an object.",
                source=self.name,
            )
        _check_refusal(answer, request)
        if request.kind == "fundamentals":
            return frame("fundamentals", statement_rows(answer, request, payload.received_at))
        if request.kind == "quotes":
            return frame("quotes", [_quote(answer, request)])
        rows = _series_rows(answer, request)
        return within(frame(request.kind, rows), request.kind, request.start, request.end)


def _function(request: DataRequest) -> dict[str, str]:
    options = request.options
    size = str(options.get("outputsize", "compact" if request.start is None else "full"))
    if request.kind == "fundamentals":
        statement = str(options.get("statement", "income_statement"))
        return {"function": check_choice(statement, "statement", STATEMENTS).upper()}
    if request.kind == "quotes":
        pair = "/" in request.symbol
        return {"function": "CURRENCY_EXCHANGE_RATE" if pair else "GLOBAL_QUOTE"}
    if request.kind == "actions":
        return {"function": "TIME_SERIES_DAILY_ADJUSTED", "outputsize": size}
    if request.timeframe in _LONGER:
        return {"function": _LONGER[request.timeframe], "outputsize": size}
    month = {"month": str(options["month"])} if "month" in options else {}
    return {
        "function": "TIME_SERIES_INTRADAY",
        "interval": _INTRADAY[request.timeframe],
        "outputsize": size,
        "adjusted": "false",
        "extended_hours": "true" if options.get("extended_hours") else "false",
        **month,
    }


def _check_refusal(answer: Mapping[str, Any], request: DataRequest) -> None:
    """Failures are told apart by a key at the top; the same word inside Meta Data is normal."""
    if not answer:
        raise _unknown(request)
    if "Error Message" in answer:
        if "apikey" in str(answer["Error Message"]).lower():
            raise AuthRequired(
                "alpha_vantage refused the key; check NAUTILUS_ALPHA_VANTAGE_API_KEY.",
                source="alpha_vantage",
            )
        raise _unknown(request)
    if "Note" in answer:
        raise Throttled(
            "alpha_vantage allows a few requests a minute; ask again in a minute.",
            source="alpha_vantage",
            retry_after=60.0,
        )
    if "Information" in answer:
        raise _informed(str(answer["Information"]).lower(), request)


def _informed(text: str, request: DataRequest) -> SourceError:
    source = "alpha_vantage"
    if "premium endpoint" in text or "premium feature" in text:
        return NotEntitled(
            f"alpha_vantage has {request.kind} of {request.symbol!r} in this form only in its paid"
            " plans; ask for outputsize='compact' or another source.",
            source=source,
        )
    if "demo" in text:
        return AuthRequired(
            "alpha_vantage answers the key 'demo' only for its own examples; get a free key.",
            source=source,
        )
    if "per second" in text or ("per minute" in text and "per day" not in text):
        return Throttled(
            "alpha_vantage was asked too fast; ask again in a second.",
            source=source,
            retry_after=1.0,
        )
    return QuotaExhausted(
        "alpha_vantage has used up the requests of its day, which ends at midnight in New York.",
        source=source,
    )


def _unknown(request: DataRequest) -> SymbolNotFound:
    return SymbolNotFound(
        f"alpha_vantage does not know {request.symbol!r}; check its spelling, with the exchange"
        " after a dot (TSCO.LON).",
        source="alpha_vantage",
        field="symbol",
    )


def _field(row: Any, name: str) -> str:
    """The key of a field, whatever its number: "5. volume" and "6. volume" are both in use."""
    keys = row if isinstance(row, Mapping) else {}
    return next((key for key in keys if _NUMBERED.sub("", str(key)) == name), name)


def _value(row: Any, name: str) -> float | None:
    key = _field(row, name)
    found = require(row, key, (str, int, float), "alpha_vantage")
    return number(found, key, "alpha_vantage", missing=("", "None", "-"))


def _series_rows(answer: Mapping[str, Any], request: DataRequest) -> list[tuple[Any, ...]]:
    key = next((key for key in answer if "Time Series" in str(key)), "Time Series")
    series = require(answer, key, Mapping, "alpha_vantage")
    meta = require(answer, "Meta Data", Mapping, "alpha_vantage")
    zone = _zone(require(meta, _field(meta, "Time Zone"), str, "alpha_vantage"))
    if request.kind == "actions":
        return [row for stamp, one in series.items() for row in _actions(stamp, one, request)]
    names = ("open", "high", "low", "close", "volume")
    return [
        (
            request.symbol,
            _start(stamp, request.timeframe, zone),
            *(_value(one, name) for name in names),
        )
        for stamp, one in series.items()
    ]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo({"US/Eastern": "America/New_York"}.get(name, name))
    except (ValueError, OSError, LookupError):
        raise SchemaChanged(
            f"alpha_vantage names the time zone {name[:40]!r}, which is not one.",
            source="alpha_vantage",
            field="Time Zone",
        ) from None


def _start(stamp: str, timeframe: str, zone: ZoneInfo) -> datetime:
    """Start of the bar in UTC: weeks and months are stamped with their last session there."""
    if timeframe in _INTRADAY:
        naive = instant(stamp, "time", "alpha_vantage").replace(tzinfo=None)
        return instant(naive.replace(tzinfo=zone).isoformat(), "time", "alpha_vantage")
    of = day(stamp, "date", "alpha_vantage")
    if timeframe == "1w":
        return midnight(of - timedelta(days=of.weekday()))
    return midnight(of.replace(day=1) if timeframe == "1M" else of)


def _actions(stamp: str, one: Any, request: DataRequest) -> list[tuple[Any, ...]]:
    at = midnight(day(stamp, "date", "alpha_vantage"))
    dividend, split = _value(one, "dividend amount"), _value(one, "split coefficient")
    rows: list[tuple[Any, ...]] = []
    if dividend:
        rows.append((request.symbol, at, "dividend", dividend, "alpha_vantage", at))
    if split and split != 1.0:
        rows.append((request.symbol, at, "split", split, "alpha_vantage", at))
    return rows


def _quote(answer: Mapping[str, Any], request: DataRequest) -> tuple[Any, ...]:
    if "/" in request.symbol:
        return _exchange_rate(answer, request)
    quote = require(answer, "Global Quote", Mapping, "alpha_vantage")
    if not quote:
        raise _unknown(request)
    key = _field(quote, "latest trading day")
    traded: date = day(require(quote, key, str, "alpha_vantage"), key, "alpha_vantage")
    price, volume = _value(quote, "price"), _value(quote, "volume")
    previous = _value(quote, "previous close")
    empty = (None,) * 4
    return request.symbol, midnight(traded), *empty, price, volume, previous, 0


def _exchange_rate(answer: Mapping[str, Any], request: DataRequest) -> tuple[Any, ...]:
    rate = require(answer, "Realtime Currency Exchange Rate", Mapping, "alpha_vantage")
    zone = _zone(require(rate, _field(rate, "Time Zone"), str, "alpha_vantage"))
    key = _field(rate, "Last Refreshed")
    at = _start(require(rate, key, str, "alpha_vantage"), "1m", zone)
    bid, ask = (
        _value(rate, name) if _field(rate, name) in rate else None
        for name in ("Bid Price", "Ask Price")
    )
    price = _value(rate, "Exchange Rate")
    return request.symbol, at, bid, None, ask, None, price, None, None, 0
