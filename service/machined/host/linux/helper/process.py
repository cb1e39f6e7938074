"""The helper's main loop: takes wishes, forks for each, and sees that nobody outlives who wished."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from machined.host.linux.helper import copies, kernel, mounting, reading, shells, terminals
from machined.host.linux.helper.answers import Answer, broken_fields, error_fields
from machined.host.linux.helper.packets import receive, send
from machined.host.linux.helper.targets import Target, has_ended


class Operation(NamedTuple):
    """Something that can be wished for."""

    work: Callable[[Target, list[bytes], list[int], socket.socket], Answer | None]
    """Given the machine, arguments, descriptors and the socket; it may answer there itself."""
    joins_processes: bool = False
    """Whether it is done in the machine's namespace of processes."""


OPERATIONS = {
    b"read": Operation(reading.stand),
    b"pty": Operation(terminals.open_pty),
    b"bus": Operation(terminals.open_bus, joins_processes=True),
    b"network": Operation(terminals.open_network),
    b"root": Operation(terminals.open_root),
    b"bind": Operation(mounting.bind),
    b"copy": Operation(copies.copy),
    b"shell": Operation(shells.run, joins_processes=True),
}


class Wish(NamedTuple):
    """One thing to be done, as it came: its name, the leader, then arguments."""

    operation: Operation
    target: Target
    arguments: list[bytes]
    fds: list[int]
    sock: socket.socket
    """Where the answers go. It came first among the descriptors, then a pidfd where there is a leader."""


def main(fd: int) -> None:
    """Serve the socket `fd` until its other side is closed."""
    kernel.end_with_parent(signal.SIGKILL)
    kernel.hide_from_others()
    kernel.name_process(b"machines-inside")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps, see wait(2)
    helper = Helper(socket.socket(fileno=fd))
    _load_nothing_more()
    helper.serve()


def _load_nothing_more() -> None:
    """See that no import finds anything from here on, and leave what is loaded as it is."""
    sys.meta_path.clear()
    sys.path.clear()
    sys.path_hooks.clear()
    gc.collect()
    gc.freeze()


class Helper:
    """Forks for each wish that comes over a socket.

    Args:
        listener: The socket, of type SOCK_SEQPACKET.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._myself = os.pidfd_open(os.getpid())
        self._own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def serve(self) -> None:
        """Take wishes until the other side is closed."""
        while (request := receive(self._listener)) is not None:
            (name, leader, *arguments), fds = request
            first = 2 if int(leader) else 1
            target = Target(int(leader), fds[1] if int(leader) else -1)
            sock = socket.socket(fileno=fds[0])
            try:
                self._begin(Wish(OPERATIONS[name], target, arguments, fds[first:], sock))
            except (BrokenPipeError, ConnectionResetError):
                continue  # who asked has gone
            finally:
                sock.close()
                for one in fds[1:]:
                    os.close(one)

    def _begin(self, wish: Wish) -> None:
        try:
            pid = self._fork(wish)
        except OSError as error:
            send(wish.sock, error_fields(error))
            return
        if not pid:
            self._be_child(wish)
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            return  # it has answered and is gone already
        try:
            send(wish.sock, [b"child"], [pidfd])
        finally:
            os.close(pidfd)

    def _fork(self, wish: Wish) -> int:
        """Fork, into the machine's namespace of processes if that is wished (pid_namespaces(7))."""
        theirs = wish.target.namespace("pid") if wish.operation.joins_processes else None
        if theirs is None:
            return os.fork()
        pid = -1
        try:
            kernel.enter(theirs, kernel.CLONE_NEWPID)
            pid = os.fork()
        except OSError:
            wish.target.check()  # ENOMEM is also said of a namespace whose first process has ended
            raise
        finally:
            os.close(theirs)
            if pid:  # only children are in the namespace that was joined, and the next one may not be
                kernel.enter(self._own_processes, kernel.CLONE_NEWPID)
        return pid

    def _be_child(self, wish: Wish) -> NoReturn:
        """Do one operation and end; nothing comes out of here, for outside is the main loop."""
        try:
            self._listener.close()
            kernel.end_with_parent(signal.SIGKILL)
            if has_ended(self._myself):
                os._exit(0)  # before it could be heard of
            wish.target.check()
            answer = wish.operation.work(wish.target, wish.arguments, wish.fds, wish.sock)
            if answer is not None:
                send(wish.sock, [b"done", *answer[0]], answer[1])
        except OSError as error:
            send(wish.sock, error_fields(error))
        except BaseException as error:  # noqa: BLE001 - told to the service, which logs it
            send(wish.sock, broken_fields(error))
        finally:
            os._exit(0)
