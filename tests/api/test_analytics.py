"""P&L, performance, attribution and comparison over HTTP: documented figures, and the library's."""

from __future__ import annotations

import asyncio
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from nautilus.analytics import (
    attribute_active_return,
    compare_to_benchmark,
    performance_summary,
    portfolio_pnl,
)
from nautilus.server import create_app
from nautilus.server.bus.topics import RISK_CHECK_REQUEST

CONTRACT = {
    (row["method"], row["path"]): row
    for row in json.loads((Path(__file__).parent / "data" / "contract.json").read_text())
    if row["engine"] == "analytics"
}
CALCULATE = CONTRACT["POST", "/analytics/calculate/{portfolio_id}"]
ATTRIBUTION = CONTRACT["POST", "/analytics/attribution/{portfolio_id}"]
APPLE = {"symbol": "AAPL", "quantity": 100, "avg_cost": 150.0, "current_price": 155.0}
RETURNS = [0.01, -0.02, 0.015, 0.003, -0.004, 0.012]
SERIES = {"returns": [0.01, -0.02], "benchmark_returns": [0.01, -0.02]}
MARKET = [0.008, -0.015, 0.01, 0.004, -0.006, 0.009]


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app("analytics")) as opened:
        yield opened


def calculate(client, portfolio_id="p1", **body):
    return client.post(f"/analytics/calculate/{portfolio_id}", json={"positions": [APPLE], **body})


def good(reply) -> dict[str, Any]:
    assert reply.status_code == 200, reply.text
    return reply.json()


def codes(answer, field=None):
    found = answer["metadata"]["warnings"]
    return {w["code"] for w in found if field is None or w["field"] == field}


def refused(reply, status, field=None):
    assert reply.status_code == status, reply.text
    errors = reply.json()["errors"]
    assert field is None or field in {e["field"] for e in errors}, errors
    return errors[0]


def test_the_documented_calculation_has_the_documented_figures(client):
    answer = good(client.post("/analytics/calculate/portfolio_001", json=CALCULATE["request"]))
    data, metadata = answer["data"], answer["metadata"]
    assert data["total_pnl"] == 500.0
    assert data["total_pnl_percent"] == pytest.approx(10.0 / 3.0, rel=1e-15)
    assert (data["unrealized_pnl"], data["realized_pnl"]) == (500.0, 0.0)
    assert (data["market_value"], data["cost_basis"]) == (15_500.0, 15_000.0)
    assert data["attribution"]["sector_attribution"] == {"technology": 500.0}
    assert data["attribution"]["security_attribution"] == {"AAPL": 500.0}
    assert "NO_FILLS" in codes(answer, "realized_pnl")
    assert metadata["benchmark_used"] == "SPY"
    assert metadata["metrics_source"] == "holdings_backcast"
    assert metadata["risk_free_rate"] == 0.05
    assert metadata["metrics_window"] == "1Y"
    assert metadata["data_source"] == "simulated"
    assert metadata["data_as_of"].endswith("Z")
    assert metadata["n_observations"] > 240
    assert metadata["positions_analyzed"] == 1
    assert all(v is not None for v in data["performance_metrics"].values())
    assert data["performance_metrics"]["max_drawdown"] <= 0


@pytest.mark.parametrize("row", CONTRACT.values(), ids=lambda r: f"{r['method']} {r['path']}")
def test_every_documented_field_is_there(client, row):
    if row["response"] is None:
        return
    options = {"json": row["request"]} if row["request"] else {}
    url = row["path"].format(portfolio_id="portfolio_002")
    answer = good(client.request(row["method"], url, params=row["query"], **options))

    def compare(documented, got):
        for key, value in documented.items():
            assert key in got
            if isinstance(value, dict) and not key.endswith("_attribution"):
                compare(value, got[key])

    compare(row["response"], answer)


