"""The packages with public functions, and what each of them says about itself."""

import ast
import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

import nautilus

ROOT = Path(nautilus.__file__).parent
PACKAGES = tuple(n for n in nautilus.__all__ if isinstance(getattr(nautilus, n), ModuleType))
NAMES = [
    (package, name)
    for package in PACKAGES
    for name in importlib.import_module(f"nautilus.{package}").__all__
]
AT_THE_TOP = [("", name) for name in nautilus.__all__ if name not in PACKAGES]


def public(package, name):
    return getattr(importlib.import_module(f"nautilus.{package}" if package else "nautilus"), name)


@cache
def modules():
    """(path under the package, syntax tree) of every module."""
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(ROOT.rglob("*.py"))
    ]
