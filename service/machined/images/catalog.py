"""The images of a host and the pool, with the rules that hold for all of them."""

from __future__ import annotations

import errno
import os

from machined.contract import (
    HOST_MACHINE,
    MANAGE_IMAGES,
    MANAGE_MACHINES,
    UNKNOWN_SIZE,
    ErrorName,
    is_image_name,
)
from machined.host.authority import Permit
from machined.host.errors import Refused
from machined.host.ports import Host
from machined.host.storage import Image, Metadata, PoolStatus, Progress
from machined.operations import Operations

INT64_MAX = 2**63 - 1


class Images:
    """The images of a host and the pool.

    Args:
        host: Where they are.
        operations: Counts the long operations that go on.
    """

    def __init__(self, host: Host, operations: Operations) -> None:
        self._storage = host.storage
        self._operations = operations

    async def all(self) -> list[Image]:
        """All images, the host's own among them."""
        return await self._storage.discover()

    async def peek(self, name: str) -> Image | None:
        """The image of a name, or `None`."""
        return await self._storage.find(name) if is_image_name(name) else None

    async def find(self, name: str) -> Image:
        """The image of a name.

        Raises:
            Refused: NoSuchImage, for a name that cannot be one too.
        """
        image = await self.peek(name)
        if image is None:
            raise _unknown(name)
        return image

    async def get(self, name: str) -> Image:
        """The image of a name, for something to be done with it.

        Raises:
            Refused: InvalidArgs for a name that cannot be one, NoSuchImage.
        """
        _check_name(name)
        return await self.find(name)

    # Changing

    async def remove(self, image: Image, permit: Permit) -> None:
        """Remove an image and its side files.

        Raises:
            Refused: LimitsExceeded, or the caller may not.
            OSError: EROFS for `.host` and vendor images, EBUSY for one in use.
        """
        with self._operations.one("remove", image.name) as operation:
            image = await self._permitted(image, operation.after(permit), {"verb": "remove"})
            _refuse_fixed(image)
            await self._storage.remove(image, operation.progress)

    async def rename(self, image: Image, new_name: str, permit: Permit) -> None:
        """Rename an image and its side files.

        Raises:
            Refused: InvalidArgs, or the caller may not.
            OSError: EROFS for `.host` and vendor images, EBUSY for one in use, EEXIST for a taken name.
        """
        _check_name(new_name)
        image = await self._permitted(image, permit, {"verb": "rename", "new_name": new_name})
        try:
            _refuse_fixed(image)
            await self._storage.rename(image, new_name)
        except OSError as error:
            raise OSError(error.errno, f"Failed to rename image: {error.strerror}") from None

    async def clone(self, image: Image, new_name: str, is_read_only: bool, permit: Permit) -> None:
        """Copy an image into the pool.

        Raises:
            Refused: LimitsExceeded, InvalidArgs, or the caller may not.
            OSError: EEXIST for a name that is taken, EOPNOTSUPP for a block device.
        """
        with self._operations.one("clone", new_name) as operation:
            _check_name(new_name)
            details = {"verb": "clone", "new_name": new_name}
            image = await self._permitted(image, operation.after(permit), details)
            await self._storage.clone(image, new_name, is_read_only, operation.progress)

    async def mark_read_only(self, image: Image, is_read_only: bool, permit: Permit) -> None:
        """Mark an image read-only, or no longer so.

        Raises:
            Refused: The caller may not.
            OSError: EROFS for `.host` and vendor images, EBUSY for one in use.
        """
        details = {"verb": "mark_read_only", "read_only": str(int(is_read_only))}
        image = await self._permitted(image, permit, details)
        _refuse_fixed(image)
        await self._storage.set_read_only(image, is_read_only)

    async def set_limit(self, image: Image, size: int, permit: Permit) -> None:
        """Limit what an image may use, in bytes; `UNKNOWN_SIZE` takes the limit away.

        Raises:
            Refused: InvalidArgs, or the caller may not.
            OSError: EROFS for `.host` and vendor images, EOPNOTSUPP for all but subvolumes.
        """
        _check_size(size)
        # The reference names the image under "machine" here, and rules are written to that
        await permit(MANAGE_IMAGES, {"machine": image.name, "verb": "set_limit"})
        image = await self.get(image.name)
        _refuse_fixed(image)
        await self._storage.set_limit(image, size)

    async def metadata(self, image: Image) -> Metadata:
        """What the files of an image tell.

        Raises:
            OSError: EBUSY for one in use, and what else keeps it from being read.
        """
        try:
            return await self._storage.metadata(image)
        except OSError as error:
            raise _unreadable(error) from error

    async def metadata_of(self, name: str) -> Metadata:
        """What the files of the image of a name tell.

        Raises:
            Refused: InvalidArgs for a name that cannot be one, NoSuchImage.
            OSError: EBUSY for one in use, and what else keeps it from being read.
        """
        _check_name(name)
        found = await self._storage.metadata_of(name)
        if found is None:
            raise _unknown(name)
        if isinstance(found, OSError):
            raise _unreadable(found) from found
        return found

    # The pool

    async def pool(self) -> PoolStatus:
        """How the pool is."""
        return await self._storage.pool()

    async def set_pool_limit(self, size: int, permit: Permit) -> None:
        """Limit what the pool may use, in bytes; `UNKNOWN_SIZE` takes the limit away.

        Raises:
            Refused: InvalidArgs, or the caller may not.
            OSError: EOPNOTSUPP where the pool is not on btrfs.
        """
        _check_size(size)
        await permit(MANAGE_MACHINES, {"verb": "set_pool_limit"})
        await self._storage.set_pool_limit(size)

    async def clean(self, mode: str, permit: Permit) -> list[tuple[str, int]]:
        """Remove the hidden images, or all, but those in use.

        Args:
            mode: `hidden` or `all`.
            permit: Asks whether the caller may.

        Returns:
            The names of those removed, each with the bytes that only it used, `UNKNOWN_SIZE` where unknown.

        Raises:
            Refused: LimitsExceeded, InvalidArgs, or the caller may not.
            OSError: An image could not be removed; those before it are gone.
        """
        with self._operations.one("clean", mode) as operation:
            if mode not in {"hidden", "all"}:
                raise Refused(ErrorName.INVALID_ARGS, f"Unknown mode '{mode}'.")
            await operation.after(permit)(MANAGE_MACHINES, {"verb": "clean_pool", "mode": mode})
            removed = []
            for image in await self._storage.discover():
                if (
                    image.name == HOST_MACHINE
                    or image.is_vendor
                    or (mode == "hidden" and not image.is_hidden)
                ):
                    continue
                operation.go_on()
                if await self._is_removed(image, operation.progress):
                    removed.append((image.name, image.usage_exclusive))
            return removed

    async def _is_removed(self, image: Image, progress: Progress) -> bool:
        """Remove an image; False for one in use, which stays, and for one that somebody else removed."""
        try:
            await self._storage.remove(image, progress)
        except OSError as error:
            is_gone = error.errno == errno.ENOENT and await self._storage.find(image.name) is None
            if error.errno == errno.EBUSY or is_gone:
                return False
            text = f"Failed to remove image {image.name}: {error.strerror}"
            raise OSError(error.errno, text) from error
        return True

    async def _permitted(self, image: Image, permit: Permit, details: dict[str, str]) -> Image:
        """The image as it is once the caller's right was seen to, which may have taken a while."""
        await permit(MANAGE_IMAGES, {"image": image.name, **details})
        return await self.get(image.name)


def _fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _unknown(name: str) -> Refused:
    return Refused(ErrorName.NO_SUCH_IMAGE, f"No image '{name}' known")


def _unreadable(error: OSError) -> OSError:
    return OSError(error.errno, f"Failed to read image metadata: {error.strerror}")


def _refuse_fixed(image: Image) -> None:
    """Refuse to change the host itself and what came with it."""
    if image.name == HOST_MACHINE or image.is_vendor:
        raise _fault(errno.EROFS)


def _check_name(name: str) -> None:
    if not is_image_name(name):
        raise Refused(ErrorName.INVALID_ARGS, f"Image name '{name}' is invalid.")


def _check_size(size: int) -> None:
    if size > INT64_MAX and size != UNKNOWN_SIZE:
        raise Refused(ErrorName.INVALID_ARGS, "New limit out of range")
