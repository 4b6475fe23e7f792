"""docs/servers.md lists every setting as it is."""

from __future__ import annotations

import pathlib

from nautilus.server.settings_page import settings_table

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "servers.md"


def test_the_table_of_settings_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.endswith("\n\n" + settings_table()), "python -m nautilus.server.settings_page"


def test_every_setting_says_what_it_is_for() -> None:
    assert not [row for row in settings_table().splitlines() if row.endswith("|  |")]