def function_of(answer):
    module, _, name = answer["metadata"]["function"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_number_is_the_librarys_bit_for_bit(client):
    options = {"risk_free_rate": 0.03}
    answer = good(
        calculate(
            client,
            returns=RETURNS * 20,
            benchmark_returns=MARKET * 20,
            calculation_options=options,
        )
    )
    held = {"symbol": "AAPL", "quantity": 100, "average_cost": 150.0, "price": 155.0}
    pnl = function_of(answer)([held])
    assert function_of(answer) is portfolio_pnl
    assert answer["data"]["total_pnl"] == pnl.total_pnl
    assert answer["data"]["total_pnl_percent"] == pnl.total_pnl_percent
    summary = performance_summary(
        np.array(RETURNS * 20), np.array(MARKET * 20), risk_free_rate=0.03, interval=None
    )
    metrics = answer["data"]["performance_metrics"]
    assert metrics.pop("volatility") == summary.annualized_volatility
    for name, value in metrics.items():
        assert value == getattr(summary, name), name


def test_the_comparison_is_the_librarys_bit_for_bit(client):
    nav = [100.0 * float(np.prod([1.0 + r for r in RETURNS[:i]])) for i in range(7)]
    days = [f"2024-01-{d:02d}T00:00:00Z" for d in range(2, 9)]
    points = [{"timestamp": t, "value": v} for t, v in zip(days, nav, strict=True)]
    answer = good(calculate(client, nav_history=points))
    assert answer["metadata"]["metrics_source"] == "nav_history"
    assert answer["metadata"]["n_observations"] == 6
    assert answer["data"]["performance_metrics"]["total_return"] == pytest.approx(
        float(np.prod([1.0 + r for r in RETURNS]) - 1.0)
    )
    comparison = good(client.get("/analytics/benchmark/portfolio_002?benchmark=SPY&period=1M"))
    assert function_of(comparison) is compare_to_benchmark
    data = comparison["data"]
    assert data["excess_return"] == data["portfolio_return"] - data["benchmark_return"]
    assert data["information_ratio"] == data["excess_return"] / data["tracking_error"]


def test_an_inline_benchmark_is_needed_beside_inline_returns(client):
    answer = good(calculate(client, returns=RETURNS))
    assert answer["metadata"]["benchmark_used"] is None
    assert answer["data"]["performance_metrics"]["beta"] is None
    assert "BENCHMARK_UNAVAILABLE" in codes(answer, "performance_metrics.beta")
    assert answer["metadata"]["data_source"] == "request"


def test_an_unknown_benchmark_is_null_and_says_why(client):
    answer = good(calculate(client, benchmark="NOPE"))
    assert answer["metadata"]["benchmark_used"] is None
    assert answer["data"]["performance_metrics"]["alpha"] is None
    assert answer["data"]["performance_metrics"]["volatility"] > 0
    assert "BENCHMARK_UNAVAILABLE" in codes(answer, "performance_metrics.alpha")


def test_one_return_is_too_few(client):
    answer = good(calculate(client, returns=[0.01]))
    assert answer["data"]["performance_metrics"]["sharpe_ratio"] is None
    assert "INSUFFICIENT_DATA" in codes(answer, "performance_metrics.sharpe_ratio")


def test_symbols_that_nobody_knows_have_pnl_and_no_ratios(client):
    answer = good(calculate(client, positions=[{**APPLE, "symbol": "MYFUND"}]))
    assert answer["data"]["total_pnl"] == 500.0
    assert set(answer["data"]["performance_metrics"].values()) == {None}
    assert "INSUFFICIENT_DATA" in codes(answer, "performance_metrics.volatility")
    assert answer["metadata"]["metrics_source"] is None


def test_nothing_simulated_without_fallback(client):
    answer = good(calculate(client, fallback_enabled=False))
    assert answer["metadata"]["metrics_source"] is None
    assert answer["metadata"]["data_source"] == "request"


def test_fills_give_realised_pnl_of_the_period(client):
    fills = [
        {"timestamp": "2024-01-02T15:00:00Z", "symbol": "AAPL", "quantity": 150, "price": 150.0},
        {"timestamp": "2024-01-03T15:00:00Z", "symbol": "AAPL", "quantity": -50, "price": 160.0},
    ]
    bought = {k: v for k, v in APPLE.items() if k != "avg_cost"}
    whole = {"time_period": "ALL"}
    answer = good(calculate(client, positions=[bought], fills=fills, calculation_options=whole))
    assert answer["data"]["realized_pnl"] == 500.0
    assert answer["data"]["total_pnl"] == 1000.0
    assert "NO_FILLS" not in codes(answer)
    day = good(calculate(client, positions=[bought], fills=fills))
    assert day["data"]["realized_pnl"] == 0.0
    assert day["data"]["unrealized_pnl"] == 500.0


def test_stored_fills_are_used_for_stored_positions():
    whole = {"calculation_options": {"time_period": "ALL"}}
    with TestClient(create_app("analytics")) as fresh:
        answer = good(fresh.post("/analytics/calculate/portfolio_002", json=whole))
        stored = fresh.portal.call(fresh.app.state.deps.portfolios.get, "portfolio_002")
    expected = portfolio_pnl(stored.positions, events=stored.events)
    assert expected.realised_pnl != 0.0
    assert answer["data"]["realized_pnl"] == expected.realised_pnl
    assert answer["data"]["total_pnl"] == expected.total_pnl
    assert codes(answer) == set()
    assert answer["metadata"]["metrics_source"] == "stored_nav"


def test_a_short_position_gains_when_the_price_falls(client):
    answer = good(calculate(client, positions=[{**APPLE, "quantity": -100}]))
    assert answer["data"]["total_pnl"] == -500.0
    assert answer["data"]["cost_basis"] == -15_000.0


def test_no_cost_has_no_percentage(client):
    answer = good(calculate(client, positions=[{**APPLE, "avg_cost": 0.0}]))
    assert answer["data"]["total_pnl"] == 15_500.0
    assert answer["data"]["total_pnl_percent"] is None
    assert "UNDEFINED_RATIO" in codes(answer, "total_pnl_percent")


def test_longs_and_shorts_that_cancel_have_pnl_and_no_weights(client):
    other = {**APPLE, "symbol": "MSFT", "quantity": -100, "avg_cost": 160.0}
    answer = good(calculate(client, positions=[APPLE, other]))
    assert answer["data"]["total_pnl"] == 1000.0
    assert answer["data"]["weights"] == {"AAPL": None, "MSFT": None}
    assert "UNDEFINED_RATIO" in codes(answer, "weights")
    assert "INSUFFICIENT_DATA" in codes(answer, "performance_metrics.beta")


def test_a_price_that_is_not_sent_is_the_last_close(client):
    bare = {"symbol": "AAPL", "quantity": 10, "avg_cost": 1.0}
    answer = good(calculate(client, positions=[bare]))
    assert answer["data"]["market_value"] > 10.0
    prices = good(calculate(client, positions=[bare], prices={"AAPL": 2.0, "OTHER": 1.0}))
    assert prices["data"]["total_pnl"] == 10.0
    error = refused(calculate(client, positions=[{**bare, "symbol": "MYFUND"}]), 422)
    assert error["field"] == "positions.current_price"


def test_currencies_and_multipliers(client):
    euro = {**APPLE, "symbol": "SAP", "currency": "EUR", "multiplier": 2.0}
    refused(calculate(client, "mixed", positions=[APPLE, euro]), 422, "fx_rates")
    answer = good(
        calculate(client, "mixed", positions=[APPLE, euro], currency="USD", fx_rates={"EUR": 1.1})
    )
    assert answer["data"]["total_pnl"] == pytest.approx(500.0 + 1100.0)
    assert answer["data"]["currency"] == "USD"


def test_inline_positions_are_stored_as_the_last_snapshot(client):
    refused(client.post("/analytics/calculate/unseen", json={}), 404)
    good(calculate(client, "unseen"))
    again = good(client.post("/analytics/calculate/unseen", json={}))
    assert again["data"]["total_pnl"] == 500.0
    assert again["metadata"]["metrics_source"] == "holdings_backcast"


def test_a_thousand_positions(client):
    many = [
        {"symbol": f"SIM{1 + i % 500:03d}", "quantity": 1 + i, "avg_cost": 50, "current_price": 51}
        for i in range(1000)
    ]
    answer = good(calculate(client, "large", positions=many))
    assert answer["data"]["total_pnl"] == pytest.approx(sum(range(1, 1001)))
    assert answer["metadata"]["positions_analyzed"] == 500
    assert answer["metadata"]["n_observations"] > 240


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"positions": [{**APPLE, "multiplier": -1.0}]}, "positions.0.multiplier"),
        ({"positions": [{**APPLE, "avg_price": 1.0}]}, "positions.0.avg_price"),
        ({"positions": []}, "positions"),
        ({"calculation_options": {"time_period": "3X"}}, "calculation_options.time_period"),
        ({"calculation_options": {"risk_free_rate": 5000}}, "calculation_options.risk_free_rate"),
        ({"returns": [0.1, 0.2, 0.3], "nav_history": [1.0]}, "body"),
        ({"returns": RETURNS, "benchmark_returns": MARKET[:3]}, "benchmark_returns"),
        ({"fx_rates": {"EUR": -1.0}}, "fx_rates.EUR"),
        ({"returns": ["x"]}, "returns.0.value"),
        ({"returns": [0.0] * 10_001}, "returns"),
        ({"returns": [{"timestamp": "2024-01-02", "value": 0.1}, 0.2]}, "returns"),
        ({"nav_history": [{"timestamp": "2024-01-02"}]}, "nav_history.0.value"),
        ({"returns": [155.0, 156.0, 157.0]}, "returns"),
    ],
)
def test_a_wrong_request_names_its_field(client, change, field):
    refused(calculate(client, **change), 422, field)


