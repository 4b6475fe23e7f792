"""Package exports that are imported at first use (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str, modules: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package whose names live in `modules`.

    Parameters
    ----------
    package : str
        `__name__` of the package.
    modules : mapping of submodule -> public names in it
        An empty sequence exports the submodule itself.

    Returns
    -------
    tuple of callables
        Assign them to `__getattr__` and `__dir__`.

    Examples
    --------
    >>> getter, names = lazy_exports("nautilus.core", {"errors": ["ParameterError"]})
    >>> getter("ParameterError").__name__, names()
    ('ParameterError', ['ParameterError'])
    """
    home = {name: module for module, names in modules.items() for name in names}
    home |= {module: "" for module, names in modules.items() if not names}

    def __getattr__(name: str) -> Any:
        module = home.get(name)
        if module is None:
            if not name.startswith("_"):
                try:
                    return importlib.import_module(f"{package}.{name}")
                except ModuleNotFoundError as error:
                    if error.name != f"{package}.{name}":
                        raise
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}{_close(name, home)}"
            )
        target = importlib.import_module(f"{package}.{module or name}")
        value = getattr(target, name) if module else target
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted(home)

    return __getattr__, __dir__


def _close(name: str, known: Mapping[str, str]) -> str:
    import difflib

    matches = difflib.get_close_matches(name, known, n=3)
    return f"; did you mean {', '.join(matches)}?" if matches else ""
