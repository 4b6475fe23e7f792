"""Kernels: compiled when it pays, the same bits either way, never yesterday's callee."""

import math
import os
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest

from nautilus.core import jit
from nautilus.core.errors import MissingExtraError

SCALE = 3.0


def square(x: float) -> float:
    return x * x


def poly(x: float, y: float) -> float:
    return SCALE * square(x) + y / 3.0 + math.sqrt(y)


def addition(x: float) -> float:
    return x + 1.0


def total(values: np.ndarray) -> float:
    result = 0.0
    for i in range(len(values)):
        result = result + addition(values[i])
    return result


@pytest.fixture
def budget(monkeypatch):
    """A process that has counted no work yet, with numba's prices set by hand."""
    monkeypatch.setattr(jit, "_work_done", 0)
    monkeypatch.setattr(jit, "_loaded", set())
    monkeypatch.setenv("NAUTILUS_JIT", "1")
    monkeypatch.setattr(jit, "_price", lambda function: 100)


def test_compiled_equals_interpreted_to_the_bit():
    fast = jit.compiled(poly)
    for x, y in np.random.default_rng(1).uniform(0, 1e3, (200, 2)).tolist():
        assert fast(x, y) == poly(x, y)


def test_who_may_not_wait_takes_what_is_loaded(budget):
    with jit.only_loaded():
        assert jit.kernel(poly, 10**9) is poly
        jit.warm_up(poly, 1.0, 2.0)
        assert jit.kernel(poly, 10**9) is jit.compiled(poly)
    assert jit.is_loaded(square)


def test_compiling_twice_gives_the_same_clone_and_leaves_the_function_alone():
    assert jit.compiled(poly) is jit.compiled(poly)
    assert jit.is_loaded(poly)
    assert jit.is_loaded(square)
    assert type(poly) is type(
        test_compiling_twice_gives_the_same_clone_and_leaves_the_function_alone
    )


def test_interpreted_steps_are_counted_until_compiling_pays(budget):
    assert jit.kernel(addition, 60) is addition
    assert jit.counted_work() == 60
    assert jit.kernel(square, 40) is square
    assert jit.counted_work() == 100
    assert jit.kernel(addition, 1) is not addition
    assert jit.counted_work() == 100
    assert jit.is_loaded(addition)
    assert not jit.is_loaded(square)


def test_a_loaded_kernel_is_used_from_twenty_steps(budget):
    jit.kernel(total, 101)
    assert jit.is_loaded(total)
    assert jit.kernel(total, 20) is not total
    assert jit.kernel(total, 19) is total
    assert jit.counted_work() == 19


def test_a_column_counts_itself_and_pays_for_the_panel(budget):
    assert jit.kernel(addition, 90, counted=9) is addition
    assert jit.counted_work() == 9
    assert jit.kernel(addition, 92, counted=9) is not addition


def test_switched_off_nothing_compiles(budget, monkeypatch):
    monkeypatch.setenv("NAUTILUS_JIT", "0")
    assert not jit.is_available()
    assert jit.kernel(addition, 10**9) is addition
    jit.warm_up(addition, 1.0)
    assert not jit.is_loaded(addition)


def test_without_numba_everything_is_interpreted_and_compiling_names_the_extra(budget, monkeypatch):
    monkeypatch.setattr(jit, "_numba_installed", lambda: False)
    assert not jit.is_available()
    assert jit.kernel(addition, 10**9) is addition
    with pytest.raises(
        MissingExtraError, match=r"compiling kernels needs numba. pip install 'nautilus"
    ):
        jit.compiled(lambda x: x)


def test_the_price_falls_once_numba_is_there_and_once_the_kernel_is_on_disk(monkeypatch):
    monkeypatch.setattr(jit, "_on_disk", lambda function: True)
    assert jit._price(addition) == jit._PAYS_WHEN_CACHED
    monkeypatch.setattr(jit, "_on_disk", lambda function: False)
    assert jit._price(addition) == jit._PAYS_WHEN_UNCACHED
    monkeypatch.delitem(sys.modules, "numba")
    assert jit._price(addition) == jit._PAYS_BEFORE_NUMBA
    assert jit._PAYS_WHEN_CACHED < jit._PAYS_WHEN_UNCACHED < jit._PAYS_BEFORE_NUMBA


