"""The page of settings says what the table of settings says."""

from __future__ import annotations

import re
import tomllib

import pytest

from machinedeck.core.settings import SETTINGS
from tests.support.settings_page import PAGE, page


@pytest.mark.promise("docs/configuration.md lists every setting with its default and what is expected")
def test_the_page_is_what_the_table_makes_of_it() -> None:
    hint = "write it anew: uv run python -m tests.support.settings_page"
    assert PAGE.read_text(encoding="utf-8") == page(), hint


def test_the_defaults_on_it_can_be_read_back() -> None:
    defaults = re.findall(r"^\| `(\S+)` \| `(.+?)` \|", page(), re.M)
    assert [(key, tomllib.loads(f"x = {value}")["x"]) for key, value in defaults] == [
        (setting.key, setting.default) for setting in SETTINGS
    ]
