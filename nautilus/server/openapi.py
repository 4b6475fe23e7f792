"""The OpenAPI documents: what FastAPI writes, made true, and as files that are committed.

`python -m nautilus.server.openapi docs/openapi` writes one file per engine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from nautilus.server.guard import OPEN
from nautilus.server.registry import ENGINES

__all__ = ["completed", "document_text", "write_documents"]

_OF_BODIES = frozenset({"400", "408", "409", "413", "415"})
_OF_VALUES = frozenset({"404", "422"})
_OF_TOKENS = frozenset({"401"})
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Where authentication is on; GET /info lists the scopes.",
}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the answers that each operation can give, all errors as JSON."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            operation["responses"] = dict(_answers(method, path, operation))
            if path not in OPEN:
                operation["security"] = [{"bearer": []}, {}]
    document.setdefault("components", {})["securitySchemes"] = {"bearer": _BEARER}
    return document


def _answers(method: str, path: str, operation: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    missing = bool(operation.get("x-not-built", False))
    left_out = set() if method == "post" else set(_OF_BODIES)
    if path in OPEN:
        left_out |= _OF_TOKENS
    if method == "get" and not operation.get("parameters"):
        left_out |= _OF_VALUES
    if not missing and operation["operationId"] != "process":
        left_out.add("501")
    for status, answer in sorted(operation["responses"].items()):
        if status in left_out or (missing and status < "400"):
            continue
        yield status, _as_json(answer) if status >= "400" else answer


def _as_json(answer: dict[str, Any]) -> dict[str, Any]:
    """An error is the same object whatever a success would have been."""
    ((_, content),) = answer.get("content", {"": {}}).items()
    return {**answer, "content": {"application/json": content}}


def document_text(engine: str) -> str:
    """The document of an engine as its file has it.

    Examples
    --------
    >>> document_text("risk").splitlines()[1]
    '  "components": {'
    """
    from nautilus.server.app import create_app

    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(create_app(engine).openapi(), option=options).decode()


def write_documents(folder: Path) -> None:
    """Write all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for engine in ENGINES:
        (folder / f"{engine}.json").write_text(document_text(engine), encoding="utf-8")


if __name__ == "__main__":
    write_documents(Path(sys.argv[1]))
