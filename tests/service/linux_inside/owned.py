"""Puts a file system into a machine on which all is somebody's, as on FAT (mount(8), `uid=`).

LEADER PATH UID as arguments, and `plain` if it is to know rename(2) only, and not renameat2(2). It keeps all
in memory, and refuses to give anything to anybody else. It prints a line once it is there, and serves until
it is killed (linux/fuse.h). It needs the standard library alone: its text
is run where there is nothing else.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from dataclasses import dataclass, field

_HEADER = struct.Struct("=IIQQIIII")
_REPLY = struct.Struct("=IiQ")
_INIT_OUT = struct.Struct("=IIIIHHIIHHI7I")
_ATTRIBUTES = struct.Struct("=6Q10I")
_SETATTR = struct.Struct("=II6Q8I")
_UID, _GID, _MODE, _SIZE = 2, 4, 1, 8
_FOREVER = 10
"""Seconds for which the kernel may remember what it was told."""
_UNANSWERED = {2, 36, 42}
"""FORGET, INTERRUPT, BATCH_FORGET."""


@dataclass
class Node:
    """A file or a folder."""

    mode: int
    data: bytearray = field(default_factory=bytearray)
    names: dict[bytes, int] = field(default_factory=dict)


class Owned:
    """The file system."""

    def __init__(self, uid: int, renames_at_once: bool) -> None:
        self._uid = uid
        self._nodes = {1: Node(stat.S_IFDIR | 0o755)}
        self._answers = {
            1: self._look_up, 3: self._get, 4: self._set, 9: self._make_folder, 10: self._unlink,
            11: self._unlink, 12: self._rename, 14: self._open, 15: self._read, 16: self._write,
            17: self._tell, 18: self._done, 25: self._done, 26: self._greet, 27: self._open, 28: self._list,
            29: self._done, 35: self._create, 45: self._rename,
        }  # fmt: skip

        if not renames_at_once:
            del self._answers[45]

    def answer(self, operation: int, node: int, body: bytes) -> bytes:
        if operation not in self._answers:
            raise OSError(errno.ENOSYS, "")
        return self._answers[operation](node, body)

    def _attributes(self, number: int) -> bytes:
        node = self._nodes[number]
        size = len(node.data)
        return _ATTRIBUTES.pack(
            number, size, size // 512, *[0] * 6, node.mode, 1, self._uid, self._uid, 0, 4096, 0
        )

    def _entry(self, number: int) -> bytes:
        return struct.pack("=4Q2I", number, 0, 0, _FOREVER, 0, 0) + self._attributes(number)

    def _make(self, folder: int, name: bytes, mode: int) -> int:
        number = max(self._nodes) + 1
        self._nodes[number] = Node(mode)
        self._nodes[folder].names[name] = number
        return number

    def _greet(self, _node: int, _body: bytes) -> bytes:
        return _INIT_OUT.pack(7, 31, 0, 0, 12, 9, 4096, 1, 0, 0, 0, *[0] * 7)

    def _look_up(self, folder: int, body: bytes) -> bytes:
        number = self._nodes[folder].names.get(body[:-1])
        if number is None:
            raise OSError(errno.ENOENT, "")
        return self._entry(number)

    def _get(self, number: int, _body: bytes) -> bytes:
        return struct.pack("=QII", _FOREVER, 0, 0) + self._attributes(number)

    def _set(self, number: int, body: bytes) -> bytes:
        told = _SETATTR.unpack_from(body)
        valid, size, (mode, _unused, uid, gid) = told[0], told[3], told[11:15]
        if (valid & _UID and uid != self._uid) or (valid & _GID and gid != self._uid):
            raise OSError(errno.EPERM, "")
        if valid & _MODE:
            self._nodes[number].mode = mode
        if valid & _SIZE:
            self._nodes[number].data[:] = self._nodes[number].data[:size].ljust(size, b"\0")
        return self._get(number, body)

    def _make_folder(self, folder: int, body: bytes) -> bytes:
        return self._entry(self._make(folder, body[8:-1], stat.S_IFDIR | struct.unpack_from("=I", body)[0]))

    def _create(self, folder: int, body: bytes) -> bytes:
        mode = struct.unpack_from("=II", body)[1]
        return self._entry(self._make(folder, body[16:-1], mode)) + self._open(0, b"")

    def _open(self, _node: int, _body: bytes) -> bytes:
        return struct.pack("=QII", 0, 0, 0)

    def _done(self, _node: int, _body: bytes) -> bytes:
        return b""

    def _tell(self, _node: int, _body: bytes) -> bytes:
        return struct.pack("=5Q4I24x", 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 4096, 255, 4096, 0)

    def _read(self, number: int, body: bytes) -> bytes:
        _handle, at, size = struct.unpack_from("=QQI", body)
        return bytes(self._nodes[number].data[at : at + size])

    def _write(self, number: int, body: bytes) -> bytes:
        _handle, at, size = struct.unpack_from("=QQI", body)
        self._nodes[number].data[at : at + size] = body[40 : 40 + size]
        return struct.pack("=II", size, 0)

    def _unlink(self, folder: int, body: bytes) -> bytes:
        del self._nodes[folder].names[body[:-1]]
        return b""

    def _rename(self, folder: int, body: bytes) -> bytes:
        target = self._nodes[struct.unpack_from("=Q", body)[0]].names
        old, new = body[16:-1].split(b"\0") if body[12:16] == bytes(4) else body[8:-1].split(b"\0")
        target[new] = self._nodes[folder].names.pop(old)
        return b""

    def _list(self, number: int, body: bytes) -> bytes:
        at = struct.unpack_from("=QQ", body)[1]
        found = b""
        for place, (name, node) in enumerate(self._nodes[number].names.items(), 1):
            entry = struct.pack("=QQII", node, place, len(name), self._nodes[node].mode >> 12) + name
            found += entry.ljust(-len(entry) % 8 + len(entry), b"\0") if place > at else b""
        return found


def main(leader: str, path: str, uid: str, *options_of_rename: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR)
    root = os.open(f"/proc/{leader}/root", os.O_RDONLY)
    if libc.setns(os.open(f"/proc/{leader}/ns/mnt", os.O_RDONLY), 0):
        raise OSError(ctypes.get_errno(), "setns")
    os.fchdir(root)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions".encode()
    if libc.mount(b"owned", path.lstrip("/").encode(), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    os.write(1, b"mounted\n")
    served = Owned(int(uid), not options_of_rename)
    while True:
        request = os.read(device, 1 << 18)
        _, operation, unique, node, *_ = _HEADER.unpack_from(request)
        if operation in _UNANSWERED:
            continue
        error, body = 0, b""
        try:
            body = served.answer(operation, node, request[_HEADER.size :])
        except OSError as raised:
            error = -(raised.errno or errno.EIO)
        os.write(device, _REPLY.pack(_REPLY.size + len(body), error, unique) + body)


if __name__ == "__main__":
    main(*sys.argv[1:])
