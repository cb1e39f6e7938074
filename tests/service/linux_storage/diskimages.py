"""Disk images: file systems with a tree in them, and partition tables, good and bad."""

from __future__ import annotations

import struct
import uuid
import zlib
from pathlib import Path

from tests.service.linux_storage.volumes import sh

ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
USR = "8484680c-9521-48c6-9c11-b0720656f69e"
GENERIC = "0fc63daf-8483-4772-8e79-3d69d8477de4"
SWAP = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
MEGABYTE = 1024**2


def make_file_system(path: Path, tree: Path, kind: str = "ext4") -> Path:
    """Make a file system with a tree in it, without mounting."""
    if kind.startswith("ext4"):
        features = "^metadata_csum" if kind == "ext4-unchecked" else "metadata_csum"
        sh("mke2fs", "-q", "-t", "ext4", "-O", features, "-d", tree, path, "8M")
    else:
        sh("truncate", "--size=120M", path)
        sh("mkfs.btrfs", "--quiet", "--rootdir", tree, path)
    return path


class Disk:
    """A disk with a GUID partition table."""

    def __init__(self, path: Path, size: int = 32 * MEGABYTE, sector: int = 512) -> None:
        self.path = path
        self.size = size
        self.sector = sector
        self.entries: list[bytes] = []
        with path.open("wb") as file:
            file.truncate(size)

    def add(
        self, kind: str, start: int, content: Path | None, *, size: int = 0, label: str = "", flags: int = 0
    ) -> None:
        """Put a file system at a megabyte."""
        data = content.read_bytes() if content else b""
        first = start * MEGABYTE // self.sector
        last = first + (size or len(data)) // self.sector - 1
        self.entries.append(
            uuid.UUID(kind).bytes_le
            + uuid.uuid4().bytes_le
            + struct.pack("<QQQ", first, last, flags)
            + label.encode("utf-16-le").ljust(72, b"\0")
        )
        with self.path.open("r+b") as file:
            file.seek(start * MEGABYTE)
            file.write(data)

    def write(self, *, primary: bool = True, backup: bool = True) -> Path:
        """Write the tables."""
        table = b"".join(self.entries).ljust(128 * 128, b"\0")
        end = self.size // self.sector - 1
        room = 128 * 128 // self.sector
        with self.path.open("r+b") as file:
            for wanted, at, other, entries in ((primary, 1, end, 2), (backup, end, 1, end - room)):
                if not wanted:
                    continue
                fields = struct.pack(
                    "<QQQQ16sQIII",
                    at,
                    other,
                    2 + room,
                    end - room - 1,
                    uuid.uuid4().bytes_le,
                    entries,
                    128,
                    128,
                    zlib.crc32(table),
                )
                start = b"EFI PART" + struct.pack("<II", 0x10000, 92)
                checksum = zlib.crc32(start + bytes(8) + fields)
                file.seek(at * self.sector)
                file.write(start + struct.pack("<II", checksum, 0) + fields)
                file.seek(entries * self.sector)
                file.write(table)
        return self.path
