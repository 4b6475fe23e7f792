"""Plain Python kernels, compiled by numba when that pays, equal to the bit either way.

A kernel is a typed, undecorated module-level function over floats and float64 arrays. `compiled`
makes a clone of it in which every module-level callee is a compiled clone too; the clone's name
carries a digest of all their bytecode and constants, so that numba's on-disk cache can never hand
out the number of yesterday's callee. numba is optional: without it everything runs interpreted.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

__all__ = [
    "bound",
    "compiled",
    "counted_work",
    "is_available",
    "is_loaded",
    "kernel",
    "only_loaded",
    "warm_up",
]

# What compiling costs, in interpreted steps of about 0.5 us (CPU time, Python 3.11, numba 0.68):
# numba and its first kernel 0.6 s to 0.8 s, a later kernel 5 ms from the disk cache, else 0.4 s.
_PAYS_BEFORE_NUMBA = 1_500_000
_PAYS_WHEN_CACHED = 10_000
_PAYS_WHEN_UNCACHED = 700_000
_PAYS_WHEN_LOADED = 20

_work_done = 0
_waiting_is_worse = ContextVar("only_loaded", default=False)
_loaded: set[types.FunctionType] = set()
# A call that returns several values costs twice the loop around it, so none is left.
_OPTIONS = {"nogil": True, "error_model": "numpy", "forceinline": True}


def is_available() -> bool:
    """Whether kernels can be compiled: numba is installed and NAUTILUS_JIT is not 0.

    Examples
    --------
    >>> isinstance(is_available(), bool)
    True
    """
    return os.environ.get("NAUTILUS_JIT", "1") != "0" and _numba_installed()


def is_loaded(function: Callable[..., Any]) -> bool:
    """Whether this process already holds the compiled clone, ready to be called."""
    return function in _loaded


def counted_work() -> int:
    """Interpreted steps so far, over all kernels of this process."""
    return _work_done


def kernel(
    function: Callable[..., Any], work: int, *, counted: int | None = None
) -> Callable[..., Any]:
    """The compiled clone where it pays for `work` inner steps, else the function itself.

    Parameters
    ----------
    function : callable
        A kernel.
    work : int
        Inner steps that are still to be done: columns x bars.
    counted : int, optional
        Steps of this call alone, where it is one column of a panel.

    Returns
    -------
    callable
        Both give the same bits; only the time differs.

    Examples
    --------
    >>> def twice(x: float) -> float:
    ...     return x + x
    >>> kernel(twice, 1) is twice
    True
    """
    global _work_done
    if is_available():
        if function in _loaded:
            if work >= _PAYS_WHEN_LOADED:
                return compiled(function)
        elif not _waiting_is_worse.get() and _work_done + work > _price(function):
            return compiled(function)
    _work_done += work if counted is None else counted
    return function


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled clone of a kernel; its module-level callees become compiled clones as well.

    Parameters
    ----------
    function : callable
        Undecorated, at module level, in the subset that CPython and numba run alike.

    Returns
    -------
    callable
        numba's dispatcher with an on-disk cache; compiles at its first call.

    Raises
    ------
    MissingExtraError
        numba is not installed.
    """
    dispatcher = _dispatcher(function)
    _mark(function)
    return dispatcher


@contextmanager
def only_loaded() -> Iterator[None]:
    """Nothing is compiled inside: who waits for an answer takes what `warm_up` has compiled."""
    token = _waiting_is_worse.set(True)
    try:
        yield
    finally:
        _waiting_is_worse.reset(token)


def _mark(function: Any) -> None:
    """The clone of a function is loaded, and those of its callees are."""
    _loaded.add(function)
    for callee in _callees(function).values():
        _mark(callee)


@cache
def _dispatcher(function: Callable[..., Any]) -> Callable[..., Any]:
    if not _numba_installed():
        from nautilus.core.errors import MissingExtraError

        raise MissingExtraError(
            "compiling kernels needs numba.", hint="pip install 'nautilus-quant[fast]'"
        )
    import numba

    clone = _clone(function, {name: _dispatcher(f) for name, f in _callees(function).items()})
    dispatcher = numba.njit(**_OPTIONS)(clone)
    if _cacheable(clone):
        dispatcher.enable_caching()
    return dispatcher  # type: ignore[no-any-return]