def test_nan_in_the_body_is_refused(client):
    body = '{"positions": [{"symbol": "AAPL", "quantity": NaN}]}'
    reply = client.post(
        "/analytics/calculate/p1", content=body, headers={"content-type": "application/json"}
    )
    refused(reply, 422, "positions.0.quantity")


def test_times_that_do_not_increase_are_refused(client):
    points = [{"timestamp": "2024-01-02T00:00:00Z", "value": 1.0}] * 2
    refused(calculate(client, nav_history=points), 422, "nav_history")


def test_the_documented_attribution_is_two_complete_ones(client):
    answer = good(client.post("/analytics/attribution/portfolio_001", json=ATTRIBUTION["request"]))
    data = answer["data"]
    assert data["active_return"] == data["total_return"] - data["benchmark_return"]
    assert set(data["factor_attribution"]) == {"size", "value", "momentum", "quality"}
    assert None not in data["factor_attribution"].values()
    by_factor = sum(data["factor_attribution"].values()) + data["specific"]
    by_decision = sum(
        data[name] for name in ("allocation_effect", "security_selection", "trading_effect")
    )
    assert by_factor == pytest.approx(data["active_return"], abs=1e-10)
    assert by_decision == pytest.approx(data["active_return"], abs=1e-10)
    assert abs(data["residual"]) < 1e-10
    assert abs(data["factor_residual"]) < 1e-10
    assert data["attribution_unit"] == "return"
    assert answer["metadata"]["data_source"] == "simulated"
    assert answer["metadata"]["returns_source"] == "stored_fills"
    same = good(client.get("/analytics/benchmark/portfolio_001?benchmark=SPY&period=1M"))
    assert same["data"]["excess_return"] == pytest.approx(data["active_return"], abs=1e-12)


