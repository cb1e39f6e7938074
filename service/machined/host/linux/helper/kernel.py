"""System calls that Python has no function for.

Calls with a number from 424 on have the same one on all architectures (syscalls(2)), x86_64 and aarch64 among
them. The C library is loaded here, before any machine is entered.
"""

from __future__ import annotations

import ctypes
import errno
import os

_OPEN_TREE, _MOVE_MOUNT, _OPENAT2, _MOUNT_SETATTR = 428, 429, 437, 442

RESOLVE_NO_XDEV = 0x01
"""Enter nothing that is mounted below the folder (openat2(2))."""
RESOLVE_NO_MAGICLINKS = 0x02
"""Follow no link of procfs that leads elsewhere than its text says (openat2(2))."""
RESOLVE_NO_SYMLINKS = 0x04
"""Follow no link at all, wherever in the path it is (openat2(2))."""
RESOLVE_BENEATH = 0x08
"""Leave the folder by no absolute path and no `..` (openat2(2))."""
RESOLVE_IN_ROOT = 0x10
"""Treat the folder as the root of absolute paths, links and `..` (openat2(2))."""
_AGAIN = 64
"""How often a look-up is repeated that met a rename: each is safe, none may be trusted."""

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

AT_EMPTY_PATH = 0x1000
OPEN_TREE_CLONE = 1
MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH, MOVE_MOUNT_BENEATH = 0x4, 0x40, 0x200
_MNT_DETACH, _UMOUNT_NOFOLLOW = 0x2, 0x8
MOUNT_ATTR_RDONLY, MOUNT_ATTR_IDMAP = 0x1, 0x100000
_MS_SLAVE = 1 << 19

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_READ, _PR_CAPBSET_DROP, _PR_SET_NAME = 1, 4, 23, 24, 15
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

libc = ctypes.CDLL(None, use_errno=True)
"""The C library, whose functions fail as `checked` expects."""
libc.syscall.restype = ctypes.c_long
AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_NO_FLAGS = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTTY}
"""What renameat2(2) says where the file system knows no flags: NFS, 9p, most of FUSE."""
_NO_LINKS = {errno.EPERM, errno.EMLINK, *_NO_FLAGS}
"""What link(2) says of a directory, and where the file system knows no links."""


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_SIZE_OF_HOW = ctypes.sizeof(_OpenHow)
_openat2 = libc["syscall"]  # another object than `libc.syscall`: it knows the types of what it is given
_openat2.restype = ctypes.c_long
_openat2.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_OpenHow),
    ctypes.c_size_t,
)


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


class _StatFs(ctypes.Structure):
    """`struct statfs` of the 64-bit architectures; of interest is the first field alone."""

    _fields_ = (("f_type", ctypes.c_long), ("rest", ctypes.c_long * 31))


