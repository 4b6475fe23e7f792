"""The page about sources says what the code does, and its example of a new one works."""

import re
from pathlib import Path

import pytest

from nautilus.marketdata.sources import DataRequest, SourceConfig, errors, open_sources
from tests.marketdata.replay.payloads import KEY
from tests.marketdata.sources.conftest import run

PAGE = (Path(__file__).parents[3] / "docs" / "sources.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ROWS = {
    cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
    for line in PAGE.splitlines()
    if line.startswith("| `") and len(cells := line.strip("|").split(" | ")) == 5
}


@pytest.mark.parametrize("name", open_sources({}))
def test_the_table_of_sources_is_that_of_the_code(name):
    offers = open_sources({})[name].capabilities()
    kinds, switch, limits, prices = ROWS[name]
    assert kinds == ", ".join(offers.kinds)
    assert f"NAUTILUS_{name.upper()}_" in switch
    assert limits == offers.limits
    assert prices == offers.adjustment
    assert f"**{name}**" in PAGE


def test_every_error_a_source_raises_is_explained():
    ours = set(errors.__all__) - {"SourceError", "NoSourceAnswered"}
    assert {name for name in ours if f"`{name}" not in PAGE} == set()


def test_the_example_of_a_new_source_works(replay):
    space = {}
    exec(BLOCKS[-1], space)
    replay.plays("/series", {"rows": [{"date": "2024-01-01", "value": "4.4"}]})
    source = space["OurSource"](SourceConfig(base_url=replay.url, key=KEY))
    assert run(source, DataRequest("macro", "X"))["value"].to_list() == [4.4]
    assert replay.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(source)
