"""The jobs that workers do, by name. Arguments and results are what JSON can carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from machined.host.improvements import Improvements
from machined.host.linux.storage import cloning, disks, locks, removing, unfinished
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Places, Setting
from machined.host.storage import Image, ImageType


def remove(report: Report, places: Sequence[Any], image: Sequence[Any]) -> None:
    """Remove an image and its side files."""
    removing.remove(_setting(places), _image(image), report)


def clone(
    report: Report, places: Sequence[Any], image: Sequence[Any], new_name: str, is_read_only: bool
) -> None:
    """Copy an image into the pool."""
    cloning.clone(_setting(places), _image(image), new_name, is_read_only, report)


def read_disk(_report: Report, places: Sequence[Any], image: Sequence[Any]) -> list[Any]:
    """What the file system in a raw or block image tells, packed."""
    return disks.pack(disks.read_disk(_setting(places), _image(image)))


def restore(_report: Report, places: Sequence[Any]) -> None:
    """Set the limits back that killed processes left raised."""
    _setting(places).room.restore()


def sweep(_report: Report, places: Sequence[Any]) -> None:
    """Remove what killed processes left behind: unfinished copies, then locks.

    Raises:
        OSError: Something cannot be removed; what comes after it was tried all the same.
    """
    setting = _setting(places)
    folders = sorted({*setting.folders, setting.pool.path})
    steps = [
        partial(unfinished.discard, setting),
        *(partial(locks.sweep, folder, f".#*{locks.ENDING}") for folder in folders),
        *(partial(locks.sweep, setting.locks.folder, f"{kind}-*") for kind in ("inode", "block", "name")),
    ]
    failures = []
    for step in steps:
        try:
            step()
        except OSError as error:
            failures.append(error)
    if failures:
        raise failures[0]


JOBS: dict[str, Callable[..., object]] = {
    "remove": remove,
    "clone": clone,
    "read_disk": read_disk,
    "restore": restore,
    "sweep": sweep,
}


def _setting(places: Sequence[Any]) -> Setting:
    pool, folders, settings, locks_folder, improvements = places
    return Setting(Places(pool, tuple(folders), tuple(settings), locks_folder, Improvements(*improvements)))


def _image(values: Sequence[Any]) -> Image:
    name, path, kind, *rest = values
    return Image(name, path, ImageType(kind), *rest)
