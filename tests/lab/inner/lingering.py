"""Gives our service sockets that cannot be closed: `lingering.py MACHINE PID USERDB`; prints answers.

What was sent over them is not taken, and they linger (SO_LINGER in socket(7)). The service is stopped until
nobody else has them: it has to close them, not the message bus.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import time

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import Connection, connect, system_address
from machined.wire.header import METHOD_CALL, NO_REPLY_EXPECTED, SIGNAL

LINGER = 600
PATIENCE = 20.0
QUESTION = b'{"method":"org.varlink.service.GetInfo"}\0'


def lingering(others: list[socket.socket]) -> socket.socket:
    """A socket whose other side is kept."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = socket.create_connection(listener.getsockname())
        others.append(listener.accept()[0])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER))
    made.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            made.send(bytes(65536))
    return made


def wrapped(inner: socket.socket) -> socket.socket:
    """A socket which has another one in its queue."""
    ours, theirs = socket.socketpair()
    with theirs, inner:
        socket.send_fds(theirs, [b"x"], [inner.fileno()])
    return ours


async def give(connection: Connection, others: list[socket.socket]) -> None:
    """Send each kind of them with each kind of message."""
    for kind, member in ((METHOD_CALL, "GetMachine"), (METHOD_CALL, "Nothing"), (SIGNAL, "Changed")):
        for made in (lingering(others), wrapped(lingering(others))):
            connection._bus.transmit(
                kind,
                "h",
                [made.detach()],
                flags=NO_REPLY_EXPECTED,
                destination=MACHINE1,
                path=MANAGER_PATH,
                interface=MANAGER_INTERFACE,
                member=member,
            )
    for _ in range(5):
        await connection.name_owner(MACHINE1)  # the bus has passed on what came before


def user_database(userdb: str) -> socket.socket:
    """A connection to it."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(userdb)
    return client


def answer(client: socket.socket) -> bytes:
    """What the user database says; nothing where it hangs up, as on who sends a socket."""
    with client:
        return client.recv(65536)


async def main(machine: str, pid: str, userdb: str) -> None:
    connection = await connect(system_address())
    others: list[socket.socket] = []
    os.kill(int(pid), signal.SIGSTOP)
    try:
        await give(connection, others)
        giver = user_database(userdb)
        with wrapped(lingering(others)) as made:
            socket.send_fds(giver, [b"x"], [made.fileno()])
    finally:
        os.kill(int(pid), signal.SIGCONT)
    begun = time.monotonic()
    asker = user_database(userdb)
    asker.sendall(QUESTION)
    said = [answer(giver).decode(), answer(asker)[:15].decode()]
    said += await connection.call(
        MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "s", machine, timeout=PATIENCE
    )
    print(json.dumps([said, time.monotonic() - begun]), flush=True)
    sys.stdin.readline()
    for other in others:
        other.close()
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
