"""Where images are and what they are (machinectl(1), "Files and Directories")."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from machined.contract import HOST_MACHINE, is_image_name
from machined.host.improvements import ALL, Improvements
from machined.host.linux.storage import calls, versions
from machined.host.linux.storage.calls import Status
from machined.host.linux.storage.description import Look
from machined.host.storage import Image, ImageType

_LONGEST = 251
"""Bytes of the longest name that `.raw` can stand behind (NAME_MAX)."""
SUFFIXES = ("", ".raw", ".v", ".raw.v")
"""What the file of an image ends with besides its name; in a folder the first that is there counts."""


def find(folders: Sequence[str], name: str, improvements: Improvements = ALL) -> Image | None:
    """The image of a name: the first on the search path.

    Unless `finds_all_that_is_listed`, a directory `NAME.raw` is not found, though it is listed.

    Raises:
        OSError: A folder is there but cannot be read; or, unless such links are skipped, a link in it.
    """
    if not is_image_name(name):
        return None
    if not improvements.finds_long_names and len(os.fsencode(name)) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    look = Look(is_at_all=False)
    for folder in folders:
        with _Folder(folder, look, improvements) as opened:
            if opened.fd < 0:
                continue
            for rank, suffix in enumerate(SUFFIXES):
                image = opened.image(f"{name}{suffix}", name, rank)
                if image and (improvements.finds_all_that_is_listed or not _is_raw_directory(image)):
                    return image
    return _host(look) if name == HOST_MACHINE else None


def discover(folders: Sequence[str], improvements: Improvements = ALL) -> list[Image]:
    """All images, each name once, the host itself among them.

    Raises:
        OSError: A folder is there but cannot be read; or, unless such links are skipped, a link in it.
    """
    look = Look(is_at_all=True)
    found: dict[str, Image] = {}
    for folder in folders:
        here: dict[str, tuple[int, Image]] = {}
        with _Folder(folder, look, improvements) as opened:
            for entry in opened.names():
                name, rank = opened.named(entry)
                if name in found or name is None or (name in here and here[name][0] < rank):
                    continue
                image = opened.image(entry, name, rank)
                if image:
                    here[name] = (rank, image)
        found |= {name: image for name, (_rank, image) in here.items()}
    if HOST_MACHINE not in found:
        found[HOST_MACHINE] = _host(look)
    return list(found.values())


class _Folder:
    """A folder of the search path, while it is looked through. `fd` is -1 where there is none."""

    def __init__(self, path: str, look: Look, improvements: Improvements) -> None:
        self._improvements = improvements
        self._path = os.path.realpath(path)
        self._look = look
        self._statuses: dict[str, Status] = {}
        self.fd = -1

    def __enter__(self) -> _Folder:
        try:
            self.fd = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            self.fd = -1
        return self

    def __exit__(self, *_error: object) -> None:
        if self.fd >= 0:
            os.close(self.fd)

    def names(self) -> list[str]:
        """What is in it."""
        return os.listdir(self.fd) if self.fd >= 0 else []

    def named(self, entry: str) -> tuple[str | None, int]:
        """The name of the image that an entry would be, and how it ranks among `SUFFIXES`; none for none."""
        status = self._status(entry)
        if status is None:
            return None, 0
        name, rank = entry, 0
        if stat.S_ISREG(status.mode):
            name, rank = (entry[:-4], 1) if entry.endswith(".raw") else ("", 0)
        elif stat.S_ISDIR(status.mode) and entry.endswith(".v"):
            name, rank = (entry[:-6], 3) if entry.endswith(".raw.v") else (entry[:-2], 2)
        elif not stat.S_ISDIR(status.mode) and not stat.S_ISBLK(status.mode):
            return None, 0
        return (name if is_image_name(name) else None), rank

    def image(self, entry: str, name: str, rank: int) -> Image | None:
        """The image that an entry is, if it is that of this name and rank."""
        status = self._status(entry)
        if status is None or self.named(entry) != (name, rank):
            return None
        path = f"{self._path}/{entry}"
        try:
            if rank >= 2:
                return self._version(path, name, ".raw" if rank == 3 else "")
            return self._look.describe(name, path, status)
        except OSError:
            return None  # it went, or nothing can be told of it: that hides it, and none of the others

    def _version(self, path: str, name: str, suffix: str) -> Image | None:
        """The newest version in a `.v` directory."""
        fits = (stat.S_ISREG, stat.S_ISBLK) if suffix else (stat.S_ISDIR,)
        statuses = {}
        for entry in os.listdir(path):
            try:
                status = calls.status(f"{path}/{entry}")
            except OSError:
                continue  # as in `_status`
            if any(is_type(status.mode) for is_type in fits):
                statuses[entry] = status
        entry = versions.newest(statuses, name, suffix) or ""
        return self._look.describe(name, f"{path}/{entry}", statuses[entry]) if entry else None

    def _status(self, entry: str) -> Status | None:
        if entry not in self._statuses:
            try:
                self._statuses[entry] = calls.status(entry, self.fd)
            except OSError as error:  # it leads nowhere, or nobody can follow it
                if error.errno == errno.ELOOP and not self._improvements.skips_unfollowable_links:
                    raise
                return None
        return self._statuses[entry]


def _is_raw_directory(image: Image) -> bool:
    return image.name.endswith(".raw") and image.type in {ImageType.DIRECTORY, ImageType.SUBVOLUME}


def _host(look: Look) -> Image:
    """The host itself."""
    image = look.describe(HOST_MACHINE, "/", calls.status("/"))
    if image is None:
        raise NotADirectoryError("/")
    return image
