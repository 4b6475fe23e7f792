"""Price, regime and volatility predictions, models and their tests."""

from __future__ import annotations

from typing import Any

from nautilus.server.deps import EngineDeps
from nautilus.server.health import health_basics
from nautilus.server.routing import engine_router, not_built
from nautilus.server.schemas.health import MlHealth

__all__ = ["health", "router"]

router = engine_router("ml")

not_built(
    router, "POST", "/predict/price", "predict_price", "Distribution of a price at a horizon."
)
not_built(
    router, "POST", "/predict/regime", "detect_regimes", "Market regime now, and how it changes."
)
not_built(
    router, "POST", "/predict/volatility", "forecast_volatility", "Volatility over a horizon."
)
not_built(router, "GET", "/models", "list_models", "Models of the registry.")
not_built(router, "POST", "/models/train", "train_price_model", "Train a model.")
not_built(
    router, "POST", "/models/ab_test", "start_ab_test", "Compare two models on live requests."
)


async def health(deps: EngineDeps[Any]) -> MlHealth:
    """What the engine is doing, with true values."""
    return MlHealth(
        **await health_basics(deps),
        models_loaded=0,
        active_models=0,
        predictions_served_today=0,
        avg_prediction_time_ms=None,
        gpu_available=False,
        model_registry_status="not_built",
    )
