"""Copies files and trees into and out of machines."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from machined.host.improvements import ALL, NONE
from machined.host.inside import CopyRequest
from machined.host.linux.helper import contents
from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside.guests import SHIFT, Guest, guest, sh
from tests.support.waiting import until

MiB = 1024 * 1024


def into(source: Path | str, destination: str, *, replaces: bool = False, shift: int = 0) -> CopyRequest:
    return CopyRequest(str(source), destination, is_into_machine=True, replaces=replaces, shift=shift)


def out_of(source: str, destination: Path, *, replaces: bool = False, shift: int = 0) -> CopyRequest:
    return CopyRequest(source, str(destination), is_into_machine=False, replaces=replaces, shift=shift)


def make_tree(top: Path) -> None:
    """One of each kind of file."""
    (top / "folder/deeper").mkdir(parents=True)
    (top / "folder/deeper").chmod(0o2751)
    (top / "file").write_text("text")
    (top / "file").chmod(0o4755)
    os.setxattr(top / "file", "user.note", b"kept")
    os.utime(top / "file", ns=(1_000_000_001, 2_000_000_002))
    os.link(top / "file", top / "folder/same")
    os.link(top / "file", top / "folder/deeper/same")
    (top / "link").symlink_to("/etc/shadow")
    os.link(top / "link", top / "link too", follow_symlinks=False)
    os.mkfifo(top / "fifo", 0o640)
    os.mknod(top / "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(top / "socket"))
    with (top / "sparse").open("wb") as sparse:
        sparse.seek(64 * MiB)
        sparse.write(b"x")
        sparse.truncate(256 * MiB)
    os.chown(top / "folder", 7, 8)
    os.chown(top / "link", 9, 10, follow_symlinks=False)
    os.utime(top / "folder", ns=(3_000_000_003, 4_000_000_004))


def facts(top: Path) -> dict[str, tuple[object, ...]]:
    """What a tree is like, but for what a copy cannot have."""
    found = {}
    for path in sorted([top, *top.rglob("*")]):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else None
        if stat.S_ISREG(status.st_mode):
            content = path.read_bytes()[:8], status.st_size, os.listxattr(path)
        found[str(path.relative_to(top))] = (
            status.st_mode,
            status.st_uid,
            status.st_gid,
            status.st_rdev,
            status.st_mtime_ns,
            status.st_nlink if not path.is_dir() or path.is_symlink() else 0,
            content,
        )
    return found


async def test_a_tree_keeps_all_it_has_both_ways(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    make_tree(tmp_path / "one")
    seen: list[tuple[int, int]] = []
    await inside.copy(plain.place, into(tmp_path / "one", "/tmp/two"), lambda *far: seen.append(far))
    assert facts(plain.path / "tmp/two") == facts(tmp_path / "one")
    assert (plain.path / "tmp/two/sparse").stat().st_blocks * 512 < MiB
    two = plain.path / "tmp/two"
    assert (two / "file").stat().st_ino == (two / "folder/same").stat().st_ino
    await inside.copy(plain.place, out_of("/tmp/two", tmp_path / "three"))
    assert facts(tmp_path / "three") == facts(tmp_path / "one")
    assert seen[-1][0] == seen[-1][1] > 0
    assert not [name for name in os.listdir(plain.path / "tmp") if name.startswith(".#")]


@pytest.mark.parametrize("path", ["/a" * 2048, "/" + "a" * 256])
async def test_what_is_longer_than_paths_are_has_no_file_name(
    inside: LinuxInside, plain: Guest, tmp_path: Path, path: str
) -> None:
    """As the reference has it, which tells so once it has asked whether the caller may."""
    for request in (into(path, "/tmp/two"), into("/etc/hostname", path), out_of(path, tmp_path / "two")):
        with pytest.raises(OSError, match="Failed to extract file name") as caught:
            await inside.copy(plain.place, request)
        assert caught.value.errno == errno.EINVAL


async def test_owners_where_the_machine_has_ids_of_its_own(
    inside: LinuxInside, shifted: Guest, tmp_path: Path
) -> None:
    make_tree(tmp_path / "one")
    await inside.copy(shifted.place, into(tmp_path / "one", "/tmp/two", shift=SHIFT))
    owners = {(one[1], one[2]) for one in facts(shifted.path / "tmp/two").values()}
    assert owners == {(SHIFT, SHIFT)}
    await inside.copy(shifted.place, out_of("/tmp/two", tmp_path / "three", shift=SHIFT))
    assert {(one[1], one[2]) for one in facts(tmp_path / "three").values()} == {(0, 0)}


@pytest.mark.promise(
    "A machine with ids of its own plants no set-user-ID program of root by a copy", where="bare host"
)
@pytest.mark.parametrize("is_strict", [False, True])
async def test_what_changes_its_owner_has_no_rights_of_its_owner(
    shifted: Guest, tmp_path: Path, is_strict: bool
) -> None:
    inside = LinuxInside(improvements=NONE if is_strict else ALL)
    await inside.start()
    try:
        make_tree(tmp_path / "one")
        await inside.copy(shifted.place, into(tmp_path / "one", "/tmp/two"))  # with all it has
        await inside.copy(shifted.place, out_of("/tmp/two", tmp_path / "three", shift=SHIFT))
        await inside.copy(shifted.place, into(tmp_path / "one", "/tmp/four", shift=SHIFT))
    finally:
        await inside.close()
    wanted = {mode_of(tmp_path / "one" / name) & (0o7777 if is_strict else 0o1777) for name in RIGHTS}
    for copy in (tmp_path / "three", shifted.path / "tmp/four"):
        assert {mode_of(copy / name) for name in RIGHTS} == wanted


RIGHTS = ("file", "folder/deeper")
"""What is set-user-ID or set-group-ID in the tree."""


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


async def test_what_exists(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    for name, text in (("both", "new"), ("only", "new")):
        (tmp_path / "from" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "from" / name).write_text(text)
    target = plain.path / "tmp/to"
    target.mkdir(0o711)
    (target / "both").write_text("old")
    await inside.copy(plain.place, into(tmp_path / "from", "/tmp/to"))
    assert [(target / name).read_text() for name in ("both", "only")] == ["old", "new"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o711
    with pytest.raises(FileExistsError):
        await inside.copy(plain.place, into(tmp_path / "from/both", "/tmp/to/both"))
    await inside.copy(plain.place, into(tmp_path / "from", "/tmp/to", replaces=True))
    assert (target / "both").read_text() == "new"
    (target / "both").write_text("old")
    await inside.copy(plain.place, into(tmp_path / "from/both", "/tmp/to/both", replaces=True))
    assert (target / "both").read_text() == "new"
    with pytest.raises(FileExistsError):  # a folder gives way to no file
        await inside.copy(plain.place, into(tmp_path / "from/both", "/tmp/to", replaces=True))
    with pytest.raises(NotADirectoryError):
        await inside.copy(plain.place, into(tmp_path / "from", "/tmp/to/both"))
    assert sorted(os.listdir(target)) == ["both", "only"]


async def test_links_lead_nowhere_else(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    """At the top a link is copied as one; on the way it is followed within the machine only."""
    (plain.path / "tmp/up").symlink_to(f"../../..{tmp_path}")
    (tmp_path / "file").write_text("of the host")
    with pytest.raises(FileNotFoundError):
        await inside.copy(plain.place, into(tmp_path / "file", "/tmp/up/planted"))
    with pytest.raises(FileNotFoundError):
        await inside.copy(plain.place, out_of("/tmp/up/file", tmp_path / "stolen"))
    (plain.path / "tmp/inner").symlink_to("/var")
    await inside.copy(plain.place, into(tmp_path / "file", "/tmp/inner/lib/file"))
    assert (plain.path / "var/lib/file").read_text() == "of the host"
    (plain.path / "tmp/last").symlink_to("/etc/hostname")
    with pytest.raises(FileExistsError):
        await inside.copy(plain.place, into(tmp_path / "file", "/tmp/last"))
    await inside.copy(plain.place, into(tmp_path / "file", "/tmp/last", replaces=True))
    assert (plain.path / "tmp/last").read_text() == "of the host"
    await inside.copy(plain.place, out_of("/tmp/up", tmp_path / "link"))
    assert os.readlink(tmp_path / "link") == f"../../..{tmp_path}"


async def test_what_cannot_be_copied(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for request in (
        into(tmp_path / "none", "/tmp/x"),
        into(tmp_path / "file", "/none/x"),
        into(tmp_path / "none/none", "/tmp/x"),
        out_of("/tmp/none", tmp_path / "x"),
    ):
        with pytest.raises(FileNotFoundError):
            await inside.copy(plain.place, request)
    with pytest.raises(FileNotFoundError, match="Failed to open host directory"):
        await inside.copy(plain.place, out_of("/etc/passwd", tmp_path / "none/x"))
    for path in ("/", "/tmp/..", "/."):
        with pytest.raises(OSError, match="file name"):
            await inside.copy(plain.place, into(tmp_path / "file", path))


async def test_a_full_disk_leaves_no_half_file(inside: LinuxInside, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(os.urandom(4 * MiB))
    with guest(before="mount -t tmpfs -o size=1m none tmp") as one:
        with pytest.raises(OSError, match="No space") as caught:
            await inside.copy(one.place, into(tmp_path / "large", "/tmp/large"))
        assert caught.value.errno == 28
        assert os.listdir(one.root / "tmp") == []


async def test_a_cancelled_copy_ends_and_leaves_nothing(
    inside: LinuxInside, plain: Guest, tmp_path: Path
) -> None:
    (plain.path / "tmp/large").write_bytes(os.urandom(MiB) * 512)
    seen: list[int] = []
    copying = asyncio.create_task(
        inside.copy(plain.place, out_of("/tmp/large", tmp_path / "copy"), lambda done, _: seen.append(done))
    )
    await until(lambda: any(seen), what="some of it is copied")
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    await asyncio.sleep(0)
    await until(lambda: os.listdir(tmp_path) == [], what="nothing is left")


async def test_a_machine_that_ends_meanwhile(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    (plain.path / "tmp/large").write_bytes(os.urandom(MiB) * 512)
    seen: list[int] = []
    copying = asyncio.create_task(
        inside.copy(plain.place, out_of("/tmp/large", tmp_path / "copy"), lambda done, _: seen.append(done))
    )
    await until(lambda: any(seen), what="some of it is copied")
    plain.end()
    with pytest.raises(ProcessLookupError, match="has ended"):
        await copying
    assert os.listdir(tmp_path) == []


async def test_a_tree_that_is_too_deep(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2100):
        os.mkdir("d", dir_fd=at)
        deeper = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = deeper
    os.close(at)
    with pytest.raises(OSError, match="name too long") as caught:
        await inside.copy(plain.place, into(tmp_path / "d", "/tmp/d"))
    assert caught.value.errno == 36
    sh(tmp_path, "rm -r d")  # deeper than Python and pytest could go


async def test_a_tree_into_itself(inside: LinuxInside, plain: Guest) -> None:
    (plain.path / "tmp/a").mkdir()
    (plain.path / "tmp/a/file").write_text("text")
    await inside.copy(plain.place, into(plain.path / "tmp", "/tmp/b"))
    assert sorted(
        str(path.relative_to(plain.path / "tmp/b")) for path in (plain.path / "tmp/b").rglob("*")
    ) == [
        "a",
        "a/file",
    ]


@pytest.mark.parametrize("size_is_known", [False, True])
def test_what_is_written_in_parts_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size_is_known: bool
) -> None:
    """A file system may take less than it is given, as one that is nearly full does."""
    text = Path("/proc/self/mountinfo").read_bytes()
    if size_is_known:
        (tmp_path / "one").write_bytes(text)
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, piece, at: write(fd, piece[:7], at))
    monkeypatch.setattr(os, "copy_file_range", lambda *_: 0)
    monkeypatch.setattr(contents, "_shared", lambda *_: False)
    with (
        (tmp_path / "one" if size_is_known else Path("/proc/self/mountinfo")).open("rb") as source,
        (tmp_path / "two").open("wb") as target,
    ):
        contents.copy_contents(source.fileno(), target.fileno())
    assert (tmp_path / "two").read_bytes() == text


def test_the_end_of_a_file_that_grows_as_it_is_copied_is_not_waited_for(tmp_path: Path) -> None:
    """A machine could append to it for ever, and fill the host's disk."""
    pieces: list[int] = []
    with (
        tempfile.TemporaryFile(dir="/dev/shm") as source,
        (tmp_path / "copy").open("w+b") as target,
    ):
        source.write(b"x" * 4096)
        source.flush()

        def advance(size: int) -> None:
            pieces.append(size)
            assert len(pieces) < 50
            source.seek(0, os.SEEK_END)
            source.write(b"y" * 4096)
            source.flush()

        contents.copy_contents(source.fileno(), target.fileno(), advance)
    assert (tmp_path / "copy").read_bytes() == b"x" * 4096
