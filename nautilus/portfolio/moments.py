"""Means and covariances per annum, by label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.core.checks import check_choice, check_positive
from nautilus.core.errors import DataError, LabelError, UnitError
from nautilus.core.frames import cross_section, labelled_frame, labelled_vector
from nautilus.core.periods import check_periods_per_year
from nautilus.core.results import Result
from nautilus.risk.covariance import ESTIMATORS, complete_rows, covariance_of, labelled_matrix

__all__ = ["Moments", "estimate_moments"]

Floats = NDArray[np.float64]
MEANS = ("sample",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Moments(Result):
    """What an optimiser needs to know about returns, per annum.

    Build it with `estimate_moments`, or directly from labelled figures of your own.

    Parameters
    ----------
    mean : vector by asset
        Expected simple returns per annum, fractions.
    covariance : frame or array (asset, asset)
        Per annum, the same labels on both axes.
    mean_method, covariance_method : str
    shrinkage : float or None
        Weight of the target in the covariance, in [0, 1]; None where nothing is shrunk.
    n_used : int or None
        Periods without NaN; None for figures of your own.
    periods_per_year : float or None

    Examples
    --------
    >>> import pandas as pd
    >>> labels = ["A", "B"]
    >>> Moments(mean=pd.Series([0.05, 0.08], labels),
    ...         covariance=pd.DataFrame([[0.04, 0.0], [0.0, 0.09]], labels, labels)).labels
    ('A', 'B')
    """

    mean: Any
    covariance: Any
    mean_method: str = "given"
    covariance_method: str = "given"
    shrinkage: float | None = None
    n_used: int | None = None
    periods_per_year: float | None = None

    @property
    def labels(self) -> tuple[Any, ...]:
        """Assets, in the order of the covariance."""
        if hasattr(self.covariance, "columns"):
            return tuple(self.covariance.columns)
        return tuple(range(len(self.covariance)))

    def to_frame(self) -> Any:
        """Mean and volatility by asset, per annum."""
        inputs = inputs_of(self)
        columns = {"mean": inputs.mean, "volatility": np.sqrt(np.diag(inputs.covariance))}
        return labelled_frame(inputs.labels, columns, "asset")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Moments as plain arrays; `kind` is what the answer's vectors look like."""

    mean: Floats
    covariance: Floats
    labels: tuple[Any, ...]
    kind: str
    n_used: int | None
    covariance_method: str

    def vector(self, values: Floats) -> Any:
        """Values by asset in the caller's kind."""
        return labelled_vector(values, self.labels, self.kind)

    def matrix(self) -> Any:
        """The covariance as `risk_contributions` takes it."""
        return labelled(self.covariance, self.labels, self.kind)


def estimate_moments(
    returns: Any,
    *,
    mean: str = "sample",
    covariance: str = "ledoit_wolf",
    periods_per_year: float = 252.0,
) -> Moments:
    """Expected returns and covariance per annum: the per-period estimates times periods_per_year.

    Parameters
    ----------
    returns : array (time, asset)
        Simple returns per period, fractions. A period with any NaN is left out.
    mean : {"sample"}
        Arithmetic. Its error is large: a mean over 10 years is good to about volatility / 3.
    covariance : {"ledoit_wolf", "sample", "ewma"}
        Shrunk towards equal variances without correlation; ddof 1; exponential with decay 0.94.
    periods_per_year : float

    Returns
    -------
    Moments

    Raises
    ------
    NotEnoughDataError, UnitError, ParameterError, DataError

    References
    ----------
    Ledoit and Wolf (2004), Journal of Multivariate Analysis 88(2), eq. 14.

    Examples
    --------
    >>> moments = estimate_moments([[0.01, 0.00], [0.03, 0.02], [-0.01, 0.01]],
    ...                            covariance="sample", periods_per_year=12)
    >>> moments.mean.round(4).tolist(), moments.covariance.round(4).tolist()
    ([0.12, 0.12], [[0.0048, 0.0012], [0.0012, 0.0012]])
    """
    check_choice(mean, "mean", MEANS)
    check_choice(covariance, "covariance", ESTIMATORS)
    factor = check_positive(periods_per_year, "periods_per_year")
    values, like = complete_rows(returns)
    if like.times is not None:
        check_periods_per_year(like.times, factor)
    matrix, shrinkage = covariance_of(values, covariance)
    return Moments(
        mean=labelled_vector(values.mean(axis=0) * factor, like.columns, like.kind),
        covariance=labelled(matrix * factor, like.columns, like.kind),
        mean_method=mean,
        covariance_method=covariance,
        shrinkage=shrinkage,
        n_used=len(values),
        periods_per_year=factor,
    )


def labelled(matrix: Floats, labels: tuple[Any, ...], kind: str) -> Any:
    """A matrix by label: a pandas frame, or the array itself for numpy."""
    if kind == "numpy":
        return matrix
    return labelled_frame(labels, dict(zip(labels, matrix.T, strict=True)))


def inputs_of(returns_or_moments: Any) -> Inputs:
    """Arrays from moments, or from daily returns by the default estimators.

    Raises
    ------
    UnitError
        Returns that are not daily: `estimate_moments` takes `periods_per_year`.
    DataError
        A covariance that is not positive semidefinite.
    """
    moments = returns_or_moments
    if not isinstance(moments, Moments):
        try:
            moments = estimate_moments(moments)
        except UnitError as error:
            if error.field != "periods_per_year":
                raise
            raise UnitError(
                error.message,
                field=error.field,
                hint="Pass estimate_moments(returns, periods_per_year=...) in place of returns.",
            ) from error
    labels = moments.labels
    if len(set(labels)) != len(labels) or not labels:
        raise LabelError("`covariance` must name each asset once.", field="covariance")
    matrix = labelled_matrix(moments.covariance, "covariance", labels)
    mean, _ = cross_section(moments.mean, "mean", labels=labels)
    _check_semidefinite(matrix)
    kind = _kind(moments.mean)
    return Inputs(mean, matrix, labels, kind, moments.n_used, moments.covariance_method)


def _check_semidefinite(matrix: Floats) -> None:
    # Cholesky answers ten times faster than eigenvalues, which are needed for the message only.
    tolerance = 1e-8 * float(np.trace(matrix)) / len(matrix)
    if not matrix.any():
        return
    try:
        np.linalg.cholesky(matrix + tolerance * np.eye(len(matrix)))
    except np.linalg.LinAlgError as error:
        lowest = float(np.linalg.eigvalsh(matrix)[0])
        raise DataError(
            f"`covariance` must be positive semidefinite; its smallest eigenvalue is {lowest:.3g}.",
            field="covariance",
        ) from error


def _kind(vector: Any) -> str:
    if hasattr(vector, "index"):
        return "pandas"
    return "polars" if hasattr(vector, "columns") else "numpy"