def test_warm_up_compiles_now(budget):
    third = fresh("def third(x): return x / 3.0")["third"]
    jit.warm_up(third, 1.0)
    assert jit.is_loaded(third)
    assert len(jit.compiled(third).signatures) == 1


def fresh(text, **scope):
    """The functions of a module text, compiled apart from any file."""
    exec(textwrap.dedent(text), scope)
    return scope


def test_the_digest_covers_code_constants_callees_and_their_constants():
    text = """
    K = 2.0
    def leaf(x): return x + K
    def branch(x, y=1.0): return leaf(x) * y
    """
    original = jit.digest(fresh(text)["branch"])
    assert original == jit.digest(fresh(text)["branch"])
    for old, new in (
        ("K = 2.0", "K = 3.0"),
        ("x + K", "x - K"),
        ("* y", "/ y"),
        ("y=1.0", "y=2.0"),
    ):
        assert jit.digest(fresh(text.replace(old, new))["branch"]) != original


def test_the_digest_sees_into_comprehensions_and_is_alike_each_time():
    text = """
    def leaf(x): return x + 1.0
    def branch(xs): return [leaf(x) for x in xs]
    """
    original = jit.digest(fresh(text)["branch"])
    assert original == jit.digest(fresh(text)["branch"])
    assert jit.digest(fresh(text.replace("+ 1.0", "+ 2.0"))["branch"]) != original


def test_the_digest_sees_constants_of_other_modules():
    def digest_with(value):
        constants = types.ModuleType("constants")
        constants.RATE = value
        return jit.digest(fresh("def f(x): return x * constants.RATE", constants=constants)["f"])

    assert digest_with(1.0) == digest_with(1.0)
    assert digest_with(1.0) != digest_with(2.0)


CALLEE = "RATE = {rate}\n\ndef inner(x: float) -> float:\n    return x * {factor} + RATE\n"
CALLER = """
from callee import inner

def outer(values):
    total = 0.0
    for i in range(len(values)):
        total = total + inner(values[i])
    return total
"""
RUN = """
import numpy as np
from caller import outer
from nautilus.core.jit import compiled, bound
from nautilus.core.scans import scan_1
import steps
clone = compiled(outer)
out = np.empty(3)
scan = compiled(bound(scan_1, step=steps.step))
scan(np.ones(3), out, (0.0,), (2.0,))
value = clone(np.ones(3))
print(value, out[2], *(sum(f.stats.cache_hits.values()) for f in (clone, scan)))
"""
STEPS = """
from callee import inner

def step(state, x, p):
    return (state[0] + inner(x) * p,), state[0]
"""


def run_in(folder):
    env = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-c", RUN]
    found = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    value, scanned, hits, scan_hits = found.stdout.split()
    return float(value), float(scanned), int(hits), int(scan_hits)


def test_an_edited_callee_in_another_file_gives_the_new_number(tmp_path):
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "steps.py").write_text(STEPS)
    callee = tmp_path / "callee.py"
    callee.write_text(CALLEE.format(rate=1.0, factor=2.0))
    assert run_in(tmp_path) == (9.0, 12.0, 0, 0)
    assert run_in(tmp_path) == (9.0, 12.0, 1, 1)
    callee.write_text(CALLEE.format(rate=1.0, factor=5.0))
    assert run_in(tmp_path)[:2] == (18.0, 24.0)
    callee.write_text(CALLEE.format(rate=10.0, factor=5.0))
    assert run_in(tmp_path)[:2] == (45.0, 60.0)


def test_a_function_without_a_file_compiles_without_a_cache():
    half = fresh("def half(x): return x / 2.0")["half"]
    assert jit.compiled(half)(3.0) == 1.5
    assert not jit._on_disk(half)


def test_bound_replaces_names_and_keeps_the_template():
    def template(x: float) -> float:
        return square(x)

    assert jit.bound(template, square=addition)(3.0) == 4.0
    assert template(3.0) == 9.0
    assert jit.bound(template, square=addition) is jit.bound(template, square=addition)
    assert jit.compiled(jit.bound(template, square=addition))(3.0) == 4.0
