"""Marshalling: byte for byte what dbus-next writes, and nothing that the specification forbids."""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest
from dbus_next._private.marshaller import Marshaller
from dbus_next.signature import SignatureTree
from hypothesis import given, settings
from hypothesis import strategies as st

from machined.wire import InvalidMessage, Variant
from machined.wire.body import MISFITS, decode_body, encode_body
from machined.wire.codec import DECODERS, KEPT, Decoder, Decoders, body_codec, type_codec
from machined.wire.reading import words_of
from machined.wire.signatures import parse_signature
from tests.service.wire.drivers import open_pipes, pipe_end
from tests.service.wire.reference import marshal
from tests.service.wire.typed import TYPES, bodies, with_tuples

FIRST = {"<": b"l", ">": b"B"}
REFUSED = "refused"


class Eager(Decoders):
    """Decoders that are generated at once, those of variants included."""

    def _body(self, signature: str) -> Decoder:
        return generated(super()._body(signature))

    def _type(self, signature: bytes) -> Decoder:
        return generated(super()._type(signature))


class Patient(Decoders):
    """Decoders that are never generated."""

    def _body(self, signature: str) -> Decoder:
        return patient(super()._body(signature))

    def _type(self, signature: bytes) -> Decoder:
        return patient(super()._type(signature))


def generated(decoder: Decoder) -> Decoder:
    decoder.generate()
    return decoder


def patient(decoder: Decoder) -> Decoder:
    decoder._lacking = 1 << 62
    return decoder


EAGER = {order: Eager(order) for order in "<>"}
PATIENT = {order: Patient(order) for order in "<>"}


def by_dbus_next(signature: str, values: list[Any]) -> bytes:
    return bytes(Marshaller(signature, values).marshall())


def encoded(signature: str, *values: Any) -> bytes:
    return bytes(encode_body(signature, list(values))[0])


def framed(payload: bytes, order: str = "<") -> bytes:
    return FIRST[order] + bytes(7) + payload


def read_by(decoders: Decoders, signature: str, frame: bytes) -> Any:
    """What decoders make of a body, or `REFUSED`."""
    try:
        words = words_of(frame, decoders.order)
        values, end = decoders.body(signature).decode(frame, 8, words, lambda index: index, 0)
    except (InvalidMessage, *MISFITS):
        return REFUSED
    return values if end == len(frame) else REFUSED


@settings(deadline=None, max_examples=150)
@given(bodies())
def test_what_is_written_is_what_dbus_next_writes(body: tuple[str, list[Any]]) -> None:
    signature, values = body
    expected = by_dbus_next(signature, values)
    assert marshal(signature, values) == expected
    assert encoded(signature, *values) == expected
    tuples = [with_tuples(*pair) for pair in zip(values, SignatureTree(signature).types, strict=True)]
    assert encoded(signature, *tuples) == expected


@settings(deadline=None, max_examples=150)
@given(bodies(), st.sampled_from("<>"))
def test_what_others_write_is_read_in_both_byte_orders(body: tuple[str, list[Any]], order: str) -> None:
    signature, values = body
    frame = framed(marshal(signature, values, order), order)
    assert decode_body(signature, frame, 8, []) == (values, [])
    assert read_by(EAGER[order], signature, frame) == values
    assert read_by(PATIENT[order], signature, frame) == values


MUTATION = st.tuples(st.integers(0, 400), st.sampled_from(["set", "cut", "insert"]), st.integers(0, 255))


def mutated(payload: bytes, mutations: list[tuple[int, str, int]]) -> bytes:
    data = bytearray(payload)
    for place, how, octet in mutations:
        at = place % (len(data) + 1)
        if how == "cut":
            del data[at : at + octet % 9]
        elif how == "insert":
            data[at:at] = bytes([octet])
        elif at < len(data):
            data[at] = octet % 5 if octet > 99 else octet
    return bytes(data)


@settings(deadline=None, max_examples=300)
@given(bodies(), st.lists(MUTATION, min_size=1, max_size=3), st.sampled_from("<>"))
def test_spoilt_bytes_are_refused_or_mean_what_they_say(
    body: tuple[str, list[Any]], mutations: list[tuple[int, str, int]], order: str
) -> None:
    signature, values = body
    frame = framed(mutated(marshal(signature, values, order), mutations), order)
    read = read_by(EAGER[order], signature, frame)
    assert repr(read) == repr(read_by(PATIENT[order], signature, frame))
    if read == REFUSED:
        with pytest.raises(InvalidMessage):
            decode_body(signature, frame, 8, [])
        return
    assert repr(decode_body(signature, frame, 8, [])[0]) == repr(read)
    if "nan" not in repr(read) and "{" not in signature and "{" not in repr(read):
        # Two keys of a dict may have become one, and there is more than one NaN; all else has one spelling
        assert marshal(signature, read, order) == frame[8:]


