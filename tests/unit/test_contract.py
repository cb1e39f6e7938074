"""Names and paths of the protocol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machined.contract import (
    escape_label,
    image_path,
    is_machine_name,
    machine_path,
    nspawn_unit,
    unescape_label,
)


@pytest.mark.parametrize(
    ("label", "escaped"),
    [(".host", "_2ehost"), ("fedora-34", "fedora_2d34"), ("9front", "_39front"), ("", "_"), ("ü", "_c3_bc")],
)
def test_escaping_is_that_of_systemd(label: str, escaped: str) -> None:
    assert escape_label(label) == escaped
    assert unescape_label(escaped) == label


@given(st.text())
def test_escaping_is_undone(label: str) -> None:
    try:
        label.encode()
    except UnicodeEncodeError:
        return
    assert unescape_label(escape_label(label)) == label


def test_broken_escapes_stay_as_they_are() -> None:
    assert unescape_label("a_zz_2") == "a_zz_2"


def test_paths() -> None:
    assert machine_path("web-1") == "/org/freedesktop/machine1/machine/web_2d1"
    assert image_path(".host") == "/org/freedesktop/machine1/image/_2ehost"


@pytest.mark.parametrize("name", ["a", "web-1", "a.b.c", "A9", "x" * 64])
def test_machine_names(name: str) -> None:
    assert is_machine_name(name)
    assert nspawn_unit(name) == f"systemd-nspawn@{name}.service"


@pytest.mark.parametrize(
    "name", ["", ".host", "a..b", "-a", "a-", "a.-b", "a_b", "a/b", "x" * 65, "a\n", "ü"]
)
def test_not_machine_names(name: str) -> None:
    assert not is_machine_name(name)
    with pytest.raises(ValueError, match="cannot be the name of a machine"):
        nspawn_unit(name)
