"""The errors a caller can meet; each says what was required, what came and what to do."""

from __future__ import annotations

__all__ = [
    "ConflictError",
    "DataError",
    "InfeasibleError",
    "LabelError",
    "MissingExtraError",
    "MissingInputError",
    "NautilusError",
    "NotBuiltError",
    "NotEnoughDataError",
    "NotFoundError",
    "OverlapError",
    "ParameterError",
    "ShapeError",
    "SolverError",
    "TimeIndexError",
    "UnavailableError",
    "UnitError",
]


class NautilusError(Exception):
    """Root of every error of the library.

    Parameters
    ----------
    message : str
        What was required, what came and what to do, in that order.
    field : str, optional
        The argument or field at fault, by its real name.
    hint : str, optional
        What to do, where it is not already the end of the message.

    Examples
    --------
    >>> ParameterError("`window` must be at least 2, got 1.", field="window").to_dict()["code"]
    'invalid_parameter'
    """

    code = "error"

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, str | None]:
        """`{code, field, message, hint}`: the same object the server sends."""
        return {"code": self.code, "field": self.field, "message": self.message, "hint": self.hint}


class ParameterError(NautilusError, ValueError):
    """An option is outside its range or of the wrong kind."""

    code = "invalid_parameter"


class DataError(NautilusError, ValueError):
    """The data cannot mean what the function needs."""

    code = "invalid_data"


class ShapeError(DataError):
    """Wrong number of dimensions, or lengths that differ."""

    code = "invalid_shape"


class LabelError(DataError, LookupError):
    """Assets or columns that are missing, extra or doubled."""

    code = "label_mismatch"


class TimeIndexError(DataError):
    """Times that are unsorted, doubled, or naive where the other side is aware."""

    code = "invalid_time_index"


class OverlapError(DataError):
    """Two series that share too few times."""

    code = "too_little_overlap"


class UnitError(DataError):
    """Values that look like another unit: prices as returns, monthly data with 252."""

    code = "wrong_unit"


class NotEnoughDataError(DataError):
    """Fewer observations than the definition needs."""

    code = "not_enough_data"


class MissingInputError(NautilusError, ValueError):
    """The whole answer depends on an input that nobody gave."""

    code = "missing_input"


class NotFoundError(NautilusError, LookupError):
    """An unknown name or id."""

    code = "not_found"


class ConflictError(NautilusError, RuntimeError):
    """Somebody else changed the same thing first."""

    code = "conflict"


class SolverError(NautilusError, RuntimeError):
    """A solver ended without a usable answer."""

    code = "solver_failed"


class InfeasibleError(NautilusError, ValueError):
    """No weights satisfy all limits."""

    code = "infeasible"


class NotBuiltError(NautilusError, NotImplementedError):
    """Documented, and not built yet."""

    code = "not_built"


class MissingExtraError(NautilusError, ImportError):
    """An optional library is not installed; the message names the extra."""

    code = "missing_extra"


class UnavailableError(NautilusError, RuntimeError):
    """Busy, draining, or a source that is down: try again later."""

    code = "unavailable"
