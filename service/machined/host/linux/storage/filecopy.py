"""Copies of what is attached to files: extended attributes."""

from __future__ import annotations

import errno
import os

_ACCESS_LISTS = ("system.posix_acl_access", "system.posix_acl_default")
_NOT_THERE = {errno.EOPNOTSUPP, errno.EPERM, errno.ENODATA, errno.EINVAL}


def copy_attributes(source: int, target: int) -> None:
    """Copy all extended attributes that the target can keep, access control lists and capabilities too."""
    try:
        names = os.listxattr(source)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
        return  # the file system has none
    for name in names:
        try:
            os.setxattr(target, name, os.getxattr(source, name))
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise


def drop_inherited_lists(target: int) -> None:
    """Take off the access control lists that a new file has of the folder that it was made in (acl(5))."""
    for name in _ACCESS_LISTS:
        try:
            os.removexattr(target, name)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
