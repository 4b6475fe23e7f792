"""What is installed: the first lines of a bug report."""

from __future__ import annotations

import platform
from importlib import metadata

__all__ = ["show_versions"]

_SHOWN = (
    "nautilus-quant",
    "numpy",
    "pandas",
    "polars",
    "scipy",
    "scikit-learn",
    "cvxpy",
    "arch",
    "piqp",
    "highspy",
    "numba",
    "matplotlib",
    "fastapi",
    "uvicorn",
    "redis",
)


def show_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that matter, without importing any.

    Returns
    -------
    dict of str
        "not installed" where a library is missing.

    Examples
    --------
    >>> show_versions()["python"].count(".")
    2
    """
    found = {"python": platform.python_version(), "system": platform.platform()}
    return found | {name: _version(name) for name in _SHOWN}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
