"""Copies that are not whole yet, in the pool under a name that is no image's: they get theirs when they are.

Unless `hides_what_is_cloned`: then trees have their own name all along, as with systemd-machined.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from machined.host.linux.storage import erasing, locks
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.setting import Setting

UNFINISHED = ".#clone-"
"""What the name of an unfinished copy begins with."""


def discard(setting: Setting) -> None:
    """Erase what is left of hidden copies whose makers were killed."""
    pool = Path(setting.pool.path)
    names = {path.name.removesuffix(locks.ENDING) for path in pool.glob(f"{UNFINISHED}*")}
    for name in names:
        # Held by its maker, or on a file system that is read-only: it stays
        with contextlib.suppress(OSError), _of_nobody(pool, name):
            _erase(setting, name)


def _of_nobody(pool: Path, name: str) -> contextlib.AbstractContextManager[None]:
    """Hold the lock of an unfinished copy, a new one only where there is none: its maker always has one."""
    path = f"{pool}/{name}{locks.ENDING}"
    is_bare = not os.path.lexists(path) and os.path.lexists(f"{pool}/{name}")
    return locks.lock(path, patience=0) if is_bare else locks.left_behind(path)


@contextlib.contextmanager
def hidden(setting: Setting) -> Iterator[str]:
    """Have a name for a copy until that is whole; what has it at the end is erased."""
    name = f"{UNFINISHED}{secrets.token_hex(8)}"
    with locks.lock(f"{setting.pool.path}/{name}{locks.ENDING}"):
        try:
            yield name
        except BaseException:
            _erase(setting, name)
            raise


@contextlib.contextmanager
def in_place(setting: Setting, name: str) -> Iterator[str]:
    """Let a copy have its own name from the beginning; what has it at the end, if that is ours, is erased."""
    is_ours = not os.path.lexists(f"{setting.pool.path}/{name}")
    try:
        yield name
    except FileExistsError:
        raise
    except BaseException:
        if is_ours:
            _erase(setting, name)
        raise


def _erase(setting: Setting, name: str) -> None:
    pool = setting.pool.path
    path = f"{pool}/{name}"

    def work() -> None:
        if os.path.isdir(path):
            with opened(pool) as folder:
                erasing.erase(folder, name, lambda _size: None)
        else:
            Path(path).unlink(missing_ok=True)

    setting.room.with_room([pool, path], work)
