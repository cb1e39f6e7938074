"""Bodies of messages to bytes and back: the seam below which dbus-next marshals them.

The two functions here are all that the rest of the wire knows of it.
"""

# mypy: disallow-untyped-calls=False
# dbus-next types few of the functions that this is built on

from __future__ import annotations

import fcntl
import os
import re
import struct
from collections.abc import Callable
from typing import Any

from dbus_next._private.constants import BIG_ENDIAN, LITTLE_ENDIAN
from dbus_next._private.marshaller import Marshaller
from dbus_next._private.unmarshaller import Unmarshaller
from dbus_next.signature import SignatureType, Variant

from machined.wire.errors import InvalidMessage
from machined.wire.fds import close_fds
from machined.wire.signatures import parse_signature

MAX_ARRAY = 1 << 26
"""Bytes in one array, at most (D-Bus Specification, "Marshaling": 64 MiB)."""
MAX_VARIANTS = 64
"""How deep variants may be nested (libdbus and sd-bus refuse more)."""

_OBJECT_PATH = re.compile(r"/|(?:/[A-Za-z0-9_]+)+")
_MISFITS = (ValueError, TypeError, AttributeError, LookupError, struct.error, RecursionError, OSError)
_UINT32 = struct.Struct("<I")


def encode_body(signature: str, values: list[Any]) -> tuple[bytearray, list[int]]:
    """Marshal a body, little-endian.

    Args:
        signature: The types of `values`.
        values: Structs as lists, `ay` as bytes, variants as `Variant`, `h` as numbers of open descriptors.

    Returns:
        The bytes, and the descriptors in the order of their indices. They remain the caller's.

    Raises:
        InvalidMessage: The values do not fit the signature, or the specification forbids one of them.
    """
    if not signature and not values:
        return bytearray(), []
    parse_signature(signature)
    try:
        marshaller = _BodyMarshaller(signature, values)
        marshaller.marshall()
    except _MISFITS as error:
        raise InvalidMessage(f"a body does not fit its signature {signature!r}: {error}") from None
    return marshaller.buffer, marshaller.fds


def decode_body(signature: str, frame: bytes, offset: int, fds: list[int]) -> tuple[list[Any], list[int]]:
    """Unmarshal the body that fills `frame` from `offset` on. Takes the descriptors over.

    Every `h` of the body becomes a descriptor of its own; those the body does not name are closed.

    Args:
        signature: The types of the body.
        frame: A whole message; its first byte tells the byte order.
        offset: Where the body begins, in bytes.
        fds: The descriptors that came with the message.

    Returns:
        The values, and the descriptors among them.

    Raises:
        InvalidMessage: The bytes do not fit the signature, or name a descriptor that did not come along.
    """
    if not signature and offset == len(frame) and not fds:
        return [], []
    reader = FrameReader(frame, offset, fds)
    try:
        values = [reader.read_argument(type_) for type_ in parse_signature(signature).types]
        if reader.offset != len(frame):
            raise InvalidMessage(f"a body is longer than its signature {signature!r} says")
    except InvalidMessage:
        close_fds([*fds, *reader.used])
        raise
    except _MISFITS as error:
        close_fds([*fds, *reader.used])
        raise InvalidMessage(f"a body does not fit its signature {signature!r}: {error}") from None
    close_fds(set(fds) - set(reader.used))
    return values, reader.used


