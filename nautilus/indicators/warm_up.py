"""How many bars an indicator needs."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Warmup"]


class Warmup(NamedTuple):
    """Bars an indicator needs.

    Parameters
    ----------
    first : int
        Bars until the first value, that bar included.
    forget : int or None
        Bars after which a fresh start equals a long history to 1e-12 of the scale of the value;
        None for what never forgets: start it from the whole history or from a snapshot.
    """

    first: int
    forget: int | None
