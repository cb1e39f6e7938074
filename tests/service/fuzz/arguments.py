"""Random arguments for any signature, with words among them that the host knows."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dbus_next.signature import SignatureTree, SignatureType, Variant
from hypothesis import strategies as st

WORDS = (
    "",
    ".host",
    "web-1",
    "web-2",
    "scratch",
    "qemu-3-accounting",
    "recovery",
    "new",
    "a/b",
    "..",
    "leader",
    "all",
    "hidden",
    "root",
    "/",
    "/etc/hostname",
    "/tmp/x",
    "/var/../etc",
    "relative",
    "fail",
    "replace",
    "systemd-nspawn@web-1.service",
    "machines.target",
    "no-such.service",
    "MemoryMax",
    "PIDs",
    "KillSignal",
    "x.scope",
    "foo.timer",
    "A=b",
    "container",
    "vm",
    "host",
)
NUMBERS = (0, 1, 2, 9, signal.SIGRTMIN + 4, 64, 65, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1)
SMALL = (-5, 0, 9, 64, 9999)
PIDS = (1, 300, 4_000_000, 4_194_310, 4_194_330)
"""Real ones, which the demo takes for those of strangers, and some of the estate's own."""
RANGES = {
    "y": (0, 2**8 - 1),
    "n": (-(2**15), 2**15 - 1),
    "q": (0, 2**16 - 1),
    "i": (-(2**31), 2**31 - 1),
    "u": (0, 2**32 - 1),
    "x": (-(2**63), 2**63 - 1),
    "t": (0, 2**64 - 1),
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)
PATHS = ("/", "/org/freedesktop/machine1/machine/web_2d1", "/org/freedesktop/systemd1/job/1", "/a/b")


class Vocabulary(NamedTuple):
    """What a host knows, and so is asked of it more often than by chance."""

    words: Sequence[str] = WORDS
    numbers: Sequence[int] = NUMBERS
    pids: Sequence[int] = PIDS
    paths: Sequence[str] = PATHS
    ranges: Mapping[str, tuple[int, int]] = RANGES
    """What numbers of each type are from, beside those that are known."""

    texts: st.SearchStrategy[str] = TEXTS
    """Texts that are not known."""


DEMO = Vocabulary()


def arguments(signature: str, known: Vocabulary = DEMO) -> st.SearchStrategy[Sequence[Any]]:
    """Values for a whole signature."""
    return arguments_each(signature, [known] * len(SignatureTree(signature).types))


def arguments_each(signature: str, known: Sequence[Vocabulary]) -> st.SearchStrategy[Sequence[Any]]:
    """Values for a whole signature, with a vocabulary for each type of it."""
    types = SignatureTree(signature).types
    return st.tuples(*(_value(type_, one) for type_, one in zip(types, known, strict=True)))


def _value(type_: SignatureType, known: Vocabulary) -> st.SearchStrategy[Any]:
    token = type_.token
    if token in RANGES:
        low, high = RANGES[token]
        numbers = [number for number in known.numbers if low <= number <= high]
        low, high = known.ranges[token]
        return st.one_of(st.sampled_from(numbers), st.integers(low, high))
    if token == "a":
        return _array(type_, known)
    if token == "(":
        return st.tuples(*(_value(child, known) for child in type_.children)).map(list)
    texts = st.one_of(st.sampled_from(known.words), known.texts)
    return {
        "b": st.booleans(),
        "d": st.floats(),
        "s": texts,
        "o": st.sampled_from(known.paths),
        "g": st.sampled_from(["", "s", "a{sv}"]),
        "v": st.one_of(
            texts.map(lambda text: Variant("s", text)),
            st.integers(0, 2**64 - 1).map(lambda number: Variant("t", number)),
            st.lists(texts, max_size=3).map(lambda texts: Variant("as", texts)),
            st.booleans().map(lambda flag: Variant("b", flag)),
            st.sampled_from(SMALL).map(lambda number: Variant("i", number)),
            st.lists(st.sampled_from(known.pids), max_size=2).map(lambda pids: Variant("au", pids)),
        ),
    }[token]


def _array(type_: SignatureType, known: Vocabulary) -> st.SearchStrategy[Any]:
    (element,) = type_.children
    if element.token == "y":
        return st.one_of(st.sampled_from([bytes(range(16)), b""]), st.binary(max_size=40))
    if element.token == "{":
        key, value = element.children
        return st.dictionaries(_value(key, known), _value(value, known), max_size=3)
    return st.lists(_value(element, known), max_size=4)
