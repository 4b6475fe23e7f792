"""Every public name: a law, a docstring that tells enough, an example, and one place to look."""

import ast
import dataclasses
import doctest
import importlib
import inspect

import pytest

from ..laws.cases import CASES
from .public import AT_THE_TOP, NAMES, PACKAGES, ROOT, public

every = pytest.mark.parametrize("package, name", [*AT_THE_TOP, *NAMES])
in_packages = pytest.mark.parametrize("package, name", NAMES)
LAWFUL = {id(case.function) for case in CASES}


@in_packages
def test_a_public_name_has_a_law(package, name):
    assert id(public(package, name)) in LAWFUL, f"add a row for {package}.{name} to cases.py"


def sections(text):
    """Headings of a numpy docstring with what stands below them."""
    found, current = {"": []}, ""
    lines = text.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line and set(below) == {"-"} and len(below) >= len(line):
            current = line
            found[current] = []
        elif set(line) != {"-"}:
            found[current].append(line)
    return found


@every
def test_a_public_name_has_a_numpy_docstring(package, name):
    member = public(package, name)
    found = sections(inspect.getdoc(member) or "")
    assert found[""], "one line says what it is"
    assert found[""][0].endswith((".", ":")), found[""][0]
    takes = [p for p in parameters(member) if p not in ("self", "reasons")]
    assert not takes or "Parameters" in found
    if not isinstance(member, type):
        assert "Returns" in found


@every
def test_the_docstring_names_the_parameters_of_the_signature(package, name):
    member = public(package, name)
    if isinstance(member, type):
        return
    found = sections(inspect.getdoc(member) or "").get("Parameters", [])
    heads = [line for line in found if line and not line.startswith(" ")]
    named = [n.strip().lstrip("*") for line in heads for n in line.split(" : ")[0].split(",")]
    assert sorted(named) == sorted(parameters(member))


def parameters(member):
    if isinstance(member, type) and not dataclasses.is_dataclass(member):
        return []
    return list(inspect.signature(member).parameters)


@every
def test_a_public_function_has_a_runnable_example(package, name):
    member = public(package, name)
    tests = doctest.DocTestFinder(recurse=False).find(member, name)
    examples = [e for test in tests for e in test.examples]
    assert examples or isinstance(member, type)
    assert not any(e.options.get(doctest.OPTIONFLAGS_BY_NAME["SKIP"]) for e in examples)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_submodule_bears_the_name_of_a_public_name(package):
    home = ROOT / package
    inside = {p.stem for p in home.glob("*.py")} | {p.name for p in home.iterdir() if p.is_dir()}
    assert not inside & set(importlib.import_module(f"nautilus.{package}").__all__)


def declared(package):
    """(`__all__`, names imported for type checkers, names in the lazy table) of a package."""
    path = ROOT / package / "__init__.py"
    listed, typed, lazy = [], [], []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If):
            imports = [n for n in node.body if isinstance(n, (ast.Import, ast.ImportFrom))]
            typed = [(a.asname, a.name.split(".")[-1]) for n in imports for a in n.names]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            listed = ast.literal_eval(node.value)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            table = ast.literal_eval(node.value.args[1])
            lazy = [n for m, names in table.items() for n in (names or [m])]
    return listed, typed, lazy


@pytest.mark.parametrize("package", ["", *PACKAGES])
def test_a_package_lists_the_same_names_to_people_checkers_and_python(package):
    listed, typed, lazy = declared(package)
    assert listed == sorted(listed)
    assert all(alias == name for alias, name in typed)
    assert sorted(name for _, name in typed) == sorted(listed)
    assert sorted(lazy) == sorted(listed)
    module = importlib.import_module(f"nautilus.{package}" if package else "nautilus")
    assert dir(module) == listed
    assert module.__doc__


@in_packages
def test_options_come_by_keyword(package, name):
    """Indicators are the exception: they drop into other backtesters by position."""
    member = public(package, name)
    if isinstance(member, type) or package == "indicators":
        return
    positional = [
        p.name
        for p in inspect.signature(member).parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD and isinstance(p.default, (bool, int, float, str))
    ]
    assert positional == []


def test_nothing_is_called_by_a_name_that_says_nothing():
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "tools"}
    assert not [p for p in ROOT.rglob("*.py") if p.stem in vague]
