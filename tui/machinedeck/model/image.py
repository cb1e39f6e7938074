"""Images and the pool they live in."""

from __future__ import annotations

from typing import NamedTuple

from machined.contract import HOST_MACHINE, is_machine_name


class ImageIdentity(NamedTuple):
    """Which image is meant: names are used again."""

    name: str
    type: str
    created: int | None
    """Microseconds of real time, where the service can tell."""


class Image(NamedTuple):
    """One row of the images pane. Sizes are bytes, times microseconds of real time; `None` is unknown."""

    name: str
    type: str
    """`directory`, `subvolume`, `raw`, `block`, or what later versions add."""
    is_read_only: bool
    created: int | None
    modified: int | None
    usage: int | None
    path: str
    """Its object path."""

    @property
    def identity(self) -> ImageIdentity:
        """Which image this is."""
        return ImageIdentity(self.name, self.type, self.created)

    @property
    def is_hidden(self) -> bool:
        """Whether it is left out of lists unless asked for (systemd hides names with a leading dot)."""
        return self.name.startswith(".")

    @property
    def is_startable(self) -> bool:
        """Whether a container could be started from it under its own name."""
        return self.name != HOST_MACHINE and is_machine_name(self.name)

    @property
    def is_folder(self) -> bool:
        """Whether its files lie open in a directory, so that reading them needs no loop device."""
        return self.type in {"directory", "subvolume"}


class ImageSizes(NamedTuple):
    """What a list does not tell of an image's size. Bytes; `None` is unknown, or no limit."""

    exclusive: int | None
    """What is shared with no other image: so much is free once it is removed."""
    limit: int | None
    """How much it may hold, what it shares included."""
    exclusive_limit: int | None


class Space(NamedTuple):
    """The file system that images are kept on (statfs(2)). Sizes are bytes."""

    type: str
    """`btrfs`, `ext4` …"""
    free: int
    """What a user without rights may still write."""
    size: int


class Pool(NamedTuple):
    """Where images are kept. Sizes are bytes; `None` is unknown (or no limit)."""

    path: str
    usage: int | None
    limit: int | None