@settings(deadline=None, max_examples=150)
@given(bodies(), bodies())
def test_values_of_another_type_are_refused_or_written_alike(
    body: tuple[str, list[Any]], other: tuple[str, list[Any]]
) -> None:
    signature, values = body[0], other[1]
    try:
        ours = encoded(signature, *values)
    except InvalidMessage:
        return
    assert ours == by_dbus_next(signature, values)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["h", "ah", "a(sh)", "v", "a{sv}", "hah", "(vh)"]),
    st.lists(MUTATION, max_size=2),
    st.integers(0, 3),
)
def test_descriptors_do_not_leak_whatever_the_bytes(
    signature: str, mutations: list[tuple[int, str, int]], count: int
) -> None:
    values = {
        "h": [0],
        "ah": [[0, 1, 0]],
        "a(sh)": [[["a", 1], ["b", 1]]],
        "v": [Variant("(hah)", [1, [0, 0]])],
        "a{sv}": [{"x": Variant("h", 0), "y": Variant("h", 2)}],
        "hah": [1, [1, 2]],
        "(vh)": [[Variant("h", 0), 0]],
    }
    frame = framed(mutated(marshal(signature, values[signature]), mutations))
    before = open_pipes()
    fds = [pipe_end() for _ in range(count)]
    try:
        _, used = decode_body(signature, frame, 8, fds)
    except InvalidMessage:
        used = []
    assert open_pipes() == before + len(used)
    assert len(set(used)) == len(used)
    for fd in used:
        os.close(fd)
    assert open_pipes() == before


def test_each_mention_of_a_descriptor_is_one_of_its_own() -> None:
    fd, unused = pipe_end(), pipe_end()
    values, used = decode_body("hv", framed(marshal("hv", [0, Variant("h", 0)])), 8, [fd, unused])
    assert values[0] == fd
    assert values[1].value != fd
    assert used == [values[0], values[1].value]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(unused)
    again, fds = encode_body("hvah", [fd, Variant("h", used[1]), [fd]])
    assert fds == used
    assert bytes(again) == marshal("hvah", [0, Variant("h", 1), [0]])
    for one in used:
        os.close(one)


@pytest.mark.parametrize(
    ("signature", "payload"),
    [
        pytest.param("b", b"\2\0\0\0", id="boolean of 2"),
        pytest.param("ab", b"\4\0\0\0\2\0\0\0", id="boolean of 2 in an array"),
        pytest.param("s", b"\1\0\0\0a", id="no NUL at the end"),
        pytest.param("s", b"\1\0\0\0ab", id="another end"),
        pytest.param("s", b"\3\0\0\0a\0b\0", id="NUL within"),
        pytest.param("ss", b"\1\0\0\0a\0\0\1\0\0\0\0b\0", id="padding between strings"),
        pytest.param("su", b"\1\0\0\0a\0\0\1\0\0\0\0", id="padding before a number"),
        pytest.param("yx", b"\1\0\0\0\0\1\0\0" + bytes(8), id="padding within a run"),
        pytest.param("sx", b"\0\0\0\0\0\0\0\1" + bytes(8), id="padding before a long number"),
        pytest.param("sn", b"\0\0\0\0\0\1\0\0", id="padding before a short number"),
        pytest.param("at", b"\0\0\0\0\1\0\0\0", id="padding of an empty array"),
        pytest.param("a(y)", b"\x09\0\0\0\0\0\0\0\1\0\0\1\0\0\0\0\1", id="padding between structs"),
        pytest.param("s", b"\1\0\0\0\xff\0", id="no UTF-8"),
        pytest.param("s", b"\3\0\0\0\xed\xa0\x80\0", id="surrogate"),
        pytest.param("o", b"\2\0\0\0a/\0", id="no path"),
        pytest.param("o", b"\2\0\0\0//\0", id="empty element of a path"),
        pytest.param("ao", b"\6\0\0\0\1\0\0\0a\0", id="no path in an array"),
        pytest.param("g", b"\1z\0", id="no signature"),
        pytest.param("g", b"\1s\1", id="signature without its NUL"),
        pytest.param("v", b"\1s\1\0\1\0\0\0a\0", id="variant's signature without its NUL"),
        pytest.param("v", b"\2ss\0" + marshal("ss", ["", ""]), id="variant of two types"),
        pytest.param("v", b"\0\0", id="variant of no type"),
        pytest.param("v", b"\1\xff\0\0", id="variant of what is no letter"),
        pytest.param("ay", b"\xff\xff\xff\xff", id="huge array"),
        pytest.param("as", b"\xff\xff\xff\xff", id="huge array of strings"),
        pytest.param("s", b"\xff\xff\xff\xff", id="huge string"),
        pytest.param("ay", b"\5\0\0\0abc", id="cut array"),
        pytest.param("au", b"\6\0\0\0abcdef", id="array of one number and a half"),
        pytest.param("as", b"\6\0\0\0\2\0\0\0ab\0", id="item beyond the end of its array"),
        pytest.param("u", b"\1\0\0", id="cut number"),
        pytest.param("u", b"\1\0\0\0\0", id="trailing byte"),
        pytest.param("", b"\0", id="body without a signature"),
        pytest.param("h", b"\0\0\0\0", id="descriptor that did not come"),
        pytest.param("a{sv}", b"\x08\0\0\0\0\0\0\0\1\0\0\0a\0\1s", id="cut variant"),
    ],
)
@pytest.mark.parametrize("decoders", [EAGER, PATIENT], ids=["generated", "walking"])
def test_malformed_bytes_are_refused(
    monkeypatch: pytest.MonkeyPatch, decoders: dict[str, Decoders], signature: str, payload: bytes
) -> None:
    monkeypatch.setitem(DECODERS, ord("l"), decoders["<"])
    with pytest.raises(InvalidMessage) as refused:
        decode_body(signature, framed(payload), 8, [])
    assert str(refused.value).isprintable()


