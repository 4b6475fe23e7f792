"""Which sources there are, what turns them on, and what they say about themselves."""

import importlib.metadata
import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from nautilus.core.errors import NautilusError, ParameterError
from nautilus.marketdata.sources import (
    Capabilities,
    DataRequest,
    NotConfigured,
    Source,
    SourceConfig,
    available_sources,
    open_sources,
)
from nautilus.marketdata.sources.interface import KINDS
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.examples import REQUESTS, play_all
from tests.marketdata.sources.conftest import run

EIGHT = (
    "fred", "alpha_vantage", "edgar", "datagov", "trading_economics", "dbnomics", "yfinance",
    "ibkr",
)  # fmt: skip
CONSTANTS = Path(__file__).parents[2] / "api" / "data" / "constants.json"
KEYED = ("fred", "alpha_vantage", "datagov", "trading_economics")


def test_nothing_is_on_by_itself():
    opened = open_sources({})
    assert tuple(opened) == EIGHT
    assert {one.status() for one in opened.values()} == {"not_configured"}
    assert all(isinstance(one, Source) for one in opened.values())
    assert {name: one.name for name, one in opened.items()} == {name: name for name in EIGHT}


@pytest.mark.parametrize("name", KEYED)
def test_a_key_turns_a_source_on_and_an_address_alone_does_not(name):
    assert open_sources({f"NAUTILUS_{name.upper()}_API_KEY": play.KEY})[name].status() == "ready"
    only = open_sources({f"NAUTILUS_{name.upper()}_BASE_URL": "http://127.0.0.1:9"})
    assert only[name].status() == "not_configured"


