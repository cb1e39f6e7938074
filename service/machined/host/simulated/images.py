"""Images of the simulated host."""

from __future__ import annotations

from dataclasses import dataclass, field

from machined.contract import UNKNOWN_SIZE
from machined.host.simulated.entries import ImageEntry
from machined.host.simulated.tree import Tree
from machined.host.storage import Image, ImageType

NEW_SUBVOLUME = 16 * 1024
"""Bytes that a subvolume takes that holds nothing of its own (btrfs-subvolume(8))."""


@dataclass(slots=True, eq=False)
class Extent:
    """A stretch of data on the disk, shared by a subvolume and its snapshots."""

    length: int
    """Bytes."""
    users: int = 1


@dataclass(slots=True, eq=False)
class SimulatedImage:
    """An image that is stored, with what it would take on a disk."""

    name: str
    path: str
    type: ImageType
    tree: Tree
    """What is in it; for a raw or block one what its file system holds."""
    entry: ImageEntry | None = None
    """How a machine of it runs; none where it was made by hand."""
    is_read_only: bool = False
    created: int = 0
    """Microseconds since the epoch; 0 where unknown."""
    modified: int = 0
    """Microseconds since the epoch; 0 where unknown."""
    extents: list[Extent] = field(default_factory=list)
    """What it takes on the disk."""
    limit: int = UNKNOWN_SIZE
    """Of a subvolume what it may take; of a raw or block image how large it is."""
    limit_exclusive: int = UNKNOWN_SIZE
    is_quota_known: bool = True
    """Whether the quota group of a subvolume tells numbers."""

    @property
    def size(self) -> int:
        """Bytes that it takes, with those that others share."""
        return sum(extent.length for extent in self.extents)

    @property
    def exclusive(self) -> int:
        """Bytes that would be free without it."""
        return sum(extent.length for extent in self.extents if extent.users == 1)

    @property
    def is_in_pool(self) -> bool:
        """Whether it counts for the pool."""
        return self.path.startswith("/var/lib/machines/") and self.type is not ImageType.BLOCK

    def grow(self, length: int) -> None:
        """Take more of the disk."""
        if not self.extents or self.extents[-1].users > 1:
            self.extents.append(Extent(0))
        self.extents[-1].length += length

    def share(self) -> list[Extent]:
        """What a snapshot of it takes: the same, and a little of its own."""
        for extent in self.extents:
            extent.users += 1
        return [*self.extents, Extent(NEW_SUBVOLUME)]

    def release(self) -> None:
        """Give back what it takes."""
        for extent in self.extents:
            extent.users -= 1
        self.extents = []

    def describe(self) -> Image:
        """What can be told of it: which numbers are known depends on the type.

        A directory has none and no time of change; a subvolume has those of its quota group
        (btrfs-qgroup(8)); a raw image those of its file; a device has its size and no times.
        """
        is_read_only = self.is_read_only or self.path.startswith("/usr/")
        image = Image(self.name, self.path, self.type, is_read_only)
        match self.type:
            case ImageType.SUBVOLUME if self.is_quota_known:
                exclusive = self.exclusive
                image = _sized(image, self.size, self.limit, exclusive, self.limit_exclusive)
                return image._replace(created=self.created)
            case ImageType.DIRECTORY | ImageType.SUBVOLUME:
                return image._replace(created=self.created)
            case ImageType.RAW:
                image = _sized(image, self.size, self.limit, self.size, self.limit)
                return image._replace(created=self.created, modified=self.modified)
            case ImageType.BLOCK:
                return _sized(image, self.limit, self.limit, self.limit, self.limit)


def _sized(image: Image, usage: int, limit: int, exclusive: int, limit_exclusive: int) -> Image:
    return image._replace(
        usage=usage, limit=limit, usage_exclusive=exclusive, limit_exclusive=limit_exclusive
    )
