"""Where a field of a domain result stands in the documented answer."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo

__all__ = ["documented_paths"]

Tokens = tuple[str, ...]


@lru_cache(maxsize=4096)
def documented_paths(model: type[BaseModel], path: str) -> tuple[str, ...]:
    """Names under which a view shows what the domain calls `path`; empty if it does not show it.

    Parameters
    ----------
    model : type
        A view.
    path : str
        Dotted path as `core.results.reasons` yields it; "" is the whole result.

    Returns
    -------
    tuple of str
        "" stands for the whole answer.

    Examples
    --------
    >>> from pydantic import Field
    >>> class Risk(BaseModel):
    ...     portfolio_var_1d: float | None = Field(validation_alias="value_at_risk")
    >>> documented_paths(Risk, "value_at_risk"), documented_paths(Risk, "kurtosis")
    (('portfolio_var_1d',), ())
    """
    tokens = tuple(path.split(".")) if path else ()
    return tuple(dict.fromkeys(".".join(shown) for shown in _walk(model, tokens)))


def _walk(kind: Any, tokens: Tokens) -> Iterator[Tokens]:
    if not tokens:
        yield ()
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _through_model(kind, tokens)
    else:
        yield from _through_annotation(kind, tokens)


def _through_annotation(kind: Any, tokens: Tokens) -> Iterator[Tokens]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _walk(arguments[0], tokens)
    elif origin in (Union, types.UnionType):
        for part in arguments:
            if part is not type(None):
                yield from _walk(part, tokens)
    elif isinstance(origin, type) and issubclass(origin, (Mapping, Sequence)) and arguments:
        for shown in _walk(arguments[-1 if issubclass(origin, Mapping) else 0], tokens[1:]):
            yield tokens[0], *shown
    else:
        yield ()


def _through_model(model: type[BaseModel], tokens: Tokens) -> Iterator[Tokens]:
    for name, field in model.model_fields.items():
        for alias in _aliases(name, field):
            if tokens[: len(alias)] == alias:
                for shown in _walk(field.annotation, tokens[len(alias) :]):
                    yield name, *shown
            elif alias[: len(tokens)] == tokens:
                yield ()


def _aliases(name: str, field: FieldInfo) -> Iterator[Tokens]:
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias or name]
    for choice in choices:
        if isinstance(choice, AliasPath):
            yield tuple(str(part) for part in choice.path)
        else:
            yield (choice,)
