"""A program on a terminal of a machine that has no service manager to start it."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import termios
from typing import NamedTuple

from machined.host.linux.helper import accounts, groups, kernel, reading
from machined.host.linux.helper.packets import send, unpack
from machined.host.linux.helper.targets import Target, become_root, open_other_side

_NAMESPACES = (
    ("mnt", kernel.CLONE_NEWNS),
    ("net", kernel.CLONE_NEWNET),
    ("uts", kernel.CLONE_NEWUTS),
    ("ipc", kernel.CLONE_NEWIPC),
    ("cgroup", kernel.CLONE_NEWCGROUP),
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class _Wish(NamedTuple):
    user: str
    path: bytes
    arguments: list[bytes]
    environment: list[bytes]


def run(target: Target, arguments: list[bytes], fds: list[int], sock: socket.socket) -> None:
    """Become a program of the machine, in a session of its own on a terminal (credentials(7)).

    Arguments: the user, the path ("" for the user's shell), then packets of arguments and environment. The
    descriptor is the terminal's master. "started" is said right before the program takes over; if it cannot,
    an error follows.
    """
    user, path, argv, environment = arguments
    wish = _Wish(os.fsdecode(user), path, unpack(argv), unpack(environment))
    root = target.root()
    account = accounts.find(
        wish.user, reading.read_if_there(root, "etc/passwd"), reading.read_if_there(root, "etc/group")
    )
    limits = _limits(target)
    terminal = open_other_side(fds[0])
    _enter(target, root)
    kernel.end_with_parent(0)  # what a user runs goes on when the service is started anew
    kernel.bound_capabilities(int(limits[b"CapBnd"], 16))
    if limits[b"NoNewPrivs"] == b"1":
        kernel.forgo_privileges()
    _take(terminal, account.uid)
    _reset_signals()
    _become(account)
    words = wish.arguments if path else [os.fsencode(account.shell), b"-l"]
    send(sock, [b"started"])
    program = path or account.shell
    os.execve(program, words, _environment(account, wish.environment))  # noqa: S606 - no shell is meant to be between


def _limits(target: Target) -> dict[bytes, bytes]:
    """What the machine's first process can have (proc_pid_status(5)): nobody in it is to have more."""
    fd = os.open("/proc/self/status", os.O_RDONLY) if target.is_host else target.open("status")
    try:
        lines = os.read(fd, 65536).split(b"\n")  # a process may have \r in its name
    finally:
        os.close(fd)
    return {name: value.strip() for name, _, value in (line.partition(b":") for line in lines)}


def _enter(target: Target, root: int) -> None:
    """Join all namespaces and control groups of the machine; that of processes has been joined already."""
    if target.is_host:
        return
    users = target.namespace("user")
    joined = [(target.namespace(name), kind) for name, kind in _NAMESPACES]
    groups.join(target)
    for namespace, kind in joined:
        if namespace is not None:
            kernel.enter(namespace, kind)
    os.fchdir(root)
    os.chroot(".")
    become_root(users)


def _take(terminal: int, uid: int) -> None:
    """Begin a session with a terminal that belongs to a user."""
    os.fchown(terminal, uid, -1)
    os.fchmod(terminal, 0o620)
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for standard in (0, 1, 2):
        os.dup2(terminal, standard)


def _reset_signals() -> None:
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(0o022)


def _become(account: accounts.Account) -> None:
    """Be a user, in the home folder if that can be entered."""
    try:
        os.setgroups(account.groups)
    except PermissionError as error:
        if error.errno != errno.EPERM:  # "deny" in /proc/PID/setgroups, see user_namespaces(7)
            raise
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    try:
        os.chdir(account.home)
    except OSError:
        os.chdir("/")


def _environment(account: accounts.Account, wished: list[bytes]) -> dict[bytes, bytes]:
    """What login(1) sets, and over it what was wished for."""
    login = {
        "TERM": "vt220",
        "PATH": _PATH,
        "HOME": account.home,
        "USER": account.name,
        "LOGNAME": account.name,
        "SHELL": account.shell,
    }
    found = {os.fsencode(name): os.fsencode(value) for name, value in login.items()}
    return found | {name: value for name, _, value in (entry.partition(b"=") for entry in wished)}
