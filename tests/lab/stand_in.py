"""A service that does nothing but own the name of systemd-machined's, to be started by the installed unit.

It stands in for the real one in tests of installing. `Who`, which the real one has not got, tells that it is
this one; `Try` does what the service's job needs and tells what the unit's fetters did not allow.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from machined.wire import Call, connect, system_address

NAME = "org.freedesktop.machine1"
_LIBC = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _mount() -> None:
    folder = tempfile.mkdtemp(dir="/run")
    try:
        _check(_LIBC.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, None))
        _check(_LIBC.umount2(folder.encode(), 0))
    finally:
        os.rmdir(folder)


def _open_tree() -> None:
    number = 428  # open_tree(2), the same on all architectures; 1 is OPEN_TREE_CLONE, -100 AT_FDCWD
    tree = _LIBC.syscall(number, -100, b"/run", 1)
    _check(tree)
    os.close(tree)


def _enter() -> None:
    """Enter the namespaces of a process, in a child."""
    fds = [os.open(f"/proc/1/ns/{kind}", os.O_RDONLY) for kind in ("mnt", "net", "uts", "ipc", "pid")]
    pid = os.fork()
    if pid == 0:
        bad = [fd for fd in fds if _LIBC.setns(fd, 0) < 0]
        os._exit(1 if bad or _LIBC.chroot(b"/proc/1/root") < 0 else 0)
    for fd in fds:
        os.close(fd)
    if os.waitpid(pid, 0)[1]:
        raise OSError("could not be entered")


def _become() -> None:
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        raise OSError("could not become another user")


def _copy() -> None:
    with tempfile.TemporaryDirectory(dir="/var/lib/machines") as folder:
        path = f"{folder}/file"
        with open(path, "w") as file:
            file.write("x")
        os.chown(path, 1000, 1000)
        os.chmod(path, 0o4755)
        capability = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service=ep
        os.setxattr(path, "security.capability", capability)
        os.mkfifo(f"{folder}/fifo")
        os.mknod(f"{folder}/null", 0o20666, os.makedev(1, 3))


def _terminal() -> None:
    first, second = os.openpty()
    os.close(first)
    os.close(second)


def _signal() -> None:
    with subprocess.Popen(["setpriv", "--reuid=65534", "sleep", "60"]) as process:
        os.kill(process.pid, signal.SIGKILL)


TRIES: dict[str, Callable[[], None]] = {
    "mount": _mount,
    "open_tree": _open_tree,
    "enter": _enter,
    "become": _become,
    "copy": _copy,
    "terminal": _terminal,
    "signal": _signal,
}


def attempt() -> str:
    """What of the job is not allowed; "" if all of it is."""
    failed = []
    for name, work in TRIES.items():
        try:
            work()
        except OSError as error:
            failed.append(f"{name}: {error}")
    return "; ".join(failed)


async def on_call(call: Call) -> tuple[str, Sequence[Any]]:
    """Answer."""
    return ("s", [attempt()]) if call.member == "Try" else ("u", [os.getpid()])


def ready() -> None:
    """Tell systemd (sd_notify(3))."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        address = os.environ["NOTIFY_SOCKET"]
        sock.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        sock.send(b"READY=1")


async def main() -> int:
    """Serve until SIGTERM comes."""
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    connection = await connect(system_address())
    connection.serve(on_call)
    if not await connection.request_name(NAME):
        print("the name is in use", file=sys.stderr)
        return 1
    ready()
    await end.wait()
    await connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
