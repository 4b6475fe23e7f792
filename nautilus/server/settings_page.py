"""The table of all settings: `python -m nautilus.server.settings_page`."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from nautilus.server.settings import Settings

__all__ = ["settings_table"]


def settings_table() -> str:
    """A Markdown table of every `NAUTILUS_*` variable.

    Examples
    --------
    >>> settings_table().splitlines()[2]
    '| `NAUTILUS_HOST` | `127.0.0.1` | Address to listen on; beyond loopback only with auth. |'
    """
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(
            f"| `NAUTILUS_{name.upper()}` | {_default(field)} | {field.description or ''} |"
        )
    return "\n".join(rows) + "\n"


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return "computed"
    value = field.default
    if value is None or isinstance(value, SecretStr) or value in ((), {}):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    print(settings_table(), end="")
