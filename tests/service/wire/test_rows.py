"""Many rows of one type: they take a way of their own through the encoder, and nobody may notice."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from dbus_next._private.marshaller import Marshaller
from dbus_next.signature import SignatureTree
from hypothesis import given, settings
from hypothesis import strategies as st

from machined.wire import InvalidMessage
from machined.wire.body import encode_body
from machined.wire.rows import MANY, can_be_rows, rows_encoder
from tests.service.wire.reference import marshal
from tests.service.wire.typed import values_of

COLUMNS = st.text("ybnqiuxtdso", min_size=1, max_size=6).filter(lambda codes: set(codes) & set("so"))


def encoded(signature: str, value: Any) -> bytes:
    return bytes(encode_body(signature, [value])[0])


def rows_alone(signature: str, value: Any) -> bytes | None:
    """What the way of its own makes of them."""
    item = SignatureTree(signature).types[0].children[0]
    assert can_be_rows(item)
    return rows_encoder(item)(value)


@settings(deadline=None, max_examples=150)
@given(st.data(), COLUMNS)
def test_rows_are_written_as_dbus_next_writes_them(data: st.DataObject, codes: str) -> None:
    signature = f"a({codes})"
    (type_,) = SignatureTree(signature).types
    few = data.draw(st.lists(values_of(type_.children[0]), min_size=1, max_size=4))
    rows = (few * MANY)[: MANY + len(few)]
    expected = bytes(Marshaller(signature, [rows]).marshall())
    assert encoded(signature, rows) == expected
    assert encoded(signature, [tuple(row) for row in rows]) == expected
    assert rows_alone(signature, rows) == expected[8:]


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(["ss", "so", "su", "ys", "ts", "bs", "sd", "ds"]))
def test_dicts_are_written_as_dbus_next_writes_them(data: st.DataObject, codes: str) -> None:
    signature = f"a{{{codes}}}"
    key, value = (SignatureTree(code).types[0] for code in codes)
    size = 2 if codes[0] == "b" else MANY
    entries = data.draw(st.dictionaries(values_of(key), values_of(value), min_size=size, max_size=MANY + 4))
    expected = bytes(Marshaller(signature, [entries]).marshall())
    assert encoded(signature, entries) == expected
    if len(entries) >= MANY:
        assert rows_alone(signature, entries) == expected[8:]


class Loud(str):
    """A string that formats otherwise than it is, as members of some enums do."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return self.upper()


class Named(NamedTuple):
    name: str
    number: int


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(["ünïcödé ☃", 1], id="not ASCII"),
        pytest.param(["x" * 256, 1], id="long"),
        pytest.param(["☃" * 100, 1], id="long once encoded"),
        pytest.param(["", 0], id="empty"),
        pytest.param(["x", True], id="boolean for a number"),
        pytest.param([Loud("container"), 1], id="subclass of str"),
    ],
)
def test_an_unusual_row_among_many(row: list[Any]) -> None:
    rows = [["plain", 7]] * MANY + [row] + [["plain", 8]] * 5
    expected = bytes(Marshaller("a(su)", [rows]).marshall())
    assert encoded("a(su)", rows) == expected


@pytest.mark.parametrize("codes", ["su" * 12, "su" * 126, "sn" * 12, "s" * 24, "ys" * 126, "o" * 25])
def test_rows_may_be_wide(codes: str) -> None:
    values = {"s": "text", "o": "/path", "u": 1 << 31, "n": -1, "y": 255}
    rows = [[values[code] for code in codes]] * MANY
    assert encoded(f"a({codes})", rows) == marshal(f"a({codes})", [rows])


def test_rows_may_be_named_tuples_and_the_array_a_tuple() -> None:
    rows = tuple(Named(f"machine-{number}", number) for number in range(MANY))
    assert encoded("a(su)", rows) == marshal("a(su)", [[list(row) for row in rows]])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["a\0b", 1, "/x"], "holds a NUL"),
        (["\udc80", 1, "/x"], "lone surrogate"),
        (["a", 1, "x"], "no object path"),
        (["a", 1, "/x\0/y"], "no object path"),
        (["a", 1, "/x\n/y"], "no object path"),
        (["a", -1, "/x"], "does not fit"),
        (["a", 1 << 32, "/x"], "does not fit"),
        (["a", 1.5, "/x"], "does not fit"),
        (["a", "1", "/x"], "does not fit"),
        (["a", None, "/x"], "does not fit"),
        ([None, 1, "/x"], "does not fit"),
        ([b"a", 1, "/x"], "does not fit"),
        (["a", 1], "does not fit"),
        (["a", 1, "/x", 2], "does not fit"),
        ("abc", "where a struct belongs"),
        ({"a": 1, "b": 2, "c": 3}, "where a struct belongs"),
        (None, "where a struct belongs"),
    ],
)
def test_one_wrong_row_among_many_is_refused(row: Any, reason: str) -> None:
    rows = [["plain", 7, "/plain"]] * MANY + [row] + [["plain", 8, "/"]]
    with pytest.raises(InvalidMessage, match=reason):
        encode_body("a(suo)", [rows])


def test_a_number_for_a_boolean_is_refused_in_a_row() -> None:
    with pytest.raises(InvalidMessage, match="where a boolean belongs"):
        encode_body("a(sb)", [[["x", 1]] * MANY])
