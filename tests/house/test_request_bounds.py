"""Whatever a request may carry is bounded: lists, texts, mappings, numbers."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import BaseModel

from nautilus.server import ENGINES
from nautilus.server.engine import engine_module, root_router
from nautilus.server.openapi import document_text
from nautilus.server.schemas.bases import Body

# Sent on as it came; the largest body bounds it.
FREE = {"BroadcastMessage"}
BOUNDED_TEXT = {"maxLength", "enum", "const", "format"}
ENDS = re.compile(r"\{\d+(,\d+)?\}\$?$")


def requests(document):
    """(where, schema) of every body and parameter; headers are bounded as a whole."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield where, content["schema"]
            for parameter in operation.get("parameters", ()):
                if parameter["in"] != "header":
                    yield f"{where} {parameter['name']}", parameter["schema"]


def unbounded(document, schema, where, inside=()):
    """Every place in a schema that takes as much as one likes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in (*inside, *FREE):
            model = document["components"]["schemas"][name]
            yield from unbounded(document, model, f"{where}:{name}", (*inside, name))
        return
    for choice in (c for key in ("anyOf", "oneOf", "allOf") for c in schema.get(key, ())):
        yield from unbounded(document, choice, where, inside)
    check = {"array": array, "string": text, "object": mapping}.get(schema.get("type"))
    if check is not None:
        yield from check(document, schema, where, inside)


def array(document, schema, where, inside):
    if "maxItems" not in schema:
        yield f"{where}: a list"
    for part in (schema.get("items", {}), *schema.get("prefixItems", ())):
        yield from unbounded(document, part, f"{where}[]", inside)


def text(document, schema, where, inside):
    if not (schema.keys() & BOUNDED_TEXT or ENDS.search(schema.get("pattern", ""))):
        yield f"{where}: a text"


def mapping(document, schema, where, inside):
    for name, part in schema.get("properties", {}).items():
        yield from unbounded(document, part, f"{where}.{name}", inside)
    others = schema.get("additionalProperties", "properties" not in schema)
    if others is not False and "maxProperties" not in schema:
        yield f"{where}: a mapping"
    if isinstance(others, dict):
        yield from unbounded(document, others, f"{where}{{}}", inside)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_every_request_is_bounded(engine):
    document = json.loads(document_text(engine))
    found = [
        place
        for where, schema in requests(document)
        for place in unbounded(document, schema, where)
    ]
    assert not found, "give it a max_length, a pattern with an end, or an enum"


def test_the_check_finds_what_has_no_bound():
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": "string"}},
            "b": {"anyOf": [{"type": "string", "pattern": "^[a-z]+$"}, {"type": "null"}]},
            "c": {"type": "string", "pattern": "^[a-z]{1,64}$"},
            "d": {"type": "object"},
        },
        "additionalProperties": False,
    }
    assert list(unbounded({}, schema, "x")) == [
        "x.a: a list",
        "x.a[]: a text",
        "x.b: a text",
        "x.d: a mapping",
    ]


def bodies():
    for engine in ENGINES:
        module = engine_module(engine)
        for route in (*module.router.routes, *root_router(module).routes):
            field = getattr(route, "body_field", None)
            if field is not None:
                yield field.field_info.annotation


def parts(model, seen):
    """A model and every model that its fields mention."""
    for part in (model, *getattr(model, "__args__", ())):
        if isinstance(part, type) and issubclass(part, BaseModel) and part not in seen:
            seen.add(part)
            for field in part.model_fields.values():
                parts(field.annotation, seen)
        elif part is not model:
            parts(part, seen)
    return seen


def test_every_body_takes_finite_numbers_and_no_unknown_field():
    models = {part for body in bodies() for part in parts(body, set())}
    assert models
    for model in models:
        assert issubclass(model, Body), f"{model.__name__} is no Body"
        assert model.model_config["allow_inf_nan"] is False, model.__name__
        free = model.__name__ in FREE
        assert model.model_config["extra"] == ("allow" if free else "forbid"), model.__name__