def checked(result: int) -> int:
    """The result of a function of C.

    Raises:
        OSError: It failed.
    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def system_call(number: int, *arguments: object) -> int:
    """Make a system call by its number; those from 403 on are the same on all architectures.

    Raises:
        OSError: It failed.
    """
    return checked(libc.syscall(ctypes.c_long(number), *arguments))


def open_in_root(root: int, path: str | bytes, flags: int, mode: int = 0) -> int:
    """Open a path below a folder as if that were `/` (openat2(2)).

    Whatever links there are, nothing outside of the folder is reached.

    Raises:
        OSError: What openat2(2) says; ELOOP for too many links, and for magic ones.
    """
    return _opened(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)


def open_beneath(folder: int, path: str | bytes, flags: int, *, enters_mounts: bool = True) -> int:
    """Open a path below a folder that has no link in it (openat2(2)).

    `O_NOFOLLOW` looks at the last name alone, and whoever may write in the tree can make a link of any other.

    Raises:
        OSError: What openat2(2) says; ELOOP for a link, EXDEV for a path that leaves the folder, or that
            comes to a mount unless these are entered.
    """
    stays = 0 if enters_mounts else RESOLVE_NO_XDEV
    return _opened(folder, path, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | stays)


def change_owner(fd: int, uid: int, gid: int) -> None:
    """Give what a descriptor is of, also one of `O_PATH`, another owner (fchownat(2), AT_EMPTY_PATH)."""
    checked(libc.fchownat(fd, ctypes.c_char_p(b""), ctypes.c_uint(uid), ctypes.c_uint(gid), AT_EMPTY_PATH))


def _opened(root: int, path: str | bytes, flags: int, mode: int, resolve: int) -> int:
    how = ctypes.byref(_OpenHow(flags | os.O_CLOEXEC, mode, resolve))
    name = os.fsencode(path)
    for _ in range(_AGAIN):
        try:
            return checked(_openat2(_OPENAT2, root, name, how, _SIZE_OF_HOW))
        except BlockingIOError:
            continue  # EAGAIN: something on the way was renamed meanwhile
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def open_tree(path: str | bytes, flags: int) -> int:
    """A descriptor of a mount that is attached nowhere yet, following links (open_tree(2))."""
    name = ctypes.c_char_p(os.fsencode(path))
    return system_call(_OPEN_TREE, ctypes.c_int(-100), name, ctypes.c_uint(flags | os.O_CLOEXEC))


def set_mount(mount: int, attributes: int, user_namespace: int = 0) -> None:
    """Set attributes of a mount (mount_setattr(2))."""
    _set_mount(mount, _MountAttr(attributes, 0, 0, user_namespace))


def receive_only(mount: int) -> None:
    """Have what is mounted on a mount not show where it was cloned from (mount_namespaces(7), MS_SLAVE)."""
    _set_mount(mount, _MountAttr(0, 0, _MS_SLAVE, 0))


def _set_mount(mount: int, attr: _MountAttr) -> None:
    system_call(
        _MOUNT_SETATTR,
        ctypes.c_int(mount),
        ctypes.c_char_p(b""),
        ctypes.c_uint(AT_EMPTY_PATH),
        ctypes.byref(attr),
        ctypes.c_size_t(ctypes.sizeof(attr)),
    )


def move_mount(mount: int, place: int, flags: int = 0) -> None:
    """Attach a mount at what a descriptor of the own mount namespace is of (move_mount(2))."""
    empty = ctypes.c_char_p(b"")
    both = ctypes.c_uint(flags | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
    system_call(_MOVE_MOUNT, ctypes.c_int(mount), empty, ctypes.c_int(place), empty, both)


def unmount(path: bytes) -> None:
    """Take the topmost mount of a path away, as soon as nobody is in it (umount2(2))."""
    checked(libc.umount2(ctypes.c_char_p(path), ctypes.c_int(_MNT_DETACH | _UMOUNT_NOFOLLOW)))


def rename_new(
    source: str | bytes, target: str | bytes, source_folder: int = AT_FDCWD, target_folder: int = AT_FDCWD
) -> None:
    """Rename a file to a name that nothing has (renameat2(2), RENAME_NOREPLACE).

    Some file systems cannot do that at once. There, as with systemd, a file is linked to the new name; and if
    that cannot be either, it is seen first whether anything has the name.

    Raises:
        OSError: EEXIST, something has it; or it cannot be renamed.
    """
    names = ctypes.c_char_p(os.fsencode(source)), ctypes.c_char_p(os.fsencode(target))
    flags = ctypes.c_uint(_RENAME_NOREPLACE)
    try:
        checked(libc.renameat2(source_folder, names[0], target_folder, names[1], flags))
    except OSError as error:
        if error.errno not in _NO_FLAGS:
            raise
    else:
        return
    folders = {"src_dir_fd": _or_none(source_folder), "dst_dir_fd": _or_none(target_folder)}
    try:
        os.link(source, target, follow_symlinks=False, **folders)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        try:
            os.unlink(source, dir_fd=folders["src_dir_fd"])
        except OSError:
            os.unlink(target, dir_fd=folders["dst_dir_fd"])  # else it had two names
            raise
        return
    try:
        os.stat(target, dir_fd=folders["dst_dir_fd"], follow_symlinks=False)
    except FileNotFoundError:
        os.rename(source, target, **folders)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _or_none(folder: int) -> int | None:
    """A folder as Python has it: the current one is none."""
    return None if folder == AT_FDCWD else folder


def enter(namespace: int, kind: int) -> None:
    """Join a namespace (setns(2)); one for processes is joined by children from now on."""
    checked(libc.setns(namespace, kind))


def file_system(fd: int) -> int:
    """The magic number of the file system that a file is on (statfs(2))."""
    found = _StatFs()
    checked(libc.fstatfs(fd, ctypes.byref(found)))
    return int(found.f_type)


def _prctl(option: int, *arguments: object) -> int:
    padded = [*arguments, *[0] * (4 - len(arguments))]
    return checked(libc.prctl(option, *(ctypes.c_ulong(one) for one in padded)))  # type: ignore[arg-type]


def end_with_parent(signal: int) -> None:
    """Be sent a signal when the parent ends (PR_SET_PDEATHSIG); 0 for none."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def hide_from_others() -> None:
    """Let nobody without the rights of the host's root trace or look into this process (PR_SET_DUMPABLE)."""
    _prctl(_PR_SET_DUMPABLE, 0)


def forgo_privileges() -> None:
    """Let nothing that is executed from now on have more rights than we (PR_SET_NO_NEW_PRIVS)."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def name_process(name: bytes) -> None:
    """What lists of processes show, at most 15 bytes (PR_SET_NAME)."""
    checked(libc.prctl(_PR_SET_NAME, ctypes.c_char_p(name), 0, 0, 0))


def bound_capabilities(allowed: int) -> None:
    """Give up all capabilities but those of a mask for whatever is executed from now on (capabilities(7))."""
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for number in range(64):
        try:
            has = _prctl(_PR_CAPBSET_READ, number)
        except OSError:
            return  # past the last one that this kernel knows
        if has and not allowed >> number & 1:
            _prctl(_PR_CAPBSET_DROP, number)


def close_others(kept: int) -> None:
    """Close all descriptors but the standard ones and one more."""
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