def warm_up(function: Callable[..., Any], *arguments: Any) -> None:
    """Compile a kernel now by calling its clone once; nothing happens without numba.

    Others run it interpreted until that is done.
    """
    if is_available():
        _dispatcher(function)(*arguments)
        _mark(function)


@cache
def bound(template: Callable[..., Any], **functions: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of `template` whose module-level names are replaced by `functions`.

    This is how one loop serves every step: the step becomes a plain callee, which keeps numba's
    cache, where a function passed as an argument would be compiled anew in every process.

    Examples
    --------
    >>> def outer(x: float) -> float:
    ...     return inner(x)
    >>> bound(outer, inner=abs)(-2.0)
    2.0
    """
    names = "_".join(f.__name__ for f in functions.values())
    return _copy(template, f"{template.__name__}_{names}", dict(functions))


def digest(function: Callable[..., Any]) -> str:
    """Fingerprint of a kernel: its bytecode and constants, and those of all its callees."""
    parts = hashlib.sha256(_fingerprint(function) + repr(_OPTIONS).encode())
    for name, callee in sorted(_callees(function).items()):
        parts.update(f"{name}={digest(callee)};".encode())
    for name, value in sorted(_constants(function).items()):
        parts.update(f"{name}={value!r};".encode())
    return parts.hexdigest()[:16]


def _fingerprint(function: Any) -> bytes:
    parts = [
        (
            code.co_code,
            code.co_names,
            code.co_varnames,
            [c for c in code.co_consts if c not in codes],
        )
        for codes in [_codes(function)]
        for code in codes
    ]
    return repr((parts, function.__defaults__)).encode()


def _codes(function: Any) -> list[types.CodeType]:
    """Its code and that of its comprehensions, which are functions of their own."""
    found = [function.__code__]
    for code in found:
        found += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return found


def _globals(function: Any) -> dict[str, Any]:
    """What the names in its code mean in its module."""
    names = {n for code in _codes(function) for n in code.co_names}
    return {n: v for n, v in function.__globals__.items() if n in names}


def _callees(function: Any) -> dict[str, types.FunctionType]:
    return {n: f for n, f in _globals(function).items() if isinstance(f, types.FunctionType)}


def _constants(function: Any) -> dict[str, Any]:
    """Numbers and words it reads: numba freezes those of its module and of modules it names."""
    found = _globals(function)
    names = {n for code in _codes(function) for n in code.co_names}
    for module, member in [(n, m) for n, m in found.items() if isinstance(m, types.ModuleType)]:
        found |= {f"{module}.{n}": v for n, v in vars(member).items() if n in names}
    return {n: v for n, v in found.items() if isinstance(v, (int, float, tuple, str))}


def _clone(function: Any, replaced: dict[str, Any]) -> types.FunctionType:
    return _copy(function, f"{function.__name__}_{digest(function)}", replaced)


def _copy(function: Any, name: str, replaced: dict[str, Any]) -> types.FunctionType:
    scope = {**function.__globals__, **replaced}
    clone = types.FunctionType(function.__code__, scope, name, function.__defaults__)
    clone.__qualname__ = name
    clone.__module__ = function.__module__
    return clone


def _cacheable(clone: types.FunctionType) -> bool:
    """Functions typed at a prompt have no file, and a read-only home has no place for a cache."""
    from numba.core.caching import FunctionCache

    try:
        FunctionCache(clone)
    except RuntimeError:
        return False
    return True


def _price(function: Callable[..., Any]) -> int:
    if not _numba_imported():
        return _PAYS_BEFORE_NUMBA
    return _PAYS_WHEN_CACHED if _on_disk(function) else _PAYS_WHEN_UNCACHED


def _numba_imported() -> bool:
    """Whether it is there, and not just being imported by another thread."""
    spec = getattr(sys.modules.get("numba"), "__spec__", None)
    return spec is not None and not getattr(spec, "_initializing", False)


@cache
def _on_disk(function: Any) -> bool:
    """Whether numba's on-disk index of the kernel's clone exists."""
    from numba.core.caching import FunctionCache

    clone = _clone(function, {})
    return _cacheable(clone) and os.path.isfile(FunctionCache(clone)._cache_file._index_path)


@cache
def _numba_installed() -> bool:
    return importlib.util.find_spec("numba") is not None
