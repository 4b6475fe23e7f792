"""What is imported, when, and through which door."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from .public import PACKAGES, modules

HEAVY = {"pandas", "polars", "scipy", "numba", "matplotlib", "sklearn", "cvxpy", "arch"}
WEB = {"fastapi", "starlette", "uvicorn", "pydantic", "sqlalchemy", "redis"}
DOORS = {
    "pandas": ("core/frames/",),
    "polars": (
        "core/frames/",
        "marketdata/",
        "factors/",
        "server/market/",
        "server/features/",
        "indicators/expressions.py",
    ),
    "numba": ("core/jit.py",),
    "matplotlib": ("core/plot.py", "reports/figures.py"),
    "cvxpy": ("portfolio/solvers.py",),
    "arch": ("risk/garch.py", "ml/validation.py"),
    "sklearn": ("ml/",),
    "msgspec": ("marketdata/tick_messages.py",),
    "redis": ("server/bus/redis_connection.py",),
    "httpx2": ("marketdata/sources/transport.py",),
    "stamina": ("marketdata/sources/connector.py",),
    **{name: ("server/",) for name in WEB - {"redis"}},
}
# Their whole work is frames or connections, and they are imported at the first use of a name.
FRAME_WORK = (
    "marketdata/store/",
    "marketdata/sources/",
    "marketdata/quality/",
    "marketdata/binance_messages.py",
    "marketdata/tick_messages.py",
    "marketdata/ingestion.py",
)
AT_FIRST_USE = {"marketdata": {"Store"}}


def imported_by(script):
    found = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in found.stdout.split()}


def test_importing_the_library_imports_nothing_heavy_not_even_numpy():
    assert not imported_by("import nautilus as nt") & (HEAVY | WEB | {"numpy"})


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_imports_nothing_heavy(package):
    assert not imported_by(f"import nautilus.{package}") & (HEAVY | WEB)


@pytest.mark.parametrize("package", PACKAGES)
def test_naming_every_function_of_a_package_imports_nothing_heavy(package):
    left = AT_FIRST_USE.get(package, set())
    script = f"""import nautilus.{package} as p
for name in p.__all__: name in {left or "()"} or getattr(p, name)"""
    assert not imported_by(script) & (HEAVY | WEB)


def test_a_metric_of_an_array_imports_nothing_but_numpy():
    script = "import nautilus as nt\nnt.analytics.sharpe_ratio([0.01, 0.02, -0.01] * 30)"
    assert not imported_by(script) & (HEAVY | WEB)


@cache
def imports():
    """(path, imported module, at the top) of every import that runs."""
    return [(path, name, at_top) for path, tree in modules() for name, at_top in imports_of(tree)]


def imports_of(tree):
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in tree.body
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node in tree.body


def test_every_library_has_its_door():
    wrong = [
        f"{path} imports {name}"
        for path, name, _ in imports()
        for door in [DOORS.get(name.split(".")[0])]
        if door is not None and not path.startswith(door)
    ]
    assert wrong == []


def test_heavy_imports_stand_inside_functions():
    wrong = [
        f"{path} imports {name} at its top"
        for path, name, at_top in imports()
        if at_top and name.split(".")[0] in HEAVY and not path.startswith(FRAME_WORK)
    ]
    assert wrong == []


def test_domain_modules_import_only_numpy_and_the_standard_library_at_the_top():
    allowed = {"numpy", "nautilus", *sys.stdlib_module_names}
    wrong = [
        f"{path} imports {name} at its top"
        for path, name, at_top in imports()
        if at_top
        and not path.startswith(("server/", *FRAME_WORK))
        and name.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_engines_do_no_arithmetic():
    wrong = [
        f"{path} imports {name}"
        for path, name, _ in imports()
        if path.startswith("server/engines/") and name.split(".")[0] in {"numpy", "pandas", "scipy"}
    ]
    assert wrong == []


def test_core_knows_nothing_of_finance():
    wrong = [
        f"{path} imports {name}"
        for path, name, _ in imports()
        if path.startswith("core/")
        and name.startswith("nautilus.")
        and not name.startswith("nautilus.core")
    ]
    assert wrong == []
