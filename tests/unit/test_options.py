"""What the environment says of the terminal."""

from __future__ import annotations

import pytest

from machinedeck.sources.environment import has_utf8
from machinedeck.ui.options import read_options


@pytest.mark.parametrize(
    ("environment", "is_utf8"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, True),
    ],
)
@pytest.mark.promise("A non-UTF-8 locale gets plain ASCII by itself")
def test_locale(environment: dict[str, str], is_utf8: bool) -> None:
    assert has_utf8(environment) is is_utf8
    assert read_options(environment).is_ascii is not is_utf8


@pytest.mark.promise("Over SSH there are no animations and fewer pictures a second")
def test_ssh_is_calm() -> None:
    far, near = read_options({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}), read_options({})
    assert far.is_calm
    assert far.frames < near.frames
