"""What may not go onto the wire is refused before it, and costs nothing but the message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machined.wire import InvalidMessage, Variant
from machined.wire.body import KeptBody, decode_body, encode_body
from machined.wire.signatures import parse_signature
from tests.service.wire.drivers import INTERFACE, PATH, Driver

FORBIDDEN = [
    pytest.param("s", ["a\0b"], id="NUL"),
    pytest.param("a{sv}", [{"x": Variant("as", ["a\0b"])}], id="NUL in a variant"),
    pytest.param("v", [Variant("v", Variant("s", "a\0b"))], id="NUL in a nested variant"),
    pytest.param("a{ss}", [{"a\0b": "x"}], id="NUL in a key"),
    pytest.param("o", ["/a\n"], id="newline in a path"),
    pytest.param("g", ["a"], id="cut signature"),
    pytest.param("g", ["s\0"], id="NUL in a signature"),
    pytest.param("v", [Variant("g", "zz")], id="no signature in a variant"),
]


@pytest.mark.parametrize(("signature", "values"), FORBIDDEN)
async def test_the_connection_survives_what_may_not_be_sent(
    peers: tuple[Driver, Driver], signature: str, values: list[Any]
) -> None:
    service, client = peers
    refused = ""
    try:
        service.emit("Changed", signature, *values)
    except (InvalidMessage, ValueError, TypeError) as error:
        refused = str(error)
    service.on_call(lambda _member, body: ("s", body))
    assert await client.call(service.unique_name, "Echo", "s", "alive") == ["alive"]
    assert refused
    assert refused.isprintable()


@pytest.mark.parametrize(
    ("signature", "values"),
    [
        ("s", ["\udcff"]),
        ("v", [Variant("s", "\udcff")]),
        ("s", [1]),
        ("s", [None]),
        ("y", [256]),
        ("i", ["1"]),
        ("b", [1]),
        ("(ss)", [["a"]]),
        ("(s)", ["a"]),
        ("(s)", [{"a"}]),
        ("v", [Variant("d", 10**400)]),
        ("d", ["1"]),
        ("h", [1 << 40]),
        ("h", [-1]),
        ("h", ["0"]),
        ("s", {"a": 1}),
        ("s", []),
        ("", ["a"]),
        ("a{sv}", [{"x": "y"}]),
        ("ay", ["text"]),
        ("o", ["relative"]),
        ("z", [1]),
        ("{sv}", [{}]),
        ("a{vs}", [{}]),
        ("a" * 33 + "y", [[]]),
        ("(" * 33 + "y" + ")" * 33, [[]]),
    ],
)
def test_a_misfit_is_refused_with_a_sentence(signature: str, values: list[Any]) -> None:
    with pytest.raises(InvalidMessage) as refused:
        encode_body(signature, values)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("path", "interface", "member", "destination"),
    [
        (PATH + "\n", INTERFACE, "Changed", None),
        (PATH, INTERFACE + "\n", "Changed", None),
        (PATH, INTERFACE, "Changed\n", None),
        (PATH, INTERFACE, "Changed", ":1.\0"),
        (PATH, INTERFACE, "Changed", ":1.1 \udc80"),
        (PATH, "nodot", "Changed", None),
        ("relative", INTERFACE, "Changed", None),
        (PATH, INTERFACE, "", None),
    ],
)
async def test_header_fields_are_looked_at(
    pair: tuple[Any, Any], path: str, interface: str, member: str, destination: str | None
) -> None:
    service, client = pair
    with pytest.raises(InvalidMessage) as refused:
        service.emit(path, interface, member, destination=destination)
    assert str(refused.value).encode()
    with pytest.raises(InvalidMessage):
        await service.call(destination or client.unique_name, path, interface, member)
    assert await client.name_owner(service.unique_name) == service.unique_name


@pytest.mark.parametrize(
    "good", ["", "s", "a{sv}", "(s(ii)a(sh))", "a{s(ay)}" * 10, "a" * 32 + "y", "ybnqiuxtdsogvh"]
)
def test_lawful_signatures_pass(good: str) -> None:
    assert parse_signature(good).signature == good


BASIC: list[tuple[str, Any]] = [
    ("y", st.integers(0, 255)),
    ("b", st.booleans()),
    ("n", st.integers(-(2**15), 2**15 - 1)),
    ("q", st.integers(0, 2**16 - 1)),
    ("i", st.integers(-(2**31), 2**31 - 1)),
    ("u", st.integers(0, 2**32 - 1)),
    ("x", st.integers(-(2**63), 2**63 - 1)),
    ("t", st.integers(0, 2**64 - 1)),
    ("d", st.floats(allow_nan=False)),
    ("s", st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    ("o", st.from_regex(r"/|(?:/[A-Za-z0-9_]+)+", fullmatch=True)),
    ("g", st.sampled_from(["", "s", "a{sv}", "(ii)"])),
]


def _typed(inner: st.SearchStrategy[tuple[str, Any]]) -> st.SearchStrategy[tuple[str, Any]]:
    struct = st.lists(inner, min_size=1, max_size=4).map(
        lambda parts: ("(" + "".join(code for code, _ in parts) + ")", [value for _, value in parts])
    )
    array = (
        st.tuples(inner, st.integers(0, 3))
        .filter(lambda pair: pair[0][0] != "y")
        .map(lambda pair: ("a" + pair[0][0], [pair[0][1]] * pair[1]))
    )
    octets = st.binary(max_size=20).map(lambda value: ("ay", value))
    entries = st.tuples(st.text("abc", max_size=3), inner).map(
        lambda pair: ("a{s" + pair[1][0] + "}", {pair[0]: pair[1][1]})
    )
    variant = inner.map(lambda pair: ("v", Variant(*pair)))
    return st.one_of(struct, array, octets, entries, variant)


LEAVES = st.one_of([st.tuples(st.just(code), values) for code, values in BASIC])
VALUES = st.recursive(LEAVES, _typed, max_leaves=8)


@st.composite
def bodies(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Up to four types, each with a value of it."""
    return draw(st.lists(VALUES, max_size=4))


@settings(deadline=None)
@given(bodies())
def test_a_body_comes_back_as_it_went(typed: list[tuple[str, Any]]) -> None:
    signature = "".join(code for code, _ in typed)
    values = [value for _, value in typed]
    if len(signature) > 255:
        return
    encoded, fds = encode_body(signature, values)
    frame = b"l" + bytes(7) + bytes(encoded)
    assert fds == []
    assert decode_body(signature, frame, 8, []) == (values, [])


@settings(deadline=None)
@given(
    st.sampled_from(["s", "as", "a{sv}", "(ssv)", "v", "ay", "aav", "a(ssbttto)", "ah"]),
    st.binary(max_size=80),
)
def test_bytes_of_anybody_are_read_or_refused(signature: str, payload: bytes) -> None:
    try:
        values, fds = decode_body(signature, b"l" + bytes(7) + payload, 8, [])
    except InvalidMessage:
        return
    assert len(values) == 1
    assert fds == []


def test_a_body_that_is_kept_is_marshalled_by_the_signature_that_it_is_sent_with() -> None:
    kept = KeptBody([[1, 2, 3]])
    for signature in ("aq", "aq", "au", "aq"):
        assert encode_body(signature, kept) == encode_body(signature, [[1, 2, 3]])


def test_a_body_that_is_kept_is_refused_as_any_other() -> None:
    kept = KeptBody(["a\0b"])
    for _ in range(2):
        with pytest.raises(InvalidMessage, match="NUL"):
            encode_body("s", kept)