def test_an_attribution_of_positions_that_are_not_stored(client):
    answer = good(client.post("/analytics/attribution/ephemeral", json={"positions": [APPLE]}))
    assert answer["metadata"]["returns_source"] == "holdings_backcast"
    assert abs(answer["data"]["residual"]) < 1e-10
    refused(client.post("/analytics/attribution/ephemeral", json={}), 404)


def test_an_attribution_of_sent_segments_is_the_librarys(client):
    body = {
        "portfolio_weights": {"technology": 0.6, "energy": 0.4},
        "benchmark_weights": {"technology": 0.5, "energy": 0.5},
        "sector_returns": {
            "technology": {"portfolio": 0.05, "benchmark": 0.04},
            "energy": {"portfolio": 0.01, "benchmark": 0.02},
        },
        "factor_returns": {"size": 0.01},
        "exposures": {"size": 0.2},
    }
    answer = good(client.post("/analytics/attribution/ephemeral", json=body))
    data = answer["data"]
    expected = attribute_active_return(
        portfolio_weights=body["portfolio_weights"],
        benchmark_weights=body["benchmark_weights"],
        portfolio_returns={"technology": 0.05, "energy": 0.01},
        benchmark_returns={"technology": 0.04, "energy": 0.02},
    )
    assert function_of(answer) is attribute_active_return
    assert data["allocation_effect"] == expected.allocation_effect
    assert data["security_selection"] == expected.selection_effect
    assert data["interaction"] == expected.interaction_effect
    assert data["active_return"] == expected.active_return
    assert data["factor_attribution"] == {"size": pytest.approx(0.002)}
    assert data["specific"] == pytest.approx(expected.active_return - 0.002)
    assert answer["metadata"]["data_source"] == "request"


