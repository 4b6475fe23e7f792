"""Where the risk comes from: Euler contributions that sum to the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_probability
from nautilus.core.errors import MissingInputError, ParameterError
from nautilus.core.frames import cross_section, labelled_frame, labelled_vector
from nautilus.core.results import Reason, Result
from nautilus.core.statistics import normal_quantile
from nautilus.risk.covariance import complete_rows, covariance_of, labelled_matrix
from nautilus.risk.measures import needed

__all__ = ["RiskContributions", "risk_contributions"]

Floats = NDArray[np.float64]
MEASURES = ("volatility", "var", "es")
NAMES = {"volatility": "volatility", "var": "value at risk", "es": "expected shortfall"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RiskContributions(Result):
    """Risk of a portfolio, split over its assets.

    Parameters
    ----------
    measure : {"volatility", "var", "es"}
    method : str
        "covariance", "normal" or "historical".
    confidence : float or None
        None for volatility.
    total : float
        Risk of the whole, a fraction per period of the returns.
    labels : tuple
    weights : vector by asset
    marginal : vector by asset
        Change of the total for a small increase of the weight.
    contributions : vector by asset
        weight * marginal; they sum to `total`.
    shares : vector by asset
        contribution / total; they sum to 1.
    n_used : int or None
        Periods without NaN; None where a covariance was given.
    """

    measure: str
    method: str
    confidence: float | None
    total: float
    labels: tuple[Any, ...]
    weights: Any
    marginal: Any
    contributions: Any
    shares: Any
    n_used: int | None

    def to_frame(self) -> Any:
        """Weight, marginal risk, contribution and share by asset."""
        names = ("weights", "marginal", "contributions", "shares")
        columns = {n: _flat(getattr(self, n)) for n in names}
        return labelled_frame(self.labels, columns, "asset")

    def plot(self, ax: Any = None) -> Any:
        """Bars of the shares beside the weights; returns the axes."""
        from nautilus.core.plot import new_axes

        axes = new_axes(title=f"Where the {NAMES[self.measure]} is") if ax is None else ax
        positions = np.arange(len(self.labels))
        axes.bar(positions - 0.2, _flat(self.weights), 0.4, label="weight")
        axes.bar(positions + 0.2, _flat(self.shares), 0.4, label="share of risk")
        axes.set_xticks(positions, [str(x) for x in self.labels], rotation=90)
        axes.axhline(0.0, linewidth=0.8, color="0.5")
        axes.legend(
            frameon=False, labelcolor="0.5", loc="lower right", bbox_to_anchor=(1, 1), ncols=2
        )
        return axes


def risk_contributions(
    weights: Any,
    returns: Any = None,
    *,
    measure: str = "volatility",
    confidence: float = 0.99,
    covariance: Any = None,
) -> RiskContributions:
    """Split a portfolio's risk over its assets so that the parts sum to the whole (Euler).

    volatility: w_i (S w)_i / sigma, S the sample covariance (ddof 1). var: the normal value at
    risk, w_i (-mu_i - z (S w)_i / sigma), z the normal quantile of 1 - confidence. es: the
    historical expected shortfall, w_i times the mean loss of the asset over the portfolio's worst
    periods, the last one in part.

    Parameters
    ----------
    weights : mapping, Series, or sequence in the order of the assets
        Fractions of the portfolio; joined to the returns strictly by label. They need not sum to 1.
    returns : array (time, asset), optional where `covariance` is enough
        Simple returns per period, fractions. A period with any NaN is left out.
    measure : {"volatility", "var", "es"}
    confidence : float
        For var and es.
    covariance : frame or array (asset, asset), optional
        Per period, instead of the sample one; for volatility and var.

    Returns
    -------
    RiskContributions
        Per period of the returns. Parts are NaN with reason ZERO_RISK where the total is zero.

    Raises
    ------
    LabelError, ParameterError, NotEnoughDataError, MissingInputError

    References
    ----------
    Tasche (1999), Risk Contributions and Performance Measurement, eq. 3.5.

    Examples
    --------
    >>> import numpy as np
    >>> result = risk_contributions([0.5, 0.5], covariance=np.diag([0.04, 0.01]))
    >>> round(result.total, 4), result.shares.tolist()
    (0.1118, [0.8, 0.2])
    """
    check_choice(measure, "measure", MEASURES)
    level = check_probability(confidence, "confidence")
    minimum = needed(level, "historical") if measure == "es" else 2
    if measure == "es" and covariance is not None:
        raise ParameterError(
            "`covariance` says nothing about a historical shortfall. Leave it out for es.",
            field="covariance",
        )
    if returns is None and (covariance is None or measure != "volatility"):
        raise MissingInputError(f"`returns` are needed for measure {measure!r}.", field="returns")
    values, w, labels, kind = _inputs(weights, returns, covariance, minimum)
    n_used = None if returns is None or covariance is not None else len(values)
    if measure == "es":
        total, marginal = _shortfall(values, w, 1.0 - level)
    else:
        matrix = _matrix(values, covariance, labels)
        z = 0.0 if measure == "volatility" else normal_quantile(1.0 - level)
        total, marginal = _from_covariance(matrix, w, values, z)
    methods = dict(zip(MEASURES, ("covariance", "normal", "historical"), strict=True))
    confidence_used = None if measure == "volatility" else level
    vectors, reasons = _vectors(total, w, marginal)
    return RiskContributions(
        measure=measure,
        method=methods[measure],
        confidence=confidence_used,
        total=total,
        labels=labels,
        n_used=n_used,
        reasons=reasons,
        **{name: labelled_vector(v, labels, kind) for name, v in vectors.items()},
    )


def _inputs(
    weights: Any, returns: Any, covariance: Any, minimum: int
) -> tuple[Floats, Floats, tuple[Any, ...], str]:
    if returns is not None:
        values, like = complete_rows(returns, minimum=minimum)
        w, labels = cross_section(weights, "weights", labels=like.columns)
        return values, w, labels, like.kind
    labelled = hasattr(covariance, "columns")
    known = tuple(covariance.columns) if labelled else tuple(range(len(covariance)))
    w, labels = cross_section(weights, "weights", labels=known)
    return np.empty((0, len(labels))), w, labels, "pandas" if labelled else "numpy"


def _matrix(values: Floats, covariance: Any, labels: tuple[Any, ...]) -> Floats:
    if covariance is None:
        return covariance_of(values, "sample")[0]
    return labelled_matrix(covariance, "covariance", labels)


def _from_covariance(matrix: Floats, w: Floats, values: Floats, z: float) -> tuple[float, Floats]:
    through = matrix @ w
    deviation = math.sqrt(max(float(w @ through), 0.0))
    slope = through / deviation if deviation > 0.0 else np.full_like(w, math.nan)
    if z == 0.0:
        return deviation, slope
    mean = values.mean(axis=0)
    return float(-mean @ w) - z * deviation, -mean - z * slope


def _shortfall(values: Floats, w: Floats, share: float) -> tuple[float, Floats]:
    outcome = values @ w
    order = np.argsort(outcome, kind="stable")
    mass = len(values) * share
    worst = order[: math.ceil(mass)]
    parts = np.clip(mass - np.arange(len(worst)), 0.0, 1.0) / mass
    return float(-(parts @ outcome[worst])), -(parts @ values[worst])


def _vectors(
    total: float, w: Floats, marginal: Floats
) -> tuple[dict[str, Floats], tuple[Reason, ...]]:
    parts = w * marginal
    shares = np.full_like(w, math.nan) if total == 0.0 else parts / total
    vectors = {"weights": w, "marginal": marginal, "contributions": parts, "shares": shares}
    spoilt = tuple(name for name, v in vectors.items() if not np.isfinite(v).all())
    text = "the portfolio has no risk to split"
    return vectors, (Reason("ZERO_RISK", spoilt, text),) if spoilt else ()


def _flat(vector: Any) -> Floats:
    return np.asarray(vector.to_numpy() if hasattr(vector, "to_numpy") else vector).reshape(-1)