class _BodyMarshaller(Marshaller):
    """dbus-next's marshaller, with the checks it lacks and with real descriptors."""

    def __init__(self, signature: str, values: list[Any]) -> None:
        super().__init__(signature, values)
        self.fds: list[int] = []
        self.writers["o"] = self.write_object_path
        self.writers["g"] = self.write_signature_value
        self.writers["h"] = self.write_unix_fd

    def write_string(self, value: str, _: object = None) -> int:
        """Write a string, refusing what no message may hold (D-Bus Specification, "Basic types")."""
        try:
            raw = value.encode()
        except UnicodeEncodeError:
            raise InvalidMessage(f"a string holds a lone surrogate: {value[:64]!a}") from None
        if b"\0" in raw:
            raise InvalidMessage(f"a string holds a NUL: {value[:64]!a}")
        written: int = self.align(4) + len(raw) + 5
        self.buffer += _UINT32.pack(len(raw)) + raw + b"\0"
        return written

    def write_object_path(self, value: str, _: object = None) -> int:
        """Write an object path; dbus-next's own check lets a trailing newline pass."""
        if not _OBJECT_PATH.fullmatch(value):
            raise InvalidMessage(f"{value[:64]!a} is no object path")
        return self.write_string(value)

    def write_signature_value(self, value: str, _: object = None) -> int:
        """Write a value of type `g`, which dbus-next does not look at."""
        parse_signature(value)
        written: int = self.write_signature(value)
        return written

    def write_variant(self, variant: Variant, _: object = None) -> int:
        """Write a variant, with a strict look at its signature."""
        parse_signature(variant.signature)
        written: int = super().write_variant(variant)
        return written

    def write_array(self, array: Any, type_: SignatureType) -> int:
        """Write an array within the size that the specification allows."""
        written: int = super().write_array(array, type_)
        if written > MAX_ARRAY:
            raise InvalidMessage(f"an array of {written} bytes is longer than the {MAX_ARRAY} allowed")
        return written

    def write_unix_fd(self, fd: int, _: object = None) -> int:
        """Write the index of a descriptor, and keep the descriptor itself for sendmsg(2)."""
        if fd not in self.fds:
            try:
                fcntl.fcntl(fd, fcntl.F_GETFD)
            except OSError as error:
                # Found out only by sendmsg(2), it would cost the connection
                raise InvalidMessage(f"{fd} is no open file descriptor: {error.strerror}") from None
            self.fds.append(fd)
        written: int = self.write_uint32(self.fds.index(fd))
        return written


class FrameReader(Unmarshaller):
    """dbus-next's unmarshaller over one whole message in memory, never over a socket.

    Attributes:
        used: The descriptors that were read as values so far.
    """

    def __init__(self, frame: bytes, offset: int, fds: list[int]) -> None:
        super().__init__(None)
        self.buf: bytes = frame  # type: ignore[assignment]  # it only ever reads from it
        self.offset = offset
        self.endian = LITTLE_ENDIAN if frame[0] == LITTLE_ENDIAN else BIG_ENDIAN
        self.unix_fds = fds
        self.used: list[int] = []
        self._depth = 0
        readers: dict[str, Callable[..., Any]] = self.readers
        readers["h"] = self.read_unix_fd

    def read(self, n: int, prefetch: bool = False) -> int:
        """Step over `n` bytes and return where they begin; the frame has no more to fetch."""
        start = self.offset
        if start + n > len(self.buf):
            raise InvalidMessage("a value reaches beyond the end of its message")
        if not prefetch:
            self.offset = start + n
        return start

    def read_unix_fd(self, _: object = None) -> int:
        """Read an index and return the descriptor it stands for, a duplicate if it was named before."""
        index: int = self.read_uint32()
        if index >= len(self.unix_fds):
            raise InvalidMessage(f"a body names descriptor {index}, but {len(self.unix_fds)} came with it")
        fd: int = self.unix_fds[index]
        if fd in self.used:
            fd = os.dup(fd)
        self.used.append(fd)
        return fd

    def read_variant(self, _: object = None) -> Variant:
        """Read a variant; nested ones may come from a peer that wants us to run out of stack."""
        self._depth += 1
        if self._depth > MAX_VARIANTS:
            raise InvalidMessage(f"variants are nested deeper than {MAX_VARIANTS}")
        tree = parse_signature(self.read_signature())
        if len(tree.types) != 1:
            raise InvalidMessage(f"a variant is of the {len(tree.types)} types {tree.signature!r}")
        variant = Variant(tree, self.read_argument(tree.types[0]))
        self._depth -= 1
        return variant
