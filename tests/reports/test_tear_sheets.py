import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import polars as pl
import pytest

import nautilus as nt
from nautilus.core.errors import DataError, NotEnoughDataError, OverlapError, ShapeError, UnitError
from nautilus.core.results import unexplained
from nautilus.reports import tear_sheet

RANDOM = np.random.default_rng(0)
DAYS = pd.bdate_range("2020-01-01", periods=300)
VALUES = RANDOM.normal(0.0005, 0.01, 300)
RETURNS = pd.Series(VALUES, DAYS, name="Fund")
INDEX = pd.Series(0.5 * VALUES + RANDOM.normal(0.0, 0.005, 300), DAYS, name="Index")

VOID = {"meta", "br", "link", "img"}


class Balanced(HTMLParser):
    """Every element is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(text):
    page = Balanced()
    page.feed(text)
    assert page.open == []
    return page.seen


@pytest.fixture(scope="module")
def sheet():
    return tear_sheet(RETURNS, INDEX, title="My fund", risk_free_rate=0.02)


@pytest.fixture(scope="module")
def text(sheet, tmp_path_factory):
    return sheet.report(tmp_path_factory.mktemp("page") / "sheet.html").read_text()


def test_the_page_needs_nothing_else(text):
    assert "http" not in text
    assert "//" not in re.sub(r"/\*.*?\*/", "", text)
    assert "@import" not in text
    attributes = [name for _, found in parsed(text) for name in found]
    assert not {"src", "href", "onload", "onclick", "data"} & set(attributes)
    assert all(value.startswith("#") for value in re.findall(r"url\(([^)]*)\)", text))
    assert all(tag not in ("script", "link", "iframe", "img") for tag, _ in parsed(text))


def test_8000_days_with_a_benchmark_stay_under_300_kilobytes(tmp_path):
    days = pd.bdate_range("1990-01-01", periods=8000)
    random = np.random.default_rng(1)
    market = random.standard_t(4, 8000) * 0.007
    fund = pd.Series(market + random.normal(0.0003, 0.004, 8000), days, name="Fund")
    path = tear_sheet(fund, pd.Series(market, days, name="Market")).report(tmp_path / "long.html")
    assert path.stat().st_size < 300_000


def test_same_inputs_same_bytes_in_every_process(tmp_path):
    code = (
        "import sys, numpy as np, pandas as pd, nautilus as nt\n"
        "r = np.random.default_rng(0).normal(0.0005, 0.01, 300)\n"
        "s = pd.Series(r, pd.bdate_range('2020-01-01', periods=300))\n"
        "nt.reports.tear_sheet(s, s[::-1].set_axis(s.index)).report(sys.argv[1])"
    )
    pages = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.html"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC{seed}"}
        subprocess.run([sys.executable, "-c", code, str(path)], check=True, env=environment)
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]


def test_light_and_dark_are_the_readers_choice(text):
    assert "@media (prefers-color-scheme: dark)" in text
    assert "color-scheme: light dark" in text
    assert "fill: none" in text


def test_style_in_a_notebook_touches_nothing_else(sheet):
    style = re.search(r"<style>(.*?)</style>", sheet._repr_html_(), re.DOTALL)[1]
    rules = re.sub(r"@media[^{]*\{|/\*.*?\*/", "", style, flags=re.DOTALL)
    selectors = [s.strip() for group in re.findall(r"([^{}]+)\{", rules) for s in group.split(",")]
    assert selectors
    assert all(s.startswith(".nautilus-sheet") for s in selectors)
    assert ":root" not in style


def test_the_page_shows_what_the_functions_say(text):
    summary = nt.analytics.performance_summary(RETURNS, risk_free_rate=0.02)
    assert f">{summary.sharpe_ratio:.2f}</p>".replace("-", "−") in text
    low, high = summary.lower["sharpe_ratio"], summary.upper["sharpe_ratio"]
    assert f"{low:.2f} to {high:.2f}".replace("-", "−") in text
    assert f"{100 * nt.risk.value_at_risk(RETURNS, confidence=0.99):.2f}\u00a0%" in text
    worst = nt.analytics.drawdown_table(RETURNS)[0]
    assert str(worst.trough.date()) in text
    year = nt.analytics.monthly_returns(RETURNS)["Year"].iloc[0]
    assert f">{100 * year:.1f}</td>".replace("-", "−") in text


def test_the_sections_of_the_page(text):
    headings = re.findall(r"<h2>([^<]*)", text)
    assert [h.strip() for h in headings] == [
        "Growth of 1, and drawdown",
        "Performance",
        "Against Index",
        "Distribution of returns",
        "Rolling Sharpe ratio",
        "Rolling volatility per year",
        "Worst drawdowns",
        "Monthly returns, %",
    ]
    assert len(re.findall("<svg", text)) == 4


def test_an_open_drawdown_is_marked(text):
    assert '<tr class="open">' in text
    assert "not yet" in text


def test_the_data_speak_for_themselves():
    flattered = RETURNS.copy()
    flattered.attrs["caveat"] = "Chosen with <hindsight>."
    page = tear_sheet(flattered)._repr_html_()
    assert '<p class="caveat">Chosen with &lt;hindsight&gt;.</p>' in page


def test_names_and_titles_are_text_and_not_markup():
    page = tear_sheet(RETURNS.rename("<b>"), INDEX.rename("<i>"), title="<script>")._repr_html_()
    assert "<h1>&lt;script&gt;</h1>" in page
    assert "<b>" not in page
    assert "<i>" not in page
    parsed(page)


def test_a_number_that_cannot_be_computed_is_a_dash_with_its_reason():
    found = tear_sheet(np.full(40, 0.001))
    page = found._repr_html_()
    parsed(page)
    assert re.search(r"<th>Sharpe ratio</th><td>–<sup>(\d)</sup>", page)
    assert "Returns are constant" in page
    assert "Wealth never falls below its peak." in page
    assert unexplained(found) == ()


@pytest.mark.parametrize("n", [1, 2, 5, 29, 30, 60])
def test_short_histories_have_a_page_without_pictures_that_mean_nothing(n):
    found = tear_sheet(VALUES[:n])
    parsed(found._repr_html_())
    assert unexplained(found) == ()
    assert ("Rolling" in found._repr_html_()) == (n >= 30)


def test_the_window_is_a_year_or_a_third_of_the_history():
    assert tear_sheet(RETURNS).window == 100
    months = pd.date_range("2010-01-31", periods=60, freq="ME")
    assert tear_sheet(pd.Series(VALUES[:60], months), periods_per_year=12).window == 12


def test_any_kind_of_input_gives_the_same_page():
    frame = pl.DataFrame({"date": DAYS.to_numpy(), "Fund": VALUES})
    page = tear_sheet(RETURNS)._repr_html_()
    assert tear_sheet(frame)._repr_html_() == page
    assert tear_sheet(RETURNS.to_frame())._repr_html_() == page
    assert tear_sheet(RETURNS.tz_localize("America/New_York"))._repr_html_() == page
    bare = tear_sheet(VALUES, title="Fund")
    assert bare.months is None
    assert bare.summary.sharpe_ratio == tear_sheet(RETURNS).summary.sharpe_ratio
    assert tear_sheet(VALUES.tolist()).title == "Portfolio"


def test_missing_returns_are_left_out_and_counted():
    gapped = RETURNS.copy()
    gapped.iloc[[0, 7, 9]] = np.nan
    other = INDEX.copy()
    other.iloc[20] = np.nan
    found = tear_sheet(gapped, other.iloc[4:])
    assert len(found.returns) == 294
    messages = [r.message for r in found.reasons]
    assert messages == [
        "Times without a return, left out: 2.",
        "Times that the benchmark does not have, left out: 4.",
        "Times at which the benchmark has no return: 1.",
    ]
    assert unexplained(found) == ()
    assert all(m in found._repr_html_() for m in messages)


def test_the_first_return_of_prices_is_not_worth_a_word():
    first = RETURNS.copy()
    first.iloc[0] = np.nan
    assert tear_sheet(first).reasons == ()


def test_the_sheet_is_a_result(sheet):
    assert sheet.to_frame().loc["sharpe_ratio", "value"] == sheet.summary.sharpe_ratio
    assert repr(sheet).startswith("TearSheet('My fund', n_used=300, annualized_return=")
    axes = sheet.plot()
    assert axes.get_yscale() == "log"
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["Fund", "Index"]
    assert sheet.to_dict()["title"] == "My fund"


def test_without_jinja2_a_notebook_still_shows_the_numbers(sheet, monkeypatch):
    from nautilus.reports import html

    html._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    shown = sheet._repr_html_()
    html._environment.cache_clear()
    assert "sharpe ratio" in shown
    assert "nautilus-quant[reports]" in shown


def test_importing_reports_loads_no_drawing_and_no_templates():
    code = (
        "import sys, nautilus as nt; nt.reports.tear_sheet\n"
        "assert not {'matplotlib', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_input_that_cannot_be_meant_is_named():
    with pytest.raises(ShapeError, match="`returns` must be one series, got 2 columns"):
        tear_sheet(np.zeros((5, 2)))
    with pytest.raises(ShapeError, match="`benchmark_returns` must be one series, got 2"):
        tear_sheet(VALUES, np.zeros((300, 2)))
    with pytest.raises(NotEnoughDataError, match="`returns` hold no return at all"):
        tear_sheet([np.nan, np.nan])
    with pytest.raises(DataError, match="`returns` hold an infinite value"):
        tear_sheet([0.01, np.inf])
    with pytest.raises(UnitError, match="simple_returns"):
        tear_sheet(100.0 + VALUES.cumsum())
    with pytest.raises(OverlapError, match=r"min_overlap=0\.6"):
        tear_sheet(RETURNS, INDEX.iloc[100:])
    assert len(tear_sheet(RETURNS, INDEX.iloc[100:], min_overlap=0.6).returns) == 200
