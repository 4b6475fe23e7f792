"""Hand-written answers of every source: short, in the documented shapes, not observed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

KEY = "abcdefgh12345678abcdefgh12345678"


def fred(values, *, count=None, offset=0, realtime="2024-06-01"):
    """Months from January 2024; a pair is (realtime_start, value)."""
    rows = []
    for n, value in enumerate(values):
        known, text = value if isinstance(value, tuple) else (realtime, value)
        rows.append(
            {
                "realtime_start": known,
                "realtime_end": "9999-12-31",
                "date": f"2024-{n + 1 + offset:02d}-01",
                "value": text,
            }
        )
    return {
        "realtime_start": realtime,
        "realtime_end": realtime,
        "units": "lin",
        "output_type": 1,
        "file_type": "json",
        "order_by": "observation_date",
        "sort_order": "asc",
        "count": len(values) if count is None else count,
        "offset": offset,
        "limit": 100000,
        "observations": rows,
    }


def fred_error(status, message):
    return {"error_code": status, "error_message": message}


def alpha_vantage_daily(rows, *, name="Time Series (Daily)", zone="US/Eastern"):
    keys = ("1. open", "2. high", "3. low", "4. close", "5. volume")
    return {
        "Meta Data": {
            "1. Information": "Daily Prices (open, high, low, close) and Volumes",
            "2. Symbol": "IBM",
            "3. Last Refreshed": max(rows, default=""),
            "4. Output Size": "Compact",
            "5. Time Zone": zone,
        },
        name: {
            stamp: dict(zip(keys, map(str, row), strict=True))
            for stamp, row in sorted(rows.items(), reverse=True)
        },
    }


def alpha_vantage_adjusted():
    keys = (
        "1. open",
        "2. high",
        "3. low",
        "4. close",
        "5. adjusted close",
        "6. volume",
        "7. dividend amount",
        "8. split coefficient",
    )
    rows = {
        "2024-05-09": (169.0, 170.0, 165.0, 166.3, 164.7, 4266616, 1.67, 1.0),
        "2024-05-08": (168.0, 170.0, 167.0, 169.9, 166.6, 3522011, 0.0, 2.0),
        "2024-05-07": (169.0, 169.3, 167.9, 168.4, 165.1, 3155260, 0.0, 1.0),
    }
    return {
        "Meta Data": {"2. Symbol": "IBM", "5. Time Zone": "US/Eastern"},
        "Time Series (Daily)": {
            stamp: dict(zip(keys, map(str, row), strict=True)) for stamp, row in rows.items()
        },
    }


def alpha_vantage_quote():
    return {
        "Global Quote": {
            "01. symbol": "MSFT",
            "05. price": "112.1300",
            "06. volume": "29062853",
            "07. latest trading day": "2018-10-05",
            "08. previous close": "112.7900",
            "10. change percent": "-0.5852%",
        }
    }


def alpha_vantage_earnings():
    return {
        "symbol": "IBM",
        "annualEarnings": [{"fiscalDateEnding": "2023-12-31", "reportedEPS": "9.61"}],
        "quarterlyEarnings": [
            {
                "fiscalDateEnding": "2023-12-31",
                "reportedDate": "2024-01-24",
                "reportedEPS": "3.87",
                "estimatedEPS": "None",
                "surprise": "-",
                "surprisePercentage": "2.3",
                "reportTime": "post-market",
            }
        ],
    }


TICKERS = {
    "0": {"cik_str": 320193, "ticker": "AAPL", "title": "Apple Inc."},
    "1": {"cik_str": 1067983, "ticker": "BRK-B", "title": "BERKSHIRE HATHAWAY INC"},
}


def fact(end, value, filed, *, start=None, form="10-K", accession="0000320193-24-000001"):
    found = {
        "end": end,
        "val": value,
        "accn": accession,
        "fy": 2024,
        "fp": "FY",
        "form": form,
        "filed": filed,
    }
    return found | ({"start": start} if start else {})


def companyfacts(cik=320193):
    """Assets restated once, and a revenue with start and end."""
    return {
        "cik": cik,
        "entityName": "Apple Inc.",
        "facts": {
            "us-gaap": {
                "Assets": {
                    "label": "Assets",
                    "description": "...",
                    "units": {
                        "USD": [
                            fact("2022-09-24", 352.0, "2022-10-28", accession="a-22-1"),
                            fact("2022-09-24", 353.0, "2023-11-03", accession="a-23-1"),
                            fact("2023-09-30", 354.0, "2023-11-03", accession="a-23-1"),
                        ]
                    },
                },
                "Revenues": {
                    "label": "Revenues",
                    "description": "...",
                    "units": {"USD": [fact("2023-09-30", 383.0, "2023-11-03", start="2022-10-01")]},
                },
            }
        },
    }


def submissions(names, *, files=()):
    recent = {
        "accessionNumber": [f"0001318605-22-{n:06d}" for n, _ in enumerate(names)],
        "form": list(names),
        "filingDate": ["2022-11-30" for _ in names],
        "acceptanceDateTime": ["2022-11-30T21:25:24.000Z" for _ in names],
        "primaryDocument": ["a.htm" for _ in names],
    }
    return {
        "cik": "1318605",
        "name": "Tesla, Inc.",
        "filings": {"recent": recent, "files": [{"name": name} for name in files]},
    }


def datagov(titles, *, after=None):
    results = [
        {
            "identifier": f"id-{title}",
            "title": title,
            "slug": title,
            "description": "...",
            "publisher": "Economic Research Service",
            "keyword": ["agriculture"],
            "theme": [],
            "organization": {"id": "0", "name": "Department of Agriculture", "slug": "usda"},
            "last_harvested_date": "2026-10-02T21:17:47.154806",
            "dcat": {
                "modified": "2026-09-03",
                "distribution": [
                    {"downloadURL": "https://example.invalid/a.csv", "mediaType": "text/csv"},
                    {"accessURL": "https://example.invalid/b", "format": "api"},
                ],
            },
        }
        for title in titles
    ]
    return {"sort": "relevance", "results": results} | ({"after": after} if after else {})


def trading_economics(days, *, frequency="Monthly", updated="2024-07-01T15:00:00"):
    return [
        {
            "Country": "Mexico",
            "Category": "GDP",
            "DateTime": f"{one.isoformat()}T00:00:00",
            "Value": float(n),
            "Frequency": frequency,
            "HistoricalDataSymbol": "WGDPMEXI",
            "LastUpdate": updated,
        }
        for n, one in enumerate(days)
    ]


def dbnomics(values, *, code="M.FR.PCPI_IX", found=1, offset=0, errors=None):
    document = {
        "@frequency": "monthly",
        "provider_code": "IMF",
        "dataset_code": "IFS",
        "series_code": code,
        "series_name": "Prices",
        "indexed_at": "2026-10-02T10:11:12.000Z",
        "period": [f"2026-{n + 1:02d}" for n, _ in enumerate(values)],
        "period_start_day": [f"2026-{n + 1:02d}-01" for n, _ in enumerate(values)],
        "value": list(values),
    }
    docs = [document] if values else []
    return {
        "_meta": {"version": "22.1.17"},
        "errors": errors,
        "series": {"docs": docs, "limit": 1000, "num_found": found, "offset": offset},
    }


def yahoo(stamps, closes, *, events=None, market_time=None, zone="America/New_York"):
    """Daily bars that open at `stamps` (seconds) with a session of 6.5 hours."""
    last = stamps[-1] if stamps else 1754314200
    result = {
        "meta": {
            "currency": "USD",
            "symbol": "AAPL",
            "instrumentType": "EQUITY",
            "gmtoffset": -14400,
            "exchangeTimezoneName": zone,
            "regularMarketPrice": 203.35,
            "regularMarketTime": last + 23401 if market_time is None else market_time,
            "chartPreviousClose": 207.57,
            "currentTradingPeriod": {"regular": {"start": last, "end": last + 23400}},
        },
        "timestamp": stamps,
        "indicators": {
            "quote": [
                {
                    "open": closes,
                    "high": closes,
                    "low": closes,
                    "close": closes,
                    "volume": [None if close is None else 1000 for close in closes],
                }
            ],
            "adjclose": [{"adjclose": closes}],
        },
    }
    if events:
        result["events"] = events
    if not stamps:
        del result["timestamp"]
    return {"chart": {"result": [result], "error": None}}


def yahoo_error(code, description=""):
    return {"chart": {"result": None, "error": {"code": code, "description": description}}}


def seconds(text):
    """Of an ISO time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def month_ends(count):
    """The last days of months from January 2000."""
    firsts = [date(2000 + (n + 1) // 12, (n + 1) % 12 + 1, 1) for n in range(count)]
    return [first - timedelta(days=1) for first in firsts]
