"""The result of every attribution: effects by period, segment and kind that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.html_tables import html_table, percent
from nautilus.core.checks import check_choice
from nautilus.core.results import Reason, Result

__all__ = ["Attribution", "combined", "compounded", "summarised"]

Floats = NDArray[np.float64]
GEOMETRIC = "geometric"
_HTML_ROWS = 40
_REPR_SEGMENTS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Attribution(Result):
    """Who earned the active return: effects that sum to it.

    Parameters
    ----------
    method : str
        Decomposition: ``fachler``, ``bhb``, ``geometric``, ``factor``, ``contribution`` ...
    interaction_mode : str or None
        Where the interaction went; None where the method has none.
    linking : str or None
        Smoothing over several periods; None means that period effects are simply summed.
    effect_names, segments : tuple
        Labels of the axes of `effects`.
    levels : tuple of str
        Names of the hierarchy, coarsest first; the last one is that of `segments`.
    groups : tuple of tuples
        For each level but the last, the group of each segment.
    effects : array (segment, effect)
        Over all periods, fractions.
    period_effects : array (period, segment, effect)
    period_portfolio_returns, period_benchmark_returns : array (period,)
    portfolio_return, benchmark_return : float
        Compounded over all periods.
    active_return : float
        Their difference; for `geometric` the ratio of the wealths less 1.
    residual : float
        What `effects` leave of `active_return`: 0 for one period and after linking.
    check_sum : float
        Largest gap, over the periods, between unlinked effects and the active return.
    average_portfolio_weights, average_benchmark_weights : array (segment,) or None
        Means over the periods.
    times : array (period,) or None
        In UTC where the input had a zone.

    Examples
    --------
    >>> from nautilus.analytics import brinson
    >>> brinson({"UK": 0.5, "US": 0.5}, {"UK": 0.4, "US": 0.6}, {"UK": 0.1, "US": 0.0},
    ...         {"UK": 0.05, "US": 0.0}).to_frame()["total"].round(4).to_dict()
    {'UK': 0.028, 'US': 0.002, 'total': 0.03}
    """

    method: str
    interaction_mode: str | None = None
    linking: str | None = None
    effect_names: tuple[str, ...]
    segments: tuple[Any, ...]
    levels: tuple[str, ...]
    groups: tuple[tuple[Any, ...], ...] = ()
    effects: Floats
    period_effects: Floats
    period_portfolio_returns: Floats
    period_benchmark_returns: Floats
    portfolio_return: float
    benchmark_return: float
    active_return: float
    residual: float
    check_sum: float
    average_portfolio_weights: Floats | None = None
    average_benchmark_weights: Floats | None = None
    times: NDArray[Any] | None = None

    @property
    def n_periods(self) -> int:
        """Number of periods attributed."""
        return len(self.period_portfolio_returns)

    @property
    def totals(self) -> dict[str, float]:
        """Each effect over all segments and periods."""
        sums = self.effects.sum(axis=0).tolist()
        return dict(zip(self.effect_names, sums, strict=True))

    @property
    def allocation(self) -> float | None:
        """All allocation effects together; None where the method has none."""
        return self._total("allocation")

    @property
    def selection(self) -> float | None:
        """The selection effect; None where the method has none."""
        return self._total("selection")

    @property
    def interaction(self) -> float | None:
        """The interaction effect; None where it was merged or the method has none."""
        return self._total("interaction")

    def _total(self, kind: str) -> float | None:
        found = [v for k, v in self.totals.items() if k == kind or k.endswith(f"_{kind}")]
        if not found:
            return None
        return combined(np.array(found), geometric=self.method == GEOMETRIC)

    def by_level(self, level: str | None = None) -> tuple[tuple[Any, ...], Floats]:
        """Labels and effects (group, effect) at one level of the hierarchy, coarsest by default."""
        labels, members = self._grouping(level)
        sums = np.zeros((len(labels), len(self.effect_names)))
        np.add.at(sums, members, self.effects)
        return labels, sums

    def to_frame(self, level: str | None = None) -> Any:
        """One row for each group of `level` and a row `total`; one column for each effect.

        Average weights come first where the method has weights.
        """
        from nautilus.core.frames import labelled_frame

        labels, columns = self._table(level)
        return labelled_frame([*labels, "total"], columns, level or self.levels[0])

    def period_frame(self) -> Any:
        """One row for each period: returns of both sides and each effect over all segments."""
        from nautilus.core.frames import labelled_frame

        totals = self.period_effects.sum(axis=1)
        columns = {
            "portfolio_return": self.period_portfolio_returns,
            "benchmark_return": self.period_benchmark_returns,
            **{name: totals[:, i] for i, name in enumerate(self.effect_names)},
        }
        times = range(self.n_periods) if self.times is None else self.times
        return labelled_frame(list(times), columns, "period")

    def plot(self, ax: Any = None, *, level: str | None = None) -> Any:
        """Stacked bars of the effects of each group of `level`, in percent; returns the axes."""
        from nautilus.core.plot import INK, bars, new_axes

        labels, effects = self.by_level(level)
        if ax is None:
            tall = (8.0, max(3.6, 0.35 * len(labels)))
            ax = new_axes(title=f"Attribution: {self.method}", size=tall, x_label="effect, %")
        values = 100.0 * effects
        if len(self.effect_names) == 1:
            return bars(ax, labels, values[:, 0], horizontal=True)
        rows = np.arange(len(labels))
        above, below = np.maximum(values, 0.0), np.minimum(values, 0.0)
        for i, name in enumerate(self.effect_names):
            signed = np.where(values[:, i : i + 1] >= 0.0, above, below)
            ax.barh(rows, values[:, i], left=signed[:, :i].sum(axis=1), label=_words(name))
        ax.set_yticks(rows, [str(x) for x in labels])
        ax.invert_yaxis()
        ax.legend(frameon=False, labelcolor=INK, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))
        return ax

    def __repr__(self) -> str:
        parts = ", ".join(f"{k}={v:.6g}" for k, v in self._shown().items())
        linked = f", linking={self.linking!r}" if self.linking else ""
        return (
            f"{type(self).__name__}(method={self.method!r}{linked},"
            f" active_return={self.active_return:.6g}, {parts})"
        )

    def _shown(self) -> dict[Any, float]:
        """Totals by effect, or by segment where there is one kind of effect only."""
        if len(self.effect_names) > 1:
            return self.totals
        pairs = zip(self.segments, self.effects[:, 0].tolist(), strict=True)
        largest = sorted(pairs, key=lambda pair: -abs(pair[1]))[:_REPR_SEGMENTS]
        return dict(largest)

    def _repr_html_(self) -> str:
        labels, columns = self._table(None)
        names = list(columns)
        rows = [
            [label, *(percent(float(columns[n][i])) for n in names)]
            for i, label in enumerate([*labels, "total"])
        ]
        shown = rows if len(rows) <= _HTML_ROWS else [*rows[: _HTML_ROWS - 1], rows[-1]]
        active = f"active return {percent(self.active_return)} over {self.n_periods} period(s)"
        notes = [f"{active}, residual {self.residual:.1e}", *(r.message for r in self.reasons)]
        title = f"Attribution: {self.method}" + (f", {self.linking}" if self.linking else "")
        return html_table(title, [self.levels[0], *map(_words, names)], shown, notes)

    def _table(self, level: str | None) -> tuple[tuple[Any, ...], dict[str, Floats]]:
        labels, members = self._grouping(level)
        _, effects = self.by_level(level)
        columns: dict[str, Floats] = {}
        for side in ("portfolio", "benchmark"):
            weights = getattr(self, f"average_{side}_weights")
            if weights is not None:
                columns[f"{side}_weight"] = np.bincount(members, weights, len(labels)).astype(float)
        columns |= {name: effects[:, i] for i, name in enumerate(self.effect_names)}
        if len(self.effect_names) > 1 and self.method != GEOMETRIC:
            columns["total"] = effects.sum(axis=1)
        with_total = {k: np.append(v, v.sum()) for k, v in columns.items()}
        return labels, with_total

    def _grouping(self, level: str | None) -> tuple[tuple[Any, ...], NDArray[np.intp]]:
        chosen = self.levels[0] if level is None else check_choice(level, "level", self.levels)
        where = self.levels.index(chosen)
        names = (*self.groups, self.segments)[where]
        labels = tuple(dict.fromkeys(names))
        position = {label: i for i, label in enumerate(labels)}
        return labels, np.array([position[x] for x in names], dtype=np.intp)


def _words(name: str) -> str:
    return name.replace("_", " ")


def compounded(returns: Floats) -> float:
    """Return over all periods.

    Examples
    --------
    >>> round(compounded(np.array([0.1, 0.1])), 4)
    0.21
    """
    return float(np.prod(1.0 + returns) - 1.0)


def combined(totals: Floats, *, geometric: bool) -> float:
    """Effects put together: their sum, or for geometric ones their compounded product."""
    return compounded(totals) if geometric else float(totals.sum())


def summarised(
    *,
    method: str,
    effect_names: Sequence[str],
    segments: Sequence[Any],
    period_effects: Floats,
    portfolio: Floats,
    benchmark: Floats,
    kind: type[Attribution] = Attribution,
    levels: Sequence[str] = ("segment",),
    reasons: tuple[Reason, ...] = (),
    **more: Any,
) -> Any:
    """An attribution from its effects by period, with totals, residual and check sum."""
    geometric = method == GEOMETRIC
    whole, base = compounded(portfolio), compounded(benchmark)
    active = (1.0 + whole) / (1.0 + base) - 1.0 if geometric else whole - base
    effects = log_linked(period_effects) if geometric else period_effects.sum(axis=0)
    if len(portfolio) > 1 and not geometric:
        reasons = (*reasons, _not_linked())
    return kind(
        method=method,
        linking="compounded" if geometric and len(portfolio) > 1 else None,
        effect_names=tuple(effect_names),
        segments=tuple(segments),
        levels=tuple(levels),
        effects=effects,
        period_effects=period_effects,
        period_portfolio_returns=portfolio,
        period_benchmark_returns=benchmark,
        portfolio_return=whole,
        benchmark_return=base,
        active_return=active,
        residual=active - combined(effects.sum(axis=0), geometric=geometric),
        check_sum=_check_sum(period_effects, portfolio, benchmark, geometric),
        reasons=reasons,
        **more,
    )


def log_linked(period_effects: Floats) -> Floats:
    """Geometric effects over time: each kind compounds, its segments share it by logarithms."""
    totals = period_effects.sum(axis=1)
    whole = np.prod(1.0 + totals, axis=0) - 1.0
    scale = log_ratio(totals) / log_ratio(whole)
    linked: Floats = np.einsum("tse,te->se", period_effects, scale)
    return linked


def log_ratio(values: Floats) -> Floats:
    """log(1 + x) / x, which is 1 at 0."""
    safe = np.where(values == 0.0, 1.0, values)
    ratio: Floats = np.where(values == 0.0, 1.0, np.log1p(values) / safe)
    return ratio


def _check_sum(
    period_effects: Floats, portfolio: Floats, benchmark: Floats, geometric: bool
) -> float:
    totals = period_effects.sum(axis=1)
    if geometric:
        gaps = np.prod(1.0 + totals, axis=1) - (1.0 + portfolio) / (1.0 + benchmark)
    else:
        gaps = totals.sum(axis=1) - (portfolio - benchmark)
    return float(np.abs(gaps).max())


def _not_linked() -> Reason:
    return Reason(
        "NOT_LINKED",
        ("effects", "residual"),
        "Effects of several periods are summed as they are; link_effects makes them sum to the"
        " compounded active return.",
    )
