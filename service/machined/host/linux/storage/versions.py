"""Which of several versions of an image is the one (systemd.v(7))."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable

from machined.host.storage import Image

ARCHITECTURES = {
    "x86_64": ("x86-64", "x86"),
    "i686": ("x86",),
    "aarch64": ("arm64", "arm"),
    "armv7l": ("arm",),
    "riscv64": ("riscv64", "riscv32"),
    "ppc64le": ("ppc64-le", "ppc-le"),
    "s390x": ("s390x", "s390"),
}
"""What systemd calls the architectures that a machine runs, its own first, by what the kernel calls it."""

_ALL_NAMES = """
alpha arc arc-be arm arm-be arm64 arm64-be cris ia64 loongarch64 m68k mips mips-le mips64 mips64-le
nios2 parisc parisc64 ppc ppc-le ppc64 ppc64-le riscv32 riscv64 s390 s390x sh sh64 sparc sparc64
tilegx x86 x86-64
"""
_ALL = frozenset(_ALL_NAMES.split())
_TRIES = re.compile(r"(.*)\+([0-9]+)(?:-([0-9]+))?")
_VERSION = re.compile(r"[A-Za-z0-9~^.+-]+")
_PIECE = re.compile(r"[0-9]+|[A-Za-z]+|[~^.-]")
_ENDLESS = 2**32
_RANK = {"~": -2, "": -1, "-": 0, "^": 1, ".": 2}
"""How what may follow in a version sorts; letters and numbers come after these, in that order."""


def newest(names: Iterable[str], image: str, suffix: str) -> str | None:
    """The file that stands for an image, of those in its `.v` directory; `None` where none does.

    Those whose tries are used up come last, then the newest version wins, then our own architecture.

    Args:
        names: What is in the directory.
        image: The image's name, which the files begin with.
        suffix: What they end with, as in `.raw`.
    """
    best = None
    for name in names:
        rank = _rank(name, image, suffix)
        if rank is not None and (best is None or rank > best[0]):
            best = (rank, name)
    return best[1] if best else None


def is_one(image: Image) -> bool:
    """Whether an image is one of several versions, in a folder of such."""
    return image.path.rpartition("/")[2] not in {image.name, f"{image.name}.raw"}


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """What a version sorts by (the Version Format Specification of uapi-group.org)."""
    key = []
    for piece in _PIECE.findall(version):
        if piece in _RANK:
            key.append((_RANK[piece], 0, ""))
        elif piece[0].isdigit():
            key.append((4, int(piece), ""))
        else:
            key.append((3, 0, piece))
    return (*key, (_RANK[""], 0, ""))


def _rank(name: str, image: str, suffix: str) -> tuple[object, ...] | None:
    """How good a file is; `None` where it is no version of the image that runs here."""
    begin = f"{image}_"
    if not name.startswith(begin) or not name.endswith(suffix):
        return None
    version = name[len(begin) : len(name) - len(suffix)]
    left, done = _ENDLESS, 0
    if match := _TRIES.fullmatch(version):
        version, left, done = match[1], int(match[2]), int(match[3] or 0)
    architecture = 0
    start, underscore, end = version.rpartition("_")
    if (end if underscore else version) in _ALL:
        own = ARCHITECTURES.get(platform.machine(), ())
        if end not in own:
            return None
        version, architecture = start, len(own) - own.index(end)
    if version and not _VERSION.fullmatch(version):
        return None
    return (left != 0, version_key(version), architecture, left, -done, os.fsencode(name))
