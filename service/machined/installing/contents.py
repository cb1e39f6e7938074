"""What can be at a path that an installation puts something at: a file, a link, or nothing (None)."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machined.installing.errors import Failed

OWNER = 0
"""Who owns what is new: root."""


@dataclass(frozen=True, slots=True)
class Contents:
    """A file or a symbolic link, whole."""

    data: bytes = b""
    """The bytes of the file."""
    link: str | None = None
    """Where the link leads, as it is written; None for a file."""
    mode: int = 0o644
    """The permissions of the file."""
    uid: int = OWNER
    gid: int = OWNER
    modified: int | None = None
    """When the file was changed, in nanoseconds since 1970; None for now."""

    @property
    def digest(self) -> str:
        """What tells it from others, however it is owned: a change of its permissions is none of it."""
        if self.link is not None:
            return f"link:{self.link}"
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        owner = {"uid": self.uid, "gid": self.gid}
        if self.link is not None:
            return {"link": self.link, **owner}
        data = base64.b64encode(self.data).decode()
        return {"data": data, "mode": self.mode, "modified": self.modified, **owner}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Contents:
        """What `to_json` made. Raises ValueError, KeyError or TypeError for anything else."""
        uid, gid = int(fields["uid"]), int(fields["gid"])
        if "link" in fields:
            return cls(link=str(fields["link"]), uid=uid, gid=gid)
        modified = fields["modified"]
        return cls(
            base64.b64decode(fields["data"], validate=True),
            mode=int(fields["mode"]),
            uid=uid,
            gid=gid,
            modified=None if modified is None else int(modified),
        )


def read(path: Path) -> Contents | None:
    """What is at `path`, which is not followed if it is a link.

    Raises:
        Failed: Something is there that is neither a file nor a link.
        OSError: It cannot be read.
    """
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(found.st_mode):
        return Contents(link=str(path.readlink()), uid=found.st_uid, gid=found.st_gid)
    if not stat.S_ISREG(found.st_mode):
        raise Failed(f"{path} is no file: move it away")
    return Contents(
        path.read_bytes(),
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        modified=found.st_mtime_ns,
    )


def unfinished(path: Path) -> Path:
    """Where `put` makes what is to be at `path`; something is there if a `put` was cut off."""
    return path.with_name(f".{path.name}.machinedeck")


def put(path: Path, contents: Contents) -> None:
    """Have `contents` at `path` in one step (rename(2)); the folder must be there. Raises OSError.

    Where we are not root, what is new is ours: nobody else can give a file away (chown(2)).
    """
    new = unfinished(path)
    new.unlink(missing_ok=True)
    try:
        if contents.link is not None:
            new.symlink_to(contents.link)
        else:
            _write(new, contents)
        if os.geteuid() == 0:
            os.lchown(new, contents.uid, contents.gid)
        if contents.link is None:
            new.chmod(contents.mode)  # behind lchown, which takes set-user-ID away
            if contents.modified is not None:
                os.utime(new, ns=(contents.modified, contents.modified))
        new.rename(path)
    finally:
        new.unlink(missing_ok=True)


def _write(path: Path, contents: Contents) -> None:
    with path.open("xb") as file:
        file.write(contents.data)
        file.flush()
        os.fsync(file.fileno())
