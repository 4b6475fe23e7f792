"""From a domain result to the documented answer, and from an error to the same shape."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel

import nautilus
from nautilus.core.results import Reason, reasons
from nautilus.server.request_ids import new_request_id
from nautilus.server.schemas.bases import API_VERSION, Envelope, WarningItem
from nautilus.server.views import documented_paths

__all__ = [
    "Call",
    "answer",
    "current_call",
    "current_request_id",
    "failure_body",
    "known_call",
    "started_call",
]

E = TypeVar("E", bound=Envelope[Any, Any])


@dataclass(frozen=True, slots=True)
class Call:
    """The request that is being answered."""

    engine: str
    request_id: str = field(default_factory=new_request_id)
    started: float = field(default_factory=time.perf_counter)

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the request arrived."""
        return round((time.perf_counter() - self.started) * 1000, 3)


_CALL: ContextVar[Call] = ContextVar("nautilus_call")


def started_call(engine: str, request_id: str | None = None) -> Call:
    """Remember the request of this task, for every answer that it gives."""
    call = Call(engine, request_id) if request_id else Call(engine)
    _CALL.set(call)
    return call


def current_call() -> Call:
    """The request of this task; an anonymous one outside of any request."""
    return _CALL.get(None) or Call("unknown")


def known_call() -> Call | None:
    """The request of this task; None outside of any request."""
    return _CALL.get(None)


def current_request_id() -> str | None:
    """Id of the request of this task; None outside of any request."""
    call = _CALL.get(None)
    return call.request_id if call else None


def answer(
    schema: type[E],
    result: object,
    *,
    function: str | None = None,
    data_source: str | None = None,
    merged: Mapping[str, Any] | None = None,
    caveats: Iterable[Reason] = (),
    **metadata: Any,
) -> E:
    """The envelope of a result: what the schema shows of it, and a warning for each reason.

    Parameters
    ----------
    schema : type
        `Envelope[Data]`, or `Envelope[Data, Meta]` where `Meta` names the documented extras.
    result : object
        A domain Result, or a mapping; read by attribute through the aliases of the schema.
    function : str, optional
        The library call that gives the same number, such as ``nautilus.risk.check_limits``.
    data_source : str, optional
        The one source of every series in this answer.
    merged : mapping, optional
        What the endpoint adds under the domain's names: ids, or further Results.
    caveats : iterable of Reason
        Reasons that belong to no Result, such as what the request left out.
    **metadata
        The documented extras of `Meta`; an undeclared one raises.

    Returns
    -------
    Envelope

    Examples
    --------
    >>> from nautilus.server.schemas.standard import EngineStateView
    >>> slow = Reason("TIMEOUT", ("response_time_ms",), "No answer in 1 s.", have=1.0)
    >>> state = {"status": "timeout", "response_time_ms": float("nan")}
    >>> reply = answer(Envelope[EngineStateView], state, caveats=[slow])
    >>> reply.data.response_time_ms, reply.metadata.warnings[0].field
    (None, 'response_time_ms')
    """
    data_model, meta_model = _parts(schema)
    extra = merged or {}
    data = data_model.model_validate(_Joined(result, extra) if extra else result)
    found = [*reasons(result), *(reasons(extra) if extra else ())]
    found += [(name, reason) for reason in caveats for name in reason.fields or ("",)]
    return schema(
        data=data,
        metadata=meta_model(
            **_standard(),
            function=function,
            data_source=data_source,
            warnings=list(_warnings(data_model, found)),
            **metadata,
        ),
    )


def failure_body(errors: list[dict[str, Any]]) -> bytes:
    """JSON of the envelope of a refused request; NaN in an error becomes null."""
    body = {
        "success": False,
        "data": None,
        "metadata": {
            **_standard(),
            "version": API_VERSION,
            "function": None,
            "data_source": None,
            "data_as_of": None,
            "n_observations": None,
            "warnings": [],
        },
        "errors": errors,
    }
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY
    return orjson.dumps(body, default=str, option=options)


def _standard() -> dict[str, Any]:
    call = current_call()
    return {
        "engine": call.engine,
        "request_id": call.request_id,
        "processing_time_ms": call.elapsed_ms,
        "timestamp": datetime.now(UTC),
        "library_version": nautilus.__version__,
    }


def _warnings(model: type[BaseModel], found: Iterable[tuple[str, Reason]]) -> Iterable[WarningItem]:
    for path, reason in found:
        for shown in documented_paths(model, path):
            yield WarningItem(
                code=reason.code,
                field=shown or None,
                message=reason.message,
                have=reason.have,
                need=reason.need,
            )


@cache
def _parts(schema: type[Envelope[Any, Any]]) -> tuple[type[BaseModel], type[Any]]:
    data, meta = (schema.model_fields[name].annotation for name in ("data", "metadata"))
    (model,) = [part for part in getattr(data, "__args__", (data,)) if part is not type(None)]
    return model, meta  # type: ignore[return-value]


class _Joined:
    """A result with the names that an endpoint adds to it."""

    def __init__(self, result: object, merged: Mapping[str, Any]) -> None:
        self._result, self._merged = result, merged

    def __getattr__(self, name: str) -> Any:
        if name in self._merged:
            return self._merged[name]
        if isinstance(self._result, Mapping):
            if name in self._result:
                return self._result[name]
            raise AttributeError(name)
        return getattr(self._result, name)
