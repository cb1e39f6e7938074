"""Where images are and what they are (machinectl(1), "Files and Directories")."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import nullcontext

from machined.contract import HOST_MACHINE, is_image_name
from machined.host.improvements import ALL, Improvements
from machined.host.linux.storage import calls, versions
from machined.host.linux.storage.calls import Status
from machined.host.linux.storage.description import Look
from machined.host.linux.storage.kept import UNKEPT, Entries, Kept, Known, Listing, plain_signature, signature
from machined.host.linux.storage.lookers import Looking, NoAnswer
from machined.host.storage import Image, ImageType

KEPT = frozenset({ImageType.DIRECTORY, ImageType.RAW})
"""Whatever is told of these, their inode's time of change and the table of mounts change with it."""
_LONGEST = 251
"""Bytes of the longest name that `.raw` can stand behind (NAME_MAX)."""
SUFFIXES = ("", ".raw", ".v", ".raw.v")
"""What the file of an image ends with besides its name; in a folder the first that is there counts."""


def find(
    folders: Sequence[str],
    name: str,
    improvements: Improvements = ALL,
    looking: Looking | None = None,
    look: Look | None = None,
) -> Image | None:
    """The image of a name: the first on the search path.

    Unless `finds_all_that_is_listed`, a directory `NAME.raw` is not found, though it is listed.

    Args:
        folders: The search path.
        name: The name.
        improvements: What is done better than the reference does it.
        looking: Told where we look.
        look: Describes it; all that can be told of it is told else.

    Raises:
        NoAnswer: It is known not to answer, or a folder is.
        OSError: A folder is there but cannot be read; or, unless such links are skipped, a link in it.
    """
    if not is_image_name(name):
        return None
    if not improvements.finds_long_names and len(os.fsencode(name)) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    look = look or Look(is_at_all=False)
    looking = looking or Looking()
    for folder in folders:
        with _Folder(folder, look, improvements, looking) as opened:
            if opened.fd < 0:
                continue
            for rank, suffix in enumerate(SUFFIXES):
                image = opened.image(f"{name}{suffix}", name, rank)
                if image and (improvements.finds_all_that_is_listed or not _is_raw_directory(image)):
                    return image
    return _host(look) if name == HOST_MACHINE else None


def discover(
    folders: Sequence[str],
    improvements: Improvements = ALL,
    looking: Looking | None = None,
    kept: Kept | None = None,
) -> list[Image]:
    """All images, each name once, the host itself among them. Those that do not answer are left out.

    Args:
        folders: The search path.
        improvements: What is done better than the reference does it.
        looking: Told where we look.
        kept: What the last listing left, and this one leaves.

    Raises:
        NoAnswer: A folder is known not to answer.
        OSError: A folder is there but cannot be read; or, unless such links are skipped, a link in it.
    """
    look = Look(is_at_all=True)
    looking = looking or Looking()
    found: dict[str, Image] = {}
    with kept.listing(looking) if kept else nullcontext(Listing()) as listing:
        for folder in folders:
            with _Folder(folder, look, improvements, looking) as opened:
                if opened.fd >= 0:
                    found |= opened.images(listing, found)
        if HOST_MACHINE not in found:
            found[HOST_MACHINE] = _listed_host(look, looking, listing)
    return list(found.values())


