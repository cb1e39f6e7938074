"""Images and the pool they live in, as the host stores them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from machined.contract import UNKNOWN_SIZE

Progress = Callable[[int, int], None]
"""Told of bytes done and bytes in all, as a long operation goes on; the second is 0 while unknown."""


def unseen(done: int, total: int) -> None:
    """Nobody watches this operation."""


class ImageType(StrEnum):
    """What an image is made of (machinectl(1), "Files and Directories")."""

    DIRECTORY = "directory"
    SUBVOLUME = "subvolume"
    RAW = "raw"
    BLOCK = "block"


class Image(NamedTuple):
    """An image as it was found. Sizes are bytes, `UNKNOWN_SIZE` where unknown or without limit."""

    name: str
    path: str
    type: ImageType
    is_read_only: bool = False
    created: int = 0
    """Microseconds since the epoch; 0 where unknown, 2^64-1 where before the epoch or too far ahead."""
    modified: int = 0
    """Microseconds since the epoch; 0 where unknown, 2^64-1 where before the epoch or too far ahead."""
    usage: int = UNKNOWN_SIZE
    limit: int = UNKNOWN_SIZE
    usage_exclusive: int = UNKNOWN_SIZE
    limit_exclusive: int = UNKNOWN_SIZE

    @property
    def is_vendor(self) -> bool:
        """Whether it came with the system: it is under /usr and nobody may change it."""
        return self.path.startswith("/usr/")

    @property
    def is_hidden(self) -> bool:
        """Whether lists leave it out unless all are asked for."""
        return self.name.startswith(".")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the files of an image tell of it; empty where they do not."""

    hostname: str = ""
    """hostname(5)."""
    machine_id: bytes = b""
    """16 bytes (machine-id(5)), or none."""
    machine_info: dict[str, str] = field(default_factory=dict)
    """machine-info(5)."""
    os_release: dict[str, str] = field(default_factory=dict)
    """os-release(5)."""


class PoolStatus(NamedTuple):
    """The pool: where new images are made. Bytes, `UNKNOWN_SIZE` where unknown or without limit."""

    path: str
    usage: int
    limit: int


class Storage(Protocol):
    """The images of a host. Changes raise `OSError` with the errno that systemd gives for the reason.

    EBUSY: a running machine or another operation has it. EOPNOTSUPP: not with this type or file system.
    The rules that need no look at the disk are checked by the caller.
    """

    async def find(self, name: str) -> Image | None:
        """The image of this name, first hit on the search path; `None` where there is none."""

    async def discover(self) -> list[Image]:
        """All images, `.host` among them, each name once."""

    async def remove(self, image: Image, progress: Progress) -> None:
        """Remove an image and its side files."""

    async def rename(self, image: Image, new_name: str) -> None:
        """Rename an image and its side files; EEXIST for a taken name, EBUSY for that of the host."""

    async def clone(self, image: Image, new_name: str, is_read_only: bool, progress: Progress) -> None:
        """Copy an image into the pool; errors as for `rename`."""

    async def set_read_only(self, image: Image, is_read_only: bool) -> None:
        """Mark an image read-only, or no longer so."""

    async def set_limit(self, image: Image, size: int) -> None:
        """Limit what an image may use, in bytes; `UNKNOWN_SIZE` takes the limit away."""

    async def metadata(self, image: Image) -> Metadata:
        """What the files of the image tell."""

    async def metadata_of(self, name: str) -> Metadata | OSError | None:
        """What the files of the image of this name tell, as `find` and `metadata` do, in fewer steps.

        Returns:
            Why they cannot be read, where they cannot; `None` where there is no such image.

        Raises:
            OSError: The image cannot be looked for.
        """

    async def pool(self) -> PoolStatus:
        """How the pool is."""

    async def set_pool_limit(self, size: int) -> None:
        """Limit what the pool may use, in bytes; `UNKNOWN_SIZE` takes the limit away."""


async def metadata_or_why(storage: Storage, image: Image) -> Metadata | OSError:
    """What the files of an image tell, or why they cannot be read."""
    try:
        return await storage.metadata(image)
    except OSError as error:
        return error
