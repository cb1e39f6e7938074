"""The helper's main loop: takes wishes, forks for each, and sees that nobody outlives who wished."""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from machined.host.linux.helper import copies, kernel, mounting, reading, shells, terminals
from machined.host.linux.helper.answers import Answer, broken_fields, error_fields
from machined.host.linux.helper.packets import Taken, send, take
from machined.host.linux.helper.targets import Target, drop_groups, has_ended


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
    _prepared(fd).serve()


def main_once(fd: int) -> None:
    """Take one wish from the socket `fd`, and end when that is done or the program ends that it became."""
    _prepared(fd).serve_one()
    _wait_for_children()


def _prepared(fd: int) -> Helper:
    kernel.hide_from_others()
    kernel.name_process(b"machines-inside")
    if os.geteuid() == 0:
        drop_groups()  # a machine's user namespace may not let us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps, see wait(2)
    helper = Helper(socket.socket(fileno=fd))
    _load_nothing_more()
    return helper


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
        self._is_away = False

    def serve(self) -> None:
        """Take wishes until the other side is closed, and wait for the end of what goes on then.

        Whatever goes wrong with a wish is told to who wished: the others have their work going on below us,
        and it would end with us.
        """
        while self.serve_one():
            continue
        _wait_for_children()

    def serve_one(self) -> bool:
        """Take one wish; false where the other side is closed."""
        wish = take(self._listener)
        if wish is None:
            return False
        try:
            self._answer(wish)
        finally:
            for fd in wish.fds[1:]:
                os.close(fd)
        return True

    def _answer(self, taken: Taken) -> None:
        if not taken.fds:
            return  # there was no room for the socket either; it is closed, which tells who asked
        with socket.socket(fileno=taken.fds[0]) as sock:
            try:
                if not taken.is_whole:
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
                name, leader, *arguments = taken.fields
                first = 2 if int(leader) else 1
                target = Target(int(leader), taken.fds[1] if int(leader) else -1)
                wish = Wish(OPERATIONS[name], target, arguments, taken.fds[first:], sock)
                if not _has_gone(sock):  # else it was given up while we had no time for it
                    self._begin(wish)
            except OSError as error:
                _tell(sock, error_fields(error))
            except (KeyError, ValueError) as error:
                _tell(sock, broken_fields(error))

    def _begin(self, wish: Wish) -> None:
        """Fork for a wish. Where the child cannot be told of, its socket is closed, and it ends by that."""
        pid = self._fork(wish)
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
        self._come_back()
        theirs = wish.target.namespace("pid") if wish.operation.joins_processes else None
        if theirs is None:
            return os.fork()
        pid = -1
        try:
            kernel.enter(theirs, kernel.CLONE_NEWPID)
            self._is_away = True
            pid = os.fork()
        except OSError:
            wish.target.check()  # ENOMEM is also said of a namespace whose first process has ended
            raise
        finally:
            os.close(theirs)
            if pid:  # only children are in the namespace that was joined, and the next one may not be
                self._come_back()
        return pid

    def _come_back(self) -> None:
        """Have the next child in our own namespace of processes.

        Raises:
            OSError: It cannot be; the next child is not forked before it can.
        """
        if self._is_away:
            kernel.enter(self._own_processes, kernel.CLONE_NEWPID)
            self._is_away = False

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


def _has_gone(sock: socket.socket) -> bool:
    """Whether who asked does not wait any more."""
    poll = select.poll()
    poll.register(sock, 0)  # POLLHUP is always told
    return bool(poll.poll(0))


def _tell(sock: socket.socket, fields: list[bytes]) -> None:
    """Answer who asked; where even that cannot be done, that the socket is closed is the answer."""
    try:
        send(sock, fields)
    except OSError:
        return


def _wait_for_children() -> None:
    """Wait until all that was forked has ended: it would be killed when we end."""
    try:
        os.waitpid(-1, 0)  # with SIGCHLD ignored it returns after the last one, see wait(2)
    except ChildProcessError:
        return