class _Folder:
    """A folder of the search path, while it is looked through. `fd` is -1 where there is none."""

    def __init__(self, path: str, look: Look, improvements: Improvements, looking: Looking) -> None:
        self._improvements = improvements
        self._path = path
        self._look = look
        self._looking = looking
        self._statuses: dict[str, Status] = {}
        self.fd = -1

    def __enter__(self) -> _Folder:
        self._looking.at(self._path)
        try:
            self.fd = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self
        # What links on the way lead to, as realpath(3) tells, for a fraction of the time
        self._path = os.readlink(f"/proc/self/fd/{self.fd}")
        return self

    def __exit__(self, *_error: object) -> None:
        if self.fd >= 0:
            os.close(self.fd)

    def images(self, listing: Listing, found: dict[str, Image]) -> dict[str, Image]:
        """All images in it whose names are not found yet."""
        known = listing.known.get(self._path, {})
        noted = listing.noted.setdefault(self._path, {})
        here: dict[str, tuple[int, Image]] = {}
        for entry, is_plain in self._entries(listing):
            try:
                one = self._described(entry, is_plain, known.get(entry), listing)
            except NoAnswer:
                continue  # that was told of when it was noticed
            if one is None:
                continue
            if one.signature is not UNKEPT:
                noted[entry] = one
            if one.name not in found and not (one.name in here and here[one.name][0] < one.rank):
                here[one.name] = (one.rank, one.image)
        return {name: image for name, (_rank, image) in here.items()}

    def _entries(self, listing: Listing) -> list[tuple[str, bool]]:
        """What is in it, and whether each is itself what is looked at, and no link to it."""
        signature = plain_signature(os.fstat(self.fd))
        last = listing.known_entries.get(self._path)
        if last is not None and last.signature == signature:
            listed = last.listed
        else:
            with os.scandir(self.fd) as entries:
                listed = [(entry.name, _plainness(entry)) for entry in entries]
            if not listing.can_keep_entries(calls.status("", self.fd)):
                return listed
        listing.noted_entries[self._path] = Entries(signature, listed)
        return listed

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
        if status is None:
            return None
        # Who asks for it by the name of its file is told, as by systemd 257
        is_file = rank == 0 and name.endswith(".raw") and stat.S_ISREG(status.mode)
        if not is_file and self.named(entry) != (name, rank):
            return None
        return self._image(entry, name, rank, status)

    def _image(self, entry: str, name: str, rank: int, status: Status) -> Image | None:
        path = f"{self._path}/{entry}"
        try:
            if rank >= 2:
                return self._version(path, name, ".raw" if rank == 3 else "")
            return self._look.describe(name, path, status)
        except NoAnswer:
            raise
        except OSError:
            return None  # it went, or nothing can be told of it: that hides it, and none of the others

    def _described(self, entry: str, is_plain: bool, known: Known | None, listing: Listing) -> Known | None:
        """The image of an entry, and what it is known by if it may be kept."""
        if is_plain and known is not None and self._is_unchanged(entry, known):
            return known
        name, rank = self.named(entry)
        status = self._status(entry)
        image = None if name is None or status is None else self._image(entry, name, rank, status)
        if name is None or image is None or status is None:
            return None
        is_kept = is_plain and rank < 2 and image.type in KEPT and listing.can_keep(status)
        if is_kept:
            listing.note(status, image.path, self._look)
        return Known(signature(status) if is_kept else UNKEPT, name, rank, image)

    def _is_unchanged(self, entry: str, known: Known) -> bool:
        self._looking.at(f"{self._path}/{entry}")
        try:
            status = os.stat(entry, dir_fd=self.fd, follow_symlinks=False)
        except OSError:
            return False  # it went
        return known.signature == plain_signature(status)

    def _version(self, path: str, name: str, suffix: str) -> Image | None:
        """The newest version in a `.v` directory."""
        fits = (stat.S_ISREG, stat.S_ISBLK) if suffix else (stat.S_ISDIR,)
        statuses = {}
        for entry in os.listdir(path):
            self._looking.at(f"{path}/{entry}")
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
            self._looking.at(f"{self._path}/{entry}")
            try:
                self._statuses[entry] = calls.status(entry, self.fd)
            except OSError as error:  # it leads nowhere, or nobody can follow it
                if error.errno == errno.ELOOP and not self._improvements.skips_unfollowable_links:
                    raise
                return None
        return self._statuses[entry]


def _plainness(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is itself what is looked at, and no link to it."""
    return entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)


def _is_raw_directory(image: Image) -> bool:
    return image.name.endswith(".raw") and image.type in {ImageType.DIRECTORY, ImageType.SUBVOLUME}


def _host(look: Look) -> Image:
    """The host itself."""
    image = look.describe(HOST_MACHINE, "/", calls.status("/"))
    if image is None:
        raise NotADirectoryError("/")
    return image


def _listed_host(look: Look, looking: Looking, listing: Listing) -> Image:
    """The host itself, as it is in a list."""
    looking.at("/")
    known = listing.known.get("", {}).get("/")
    if known is None or known.signature != plain_signature(os.stat("/")):
        status = calls.status("/")
        known = Known(signature(status), HOST_MACHINE, 0, _host(look))
        if known.image.type not in KEPT or not listing.can_keep(status):
            return known.image
        listing.note(status, "/", look)
    listing.noted[""] = {"/": known}
    return known.image
