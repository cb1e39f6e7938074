"""What the owner of a machine can lay out for those who look into it, and how it is done."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.host import LabHost
from tests.service.linux_inside import silent


@dataclass(frozen=True)
class Trap:
    """One thing that is laid out, by scripts that run in the machine."""

    name: str
    lay: str = ""
    lift: str = ""
    silent: tuple[str, ...] = ()
    """Folders that a file system is mounted on that never answers."""


def _os_release(name: str, make: str) -> Trap:
    return Trap(name, f"rm -f /etc/os-release; {make}")


def _etc(name: str, make: str) -> Trap:
    return Trap(name, f"rm -rf /etc; {make}")


OVER_PROC = """
mount -t tmpfs none /proc
mkdir -p /proc/self/fd /proc/self/ns /proc/1/root/etc /proc/1/ns /proc/sys/kernel
for one in mnt pid net user; do echo fake >/proc/1/ns/$one; done
echo ID=fake >/proc/1/root/etc/os-release
ln -s / /proc/self/root
"""

TRAPS = [
    Trap("nothing"),
    _os_release("a link to a file of the host", "ln -s /root/canary /etc/os-release"),
    _os_release("a link upwards", "ln -s ../../../../../../../root/canary /etc/os-release"),
    _os_release("a link through /proc", "ln -s /proc/1/root/../../root/canary /etc/os-release"),
    _os_release("a link to a secret", "ln -s /proc/1/environ /etc/os-release"),
    _os_release("a link to the kernel's log", "ln -s /proc/kmsg /etc/os-release"),
    _os_release("a link to a terminal", "ln -s /dev/ptmx /etc/os-release"),
    _os_release("a link to a descriptor", "ln -s /proc/self/fd/0 /etc/os-release"),
    _os_release("a link to itself", "ln -s os-release /etc/os-release"),
    _os_release("a fifo", "mkfifo /etc/os-release"),
    _os_release("a folder", "mkdir /etc/os-release"),
    _os_release("a file without an end", "mknod /etc/os-release c 1 5"),
    _os_release("a sparse file", "truncate -s 10G /etc/os-release"),
    _os_release("no text", "head -c 60000 /dev/urandom >/etc/os-release"),
    _etc("/etc is a link to the host's", "ln -s ../../../../../../../etc /etc"),
    _etc("/etc is a link into /proc", "ln -s /proc/1/root/etc /etc"),
    _etc("/etc is a link to a folder of the host", "ln -s /root /etc"),
    _etc("/etc is a link to itself", "ln -s etc /etc"),
    _etc("/etc is a fifo", "mkfifo /etc"),
    Trap("a mount over /proc", OVER_PROC, "umount /proc"),
    Trap("other devices", "mount -t tmpfs none /dev; mkfifo /dev/ptmx; mkdir /dev/pts", "umount /dev"),
    Trap("a terminal that is none", "mount --bind /dev/zero /dev/ptmx", "umount /dev/ptmx"),
    Trap("a silent /etc", silent=("/etc",)),
    Trap("silent devices and buses", silent=("/dev", "/run")),
]

#: Takes away what the last trap and the calls left, whatever that was.
RENEW = """
[ -d /etc.kept ] || cp -a /etc /etc.kept
for one in /etc/shown /run/shown /tmp/shown /root/shown; do umount -l $one 2>/dev/null || :; done
rm -rf /etc /root/shown /root/gift
cp -a /etc.kept /etc
"""

#: All that programs load by themselves, where they look for it; programs themselves are not there.
PLANT = """
mkdir -p /tmp/usr /encodings /machined
cd /tmp/usr
for folder in lib lib64 lib/x86_64-linux-gnu lib/aarch64-linux-gnu \
    lib/python3 lib/python3.11 lib/python3.13; do
    mkdir -p $folder/encodings
    for name in libc.so.6 libnss_files.so.2 libnss_compat.so.2 libnss_systemd.so.2 libgcc_s.so.1 \
        linecache.py traceback.py os.py socket.py encodings/idna.py encodings/__init__.py; do
        echo 'import os; os.mkdir("/run/was-run")' >$folder/$name
    done
done
mkdir bin
for name in python3 getent login unix_chkpwd; do echo x >bin/$name; chmod 755 bin/$name; done
for name in nsswitch.conf ld.so.cache ld.so.preload localtime locale.alias host.conf; do
    rm -f /etc/$name
    echo /tmp/usr/lib/libc.so.6 >/etc/$name
done
echo x >/encodings/__init__.py
echo x >/machined/__init__.py
echo ID=planted >lib/os-release
rm -f /etc/os-release
mount --bind /tmp/usr /usr
"""


def in_machine(host: LabHost, leader: int, script: str) -> None:
    """Run a shell script in a machine, as its root."""
    host.ask("nsenter", f"--target={leader}", "--all", "--root", "--wd=/", "sh", "-ec", script)


def root_of(host: LabHost, leader: int) -> Path:
    """The root of a machine as seen from outside of its host."""
    return host.root / f"proc/{leader}/root"


@contextlib.contextmanager
def laid(host: LabHost, leader: int, trap: Trap) -> Iterator[None]:
    """Have a trap in a machine."""
    in_machine(host, leader, RENEW)
    in_machine(host, leader, trap.lay)
    with contextlib.ExitStack() as stack:
        for path in trap.silent:
            words = ("python3", "-I", "-c", Path(silent.__file__).read_text(), str(leader), path)
            process = stack.enter_context(host.running(*words))
            assert process.stdout is not None
            assert process.stdout.readline() == "mounted\n"
        yield
    lift = "".join(f"umount -l {path}\n" for path in trap.silent)
    in_machine(host, leader, lift + trap.lift)


@contextlib.contextmanager
def silent_bus(host: LabHost, leader: int) -> Iterator[None]:
    """Have a bus in a machine that takes callers and says nothing."""
    in_machine(host, leader, f"{RENEW}\nmkdir -p /run/dbus")
    with socket.socket(socket.AF_UNIX) as sock:
        path = root_of(host, leader) / "run/dbus/system_bus_socket"
        sock.bind(str(path))
        sock.listen()
        yield
        path.unlink()


_IN_OPEN = 0x20
_IN_ISDIR = 0x40000000
_EVENT = struct.Struct("iIII")


class Watch:
    """Notes which files are opened in folders (inotify(7))."""

    def __init__(self, folders: list[Path]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for folder in folders:
            if self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _IN_OPEN) < 0:
                raise OSError(ctypes.get_errno(), str(folder))

    def opened(self) -> set[str]:
        """The names of the files that were opened since the last time."""
        try:
            data = os.read(self._fd, 1 << 20)
        except BlockingIOError:
            return set()
        names, at = set(), 0
        while at < len(data):
            _, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            if not mask & _IN_ISDIR:
                names.add(data[at - length : at].rstrip(b"\0").decode())
        return names

    def close(self) -> None:
        """Watch no longer."""
        os.close(self._fd)
