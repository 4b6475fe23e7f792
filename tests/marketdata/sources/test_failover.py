"""One answer from the first source that has it, and an account of the others."""

import asyncio
from datetime import date

import pytest

from nautilus.core.errors import ParameterError
from nautilus.marketdata.sources import (
    DataRequest,
    NoSourceAnswered,
    SymbolNotFound,
    load_first,
)
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.server import Answer

AAPL = DataRequest("bars", "AAPL")
YAHOO = play.yahoo([play.seconds("2025-08-01T13:30:00")], [202.4])
DAY = play.alpha_vantage_daily({"2025-08-01": (10, 12, 9, 11, 500)})
UNKNOWN = play.yahoo_error("Not Found")


@pytest.fixture
def first_of(source):
    def load(*sources, request=AAPL):
        opened = [source(one) if isinstance(one, str) else one for one in sources]

        async def scenario():
            try:
                return await load_first(opened, request)
            finally:
                for one in opened:
                    await one.aclose()

        return asyncio.run(scenario())

    return load


def test_the_first_that_answers_is_used_alone(replay, first_of):
    replay.plays("/v8", YAHOO).plays("/query", DAY)
    found = first_of("yfinance", "alpha_vantage")
    assert (found.source, found.attempts, found.fallback_used) == ("yfinance", (), False)
    assert [one.path for one in replay.asked] == ["/v8/finance/chart/AAPL"]


def test_what_failed_before_is_told_with_its_time(replay, first_of, source):
    replay.plays("/v8", Answer("oops", 500)).plays("/query", DAY)
    found = first_of(source("ibkr", base_url=None), "fred", "yfinance", "alpha_vantage")
    assert (found.source, found.fallback_used) == ("alpha_vantage", True)
    assert [(one.source, one.error) for one in found.attempts] == [
        ("ibkr", "not_configured"),
        ("fred", "invalid_parameter"),
        ("yfinance", "source_unavailable"),
    ]
    assert all(one.milliseconds >= 0.0 for one in found.attempts)
    assert found.attempts[2].milliseconds > 0.0
    assert "HTTP 500" in found.attempts[2].message


def test_an_empty_frame_is_no_answer_while_somebody_is_left(replay, first_of):
    replay.plays("/v8", play.yahoo([], [])).plays("/query", DAY)
    found = first_of("yfinance", "alpha_vantage")
    assert found.source == "alpha_vantage"
    assert found.attempts[0].error == "no_data"


def test_the_last_may_answer_with_nothing(replay, first_of):
    replay.plays("/v8", play.yahoo([], []))
    found = first_of("yfinance")
    assert (found.frame.height, found.source, found.fallback_used) == (0, "yfinance", False)


def test_unknown_everywhere_is_unknown(replay, first_of, source):
    replay.plays("/v8", Answer(UNKNOWN, 404)).plays("/query", {})
    with pytest.raises(SymbolNotFound, match="no source knows 'AAPL'") as caught:
        first_of(source("ibkr", base_url=None), "yfinance", "alpha_vantage")
    assert [one.error for one in caught.value.attempts] == [
        "not_configured",
        "symbol_not_found",
        "symbol_not_found",
    ]


def test_unknown_to_one_while_another_is_down_is_not_unknown(replay, first_of):
    replay.plays("/v8", Answer(UNKNOWN, 404)).plays("/query", Answer("oops", 500))
    with pytest.raises(NoSourceAnswered, match="yfinance: symbol_not_found; alpha_vantage"):
        first_of("yfinance", "alpha_vantage")


def test_no_source_is_an_error_of_the_caller(first_of):
    with pytest.raises(ParameterError, match="`sources` must name at least one"):
        first_of()


def test_one_answer_never_mixes_two_sources(replay, first_of):
    """A source that fails on its second page leaves nothing of its first in the answer."""
    good = play.yahoo([play.seconds("2026-11-02T14:30:00")], [1.0])
    intraday = play.alpha_vantage_daily(
        {"2026-11-10 09:30:00": (2, 2, 2, 2, 5)}, name="Time Series (1min)"
    )
    replay.plays("/v8", good, Answer("oops", 500)).plays("/query", intraday)
    request = DataRequest("bars", "AAPL", "1m", date(2026, 11, 2), date(2026, 11, 10))
    found = first_of("yfinance", "alpha_vantage", request=request)
    assert found.frame["close"].to_list() == [2.0]


class Foreign:
    """A source of somebody else that raises what it likes."""

    name = "foreign"

    async def load(self, request):
        raise RuntimeError(f"their own error with {play.KEY}")

    async def aclose(self):
        """Nothing is open."""


def test_an_error_of_a_foreign_kind_does_not_end_the_search(replay, first_of):
    replay.plays("/query", DAY)
    found = first_of(Foreign(), "alpha_vantage")
    assert found.source == "alpha_vantage"
    assert found.attempts[0].error == "source_failed"
    assert found.attempts[0].message == "foreign failed with RuntimeError; see the log."
