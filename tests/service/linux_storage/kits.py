"""Images to test with, and what is asked of them."""

from __future__ import annotations

import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.volumes import sh

RELEASE = 'ID=lab\nPRETTY_NAME="Lab image"\n'


def make_directory(estate: Estate, name: str) -> Path:
    path = estate.pool / name
    path.mkdir()
    return fill(path)


def make_subvolume(estate: Estate, name: str) -> Path:
    sh("btrfs", "subvolume", "create", estate.pool / name)
    return fill(estate.pool / name)


def make_raw(estate: Estate, name: str, size: int = 1024**2) -> Path:
    path = estate.pool / f"{name}.raw"
    with path.open("wb") as file:
        file.write(b"raw" * 5000)
        file.truncate(size)
    return path


def fill(root: Path) -> Path:
    """Put a small system into a root."""
    (root / "etc").mkdir()
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc/hostname").write_text("# comment\n\n  web-1 \n")
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (root / "etc/machine-info").write_text('PRETTY_HOSTNAME="The web"\nDEPLOYMENT=test\n')
    (root / "usr/lib/os-release").write_text(RELEASE)
    return root


async def image(storage: LinuxStorage, name: str) -> Image:
    found = await storage.find(name)
    assert found is not None
    return found


async def refusal(work: Coroutine[Any, Any, object]) -> int:
    """The errno that something is refused with."""
    with pytest.raises(OSError, match=r".") as raised:
        await work
    assert raised.value.errno is not None
    return raised.value.errno


def leftovers(estate: Estate) -> list[str]:
    """Lock files and unfinished things that are there."""
    found = [str(path) for folder in (estate.pool, estate.other) for path in folder.glob(".#*")]
    found = [path for path in found if not path.endswith(".#machined-quota")]
    if estate.locks.exists():
        found += [name for name in os.listdir(estate.locks) if name != "machined-quota"]
    return found


def unwatched(_done: int, _total: int) -> None:
    """Nobody watches."""
