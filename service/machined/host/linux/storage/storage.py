"""`LinuxStorage`: the images of this host, and the pool."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from machined.contract import IMAGE_FOLDERS
from machined.host.improvements import ALL, Improvements
from machined.host.linux.storage import changes, discovery, disks, lookers, pool, rootfiles, subvolumes
from machined.host.linux.storage.crew import Crew, undisturbed
from machined.host.linux.storage.description import Glance
from machined.host.linux.storage.kept import Kept
from machined.host.linux.storage.lookers import GivenUp, Lookers, Looking
from machined.host.linux.storage.report import Unreported
from machined.host.linux.storage.setting import Places, Setting
from machined.host.linux.storage.sharing import Shared
from machined.host.linux.storage.sidefiles import SETTINGS_FOLDERS
from machined.host.linux.storage.tidying import Tidying
from machined.host.storage import Image, ImageType, Metadata, PoolStatus, Progress, metadata_or_why, unseen

logger = logging.getLogger(__name__)

_LOOKERS = 16
"""How many threads look at the disk at once, besides those that hang on a dead file system."""
_CHANGERS = 8
"""How many small changes go on at once. Each was looked for before: on a dead file system none begins."""
_READERS = 16
"""How many disk images are read at once, each by a process of its own: everybody may ask for that."""

_CLOSING = 3.0
"""Seconds that work which was told to end may take to do so, and tidying up after it."""

_DISKS = frozenset({ImageType.RAW, ImageType.BLOCK})

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class LinuxStorage:
    """The images of this host. Implements `Storage`.

    Args:
        pool: Where new images are made.
        folders: Where images are looked for; the first hit of a name wins.
        settings: Where settings of images are besides next to them (systemd.nspawn(5)).
        locks: Where systemd-nspawn(1) has its locks.
        improvements: What is done otherwise than by the reference.
    """

    def __init__(
        self,
        pool: Path = Path("/var/lib/machines"),
        *,
        folders: Sequence[str] = IMAGE_FOLDERS,
        settings: tuple[str, ...] = SETTINGS_FOLDERS,
        locks: Path = Path("/run/systemd/nspawn/locks"),
        improvements: Improvements = ALL,
    ) -> None:
        self._places = Places(str(pool), tuple(folders), settings, str(locks), improvements)
        self._setting = Setting(self._places)
        self._lookers = Lookers(_LOOKERS)
        self._kept = Kept(self._setting.mounts)
        self._listing = Shared(self._list)
        self._threads = ThreadPoolExecutor(_CHANGERS, "storage")
        self._subvolume_threads = ThreadPoolExecutor(_CHANGERS, "subvolumes")
        self._crew = Crew()
        self._reading = asyncio.Semaphore(_READERS)
        self._limiting = asyncio.Lock()
        """Who sets the limit of the pool: what can raise it again comes and goes with it."""
        self._tidying = Tidying(self._crew, self._places)

    async def start(self) -> None:
        """Get ready for long work, and begin to put right what a service that was killed left behind."""
        await self._crew.start()
        self._tidying.begin()
        await self._tidying.until_limits_are_back()
        await self._lookers.run(self._warm_up)

    async def close(self) -> None:
        """End what is going on, and tidy up after it as far as that takes no more than a few seconds."""
        self._tidying.is_ending = True
        try:
            async with asyncio.timeout(_CLOSING):
                await self._crew.kill_all()
                await self._tidying.end()
        except TimeoutError:
            logger.warning("work on images has not ended in time, and is left to the next who serves")
        await self._crew.close()
        await self._tidying.end()
        self._listing.close()
        self._lookers.close()
        self._setting.mounts.close()
        for threads in (self._threads, self._subvolume_threads):
            threads.shutdown(wait=False, cancel_futures=True)

    async def find(self, name: str) -> Image | None:
        """The image of this name, first hit on the search path; `None` where there is none."""
        look = partial(discovery.find, self._places.folders, name, self._places.improvements)
        return await self._lookers.run(look)

    async def discover(self) -> list[Image]:
        """All images, `.host` among them, each name once. One that does not answer is left out."""
        return await self._listing.result()

    async def _list(self, begin: Callable[[], None]) -> list[Image]:
        places = self._places

        def look(looking: Looking) -> list[Image]:
            begin()
            return discovery.discover(places.folders, places.improvements, looking, self._kept)

        patience = lookers.PATIENCE
        while True:
            try:
                return await self._lookers.run(look, patience)
            except GivenUp:
                # One of them kept the list long enough; and what is left alone now is not met again
                patience = 1.0

    async def remove(self, image: Image, progress: Progress) -> None:
        """Remove an image and its side files."""
        if not await self._is_at_once(subvolumes.remove, image, progress):
            await self._work("remove", progress, image=image)

    async def rename(self, image: Image, new_name: str) -> None:
        """Rename an image and its side files."""
        await self._do(changes.rename, self._setting, image, new_name)

    async def clone(self, image: Image, new_name: str, is_read_only: bool, progress: Progress) -> None:
        """Copy an image into the pool. Who is cancelled while waiting leaves no copy there."""
        if not await self._is_at_once(subvolumes.clone, image, progress, new_name, is_read_only):
            await self._work("clone", progress, image=image, new_name=new_name, is_read_only=is_read_only)

    async def set_read_only(self, image: Image, is_read_only: bool) -> None:
        """Mark an image read-only, or no longer so."""
        await self._do(changes.set_read_only, self._setting, image, is_read_only)

    async def set_limit(self, image: Image, size: int) -> None:
        """Limit what a subvolume may use, in bytes; EOPNOTSUPP for all other types."""
        if image.type is not ImageType.SUBVOLUME:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        await self._do(self._setting.room.set_limits, partial(pool.limit_image, image.path, size))

    async def metadata(self, image: Image) -> Metadata:
        """What the files of the image tell; EBUSY for one that a machine runs from."""
        if image.type in _DISKS:
            async with self._reading:
                return disks.unpack(await self._work("read_disk", unseen, image=image))
        return await self._lookers.run(partial(_tree_metadata, self._setting, image))

    async def metadata_of(self, name: str) -> Metadata | OSError | None:
        """What the files of the image of a name tell; of a tree it takes one look to find it and to read."""
        found = await self._lookers.run(partial(_named_metadata, self._setting, name))
        return await metadata_or_why(self, found) if isinstance(found, Image) else found

    async def pool(self) -> PoolStatus:
        """How the pool is."""
        return await self._lookers.run(self._pool_status)

    async def set_pool_limit(self, size: int) -> None:
        """Limit what the pool may use, in bytes; `UNKNOWN_SIZE` takes the limit away."""
        async with self._limiting:
            await self._do(self._setting.room.set_limits, partial(self._setting.pool.set_limit, size))

    def _warm_up(self, looking: Looking) -> None:
        """Be done with what a first look takes longer than others before anybody asks.

        The look is at a folder of ours: nothing is known yet of those that will be asked for.
        """
        kept = Kept(self._setting.mounts)
        discovery.discover((os.path.dirname(__file__),), self._places.improvements, looking, kept)

    def _pool_status(self, looking: Looking) -> PoolStatus:
        looking.at(self._places.pool)
        return self._setting.pool.status()

    async def _is_at_once(
        self,
        work: Callable[..., bool],
        image: Image,
        progress: Progress,
        *arguments: object,
    ) -> bool:
        """Do in a thread what is a few calls of the kernel, as with subvolumes; False where that cannot be.

        Who is cancelled meanwhile goes on once it has ended; as if nothing were, if all of it is done then.
        """
        if image.type is not ImageType.SUBVOLUME:
            return False
        report = Unreported()
        going = asyncio.get_running_loop().run_in_executor(
            self._subvolume_threads, lambda: work(self._setting, report, image, *arguments)
        )
        try:
            is_done = await asyncio.shield(going)
        except asyncio.CancelledError:
            report.cancel()
            await undisturbed(asyncio.gather(going, return_exceptions=True))
            if going.exception() is not None or not going.result():
                raise
            is_done = True  # it was too late: what is there is not said to be cancelled
        if is_done:
            progress(0, 0)
        return is_done

    async def _work(self, job: str, progress: Progress, **arguments: object) -> Any:
        """Have long work done by a worker, and what it leaves behind when it is killed tidied up."""
        try:
            return await self._crew.run(job, {"places": self._places, **arguments}, progress)
        except OSError as error:
            if error.errno == errno.ESHUTDOWN:
                self._tidying.begin()
            raise
        except asyncio.CancelledError:
            self._tidying.begin()
            raise

    async def _do(
        self,
        work: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **options: _Arguments.kwargs,
    ) -> _Result:
        """Do quick work that may block, in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*arguments, **options))


def _named_metadata(setting: Setting, name: str, looking: Looking) -> Metadata | OSError | Image | None:
    """What the files of a directory or subvolume tell, or why they cannot; of other types only the image."""
    image = discovery.find(setting.folders, name, setting.improvements, looking, Glance())
    if image is None or image.type in _DISKS:
        return image
    try:
        return _tree_metadata(setting, image, looking)
    except OSError as error:
        return error


def _tree_metadata(setting: Setting, image: Image, looking: Looking) -> Metadata:
    """What the files of a directory or subvolume tell."""
    looking.at(f"{image.path}/.")
    with setting.locks.reading(image.path, is_held=not setting.improvements.reads_without_locking):
        root = rootfiles.open_root(image.path)
        try:
            return rootfiles.read_metadata(root)
        finally:
            os.close(root)
