"""Where in a disk image the system is: GUID and MBR partition tables, read with distrust.

Sources: the Discoverable Partitions Specification of uapi-group.org, the UEFI Specification ("GUID Partition
Table"), systemd-dissect(1).
"""

from __future__ import annotations

import errno
import os
import platform
import struct
import uuid
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from machined.host.linux.storage.versions import version_key

_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_MBR = struct.Struct("<B3sB3sII")
_SECTORS = (512, 4096)
_MOST_ENTRIES = 1024
_LARGEST_ENTRY = 4096
_NO_AUTO = 1 << 63
"""A partition that is not to be found by its type."""

GENERIC = "0fc63daf-8483-4772-8e79-3d69d8477de4"
"""What partitions of Linux are that do not say more: the only one is the root."""
SYSTEMS = {
    "x86_64": ("4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "8484680c-9521-48c6-9c11-b0720656f69e"),
    "i686": ("44479540-f297-41b2-9af7-d131d5f0458a", "75250d76-8cc6-458e-bd66-bd47cc81a812"),
    "aarch64": ("b921b045-1df0-41c3-af44-4c6f280d3fae", "b0e01050-ee5f-4390-949a-9101b17104e9"),
    "armv7l": ("69dad710-2ce4-4e3c-b16c-21a1d49abed3", "7d0359a3-02b3-4f0a-865c-654403e70625"),
    "riscv64": ("72ec70a6-cf74-40e6-bd49-4bda08e8f224", "beaec34b-8442-439b-a40b-984381ed097d"),
    "ppc64le": ("c31c45e6-3f39-412e-80fb-4809c4980599", "ee2b9983-21e8-4153-86d9-b6901a54d1ce"),
    "s390x": ("5eead9a9-fe09-4a1e-a1d7-520d00531306", "8a4f5770-50aa-4ed3-874a-99b710db6fea"),
}
"""The types of root and /usr partitions, by what the kernel calls the architecture."""
SECONDARY = {"x86_64": "i686", "aarch64": "armv7l"}
"""What an architecture runs besides its own programs."""


class Part(NamedTuple):
    """A stretch of a disk, in bytes."""

    start: int
    size: int


class System(NamedTuple):
    """Where a system is: its root, its /usr where that is a file system of its own, or both."""

    root: Part | None
    usr: Part | None = None


class _Entry(NamedTuple):
    type: str
    part: Part
    label: str


def find_system(fd: int, size: int) -> System | None:
    """Where the system is, by the partition table.

    Args:
        fd: The image.
        size: Its bytes.

    Returns:
        `None` where there is no partition table.

    Raises:
        OSError: EUCLEAN, partitions overlap or go beyond the end; ENXIO, none of them is a system's.
    """
    entries = _gpt(fd, size)
    if entries is None:
        entries = _mbr(fd, size)
        if not entries:
            return None
    return _system(entries)


def _system(entries: list[_Entry]) -> System:
    own = platform.machine()
    for architecture in (own, SECONDARY.get(own, "")):
        root_type, usr_type = SYSTEMS.get(architecture, ("", ""))
        found = System(_newest(entries, root_type), _newest(entries, usr_type))
        if any(found):
            return found
    generic = [entry.part for entry in entries if entry.type == GENERIC]
    if len(generic) != 1:
        raise _fault(errno.ENXIO)
    return System(generic[0])


def _newest(entries: Sequence[_Entry], kind: str) -> Part | None:
    """The partition of a type; of several the one whose label has the newest version."""
    fits = [entry for entry in entries if entry.type == kind]
    return max(fits, key=lambda entry: version_key(entry.label)).part if fits else None


def _gpt(fd: int, size: int) -> list[_Entry] | None:
    """The entries of a GUID partition table; `None` where there is none that is whole."""
    for sector in _SECTORS:
        for at in (sector, size - sector):
            header = _header(fd, at)
            if header is not None:
                entries = _entries(fd, size, sector, header)
                if entries is not None:
                    return entries
    return None


class _Header(NamedTuple):
    entries: int
    number: int
    length: int
    checksum: int


def _header(fd: int, at: int) -> _Header | None:
    if at < 0:
        return None
    raw = os.pread(fd, 512, at)
    if len(raw) < _HEADER.size:
        return None
    magic, _revision, length, checksum, *_rest, first, count, entry, whole = _HEADER.unpack_from(raw)
    if magic != b"EFI PART" or not _HEADER.size <= length <= len(raw):
        return None
    if zlib.crc32(raw[:16] + bytes(4) + raw[20:length]) != checksum:
        return None
    if not _ENTRY.size <= entry <= _LARGEST_ENTRY or count > _MOST_ENTRIES:
        return None
    return _Header(first, count, entry, whole)


def _entries(fd: int, size: int, sector: int, header: _Header) -> list[_Entry] | None:
    start, length = header.entries * sector, header.number * header.length
    if start + length > size:
        return None
    raw = os.pread(fd, length, start)
    if len(raw) != length or zlib.crc32(raw) != header.checksum:
        return None
    found = []
    for at in range(0, length, header.length):
        kind, _id, first, last, flags, label = _ENTRY.unpack_from(raw, at)
        if not any(kind):
            continue
        part = Part(first * sector, (last + 1 - first) * sector)
        name = label.decode("utf-16-le", "replace").split("\0", 1)[0]
        found.append((_Entry(str(uuid.UUID(bytes_le=kind)), part, name), flags))
    _check([entry.part for entry, _flags in found], size)
    return [entry for entry, flags in found if not flags & _NO_AUTO]


def _mbr(fd: int, size: int) -> list[_Entry]:
    """The partitions of Linux that are marked as bootable; none where there is no such table."""
    raw = os.pread(fd, 512, 0)
    if len(raw) < 512 or raw[510:] != b"\x55\xaa":
        return []
    found = []
    for at in range(446, 510, 16):
        flags, _first, kind, _last, start, count = _MBR.unpack_from(raw, at)
        if flags not in {0, 0x80}:
            return []  # a boot sector of something else
        if flags and kind == 0x83 and count:
            found.append(_Entry(GENERIC, Part(start * 512, count * 512), ""))
    _check([entry.part for entry in found], size)
    return found


def _check(parts: list[Part], size: int) -> None:
    """Refuse partitions that are not each in a place of its own."""
    end = 0
    for part in sorted(parts):
        if part.size <= 0 or part.start < max(end, 1) or part.start + part.size > size:
            raise _fault(errno.EUCLEAN)
        end = part.start + part.size


def _fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))
