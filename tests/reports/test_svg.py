import re

import numpy as np
import pytest

from nautilus.core.plot import COLOURS, INK, line, new_axes
from nautilus.reports.svg import VARIABLES, as_svg


def picture(label="Growth", salt="a"):
    axes = line(None, None, np.array([1.123456, 1.25, 1.375]), colour=COLOURS[0])
    axes.set_yticks([1.125, 1.375])
    return as_svg(axes.figure, label=label, salt=salt)


def test_nothing_in_it_names_an_address_a_date_or_a_font():
    text = picture()
    for forbidden in ("http", "xmlns", "metadata", "DOCTYPE", "<?xml", "font-family", "<style"):
        assert forbidden not in text


def test_colours_are_those_of_the_page_with_ours_as_fallback():
    text = picture()
    assert f"stroke: var(--series-0, {COLOURS[0]})" in text
    assert f"fill: var(--muted, {INK})" in text
    bare = re.findall(r"(?<!, )#[0-9a-f]{6}(?!\))", text)
    assert set(bare).isdisjoint(VARIABLES)


def test_coordinates_are_short_and_labels_are_whole():
    text = picture()
    assert not re.search(r'd="[^"]*\.\d\d', text)
    assert ">1.125<" in text
    assert "stroke-opacity: 0.25" in text


def test_the_label_is_read_out_and_escaped():
    assert 'role="img" aria-label="P&amp;L &quot;net&quot;"' in picture(label='P&L "net"')


def test_the_same_picture_has_the_same_bytes_and_names_of_its_own():
    assert picture() == picture()
    first, second = (set(re.findall(r'id="([^"]*)"', picture(salt=s))) for s in "ab")
    assert first
    assert first.isdisjoint(second)


def test_every_name_in_it_is_used():
    text = picture()
    names = re.findall(r' id="([^"]*)"', text)
    assert all(f"#{name}" in text for name in names)


def test_the_size_is_that_of_the_page():
    opening = as_svg(new_axes(size=(4.0, 2.0)).figure, label="x", salt="a").partition(">")[0]
    assert opening == '<svg role="img" aria-label="x" viewBox="0 0 288 144"'


@pytest.mark.parametrize("colour", VARIABLES)
def test_variables_are_named_like_css(colour):
    assert re.fullmatch(r"--[a-z0-9-]+", VARIABLES[colour])
