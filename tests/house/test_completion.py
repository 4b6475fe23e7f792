"""Typing `nt.risk.` and the tab key lists what there is, in a notebook and in an editor."""

import jedi
import pytest

import nautilus as nt

from .public import PACKAGES


def names(completions):
    return {c.name for c in completions}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_notebook_completes_every_public_name(package):
    code = f"nt.{package}."
    found = names(jedi.Interpreter(code, [{"nt": nt}]).complete())
    assert set(getattr(nt, package).__all__) <= found


@pytest.mark.parametrize("package", PACKAGES)
def test_an_editor_completes_every_public_name(package):
    code = f"import nautilus as nt\nnt.{package}."
    found = names(jedi.Script(code).complete(2, len(f"nt.{package}.")))
    assert set(getattr(nt, package).__all__) <= found


def test_the_library_itself_completes():
    assert set(nt.__all__) <= names(jedi.Interpreter("nt.", [{"nt": nt}]).complete())
    assert {"stream", "risk"} <= names(jedi.Script("import nautilus as nt\nnt.").complete(2, 3))


def test_a_signature_is_shown():
    code = "nt.risk.value_at_risk("
    (signature,) = jedi.Interpreter(code, [{"nt": nt}]).get_signatures()
    assert [p.name for p in signature.params][:2] == ["returns", "confidence"]
