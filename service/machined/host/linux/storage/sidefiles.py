"""The small files that go with an image: settings for systemd-nspawn, hashes of dm-verity and the like."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from machined.host.linux.helper.contents import copy_contents
from machined.host.linux.helper.kernel import rename_new
from machined.host.storage import Image

SETTINGS = ".nspawn"
SETTINGS_FOLDERS = ("/etc/systemd/nspawn", "/run/systemd/nspawn")
"""Where `NAME.nspawn` may be besides next to the image (systemd.nspawn(5))."""
BESIDE = (
    SETTINGS,
    ".roothash",
    ".roothash.p7s",
    ".usrhash",
    ".usrhash.p7s",
    ".verity",
    ".oci-config",
)
"""Suffixes of files next to an image that belong to it."""

_OF_SYSTEMD = (SETTINGS, ".roothash")
"""Those that systemd 257 knows."""
_MODE = 0o664
_NO_TMPFILE = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}
"""What open(2) says where there can be no file without a name."""


class SideFiles:
    """The files that go with images.

    What cannot be done to one of them never fails what is done to its image.

    Args:
        folders: Where settings are besides next to an image.
        knows_all: Whether all of `BESIDE` go along, and copies next to the copy; else `.nspawn` and
            `.roothash`, and copies next to the original, as with systemd 257.
    """

    def __init__(self, folders: tuple[str, ...] = SETTINGS_FOLDERS, *, knows_all: bool = True) -> None:
        self._knows_all = knows_all
        self.folders = folders

    def remove(self, image: Image) -> None:
        """Remove those of an image."""
        for path, _suffix in self._of(image):
            with contextlib.suppress(OSError):
                path.unlink()

    def rename(self, image: Image, new_name: str) -> None:
        """Let those of an image go by another name; what stands in the way stays, and so does the file."""
        for path, suffix in self._of(image):
            with contextlib.suppress(OSError):
                rename_new(str(path), f"{path.parent}/{new_name}{suffix}")

    def copy(self, image: Image, new_name: str, pool: str) -> None:
        """Give a copy of an image in the pool copies of its files; what is there already stays."""
        with self.copies(image, new_name, pool) as name:
            name()

    @contextlib.contextmanager
    def copies(self, image: Image, new_name: str, pool: str) -> Iterator[Callable[[], None]]:
        """Have copies of those of an image, for a copy of it in the pool; they get their names when asked to.

        Some are large: who waits for the image sees it with them, or not at all.
        """
        with contextlib.ExitStack() as held:
            ready: list[Callable[[], None]] = []
            for path, suffix in self._of(image):
                is_away = self._knows_all and str(path.parent) not in self.folders
                folder = pool if is_away else str(path.parent)
                with contextlib.suppress(OSError):
                    ready.append(held.enter_context(_copied(path, f"{folder}/{new_name}{suffix}")))

            def name() -> None:
                for give_name in ready:
                    with contextlib.suppress(OSError):
                        give_name()

            yield name

    def _of(self, image: Image) -> Iterator[tuple[Path, str]]:
        beside = os.path.dirname(image.path)
        places = [(folder, SETTINGS) for folder in self.folders]
        places += [(beside, suffix) for suffix in (BESIDE if self._knows_all else _OF_SYSTEMD)]
        for folder, suffix in places:
            path = f"{folder}/{image.name}{suffix}"
            if os.path.lexists(path):
                yield Path(path), suffix


@contextlib.contextmanager
def _copied(path: Path, target: str) -> Iterator[Callable[[], None]]:
    """Have a copy of a file that gets its name when asked to. Before, a kill leaves nothing of it.

    Raises:
        OSError: It cannot be copied; EINVAL, it is no file: a device may have no end.
    """
    with contextlib.ExitStack() as held:
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        held.callback(os.close, source)
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        try:
            made = os.open(os.path.dirname(target), os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, _MODE)
        except OSError as error:
            if error.errno not in _NO_TMPFILE:
                raise
            yield partial(_copy_under_its_name, source, target)
            return
        held.callback(os.close, made)
        copy_contents(source, made)
        os.fchmod(made, _MODE)
        # With a folder, which an absolute path makes no use of, os.link follows the link in /proc
        yield partial(os.link, f"/proc/self/fd/{made}", target, src_dir_fd=made, follow_symlinks=True)


def _copy_under_its_name(source: int, target: str) -> None:
    """Copy to a file that has its name from the beginning; it goes if that fails."""
    made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        copy_contents(source, made)
        os.fchmod(made, _MODE)
    except BaseException:
        os.unlink(target)
        raise
    finally:
        os.close(made)
