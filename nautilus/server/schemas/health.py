"""The bare health objects, different by engine; `problems` says why one is not healthy."""

from __future__ import annotations

from pydantic import Field

from nautilus.server.schemas.bases import Count, Moment, Number, Text, View


class Health(View):
    status: Text
    version: Text
    uptime_seconds: Number
    messagebus_connected: bool | None
    problems: list[str] | None = Field(default_factory=list)


class PerformanceNow(View):
    avg_response_time_ms: Number
    requests_per_second: Number
    active_calculations: Count


class AnalyticsHealth(Health):
    database_connected: bool | None
    last_health_check: Moment
    performance_metrics: PerformanceNow | None


class RiskHealth(Health):
    monitoring_active: bool | None
    monitored_portfolios: Count
    breach_alerts_sent: Count
    risk_checks_performed: Count
    avg_check_time_ms: Number


class FactorsHealth(Health):
    data_sources_connected: dict[str, bool] | None
    total_factors_available: Count
    factors_calculated_today: Count
    avg_calculation_time_ms: Number


class MlHealth(Health):
    models_loaded: Count
    active_models: Count
    predictions_served_today: Count
    avg_prediction_time_ms: Number
    gpu_available: bool | None
    model_registry_status: Text


class FeaturesHealth(Health):
    features_calculated_today: Count
    active_streams: Count
    supported_indicators: Count
    avg_calculation_time_ms: Number


class WebsocketHealth(Health):
    active_connections: Count
    max_connections: Count
    messages_sent_today: Count
    avg_message_latency_ms: Number
    connection_success_rate: Number


class StrategyHealth(Health):
    active_deployments: Count
    strategies_deployed_today: Count
    avg_deployment_time_minutes: Number
    pipeline_success_rate: Number
    version_control_status: Text


class SourceState(View):
    status: Text
    latency_ms: Number


class Recording(View):
    symbols: list[str]
    stored: Count
    waiting: Count
    refused: Count
    dropped: Count
    problem: Text


class MarketdataHealth(Health):
    data_sources_status: dict[str, SourceState] | None
    data_points_ingested_today: Count
    avg_ingestion_latency_ms: Number
    active_streams: Count
    recording: Recording | None


class PortfolioHealth(Health):
    optimizations_completed_today: Count
    active_portfolios: Count
    avg_optimization_time_ms: Number
    rebalancing_jobs_active: Count
