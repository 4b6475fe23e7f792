import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from nautilus.core import plot
from nautilus.core.errors import MissingExtraError, ShapeError

PAGES = ("#ffffff", "#1e1e1e", "#0d1117")


def luminance(colour):
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [*plot.COLOURS, plot.GAIN, plot.LOSS, plot.INK])
def test_colours_are_readable_on_light_and_dark_pages(colour):
    assert min(contrast(colour, page) for page in PAGES) >= 3.0


def test_drawing_leaves_no_figure_open_and_shows_nothing():
    code = (
        "import sys; from nautilus.core import plot\n"
        "assert 'matplotlib' not in sys.modules\n"
        "ax = plot.line(None, None, [1.0, 2.0]); plot.underwater(ax, None, [0.0, -0.1])\n"
        "plot.bars(None, ['A'], [1.0]); plot.heat_map(None, [[1.0]], rows=['a'], columns=['b'])\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nautilus-quant\[plot\]'"):
        plot.new_axes()


def test_axes_draw_themselves_in_a_notebook():
    assert plot.new_axes(title="x")._repr_png_().startswith(b"\x89PNG")


def test_the_callers_axes_are_used_and_returned():
    axes = plot.new_axes()
    days = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]")
    assert plot.line(axes, days, [1.0, 1.1], label="a", log=True) is axes
    assert plot.underwater(axes, days, [0.0, -0.1], label="b") is axes
    assert axes.get_yscale() == "log"
    own = plot.new_axes()
    assert plot.bars(own, ["x", "y"], [1.0, -1.0], horizontal=True) is own


def test_a_gap_breaks_the_line():
    (drawn,) = plot.line(None, None, [1.0, np.nan, 2.0]).get_lines()
    assert np.isnan(drawn.get_ydata()[1])


def test_bars_say_gain_and_loss_by_colour():
    patches = plot.bars(None, ["a", "b"], [0.1, -0.1]).patches
    assert [p.get_facecolor()[:3] for p in patches] == [to_rgb(plot.GAIN), to_rgb(plot.LOSS)]


def test_a_heat_map_is_symmetric_around_zero_and_leaves_gaps_empty():
    axes = plot.heat_map(None, [[1.0, np.nan], [-4.0, 2.0]], rows="ab", columns="cd", digits=0)
    assert axes.images[0].get_clim() == (-4.0, 4.0)
    assert len(axes.texts) == 3
    empty = plot.heat_map(None, [[np.nan]], rows="a", columns="b", digits=None)
    assert empty.images[0].get_clim() == (-1.0, 1.0)


def test_lengths_that_differ_are_named():
    with pytest.raises(ShapeError, match=r"`values` must be 1-D and as long as .* got \(2,\)"):
        plot.line(None, [1, 2, 3], [1.0, 2.0])
    with pytest.raises(ShapeError, match=r"`values` must be \(1, 2\) as its labels, got \(2, 1\)"):
        plot.heat_map(None, [[1.0], [2.0]], rows=["a"], columns=["b", "c"])


def test_a_logarithmic_axis_has_plain_numbers():
    axes = plot.line(None, None, [0.8, 1.0, 1.3], log=True)
    axes.figure.canvas.draw()
    texts = {text.get_text() for text in axes.get_yticklabels()}
    assert {"0.8", "0.9", "1", "1.1"} <= texts


@pytest.mark.parametrize("values", [[1.0, 0.0], [1.0, -1.0], [np.nan, np.nan], [np.nan, 2.0]])
def test_what_has_no_logarithm_is_drawn_all_the_same(values):
    axes = plot.line(None, None, values, log=True)
    assert axes._repr_png_()


def test_numbers_on_strong_colours_are_white():
    axes = plot.heat_map(None, [[4.0, -0.5]], rows="a", columns="bc")
    assert [text.get_color() for text in axes.texts] == ["white", plot.INK]
