"""`parse` on anything: a frame in its layout or an error of ours, never another exception."""

import contextlib
import copy
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus.core.errors import NautilusError
from nautilus.marketdata.sources import DataRequest, RawPayload, SourceConfig, available_sources
from nautilus.marketdata.sources.layouts import LAYOUTS
from tests.marketdata.replay import payloads as play
from tests.marketdata.replay.examples import GOOD, REQUESTS
from tests.marketdata.sources.test_ibkr import BAR, QUOTE

STAMP = play.seconds("2025-08-04T13:30:00")
EVENTS = {
    "dividends": {"1": {"amount": 0.26, "date": STAMP}},
    "splits": {"1": {"date": STAMP, "numerator": 3, "denominator": 2}},
}
CASES = [(name, REQUESTS[name], GOOD[name]) for name in REQUESTS]
CASES += [
    ("yfinance", DataRequest("actions", "A"), play.yahoo([STAMP], [1.0], events=EVENTS)),
    ("yfinance", DataRequest("quotes", "A"), play.yahoo([STAMP], [1.0])),
    ("alpha_vantage", DataRequest("quotes", "A"), play.alpha_vantage_quote()),
    ("alpha_vantage", DataRequest("actions", "A"), play.alpha_vantage_adjusted()),
    (
        "alpha_vantage",
        DataRequest("fundamentals", "A", options={"statement": "earnings"}),
        play.alpha_vantage_earnings(),
    ),
    ("edgar", DataRequest("datasets", "1318605"), play.submissions(["10-K"])),
    ("ibkr", DataRequest("bars", "A", "1m"), json.loads(BAR)),
    ("ibkr", DataRequest("quotes", "A"), json.loads(QUOTE)),
]
SOURCES = {name: opener(SourceConfig()) for name, opener in available_sources().items()}

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**320),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", ".", "NA", "None", "1e999", "nan", "0001-01-01", "2024-02-30", "9" * 400]),
    st.text(max_size=8),
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """Every path into a nested value."""
    yield path
    entries = value.items() if isinstance(value, dict) else ()
    entries = enumerate(value) if isinstance(value, list) else entries
    for key, inner in entries:
        yield from places(inner, (*path, key))


def changed(value, path, to):
    """A copy with one place replaced."""
    if not path:
        return to
    copied = copy.deepcopy(value)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return copied


def without(value, path):
    """A copy with one place taken out."""
    copied = copy.deepcopy(value)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return copied


def check(name, request, body, status=200):
    try:
        found = SOURCES[name].parse(RawPayload(body=body, status=status), request)
    except NautilusError:
        return
    assert isinstance(found, pl.DataFrame)
    wanted = "rich_bars" if (name, request.kind) == ("ibkr", "bars") else request.kind
    assert found.columns == list(LAYOUTS[wanted])
    if "timestamp" in found.columns:
        assert found.schema["timestamp"] == pl.Datetime("us", "UTC")
    for column in found.select(pl.selectors.float()):
        assert column.drop_nulls().is_finite().all()


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{name}-{request.kind}" for name, request, _ in CASES]
)
@given(data=st.data())
def test_one_place_replaced_by_anything(case, data):
    name, request, body = case
    path = data.draw(st.sampled_from(list(places(body))))
    check(name, request, json.dumps(changed(body, path, data.draw(ANYTHING))).encode())


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{name}-{request.kind}" for name, request, _ in CASES]
)
def test_any_one_place_taken_out(case):
    name, request, body = case
    for path in places(body):
        if path:
            check(name, request, json.dumps(without(body, path)).encode())


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{name}-{request.kind}" for name, request, _ in CASES]
)
@given(data=st.data())
def test_bytes_cut_turned_or_put_in(case, data):
    name, request, body = case
    raw = json.dumps(body).encode()
    at = data.draw(st.integers(0, len(raw)))
    more = data.draw(st.binary(max_size=4))
    check(name, request, raw[:at] + more + raw[at + data.draw(st.integers(0, 8)) :])
    check(name, request, raw[:at])


@pytest.mark.parametrize("name", [*REQUESTS, "ibkr"])
@given(
    body=st.binary(max_size=64) | ANYTHING.map(lambda value: json.dumps(value).encode()),
    status=st.sampled_from([200, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500]),
)
@settings(max_examples=40)
def test_any_body_with_any_status(name, body, status):
    request = REQUESTS.get(name) or DataRequest("bars", "A", "1m")
    check(name, request, body, status)


@pytest.mark.parametrize("name", ["fred", "edgar", "dbnomics", "trading_economics", "datagov"])
@given(data=st.data())
def test_what_comes_after_a_page_is_safe_too(name, data):
    """A page that was read says what follows; a broken hint is an error of ours."""
    body = GOOD[name]
    path = data.draw(st.sampled_from(list(places(body))))
    payload = RawPayload(body=json.dumps(changed(body, path, data.draw(ANYTHING))).encode())
    source, request = SOURCES[name], REQUESTS[name]
    with contextlib.suppress(NautilusError):
        found = source.parse(payload, request)
        assert isinstance(list(source.following(payload, found, request)), list)
