from __future__ import annotations

import json
import math
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from pydantic import AliasPath, Field, ValidationError

import nautilus
from nautilus.core.results import Reason, Result
from nautilus.server.envelope import answer, failure_body, started_call
from nautilus.server.schemas.bases import Envelope, Metadata, Moment, Number, Text, View
from nautilus.server.views import documented_paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios(Result):
    sharpe: float
    volatility: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Book(Result):
    pnl: float
    ratios: Ratios
    positions: tuple[Ratios, ...] = ()
    by_symbol: dict[str, float]
    hidden: float = 0.0


class RatiosView(View):
    sharpe_ratio: Number = Field(validation_alias="sharpe")
    volatility: Number


class BookView(View):
    portfolio_id: Text
    total_pnl: Number = Field(validation_alias="pnl")
    sharpe_now: Number = Field(validation_alias=AliasPath("ratios", "sharpe"))
    performance_metrics: RatiosView = Field(validation_alias="ratios")
    lines: list[RatiosView] = Field(validation_alias="positions")
    attribution: dict[str, Number] = Field(validation_alias="by_symbol")


class BookMeta(Metadata):
    positions_analyzed: int | None = None


BookAnswer = Envelope[BookView, BookMeta]


def few(field: str) -> Reason:
    return Reason("INSUFFICIENT_DATA", (field,), "1 return, 2 are needed.", have=1, need=2)


def book() -> Book:
    lost = Ratios(sharpe=math.nan, volatility=0.2, reasons=(few("sharpe"),))
    return Book(
        pnl=math.inf,
        ratios=lost,
        positions=(lost,),
        by_symbol={"AAPL": math.nan, "MSFT": 1.5},
        reasons=(few("pnl"), Reason("NO_PRICE", ("by_symbol",), "AAPL has no price.")),
    )


def test_non_finite_numbers_are_null_and_each_has_its_warning_under_the_documented_name():
    reply = answer(BookAnswer, book(), merged={"portfolio_id": "p1"}, positions_analyzed=1)
    shown = json.loads(reply.model_dump_json())
    assert shown["data"]["total_pnl"] is None
    assert shown["data"]["attribution"] == {"AAPL": None, "MSFT": 1.5}
    assert shown["data"]["portfolio_id"] == "p1"
    assert {w["field"] for w in shown["metadata"]["warnings"]} == {
        "total_pnl",
        "attribution",
        "sharpe_now",
        "performance_metrics.sharpe_ratio",
        "lines.0.sharpe_ratio",
    }
    first = shown["metadata"]["warnings"][0]
    assert (first["code"], first["have"], first["need"]) == ("INSUFFICIENT_DATA", 1, 2)
    assert shown["metadata"]["positions_analyzed"] == 1


def test_metadata_names_engine_call_versions_and_source():
    def answered():
        started_call("analytics", "req-1")
        return answer(
            BookAnswer, book(), merged={"portfolio_id": None}, function="f", data_source="simulated"
        )

    reply = copy_context().run(answered)  # no other test is part of this call
    shown = json.loads(reply.model_dump_json())["metadata"]
    assert (shown["engine"], shown["request_id"]) == ("analytics", "req-1")
    assert (shown["function"], shown["data_source"]) == ("f", "simulated")
    assert shown["library_version"] == nautilus.__version__
    assert shown["timestamp"].endswith("Z")
    assert shown["processing_time_ms"] >= 0


def test_an_undeclared_extra_of_the_metadata_raises_instead_of_vanishing():
    with pytest.raises(ValidationError, match="extra_forbidden"):
        answer(BookAnswer, book(), merged={"portfolio_id": None}, positions_analysed=1)


def test_a_caveat_without_a_field_belongs_to_the_whole_answer():
    note = Reason("NO_FILLS", (), "No fills are known.")
    reply = answer(BookAnswer, book(), merged={"portfolio_id": None}, caveats=[note])
    assert [w.field for w in reply.metadata.warnings if w.code == "NO_FILLS"] == [None]


def test_merged_results_bring_their_own_reasons():
    class Both(View):
        total_pnl: Number = Field(validation_alias="pnl")
        performance: RatiosView

    plain = Ratios(sharpe=math.nan, volatility=0.1, reasons=(few("sharpe"),))
    reply = answer(Envelope[Both], {"pnl": 1.0}, merged={"performance": plain})
    assert [w.field for w in reply.metadata.warnings] == ["performance.sharpe_ratio"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("", ("",)),
        ("pnl", ("total_pnl",)),
        ("hidden", ()),
        ("ratios", ("", "performance_metrics")),
        ("ratios.volatility", ("performance_metrics.volatility",)),
        ("ratios.sharpe", ("sharpe_now", "performance_metrics.sharpe_ratio")),
        ("positions.3.sharpe", ("lines.3.sharpe_ratio",)),
        ("positions.3", ("lines.3",)),
        ("by_symbol.BRK", ("attribution.BRK",)),
    ],
)
def test_paths_of_reasons_are_translated_through_the_aliases(path, shown):
    assert documented_paths(BookView, path) == shown


@pytest.mark.parametrize(
    ("given", "kept"),
    [(1, 1.0), (None, None), (math.nan, None), (-math.inf, None), (np.float32(0.5), 0.5)],
)
def test_number_maps_what_is_not_finite_to_null(given, kept):
    class One(View):
        value: Number

    assert One(value=given).value == kept


@pytest.mark.parametrize(
    "given",
    [
        datetime(2025, 8, 23, 10, 30),
        datetime(2025, 8, 23, 10, 30, tzinfo=UTC),
        np.datetime64("2025-08-23T10:30", "ns"),
    ],
)
def test_moments_are_utc_with_z(given):
    class One(View):
        at: Moment

    assert One(at=given).model_dump_json() == '{"at":"2025-08-23T10:30:00Z"}'


def test_a_failure_has_the_keys_of_an_answer():
    shown = json.loads(failure_body([{"code": "c", "message": "m", "have": math.nan}]))
    good = json.loads(
        answer(Envelope[RatiosView], {"sharpe": 1, "volatility": 1}).model_dump_json()
    )
    assert shown.keys() == good.keys()
    assert shown["metadata"].keys() == good["metadata"].keys()
    assert shown["errors"][0]["have"] is None