def nested(depth: int, value: Any, signature: str) -> Variant:
    for _ in range(depth):
        value, signature = Variant(signature, value), "v"
    return value


@pytest.mark.parametrize(
    ("depth", "signature", "value"), [(64, "s", "x"), (61, "a(as)", [[["x"]]]), (62, "a{sy}", {"x": 1})]
)
def test_containers_nest_up_to_64_deep(depth: int, signature: str, value: Any) -> None:
    deep = nested(depth, value, signature)
    too_deep = nested(depth + 1, value, signature)
    payload = encoded("v", deep)
    assert payload == marshal("v", [deep])
    for decoders in (EAGER, PATIENT):
        assert read_by(decoders["<"], "v", framed(payload)) == [deep]
        assert read_by(decoders["<"], "v", framed(marshal("v", [too_deep]))) == REFUSED
    with pytest.raises(InvalidMessage, match="deeper than 64"):
        encoded("v", too_deep)


def wrapped(value: Any, times: int) -> Any:
    for _ in range(times):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("signature", "value"),
    [
        ("a" * 32 + "y", wrapped(b"x", 31)),
        ("(" * 32 + "s" + ")" * 32, wrapped("x", 32)),
        ("a(" * 31 + "sv" + ")" * 31, wrapped(["x", Variant("s", "x")], 61)),
        ("(" + "sb" * 126 + ")", ["x", True] * 126),
        ("a(" + "yx" * 125 + ")", [[7, -7] * 125]),
        ("a{s" * 16 + "as" + "}" * 16, functools.reduce(lambda value, _: {"key": value}, range(16), ["x"])),
    ],
)
def test_the_deepest_signatures_have_codecs(signature: str, value: Any) -> None:
    payload = encoded(signature, value)
    assert payload == marshal(signature, [value])
    for decoders in (EAGER, PATIENT):
        assert read_by(decoders["<"], signature, framed(payload)) == [value]


def test_an_array_may_have_64_mebibytes_and_no_more() -> None:
    octets = bytes(1 << 26)
    payload = encoded("ay", octets)
    assert len(payload) == 4 + (1 << 26)
    assert decode_body("ay", framed(payload), 8, [])[0] == [octets]
    with pytest.raises(InvalidMessage, match="67108865"):
        encoded("ay", octets + b"x")
    with pytest.raises(InvalidMessage, match="67108865"):
        decode_body("ay", framed(b"\1\0\0\4" + octets + b"x"), 8, [])
    with pytest.raises(InvalidMessage, match="longer than"):
        encoded("as", ["x" * (1 << 25)] * 2)


def test_a_variant_read_is_as_good_as_one_made() -> None:
    (read,) = decode_body("v", framed(marshal("v", [Variant("a(su)", [["x", 1]])])), 8, [])[0]
    made = Variant("a(su)", [["x", 1]])
    assert type(read) is Variant
    assert (read, read.signature, read.type, repr(read)) == (made, made.signature, made.type, repr(made))


def test_a_variant_is_looked_at_again_when_it_is_written() -> None:
    variant = Variant("as", ["x"])
    variant.value.append(5)
    with pytest.raises(InvalidMessage):
        encoded("v", variant)


def test_codecs_can_be_looked_at_and_do_not_pile_up() -> None:
    assert body_codec("a(ssso)").source.startswith("def encode(")
    assert type_codec("as").source.startswith("def encode(")
    assert DECODERS[ord("l")].body("a(ssso)").source.startswith("def decode(")
    for cached in (body_codec, type_codec, DECODERS[ord("l")].body, parse_signature):
        assert cached.cache_parameters()["maxsize"] in {KEPT, 1024}


def test_a_signature_that_is_seen_once_costs_no_compilation() -> None:
    decoders = Decoders("<")
    frame = framed(marshal("(yyyyyyyy)", [[0] * 8]))
    decoder = decoders.body("(yyyyyyyy)")
    decoder.expect(len(frame) - 8)
    assert decoder.decode == decoder._walk
    for _ in range(1000):
        decoder.expect(8)
    assert decoder.decode != decoder._walk
    assert read_by(decoders, "(yyyyyyyy)", frame) == [[0] * 8]


@settings(deadline=None, max_examples=100)
@given(TYPES)
def test_the_two_ways_of_reading_agree_on_bare_zeros(signature: str) -> None:
    for length in range(0, 48, 3):
        frame = framed(bytes(length))
        assert repr(read_by(EAGER["<"], signature, frame)) == repr(read_by(PATIENT["<"], signature, frame))
