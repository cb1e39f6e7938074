"""Signatures and values of them, for hypothesis."""

from __future__ import annotations

import string
from typing import Any

from dbus_next.signature import SignatureTree, SignatureType
from hypothesis import strategies as st

from machined.wire import Variant

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ELEMENTS = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=6)
PATHS = st.lists(ELEMENTS, max_size=3).map(lambda elements: "/" + "/".join(elements))
BASIC: dict[str, st.SearchStrategy[Any]] = {
    "y": st.integers(0, 255),
    "b": st.booleans(),
    "n": st.integers(-(2**15), 2**15 - 1),
    "q": st.integers(0, 2**16 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "u": st.integers(0, 2**32 - 1),
    "x": st.integers(-(2**63), 2**63 - 1),
    "t": st.integers(0, 2**64 - 1),
    "d": st.floats(allow_nan=False),
    "s": TEXTS,
    "o": PATHS,
    "g": st.sampled_from(["", "s", "a{sv}", "(ii)"]),
}
CODES = st.sampled_from("ybnqiuxtdsog")
TYPES = st.recursive(
    st.sampled_from("ybnqiuxtdsogv"),
    lambda inner: st.one_of(
        inner.map("a{}".format),
        st.lists(inner, min_size=1, max_size=4).map(lambda types: f"({''.join(types)})"),
        st.tuples(CODES, inner).map(lambda pair: f"a{{{pair[0]}{pair[1]}}}"),
    ),
    max_leaves=6,
)
"""Signatures of one type, without descriptors."""


@st.composite
def values_of(draw: st.DrawFn, type_: SignatureType, depth: int = 0) -> Any:
    """A value of a type, as a decoder would give it."""
    code, children = type_.token, type_.children
    if code in BASIC:
        return draw(BASIC[code])
    if code == "v":
        inner = draw(TYPES if depth < 2 else CODES)
        return Variant(inner, draw(values_of(SignatureTree(inner).types[0], depth + 1)))
    if code == "(":
        return [draw(values_of(child, depth)) for child in children]
    if children[0].token == "y":
        return draw(st.binary(max_size=9))
    if children[0].token == "{":
        key, value = children[0].children
        return draw(st.dictionaries(BASIC[key.token], values_of(value, depth), max_size=3))
    return draw(st.lists(values_of(children[0], depth), max_size=3))


@st.composite
def bodies(draw: st.DrawFn, types: st.SearchStrategy[str] = TYPES) -> tuple[str, list[Any]]:
    """A signature of some types, and a value for each."""
    signature = "".join(draw(st.lists(types, min_size=1, max_size=3)))
    return signature, [draw(values_of(type_)) for type_ in SignatureTree(signature).types]


def with_tuples(value: Any, type_: SignatureType) -> Any:
    """The value with a tuple for each struct and array, and a bytearray for bytes, outside of variants."""
    children = type_.children
    if isinstance(value, bytes):
        return bytearray(value)
    if isinstance(value, dict):
        content = children[0].children[1]
        return {key: with_tuples(item, content) for key, item in value.items()}
    if isinstance(value, list):
        types = children if type_.token == "(" else children * len(value)
        return tuple(with_tuples(item, inner) for item, inner in zip(value, types, strict=True))
    return value
