import subprocess
import sys
import textwrap

import pytest

import nautilus as nt
from nautilus.core.lazy import lazy_exports


def test_a_close_name_is_offered():
    with pytest.raises(
        AttributeError, match="'nautilus' has no attribute 'strem'; did you mean stream"
    ):
        _ = nt.strem


def test_a_name_like_nothing_is_an_attribute_error():
    assert not hasattr(nt, "zzzzz")
    with pytest.raises(AttributeError, match="has no attribute '_hidden'"):
        _ = nt._hidden


def test_an_undeclared_submodule_is_reachable_and_not_listed():
    assert nt.core.__name__ == "nautilus.core"
    assert "core" not in dir(nt)


def test_names_are_sorted_and_stay_after_the_first_use():
    assert dir(nt) == sorted(dir(nt))
    assert nt.stream is vars(nt)["stream"]


@pytest.fixture
def package(tmp_path, monkeypatch):
    home = tmp_path / "lazyhouse"
    home.mkdir()
    (home / "__init__.py").write_text(
        textwrap.dedent(
            """
            from nautilus.core.lazy import lazy_exports
            __getattr__, __dir__ = lazy_exports(
                __name__, {"rooms": ["Kitchen", "Attic"], "broken": ["Door"], "cellar": []}
            )
            """
        )
    )
    (home / "rooms.py").write_text("class Kitchen: pass\n")
    (home / "broken.py").write_text("import nowhere_to_be_found\n")
    (home / "cellar.py").write_text("depth = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("lazyhouse")
    for name in [n for n in sys.modules if n.split(".")[0] == "lazyhouse"]:
        del sys.modules[name]


def test_a_module_is_imported_at_the_first_use_of_its_name(package):
    assert "lazyhouse.rooms" not in sys.modules
    assert package.Kitchen is sys.modules["lazyhouse.rooms"].Kitchen


def test_an_empty_list_exports_the_module_itself(package):
    assert package.cellar.depth == 3
    assert dir(package) == ["Attic", "Door", "Kitchen", "cellar"]


def test_a_library_that_is_missing_inside_is_not_hidden(package):
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        _ = package.Door
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        _ = package.broken


def test_a_name_that_its_module_lacks_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="Attic"):
        _ = package.Attic


def test_star_import_brings_public_names_only():
    names: dict[str, object] = {}
    exec("from nautilus.indicators import *", names)
    assert {"rsi", "sma", "ema"} <= set(names)
    assert "lazy_exports" not in names


def test_a_getter_alone_works_without_the_package():
    getter, names = lazy_exports("nautilus.core", {"versions": ["show_versions"]})
    assert getter("show_versions")()["python"] == sys.version.split()[0]
    assert names() == ["show_versions"]


def test_importing_the_package_imports_nothing_of_it():
    script = "import sys, nautilus; print([m for m in sys.modules if m.startswith('nautilus.')])"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "['nautilus.core', 'nautilus.core.lazy']"
