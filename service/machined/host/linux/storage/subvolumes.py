"""Copies and removals of subvolumes, for which the kernel needs a few calls whatever is in them.

They are done in threads of the service: to have a worker born for them takes longer than they do. A thread
cannot be killed, so nothing is begun here that could take long. Whenever the service is killed, what it
leaves is the same as what a worker leaves.
"""

from __future__ import annotations

import errno

from machined.host.linux.storage import btrfs, cloning, removing
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.report import Unreported
from machined.host.linux.storage.setting import Setting
from machined.host.storage import Image


def remove(setting: Setting, report: Unreported, image: Image) -> bool:
    """Remove a subvolume, those below it, and its side files; False where it is none.

    Raises:
        OSError: As `removing.remove` does; ECANCELED, nobody waited for it any more when it was to begin.
    """
    report.check()
    try:
        with opened(image.path) as fd:
            is_one = btrfs.is_subvolume(fd)
    except OSError:
        return False  # whoever removes it will say what it is
    if is_one:
        removing.remove(setting, image, report)
    return is_one


def clone(setting: Setting, report: Unreported, image: Image, new_name: str, is_read_only: bool) -> bool:
    """Make a snapshot of a subvolume in the pool, with its side files; False where there can be none.

    Raises:
        OSError: As `cloning.clone` does; ECANCELED, nobody waits for it any more.
    """
    try:
        cloning.clone(setting, image, new_name, is_read_only, report, is_to_be_quick=True)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True
