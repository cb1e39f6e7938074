"""Fixtures: pools on file systems of their own, and the storage that looks after one."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from machined.host.linux.storage.storage import LinuxStorage
from tests.service.linux_storage.volumes import mounted, sh

KINDS = ("ext4", "btrfs", "btrfs-quota")
TOOLS = ("mount", "mkfs.ext4", "mkfs.btrfs", "btrfs", "chattr")


class Estate(NamedTuple):
    """Where a storage has its things."""

    kind: str
    pool: Path
    other: Path
    """One more folder of images, on the search path before the pool, on the same file system."""
    settings: Path
    locks: Path

    @property
    def is_btrfs(self) -> bool:
        return self.kind.startswith("btrfs")


def lacking() -> str | None:
    """Why there can be no file systems of our own here."""
    if os.geteuid() != 0:
        return "file systems on loop devices need root"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"file systems on loop devices need {', '.join(absent)}"
    return None if Path("/dev/loop-control").exists() else "there are no loop devices here"


@pytest.fixture(scope="session")
def volumes_possible() -> None:
    reason = lacking()
    if reason is not None and os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true asks for it")
    elif reason is not None:
        pytest.skip(reason)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, volumes_possible: None) -> str:
    return str(request.param)


@pytest.fixture
def estate(tmp_path: Path, kind: str) -> Iterator[Estate]:
    """A pool on a new file system; on btrfs it is a subvolume, or with quotas the whole file system."""
    with mounted(tmp_path, kind.partition("-")[0]) as volume:
        if kind == "btrfs":
            sh("btrfs", "subvolume", "create", volume / "pool")
        elif kind == "btrfs-quota":
            sh("btrfs", "quota", "enable", volume)
            sh("btrfs", "quota", "rescan", "--wait", volume)
        pool = volume if kind == "btrfs-quota" else volume / "pool"
        pool.mkdir(exist_ok=True)
        other, settings = volume / "other", tmp_path / "settings"
        other.mkdir()
        settings.mkdir()
        yield Estate(kind, pool, other, settings, tmp_path / "locks")


@pytest.fixture
async def storage(estate: Estate) -> AsyncIterator[LinuxStorage]:
    made = storage_of(estate)
    await made.start()
    yield made
    await made.close()


def storage_of(estate: Estate) -> LinuxStorage:
    """A storage that looks after an estate's things."""
    return LinuxStorage(
        estate.pool,
        folders=(str(estate.other), str(estate.pool)),
        settings=(str(estate.settings),),
        locks=estate.locks,
    )
