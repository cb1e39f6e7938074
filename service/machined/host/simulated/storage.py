"""Images and the pool of the simulated host, by the rules that each type of image has."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from machined.contract import HOST_MACHINE, UNKNOWN_SIZE
from machined.host.assignments import read_assignments
from machined.host.simulated.cloning import (
    POOL,
    clone_of,
    copy_side_files,
    move_side_files,
    remove_side_files,
)
from machined.host.simulated.estate import Estate
from machined.host.simulated.images import SimulatedImage
from machined.host.simulated.machine_ids import read_machine_id
from machined.host.simulated.tree import Tree
from machined.host.storage import Image, ImageType, Metadata, PoolStatus, Progress, metadata_or_why

COPIED = 400 * 1024**2
"""Bytes that a copy makes each second."""
REMOVED = 4 * 1024**3
"""Bytes that removing frees each second."""
SNAPSHOT = 0.3
"""Seconds that a snapshot takes, or the end of a subvolume, whatever its size."""
STEP = 0.2
"""Seconds between two tellings of progress, about."""


class SimulatedStorage:
    """The images of an estate.

    Args:
        estate: The estate.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._unfinished: dict[str, int] = {}
        self._installed = estate.clock.realtime() - int(estate.scenario.host.age * 1_000_000)

    async def find(self, name: str) -> Image | None:
        """The image of this name; `None` where there is none."""
        if name == HOST_MACHINE:
            return self._host_image()
        self._estate.look_for_images()
        image = self._estate.images.get(name)
        return image.describe() if image else None

    async def discover(self) -> list[Image]:
        """All images, `.host` among them."""
        self._estate.look_for_images()
        return [self._host_image(), *(image.describe() for image in self._estate.images.values())]

    async def remove(self, image: Image, progress: Progress) -> None:
        """Remove an image and its side files; of a block device only what stands in the image folder."""
        stored = self._stored(image)
        with self._locked(stored.path):
            if stored.type is ImageType.DIRECTORY:
                await self._spend(stored.size, stored.size / REMOVED, progress)
            else:
                await self._spend(stored.size, SNAPSHOT, progress)
            self._estate.forget_image(stored)
            stored.release()
            remove_side_files(self._estate.host_tree, stored)

    async def rename(self, image: Image, new_name: str) -> None:
        """Rename an image and its side files, in its folder; EROFS for a device in `/dev`."""
        stored = self._stored(image)
        with self._locked(stored.path), self._locked(new_name):
            self._refuse_taken(new_name)
            if stored.path.startswith("/dev/"):
                raise _fault(errno.EROFS)
            suffix = ".raw" if stored.type is ImageType.RAW else ""
            new_path = f"{stored.path.rpartition('/')[0]}/{new_name}{suffix}"
            if self._estate.host_tree.has(new_path):
                raise _fault(errno.EEXIST)  # what is there is no image, and stays
            move_side_files(self._estate.host_tree, stored, new_name)
            self._estate.rename_image(stored, new_name, new_path)

    async def clone(self, image: Image, new_name: str, is_read_only: bool, progress: Progress) -> None:
        """Copy an image into the pool; EDQUOT where the pool is too small for it.

        A directory is copied into a new subvolume, a subvolume becomes a snapshot, a raw image is copied. The
        source need not be idle. Block devices cannot be cloned (EOPNOTSUPP).
        """
        estate = self._estate
        with self._locked(new_name):
            self._refuse_taken(new_name)
            made = clone_of(estate, self._source(image), new_name, is_read_only)
            try:
                await self._fill(made, progress)
                estate.add_image(made)
            except BaseException:
                made.release()
                raise
            finally:
                self._unfinished.pop(new_name, None)
            copy_side_files(estate.host_tree, image, new_name)

    async def set_read_only(self, image: Image, is_read_only: bool) -> None:
        """Mark an image read-only, or no longer so."""
        stored = self._stored(image)
        with self._locked(stored.path):
            stored.is_read_only = is_read_only
            if stored.type is ImageType.RAW:
                node = self._estate.host_tree.node(stored.path, follows=False)
                node.mode = (node.mode & ~0o777) | (0o444 if is_read_only else 0o644)

    async def set_limit(self, image: Image, size: int) -> None:
        """Limit what a subvolume may use; EOPNOTSUPP for all other types."""
        stored = self._stored(image)
        if stored.type is not ImageType.SUBVOLUME:
            raise _fault(errno.EOPNOTSUPP)
        stored.limit = size
        stored.is_quota_known = True

    async def metadata(self, image: Image) -> Metadata:
        """What the files of an image tell; EBUSY while it runs."""
        if image.path == "/":
            return _metadata(self._estate.host_tree)
        stored = self._stored(image)
        if self._estate.is_busy(stored):
            raise _fault(errno.EBUSY)
        return _metadata(stored.tree)

    async def metadata_of(self, name: str) -> Metadata | OSError | None:
        """What the files of the image of a name tell."""
        image = await self.find(name)
        return None if image is None else await metadata_or_why(self, image)

    async def pool(self) -> PoolStatus:
        """How the pool is."""
        return PoolStatus(
            POOL, self._estate.pool_usage() + sum(self._unfinished.values()), self._estate.pool_limit
        )

    async def set_pool_limit(self, size: int) -> None:
        """Limit what the pool may use."""
        self._estate.pool_limit = size

    def _host_image(self) -> Image:
        return Image(HOST_MACHINE, "/", ImageType.DIRECTORY, created=self._installed)

    def _stored(self, image: Image) -> SimulatedImage:
        """The image as it is now; ENOENT where it is gone, EBUSY for the host's root, always in use."""
        if image.path == "/":
            raise _fault(errno.EBUSY)
        self._estate.look_for_images()
        stored = self._estate.images.get(image.name)
        if stored is None or stored.path != image.path:
            raise _fault(errno.ENOENT)
        return stored

    def _source(self, image: Image) -> SimulatedImage:
        """What is cloned, which may be the host itself."""
        if image.path != "/":
            return self._stored(image)
        host = SimulatedImage(HOST_MACHINE, "/", ImageType.DIRECTORY, self._estate.host_tree)
        host.grow(self._estate.scenario.host.size)
        return host

    def _refuse_taken(self, name: str) -> None:
        if name == HOST_MACHINE:
            raise _fault(errno.EBUSY)
        self._estate.look_for_images()
        if name in self._estate.images:
            raise _fault(errno.EEXIST)

    @contextlib.contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        """Have a path or a new name to ourselves; EBUSY where a machine or another operation has it."""
        estate = self._estate
        used = any(one.path == what and estate.is_busy(one) for one in estate.images.values())
        if used or what in estate.locked:
            raise _fault(errno.EBUSY)
        estate.locked.add(what)
        try:
            yield
        finally:
            estate.locked.discard(what)

    async def _fill(self, made: SimulatedImage, progress: Progress) -> None:
        """Let a clone become whole; until then the pool counts what is there of it."""
        own = made.exclusive

        def on_progress(done: int, total: int) -> None:
            self._unfinished[made.name] = done * own // total if total else own
            limit = self._estate.pool_limit
            if limit != UNKNOWN_SIZE and self._estate.pool_usage() + self._unfinished[made.name] > limit:
                raise _fault(errno.EDQUOT)
            progress(done, total)

        is_snapshot = own != made.size
        await self._spend(made.size, SNAPSHOT if is_snapshot else own / COPIED, on_progress)

    async def _spend(self, total: int, seconds: float, progress: Progress) -> None:
        """Let time pass and tell how far things are."""
        steps = max(1, round(seconds / STEP))
        progress(0, total)
        for step in range(1, steps + 1):
            await self._estate.clock.sleep(seconds / steps)
            progress(total * step // steps, total)


def _fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _metadata(tree: Tree) -> Metadata:
    """What files tell: missing ones and such as make no sense tell nothing."""
    hostname = next(
        (line for line in _text(tree, "/etc/hostname").splitlines() if line[:1] not in {"", "#"}), ""
    )
    release = "/etc/os-release" if tree.has("/etc/os-release") else "/usr/lib/os-release"
    return Metadata(
        hostname.strip(),
        read_machine_id(tree),
        read_assignments(_text(tree, "/etc/machine-info")),
        read_assignments(_text(tree, release)),
    )


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.read(path).decode()
    except (OSError, UnicodeDecodeError):
        return ""
