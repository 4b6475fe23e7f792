"""The envelope, the bases of views and bodies, and the kinds of value they are made of."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Generic

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from typing_extensions import TypeVar

__all__ = [
    "API_VERSION",
    "Body",
    "Count",
    "Data",
    "Envelope",
    "ErrorItem",
    "Failure",
    "Finite",
    "LongBody",
    "Many",
    "Meta",
    "Metadata",
    "Moment",
    "Number",
    "PortfolioId",
    "Symbol",
    "Text",
    "View",
    "WarningItem",
]

API_VERSION = "1.0.0"
MOST_ITEMS = 10_000
_ID = r"^[A-Za-z0-9._:-]{1,64}$"

T = TypeVar("T")


def _finite_or_none(value: Any) -> Any:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _utc(value: Any) -> Any:
    if hasattr(value, "astype"):  # numpy and pandas times; nanoseconds have no datetime
        value = value.astype("datetime64[us]").item()
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    return value


Number = Annotated[float | None, BeforeValidator(_finite_or_none)]
Count = int | None
Text = str | None
Moment = Annotated[datetime | None, BeforeValidator(_utc)]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Many = Annotated[list[T], Field(max_length=MOST_ITEMS)]
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:^=/-]{1,32}$")]
PortfolioId = Annotated[str, Path(pattern=_ID, description="Id of a portfolio.")]


class View(BaseModel):
    """What a Result looks like on the wire: documented names, aliases to the domain's names.

    Every field is nullable, numbers are `Number`, nothing is computed here.
    """

    model_config = ConfigDict(from_attributes=True, validate_by_name=True, validate_by_alias=True)


class Body(BaseModel):
    """What a request may carry: finite numbers, bounded text, no unknown field."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_max_length=10_000)


class LongBody(Body):
    """What a request may carry whose work may take long."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    as_job: bool = Field(
        default=False,
        alias="async",
        description="Answer 202 with a job at once; else only what takes long becomes a job.",
    )


class WarningItem(BaseModel):
    """Why a field is null or needs a caveat; `have` of the `need` that its message names."""

    code: str
    field: Text = None
    message: str
    have: Number = None
    need: Number = None


class ErrorItem(BaseModel):
    """What was wrong, where, and what to do."""

    model_config = ConfigDict(extra="allow")

    code: str
    field: Text = None
    message: str
    hint: Text = None


class Metadata(BaseModel):
    """Who answered, how long it took and which library call gives the same number."""

    model_config = ConfigDict(extra="forbid")

    engine: str
    version: str = API_VERSION
    request_id: str
    processing_time_ms: Number
    timestamp: Moment
    function: Text = None
    library_version: str
    data_source: Text = None
    data_as_of: Moment = None
    n_observations: Count = None
    warnings: list[WarningItem] = Field(default_factory=list)


Data = TypeVar("Data")
Meta = TypeVar("Meta", bound=Metadata, default=Metadata)


class Envelope(BaseModel, Generic[Data, Meta]):
    """The documented shape of every answer that is not bare."""

    success: bool = True
    data: Data | None
    metadata: Meta
    errors: list[ErrorItem] = Field(default_factory=list)


class Failure(Envelope[None, Metadata]):
    """The same shape when the request was refused or could not be answered."""

    success: bool = False
    data: None = None
