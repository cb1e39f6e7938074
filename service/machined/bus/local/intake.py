"""Bytes and descriptors of one client, cut into messages."""

from __future__ import annotations

from machined.bus.local.fields import UINT32
from machined.bus.local.message import Message, read_message
from machined.bus.local.peer import Load
from machined.wire.closing import close_received
from machined.wire.errors import InvalidMessage
from machined.wire.header import FIXED, MAX_MESSAGE, frame_size

MAX_HEADER = 1 << 18
"""Bytes of header fields that the bus is ready to read: with more it would keep others waiting."""
SENDER_ROOM = 64
"""Bytes that the sender's name may add to a message on its way through the bus, at most."""
CHUNK = 1 << 16
"""Bytes asked of the socket at once; more, up to `MAX_CHUNK`, while a large message is on its way."""
MAX_CHUNK = 1 << 20


class Intake:
    """What came in and is no whole message yet.

    A stream socket hands out descriptors no later than the first byte sent with them (unix(7)), so they
    queue up in the order of the messages, each of which says how many are its own.

    Args:
        max_fds: Descriptors in one message, at most.
        load: Where the bytes are counted.
    """

    def __init__(self, max_fds: int, load: Load) -> None:
        self._max_fds = max_fds
        self._load = load
        self._data = b""
        self._at = 0
        self._partial = bytearray()
        self._size = 0
        self._fds: list[int] = []

    @property
    def partial(self) -> int:
        """Bytes of a message that has not come in whole."""
        return len(self._partial)

    @property
    def has_fds(self) -> bool:
        """Whether descriptors came of a message that has not come in whole."""
        return bool(self._fds)

    def wanted(self) -> int:
        """How many bytes to read next."""
        return min(max(CHUNK, self._size - len(self._partial)), MAX_CHUNK)

    def add(self, data: bytes, fds: list[int]) -> None:
        """Take what was read; before, `next` must have returned None. The descriptors belong here then."""
        if fds:
            self._fds += fds
        held = len(self._partial)
        if self._size:
            missing = self._size - held
            self._partial += data[:missing]
            data = data[missing:]
            self._load.incoming += len(self._partial) - held
        elif held:
            data = bytes(self._partial) + data
            self._partial.clear()
            self._load.incoming -= held
        self._data = data
        self._at = 0

    def next(self) -> Message | None:
        """The next whole message, with its descriptors; None if there is none yet.

        Raises:
            InvalidMessage: What follows can make no sense any more.
        """
        frame = self._next_frame()
        if frame is None:
            if self._fds and (len(self._fds) > self._max_fds or not self._partial):
                raise InvalidMessage(f"{len(self._fds)} file descriptors came that no message lays claim to")
            return None
        message = read_message(frame)
        count = message.fields.fd_count
        if count:
            if count > self._max_fds or count > len(self._fds):
                raise InvalidMessage(f"a message claims {count} file descriptors, and {len(self._fds)} came")
            message.fds, self._fds = self._fds[:count], self._fds[count:]
        return message

    def _next_frame(self) -> bytes | bytearray | None:
        if self._size:
            if len(self._partial) < self._size:
                return None
            frame, self._partial = self._partial, bytearray()
            self._size = 0
            self._load.incoming -= len(frame)
            return frame
        data, at = self._data, self._at
        left = len(data) - at
        if not left:
            return None
        size = _size(data, at) if left >= FIXED else 0
        if size and left >= size:
            self._at = at + size
            return data if size == len(data) else data[at : at + size]
        self._partial += data[at:]
        self._load.incoming += left
        self._size = size
        self._data, self._at = b"", 0
        return None

    def clear(self) -> None:
        """Drop everything."""
        close_received(self._fds)
        self._fds = []
        self._load.incoming -= len(self._partial)
        self._partial = bytearray()
        self._size = 0
        self._data, self._at = b"", 0


def _size(data: bytes, at: int) -> int:
    size = frame_size(data[at : at + FIXED])
    (length,) = UINT32[data[at]].unpack_from(data, at + 12)
    if length > MAX_HEADER:
        raise InvalidMessage(f"the header of a message is of {length} bytes, more than the bus takes")
    if size > MAX_MESSAGE - SENDER_ROOM:
        raise InvalidMessage(f"a message of {size} bytes leaves no room for the name of its sender")
    return size
