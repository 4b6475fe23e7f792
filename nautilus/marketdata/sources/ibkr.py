"""Interactive Brokers through a local gateway and `ib_async` (extra `ibkr`)."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nautilus.core.checks import check_choice
from nautilus.core.errors import MissingExtraError
from nautilus.core.rate_limit import WindowLimit
from nautilus.marketdata.sources.connector import Connector
from nautilus.marketdata.sources.errors import (
    NotEntitled,
    SourceError,
    SymbolNotFound,
    Throttled,
    Upstream,
)
from nautilus.marketdata.sources.ibkr_records import read_records
from nautilus.marketdata.sources.interface import Capabilities, DataRequest
from nautilus.marketdata.sources.layouts import midnight, within
from nautilus.marketdata.sources.payloads import RawPayload, check_status

if TYPE_CHECKING:
    import polars as pl

__all__ = ["IbkrSource", "gateway_error"]

_BARS = {
    "1m": "1 min", "5m": "5 mins", "15m": "15 mins", "30m": "30 mins", "1h": "1 hour",
    "4h": "4 hours", "1d": "1 day", "1w": "1 week", "1M": "1 month",
}  # fmt: skip
_TICKS = {"quotes": "BID_ASK", "trades": "TRADES"}
_MOST_TICKS = 1000
_PORT = 4001
_EPOCH_UTC = 2  # formatDate: the only one that does not depend on how somebody logged in


class IbkrSource(Connector):
    """Stocks by ticker; other instruments by `options["contract"]`.

    Options of a request: `contract` (mapping for `ib_async.Contract.create`, such as
    {"secType": "CASH", "symbol": "EUR", "currency": "USD", "exchange": "IDEALPRO"}), `ticks`
    ("quotes", "trades"), `extended_hours`, `client_id`.
    """

    name = "ibkr"
    switch = "BASE_URL=tcp://127.0.0.1:4001 (and pip install 'nautilus-quant[ibkr]')"
    offers = Capabilities(
        kinds=("bars", "quotes"),
        timeframes=tuple(_BARS),
        asset_classes=("stocks", "options", "futures", "forex"),
        limits="50/second",
        needs_key=False,
        adjustment="split_adjusted",
        point_in_time="none: prices are rewritten after each split",
        terms="a gateway that you logged in, and subscriptions for each exchange",
        documented_data_types=("real_time_quotes", "historical_bars", "level2", "trades"),
        documented_asset_classes=("stocks", "options", "futures", "forex"),
        documented_update_frequency="real_time",
        documented_symbols=50_000,
    )
    _gateway: Any = None

    def configured(self) -> bool:
        """The package is there and somebody named a gateway."""
        wanted = self.config.enabled or self.config.base_url is not None
        return wanted and importlib.util.find_spec("ib_async") is not None

    async def ask(self, request: DataRequest) -> RawPayload:
        """Historical bars or ticks, one JSON object per line."""
        sent = time.monotonic()
        try:
            gateway = await self._connected(request)
            lines = await self._history(gateway, request)
        except (ConnectionError, TimeoutError, OSError) as error:
            raise Upstream(
                f"ibkr: no gateway answers ({type(error).__name__}); start TWS or IB Gateway, log"
                " in and allow API connections.",
                source=self.name,
            ) from None
        done = time.monotonic()
        return RawPayload(
            body="\n".join(lines).encode(),
            url=f"{self.config.base_url or 'tcp://127.0.0.1'}/{request.symbol}",
            sent=sent,
            first_byte=done,
            done=done,
            received_at=self.config.clock(),
        )

    def parse(self, payload: RawPayload, request: DataRequest) -> pl.DataFrame:
        """Bars with vwap and trade count, quotes, or trades (`ticks="trades"`)."""
        check_status(payload, self.name, request.symbol)
        found = read_records(payload, request)
        if request.kind == "bars":
            return within(found, "bars", request.start, request.end)
        return found

    async def aclose(self) -> None:
        """Leave the gateway."""
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            gateway.disconnect()

    async def _connected(self, request: DataRequest) -> Any:
        if self._gateway is None or not self._gateway.isConnected():
            parts = urlsplit(self.config.base_url or f"tcp://127.0.0.1:{_PORT}")
            gateway = _ib_async().IB()
            gateway.RaiseRequestErrors = True
            await gateway.connectAsync(
                parts.hostname or "127.0.0.1",
                parts.port or _PORT,
                clientId=request.whole("client_id", 1),
                timeout=self.config.timeout_seconds,
                readonly=True,
            )
            self._gateway = gateway
        return self._gateway

    async def _history(self, gateway: Any, request: DataRequest) -> list[str]:
        library = _ib_async()
        try:
            contracts = await gateway.qualifyContractsAsync(_contract(library, request))
            if not contracts or contracts[0] is None:
                raise library.RequestError(0, 200, "no such contract")
            if request.kind == "bars":
                found = await self._bars(gateway, contracts[0], request)
            else:
                found = await self._ticks(gateway, contracts[0], request)
        except library.RequestError as error:
            failure = gateway_error(int(error.code), request, str(error.message))
            if failure is None:
                return []
            raise failure from None
        return [json.dumps(_plain(one), default=_iso) for one in found]

    async def _bars(self, gateway: Any, contract: Any, request: DataRequest) -> Any:
        last = request.end or self.config.clock().date()
        first = request.start or last - timedelta(days=30)
        return await asyncio.wait_for(
            gateway.reqHistoricalDataAsync(
                contract,
                endDateTime=midnight(last + timedelta(days=1)),
                durationStr=_duration(first, last),
                barSizeSetting=_BARS[request.timeframe],
                whatToShow="TRADES",
                useRTH=not request.options.get("extended_hours", False),
                formatDate=_EPOCH_UTC,
            ),
            self.config.timeout_seconds,
        )

    async def _ticks(self, gateway: Any, contract: Any, request: DataRequest) -> Any:
        what = check_choice(str(request.options.get("ticks", "quotes")), "ticks", _TICKS)
        last = request.end or self.config.clock().date()
        return await asyncio.wait_for(
            gateway.reqHistoricalTicksAsync(
                contract,
                midnight(request.start) if request.start else "",
                "" if request.start else midnight(last + timedelta(days=1)),
                _MOST_TICKS,
                _TICKS[what],
                not request.options.get("extended_hours", False),
            ),
            self.config.timeout_seconds,
        )

    def _windows(self) -> WindowLimit:
        if self.config.limits:
            return super()._windows()
        return WindowLimit(((50.0, 1.0), (60.0, 600.0)))  # messages, and history in ten minutes


def gateway_error(code: int, request: DataRequest, message: str = "") -> SourceError | None:
    """The error for a code of the gateway; None where it only says that there is no data.

    Examples
    --------
    >>> type(gateway_error(354, DataRequest("bars", "AAPL"))).__name__
    'NotEntitled'
    """
    symbol, source = request.symbol, "ibkr"
    if code == 162 and "pacing" not in message.lower():
        return None
    if code in (162, 420):
        return Throttled(
            "ibkr allows 60 requests for history in 10 minutes.", source=source, retry_after=600.0
        )
    if code == 200:
        return SymbolNotFound(
            f"ibkr has no contract {symbol!r}; pass options['contract'] with its exchange.",
            source=source,
            field="symbol",
        )
    if code in (354, 10167, 10089, 10168):
        return NotEntitled(
            f"ibkr: no market data subscription for {symbol!r}; book it in the client portal.",
            source=source,
        )
    said = "another session uses the data" if code == 10197 else "the gateway refused or is cut off"
    return Upstream(
        f"ibkr error {code} for {symbol!r}: {said}; look at the gateway.", source=source
    )


def _contract(library: Any, request: DataRequest) -> Any:
    given = request.options.get("contract")
    if given:
        return library.Contract.create(**given)
    return library.Stock(request.symbol, "SMART", "USD")


def _duration(first: date, last: date) -> str:
    days = (last - first).days + 1
    return f"{days} D" if days <= 365 else f"{-(-days // 365)} Y"


def _plain(one: Any) -> dict[str, Any]:
    names = getattr(one, "_fields", None) or tuple(one.__dataclass_fields__)
    kept = {"date", "open", "high", "low", "close", "volume", "average", "barCount", "time"}
    kept |= {"priceBid", "priceAsk", "sizeBid", "sizeAsk", "price", "size"}
    return {name: getattr(one, name) for name in names if name in kept}


def _iso(value: Any) -> str:
    return str(value.isoformat())


def _ib_async() -> Any:
    try:
        return importlib.import_module("ib_async")
    except ImportError:
        raise MissingExtraError(
            "ibkr needs ib_async: pip install 'nautilus-quant[ibkr]'.", field="ibkr"
        ) from None
