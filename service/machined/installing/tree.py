"""The files of a host, or of another tree that is to become one."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from machined.installing import contents
from machined.installing.contents import Contents
from machined.installing.errors import Declined, Failed

MOST_LINKS = 40
"""How many symbolic links a path may lead through, as for the kernel (path_resolution(7))."""


class Tree:
    """A tree of files with a root of its own. Paths are those its host will see: absolute ones.

    Links on the way lead to places within the tree, as they will where it is the root: installing into
    a tree must never touch the host that it lies on.

    Attributes:
        root: Where the tree is.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))

    @property
    def is_host(self) -> bool:
        """Whether it is the root of the host that we run on."""
        return self.root == Path("/")

    def place(self, path: str) -> Path:
        """Where on this host `path` of the tree is; its last part is not followed if it is a link.

        Raises:
            Failed: It leads through too many links.
        """
        folder, name = PurePosixPath(path).parent, PurePosixPath(path).name
        waiting = list(reversed(folder.parts[1:]))
        at, links = self.root, 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                at = at.parent if at != self.root else at
                continue
            step = at / part
            if not step.is_symlink():
                at = step
                continue
            links += 1
            if links > MOST_LINKS:
                raise Failed(f"{path} leads through too many symbolic links")
            target = PurePosixPath(step.readlink())
            if target.is_absolute():
                at = self.root
            waiting += reversed([part for part in target.parts if part != "/"])
        return at / name

    def read(self, path: str) -> Contents | None:
        """What is at `path`; None for nothing. Raises what `contents.read` does."""
        return contents.read(self.place(path))

    def put(self, path: str, what: Contents) -> None:
        """Have a file or link at `path`, whose folder is there. Raises OSError."""
        contents.put(self.place(path), what)

    def remove(self, path: str) -> None:
        """Have nothing at `path`. Raises OSError."""
        self.place(path).unlink(missing_ok=True)
        self.sweep(path)

    def sweep(self, path: str) -> None:
        """Remove what a `put` at `path` left that was cut off. Raises OSError."""
        contents.unfinished(self.place(path)).unlink(missing_ok=True)

    def lacking_folders(self, path: str) -> list[str]:
        """The folders above `path` that are not there, the uppermost first."""
        parents = [str(parent) for parent in reversed(PurePosixPath(path).parents)]
        return [parent for parent in parents[1:] if not self._is_folder(parent)]

    def make_folder(self, path: str) -> None:
        """Make a folder that everybody may look into, whatever the umask. Raises OSError."""
        place = self.place(path)
        place.mkdir()
        place.chmod(0o755)

    def drop_folder(self, path: str) -> bool:
        """Remove a folder if it is empty; whether it is gone."""
        with contextlib.suppress(OSError):  # not empty, or in use: then it stays
            self.place(path).rmdir()
        return not os.path.lexists(self.place(path))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other installations out of the tree meanwhile (flock(2) on its root, which leaves no trace).

        Raises:
            Declined: Another one is at work in it, or it is no folder.
        """
        try:
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise Declined(f"{self.root} is no folder to install into: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Declined(f"another installation is at work in {self.root}: wait for its end") from None
        finally:
            os.close(descriptor)

    def _is_folder(self, path: str) -> bool:
        return self.place(f"{path}/within").parent.is_dir()
