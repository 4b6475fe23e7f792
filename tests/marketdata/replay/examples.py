"""One good request and answer of each source that speaks HTTP."""

from nautilus.marketdata.sources import DataRequest
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.server import Replay

REQUESTS = {
    "fred": DataRequest("macro", "UNRATE"),
    "alpha_vantage": DataRequest("bars", "IBM"),
    "edgar": DataRequest("fundamentals", "CIK0000320193"),
    "datagov": DataRequest("datasets", "farm"),
    "trading_economics": DataRequest("macro", "mexico/gdp"),
    "dbnomics": DataRequest("macro", "IMF/IFS/M.FR.PCPI_IX"),
    "yfinance": DataRequest("bars", "AAPL"),
}
DAY = {"2024-01-02": (10, 12, 9, 11, 500)}
GOOD = {
    "fred": play.fred(["4.4", "4.6"]),
    "alpha_vantage": play.alpha_vantage_daily(DAY),
    "edgar": play.companyfacts(),
    "datagov": play.datagov(["farms"]),
    "trading_economics": play.trading_economics(play.month_ends(3)),
    "dbnomics": play.dbnomics([119.7, 120.1]),
    "yfinance": play.yahoo([play.seconds("2025-08-01T13:30:00")], [202.4]),
}


def play_all(replay: Replay) -> Replay:
    """Let a server answer for all of them at once."""
    return (
        replay.plays("/fred/series/observations", GOOD["fred"])
        .plays("/query", GOOD["alpha_vantage"])
        .plays("/files/company_tickers.json", play.TICKERS)
        .plays("/api/xbrl/companyfacts", GOOD["edgar"])
        .plays("/technology/datagov/v4/search", GOOD["datagov"])
        .plays("/historical/country", GOOD["trading_economics"])
        .plays("/v22/series", GOOD["dbnomics"])
        .plays("/v8/finance/chart", GOOD["yfinance"])
    )
