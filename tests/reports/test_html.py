import sys

import pytest

from nautilus.core.errors import MissingExtraError, ParameterError
from nautilus.reports import html


def test_a_title_is_text_and_not_markup():
    assert "<title>&lt;script&gt;</title>" in html.page("<script>", "")


def test_an_unknown_name_in_a_template_is_an_error():
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError, match="'title' is undefined"):
        html.part("page.html", body="")


def test_a_page_is_written_as_utf8_and_its_path_returned(tmp_path):
    path = html.write_page(tmp_path / "a.html", "−", "<p>ü</p>")
    assert "<p>ü</p>" in path.read_bytes().decode()


@pytest.mark.parametrize("name", ["a.pdf", "a"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(ParameterError, match=f"`path` must end in .html, got '{name}'"):
        html.write_page(tmp_path / name, "", "")


def test_without_jinja2_the_extra_is_named(monkeypatch):
    html._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nautilus-quant\[reports\]'"):
        html.page("", "")
    html._environment.cache_clear()