@pytest.mark.parametrize(
    "setting",
    [
        {"NAUTILUS_YFINANCE_ENABLED": "true"},
        {"NAUTILUS_YFINANCE_BASE_URL": "http://127.0.0.1:9"},
        {"NAUTILUS_DBNOMICS_ENABLED": "TRUE"},
        {"NAUTILUS_DBNOMICS_BASE_URL": "http://127.0.0.1:9"},
        {"NAUTILUS_EDGAR_USER_AGENT": "Some Body some.body@example.com"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_sources_without_a_key_are_turned_on_by_name(setting):
    name = next(iter(setting)).split("_")[1].lower()
    assert open_sources(setting)[name].status() == "ready"
    assert open_sources({key: "" for key in setting})[name].status() == "not_configured"


def test_edgar_is_not_asked_without_a_name():
    address = {"NAUTILUS_EDGAR_BASE_URL": "http://127.0.0.1:9", "NAUTILUS_EDGAR_ENABLED": "true"}
    assert open_sources(address)["edgar"].status() == "not_configured"


@pytest.mark.parametrize("name", EIGHT)
def test_asking_a_source_that_is_off_says_how_to_turn_it_on(name):
    source = open_sources({})[name]
    request = DataRequest(source.capabilities().kinds[0], "A")
    with pytest.raises(NotConfigured, match=f"set NAUTILUS_{name.upper()}_"):
        run(source, request)


def test_a_wrong_value_names_its_variable():
    with pytest.raises(ParameterError, match=r"`base_url` must begin .* NAUTILUS_FRED_"):
        open_sources({"NAUTILUS_FRED_BASE_URL": "fred"})


def test_limits_of_a_paid_plan_come_from_the_environment():
    opened = open_sources({"NAUTILUS_ALPHA_VANTAGE_LIMITS": "75/minute"})
    assert opened["alpha_vantage"].capabilities().limits == "75/minute"


@pytest.mark.parametrize("name", EIGHT)
def test_capabilities_are_complete(name):
    offers = open_sources({})[name].capabilities()
    assert isinstance(offers, Capabilities)
    assert set(offers.kinds) <= set(KINDS)
    assert offers.limits
    assert offers.terms
    assert offers.point_in_time
    assert offers.needs_key == (name in KEYED)
    assert (offers.adjustment == "none") == ("bars" not in offers.kinds)
    assert bool(offers.timeframes) == ("bars" in offers.kinds)


def test_documented_figures_are_those_of_the_documentation():
    tables = json.loads(CONSTANTS.read_text())["tables"]
    opened = open_sources({})
    for table in ("DATA_SOURCES", "DATA_SOURCES_marketdata"):
        for name, row in tables[table].items():
            offers = opened[name].capabilities()
            assert set(row["data_types"]) <= set(offers.documented_data_types), name
            assert row.get("factors") in (None, offers.documented_factors), name
            assert row.get("symbols") in (None, offers.documented_symbols), name
            assert row.get("rate_limit") in (None, offers.documented_rate_limit), name
            frequency = row.get("update_frequency")
            assert frequency in (None, offers.documented_update_frequency), name


class Entry:
    """An entry point as another package would bring it."""

    group = "nautilus.sources"

    def __init__(self, name, made):
        self.name, self.value, self._made = name, "somewhere:Source", made

    def load(self):
        return self._made()


def fails():
    raise ImportError("its own library is missing")


@pytest.fixture
def plugged(monkeypatch):
    """Install entry points."""

    def install(*entries):
        real = importlib.metadata.entry_points
        monkeypatch.setattr(
            "nautilus.marketdata.sources.registry.entry_points",
            lambda **wanted: [*real(**wanted), *entries],
        )

    return install


def test_another_package_adds_a_source_by_entry_point(plugged):
    from nautilus.marketdata.sources.dbnomics import DBnomicsSource

    class Mirror(DBnomicsSource):
        name = "mirror"

    plugged(Entry("mirror", lambda: Mirror))
    opened = open_sources({"NAUTILUS_MIRROR_ENABLED": "yes"})
    assert list(opened) == [*EIGHT, "mirror"]
    assert opened["mirror"].status() == "ready"
    assert available_sources()["mirror"](SourceConfig()).status() == "not_configured"


def test_a_broken_package_takes_no_other_source_with_it(plugged, caplog):
    plugged(Entry("broken", fails), Entry("half", lambda: lambda config: object()))
    assert list(open_sources({})) == list(EIGHT)
    assert "source 'broken' cannot be loaded and is left out" in caplog.text
    assert "source 'half' has not all methods of Source" in caplog.text


def test_a_name_of_ours_cannot_be_taken(plugged, caplog):
    plugged(Entry("fred", fails))
    assert open_sources({})["fred"].status() == "not_configured"
    assert "source 'fred' of somewhere:Source is left out: the name is taken" in caplog.text


def test_opening_all_sources_imports_neither_http_nor_frames():
    script = (
        "import sys; from nautilus.marketdata.sources import open_sources;"
        "open_sources({'NAUTILUS_FRED_API_KEY': 'a' * 32});"
        "print({'httpx2', 'stamina', 'polars', 'pandas', 'numpy'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "change, text",
    [
        ({"kind": "rumours"}, "`kind` must be"),
        ({"symbol": " "}, "`symbol` must be 1 to 200 printable"),
        ({"symbol": "A\r\nHost: x"}, "`symbol` must be 1 to 200 printable"),
        ({"symbol": "A" * 201}, "`symbol` must be 1 to 200 printable"),
        ({"start": date(2024, 2, 1), "end": date(2024, 1, 1)}, "`end` 2024-01-01 is before"),
        ({"start": datetime(2024, 2, 1)}, "`start` must be a date without a time"),
        ({"end": "2024-02-01"}, "`end` must be a date without a time"),
    ],
)
def test_a_request_that_cannot_be_asked_is_refused(change, text):
    with pytest.raises(ParameterError, match=text):
        DataRequest(**({"kind": "bars", "symbol": "A"} | change))


@pytest.mark.parametrize("symbol", ["../../admin", "A?x=1&api_key=2", "A#b", "a b/ü", "%2e%2e"])
@pytest.mark.parametrize("name", ["yfinance", "dbnomics", "trading_economics", "fred"])
def test_a_symbol_cannot_leave_its_place_in_the_address(replay, source, name, symbol):
    kind = "bars" if name == "yfinance" else "macro"
    asked = symbol if name in ("yfinance", "fred") else f"one/{symbol}"
    with pytest.raises(NautilusError):
        run(source(name), DataRequest(kind, asked))
    before = {
        "yfinance": "/v8/finance/chart/",
        "dbnomics": "/v22/series/one/",
        "trading_economics": "/historical/country/one/indicator/",
        "fred": "/fred/series/",
    }
    assert all(one.path.startswith(before[name]) for one in replay.asked)
    assert all("x" not in one.query for one in replay.asked)


@pytest.mark.parametrize("name, symbol", [("yfinance", ".."), ("dbnomics", "a/../b")])
def test_a_symbol_that_climbs_is_refused(replay, source, name, symbol):
    kind = "bars" if name == "yfinance" else "macro"
    with pytest.raises(ParameterError, match=r"must not have '\.\.' as a part"):
        run(source(name), DataRequest(kind, symbol))
    assert replay.asked == []


@pytest.mark.parametrize("given", ["2", -1, True, 1.5])
def test_options_that_count_are_whole_numbers(given):
    with pytest.raises(ParameterError, match=r"`options\['page'\]` must be a whole number"):
        DataRequest("macro", "A", options={"page": given}).whole("page", 1)


def test_the_environment_alone_points_every_source_at_another_server(replay):
    play_all(replay)
    names = [name for name in EIGHT if name != "ibkr"]
    settings = {f"NAUTILUS_{name.upper()}_BASE_URL": replay.url for name in names}
    settings |= {f"NAUTILUS_{name.upper()}_API_KEY": play.KEY for name in KEYED}
    settings["NAUTILUS_EDGAR_USER_AGENT"] = "Some Body some.body@example.com"
    opened = open_sources(settings)
    for name in names:
        assert opened[name].status() == "ready"
        assert run(opened[name], REQUESTS[name]).height > 0
        assert opened[name].latency() > 0.0
