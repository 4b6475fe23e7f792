"""How much the choice of a linking method matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nautilus.analytics.effects import Attribution
from nautilus.analytics.html_tables import html_table, percent
from nautilus.analytics.linking import BRINSON, METHODS, check_linkable, link_effects
from nautilus.core.results import Result

__all__ = ["LinkingComparison", "compare_linking"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LinkingComparison(Result):
    """The same attribution under each linking method.

    Parameters
    ----------
    methods, effect_names : tuple of str
        Labels of the axes of `totals`; the first method is ``unlinked``.
    totals : array (method, effect)
        Fractions.
    residuals : array (method,)
        What the effects leave of the active return.
    active_return : float
    spread : array (effect,)
        Largest less smallest total over the linked rows: how much the choice matters.

    Examples
    --------
    >>> from nautilus.analytics import brinson
    >>> held = brinson([[0.5, 0.5]] * 2, [[0.6, 0.4]] * 2, [[0.1, 0.0]] * 2, [[0.0, 0.1]] * 2)
    >>> compare_linking(held).to_frame().shape
    (6, 4)
    """

    methods: tuple[str, ...]
    effect_names: tuple[str, ...]
    totals: Floats
    residuals: Floats
    active_return: float
    spread: Floats

    def to_frame(self) -> Any:
        """One row for each method, one column for each effect, and the residual."""
        from nautilus.core.frames import labelled_frame

        columns = {name: self.totals[:, i] for i, name in enumerate(self.effect_names)}
        return labelled_frame(self.methods, {**columns, "residual": self.residuals}, "linking")

    def plot(self, ax: Any = None) -> Any:
        """Effects side by side for each method, in percent; returns the axes."""
        from nautilus.core.plot import INK, new_axes

        ax = new_axes(title="Linking methods", y_label="effect, %") if ax is None else ax
        rows = np.arange(len(self.methods))
        width = 0.8 / len(self.effect_names)
        for i, name in enumerate(self.effect_names):
            ax.bar(rows + i * width, 100 * self.totals[:, i], width, label=name.replace("_", " "))
        ax.set_xticks(rows + 0.4 - width / 2, [m.replace("_", " ") for m in self.methods])
        ax.legend(frameon=False, labelcolor=INK, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))
        return ax

    def __repr__(self) -> str:
        widest = self.effect_names[int(np.argmax(self.spread))]
        return (
            f"LinkingComparison(active_return={self.active_return:.6g},"
            f" methods={len(self.methods)}, widest={widest!r},"
            f" spread={self.spread.max():.6g})"
        )

    def _repr_html_(self) -> str:
        rows = [
            [name, *(percent(v) for v in self.totals[i]), f"{self.residuals[i]:.1e}"]
            for i, name in enumerate(self.methods)
        ]
        rows.append(["spread", *(percent(v) for v in self.spread), ""])
        header = ["linking", *(n.replace("_", " ") for n in self.effect_names), "residual"]
        return html_table(
            "Linking methods", header, rows, [f"active {percent(self.active_return)}"]
        )


def compare_linking(attribution: Attribution) -> LinkingComparison:
    """Totals of each effect under every linking method that applies, in one table.

    Parameters
    ----------
    attribution : Attribution
        Arithmetic and not yet linked.

    Returns
    -------
    LinkingComparison
        `spread` says how far the smoothing choice moves each effect.

    Examples
    --------
    >>> from nautilus.analytics import brinson
    >>> two = brinson([[0.5, 0.5], [0.5, 0.5]], [[0.6, 0.4], [0.6, 0.4]],
    ...               [[0.10, 0.02], [0.04, 0.00]], [[0.08, 0.03], [0.02, 0.01]])
    >>> compare_linking(two).methods
    ('unlinked', 'carino', 'menchero', 'grap', 'frongello', 'davies_laker')
    """
    check_linkable(attribution, "carino")
    chosen = [m for m in METHODS if m != "davies_laker" or attribution.method in BRINSON]
    linked = [link_effects(attribution, method=m) for m in chosen]
    totals = np.array([list(a.totals.values()) for a in (attribution, *linked)])
    return LinkingComparison(
        methods=("unlinked", *chosen),
        effect_names=attribution.effect_names,
        totals=totals,
        residuals=np.array([a.residual for a in (attribution, *linked)]),
        active_return=attribution.active_return,
        spread=np.ptp(totals[1:], axis=0),
    )
