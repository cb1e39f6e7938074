"""A connection to a message bus that says and hears messages one at a time, whatever is in them."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.lab.differential.player.marshalling import Reader, Typed, Writer

BUS, BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
SOCKET = "/run/dbus/system_bus_socket"
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
INTERACTIVE = 0x4
"""The flag of a call whose sender is ready to be asked for a password."""
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)


@dataclass
class Message:
    """A message that came in. Who gets it owns its descriptors."""

    kind: int
    flags: int
    serial: int
    fields: dict[int, Any]
    body: bytes
    order: str
    fds: list[int] = field(default_factory=list)

    @property
    def signature(self) -> str:
        return str(self.fields.get(SIGNATURE, ""))

    @property
    def values(self) -> list[Any]:
        return Reader(self.body, self.order).all(self.signature)

    @property
    def member(self) -> str:
        return str(self.fields.get(MEMBER, ""))

    @property
    def sender(self) -> str:
        return str(self.fields.get(SENDER, ""))


class Client:
    """One connection, with a unique name."""

    def __init__(self, sock: socket.socket | None = None) -> None:
        """Connect to the system bus, or take a socket on which that was done already."""
        self._buffer = b""
        self._fds: list[int] = []
        self._serial = 0
        self._heard: list[Message] = []
        if sock is None:
            sock = connected()
        self._sock = sock
        self.name = str(self.ask(BUS, BUS_PATH, BUS, "Hello")[0])

    def send(
        self,
        destination: str,
        path: str,
        interface: str | None,
        member: str,
        signature: str = "",
        values: Sequence[Any] = (),
        flags: int = 0,
    ) -> int:
        """Send a call and return its serial."""
        self._serial += 1
        body = Writer()
        body.all(signature, values)
        fields = [
            (PATH, Typed("o", path)),
            (MEMBER, Typed("s", member)),
            (DESTINATION, Typed("s", destination)),
        ]
        if interface is not None:
            fields.append((INTERFACE, Typed("s", interface)))
        if signature:
            fields.append((SIGNATURE, Typed("g", signature)))
        if body.fds:
            fields.append((UNIX_FDS, Typed("u", len(body.fds))))
        head = Writer()
        head.data += b"l" + bytes([CALL, flags, 1])
        head.all("uua(yv)", [len(body.data), self._serial, fields])
        head.align(8)
        raw = bytes(head.data + body.data)
        if body.fds:
            socket.send_fds(self._sock, [raw], body.fds)
        else:
            self._sock.sendall(raw)
        return self._serial

    def reply(self, serial: int, timeout: float = 20) -> Message:
        """Wait for the reply to a call.

        Raises:
            TimeoutError: None came in time.
        """

        def answers(message: Message) -> bool:
            return message.kind in {RETURN, ERROR} and message.fields.get(REPLY_SERIAL) == serial

        return self.wait(answers, timeout)

    def wait(self, wanted: Callable[[Message], bool], timeout: float = 20) -> Message:
        """Wait for a message, and keep those that come before it for later.

        Raises:
            TimeoutError: It did not come in time.
        """
        for message in self._heard:
            if wanted(message):
                self._heard.remove(message)
                return message
        deadline = time.monotonic() + timeout
        while True:
            message = self.hear(deadline - time.monotonic())
            if wanted(message):
                return message
            self._heard.append(message)

    def ask(
        self, destination: str, path: str, interface: str, member: str, signature: str = "", *values: Any
    ) -> list[Any]:
        """Call and return the values of the reply.

        Raises:
            RuntimeError: The answer is an error.
        """
        answer = self.reply(self.send(destination, path, interface, member, signature, values))
        if answer.kind == ERROR:
            raise RuntimeError(f"{member}: {answer.fields[ERROR_NAME]}: {answer.values}")
        return answer.values

    def hear(self, timeout: float = 20) -> Message:
        """The next message from the socket.

        Raises:
            TimeoutError: None came in time.
            EOFError: The bus ended the connection.
        """
        deadline = time.monotonic() + timeout
        while (message := self._taken()) is None:
            self._sock.settimeout(max(deadline - time.monotonic(), 0.001))
            data, fds, _, _ = socket.recv_fds(self._sock, 1 << 16, 64)
            if not data:
                raise EOFError("the bus ended the connection")
            self._buffer += data
            self._fds += fds
        return message

    def close(self) -> None:
        self._sock.close()
        for fd in self._fds:
            os.close(fd)

    def _taken(self) -> Message | None:
        if len(self._buffer) < 16:
            return None
        order = "<" if self._buffer[:1] == b"l" else ">"
        kind, flags = self._buffer[1], self._buffer[2]
        length, serial, header = struct.unpack_from(order + "III", self._buffer, 4)
        start = 16 + header + (-header % 8)
        if len(self._buffer) < start + length:
            return None
        reader = Reader(self._buffer, order)
        reader.at = 12
        fields = {code: value.value for code, value in reader.one("a(yv)")}
        body = self._buffer[start : start + length]
        self._buffer = self._buffer[start + length :]
        count = fields.get(UNIX_FDS, 0)
        fds, self._fds = self._fds[:count], self._fds[count:]
        return Message(kind, flags, serial, fields, body, order, fds)


def connected() -> socket.socket:
    """A socket to the system bus, authenticated as the user that this process is."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(20)
    sock.connect(SOCKET)
    uid = str(os.geteuid()).encode().hex()
    sock.sendall(b"\0AUTH EXTERNAL " + uid.encode() + b"\r\n")
    _expect(sock, b"OK")
    sock.sendall(b"NEGOTIATE_UNIX_FD\r\n")
    _expect(sock, b"AGREE_UNIX_FD")
    sock.sendall(b"BEGIN\r\n")
    return sock


def _expect(sock: socket.socket, word: bytes) -> None:
    line = b""
    while not line.endswith(b"\r\n"):
        line += sock.recv(1)
    if not line.startswith(word):
        raise RuntimeError(f"the bus said {line!r}")


class Caller:
    """A connection that another process opened: of another user, or in the control group of a unit.

    The process lives as long as the connection, for the bus tells its id and user to who asks.
    """

    def __init__(self, uid: int | None = None, groups: Sequence[str] = ()) -> None:
        """Fork it, let it go into control groups, be the user, and connect."""
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            try:
                self._stand_by(theirs, uid, groups)
            finally:
                os._exit(0)
        theirs.close()
        self._control = ours
        ours.settimeout(20)
        data, fds, _, _ = socket.recv_fds(ours, 1, 1)
        if not data:
            raise RuntimeError("the caller's process could not connect")
        self.client = Client(socket.socket(fileno=fds[0]))

    def _stand_by(self, control: socket.socket, uid: int | None, groups: Sequence[str]) -> None:
        # The ends of earlier callers' lines, which must not stay open here
        for fd in {int(name) for name in os.listdir("/proc/self/fd")} - {0, 1, 2, control.fileno()}:
            with contextlib.suppress(OSError):  # the one of the listing itself
                os.close(fd)
        for group in groups:
            with open(f"{group}/cgroup.procs", "w") as members:
                members.write(str(os.getpid()))
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        with connected() as sock:
            socket.send_fds(control, [b"."], [sock.fileno()])
            control.recv(1)

    def close(self) -> None:
        self.client.close()
        self._control.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
