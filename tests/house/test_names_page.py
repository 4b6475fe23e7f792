"""docs/names.md is what the routes, schemas and topics say."""

from __future__ import annotations

import pathlib

from nautilus.server.names import names_page

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "names.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == names_page(), "run `make names`"


def test_it_shows_function_field_and_topic() -> None:
    page = names_page()
    assert "| `nautilus.analytics.portfolio_pnl` | `POST /analytics/calculate/" in page
    assert "| `unrealised_pnl` | `unrealized_pnl` |" in page
    assert "| `portfolio.pnl.*` | everybody |" in page
