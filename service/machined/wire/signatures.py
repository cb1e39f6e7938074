"""The rules for signatures that dbus-next's parser does not enforce."""

from __future__ import annotations

from functools import lru_cache

from machined.wire.errors import InvalidMessage
from machined.wire.library import InvalidSignatureError, SignatureTree, SignatureType

MAX_DEPTH = 32
"""How deep arrays, and likewise structs, may be nested (D-Bus Specification, "Valid Signatures")."""


@lru_cache(maxsize=1024)
def parse_signature(signature: str) -> SignatureTree:
    """The types in a signature; one is refused that a message bus would disconnect us for.

    dbus-next keeps every signature it ever saw. Those that peers send go through here instead, where the
    number is bounded.

    Raises:
        InvalidMessage: It is no sequence of complete types (D-Bus Specification, "Valid Signatures").
    """
    try:
        tree = SignatureTree(signature)
        for type_ in tree.types:
            _check(type_, 0, 0)
    except InvalidSignatureError as error:
        raise InvalidMessage(f"{signature!r} is no signature: {error}") from None
    return tree


def _check(type_: SignatureType, arrays: int, structs: int) -> None:
    code, children = type_.token, type_.children
    if code == "{":
        raise InvalidSignatureError("a dict entry stands outside an array")
    arrays += code == "a"
    structs += code == "("
    if arrays > MAX_DEPTH or structs > MAX_DEPTH:
        raise InvalidSignatureError(f"it is nested deeper than {MAX_DEPTH}")
    if code == "a" and children[0].children and (entry := children[0]).signature[0] == "{":
        key, value = entry.children
        if key.children or key.signature == "v":
            raise InvalidSignatureError("the key of a dict entry is no basic type")
        structs += 1
        children = [value]
    for child in children:
        _check(child, arrays, structs)