def test_an_attribution_of_sent_returns_to_sent_factors(client):
    body = {
        "returns": RETURNS,
        "benchmark_returns": MARKET,
        "factor_returns": {"market": MARKET},
    }
    answer = good(client.post("/analytics/attribution/ephemeral", json=body))
    assert abs(answer["data"]["factor_residual"]) < 1e-10
    assert answer["data"]["allocation_effect"] is None
    assert "MISSING_INPUT" in codes(answer, "allocation_effect")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"portfolio_weights": {"A": 1.0}}, "benchmark_weights"),
        ({"returns": RETURNS}, "benchmark_returns"),
        ({"factor_returns": {"size": RETURNS}}, "returns"),
        ({"attribution_type": "sector"}, "portfolio_weights"),
        ({"factors": ["sice"]}, "factors"),
        ({"benchmark": "NOPE"}, "benchmark"),
        ({"factor_returns": {"a": [0.1], "b": [0.1, 0.2]}, **SERIES}, "factor_returns"),
        ({"attribution_type": "astrology"}, "attribution_type"),
        ({"fallback_enabled": False}, "portfolio_weights"),
    ],
)
def test_a_wrong_attribution_names_its_field(client, body, field):
    refused(client.post("/analytics/attribution/portfolio_001", json=body), 422, field)


def test_a_comparison_that_cannot_be_made(client):
    refused(client.get("/analytics/benchmark/nobody"), 404)
    refused(client.get("/analytics/benchmark/portfolio_001?benchmark=NOPE"), 422, "benchmark")
    refused(client.get("/analytics/benchmark/portfolio_001?period=soon"), 422)
    refused(
        client.get("/analytics/benchmark/portfolio_001?fallback_enabled=false"), 422, "nav_history"
    )


def test_process_gives_the_answer_of_the_endpoint(client):
    body = {"operation": "portfolio_pnl", "parameters": {"portfolio_id": "p1"}}
    body["parameters"]["positions"] = [APPLE]
    assert good(client.post("/analytics/process", json=body))["data"]["total_pnl"] == 500.0


def test_what_is_counted():
    with TestClient(create_app("analytics")) as client:
        good(calculate(client))
        refused(calculate(client, positions=[{**APPLE, "symbol": "X", "current_price": None}]), 422)
        good(client.post("/analytics/attribution/p1", json={"positions": [APPLE]}))
        text = client.get("/metrics").text
        health = client.get("/health").json()
    for line in (
        "analytics_portfolios_processed_total 1.0",
        "analytics_portfolios_calculated_total 1.0",
        "analytics_pnl_calculations_total 1.0",
        "analytics_pnl_updates_total 1.0",
        "analytics_attribution_analyses_total 1.0",
        'analytics_calculation_errors_total{error_type="invalid_position"} 1.0',
        'analytics_calculation_time_seconds_count{portfolio_size="small"} 1.0',
    ):
        assert line in text
    assert health["performance_metrics"]["active_calculations"] == 0
    assert health["performance_metrics"]["avg_response_time_ms"] > 0


def test_what_is_published():
    with TestClient(create_app("analytics")) as client:
        heard: list[Any] = []
        deps = client.app.state.deps

        async def hear(message):
            heard.append(message)

        async def listen():
            for pattern in ("portfolio.*.p1", RISK_CHECK_REQUEST):
                await deps.bus.subscribe(pattern, hear, mode="broadcast", group="listener")

        client.portal.call(listen)
        good(calculate(client))

        async def settled():
            async with asyncio.timeout(5):
                while len(heard) < 5:
                    await asyncio.sleep(0)

        client.portal.call(settled)
    found = {message.topic: message.data for message in heard}
    assert found["portfolio.pnl.p1"]["total_pnl"] == 500.0
    assert found["portfolio.positions.p1"]["positions"][0]["symbol"] == "AAPL"
    assert found[RISK_CHECK_REQUEST]["positions"][0]["current_price"] == 155.0
    assert found["portfolio.performance.p1"]["volatility"] > 0
    assert found[RISK_CHECK_REQUEST]["portfolio_id"] == "p1"
    assert "portfolio.updated.p1" in found
