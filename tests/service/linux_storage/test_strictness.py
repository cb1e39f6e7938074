"""What is done with images otherwise than by systemd-machined 257, and, if strict, as was seen there."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from machined.host.improvements import ALL, NONE, Improvements
from machined.host.linux.storage import cloning, erasing, removing
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Places, Setting
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.linux.storage.treecopy import TreeCopy
from machined.host.storage import unseen
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, make_directory, make_raw, make_subvolume, refusal
from tests.service.linux_storage.volumes import sh

LATER = (".roothash.p7s", ".usrhash", ".usrhash.p7s", ".verity", ".oci-config")


@pytest.fixture(params=[ALL, NONE], ids=["better", "strict"])
def improvements(request: pytest.FixtureRequest) -> Improvements:
    chosen: Improvements = request.param
    return chosen


@pytest.fixture
async def storage(estate: Estate, improvements: Improvements) -> AsyncIterator[LinuxStorage]:
    made = LinuxStorage(
        estate.pool,
        folders=(str(estate.other), str(estate.pool)),
        settings=(str(estate.settings),),
        locks=estate.locks,
        improvements=improvements,
    )
    await made.start()
    yield made
    await made.close()


async def test_the_root_of_the_copy_of_a_directory(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    root = make_directory(estate, "web")
    os.setxattr(root, "user.note", b"kept")
    os.chown(root, 5, 6)
    root.chmod(0o2711)
    os.utime(root, (1_000_000, 2_000_000))
    await storage.clone(await image(storage, "web"), "copy", False, unseen)
    status = (estate.pool / "copy").stat()
    found = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, os.listxattr(estate.pool / "copy")
    assert found == ((0o2711, 5, 6, ["user.note"]) if improvements == ALL else (0o755, 0, 0, []))
    assert (status.st_mtime == 2_000_000) == (improvements == ALL)
    assert (estate.pool / "copy/etc/hostname").exists()


async def test_copies_of_the_host_and_of_links(
    storage: LinuxStorage, estate: Estate, improvements: Improvements, tmp_path: Path
) -> None:
    """The host is only asked for if strict: it is large. A link to a disk can be copied either way."""
    (tmp_path / "away").mkdir()
    (estate.pool / "link").symlink_to(tmp_path / "away")
    (tmp_path / "disk").write_bytes(b"disk" * 1024)
    (estate.pool / "disk.raw").symlink_to(tmp_path / "disk")
    await storage.clone(await image(storage, "disk"), "disk-2", False, unseen)
    linked = await image(storage, "link")
    if improvements == ALL:
        await storage.clone(linked, "copy", False, unseen)
        assert (estate.pool / "copy").is_dir()
        return
    assert await refusal(storage.clone(linked, "copy", False, unseen)) == errno.ELOOP
    host = await image(storage, ".host")
    assert await refusal(storage.clone(host, "copy", False, unseen)) == errno.EADDRNOTAVAIL
    assert sorted(os.listdir(estate.pool)) == sorted({"disk.raw", "disk-2.raw", "link", *_given(estate)})


def _given(estate: Estate) -> set[str]:
    """What is in a new pool, which may be the file system's own root."""
    return {estate.other.name} if estate.other.parent == estate.pool else set()


async def test_a_copy_that_fails_leaves_what_has_its_name(storage: LinuxStorage, estate: Estate) -> None:
    """A file that is no image has it already, and what was to be copied is gone."""
    root = make_directory(estate, "web")
    found = await image(storage, "web")
    shutil.rmtree(root)
    (estate.pool / "copy").write_text("somebody's")
    assert await refusal(storage.clone(found, "copy", False, unseen)) == errno.ENOENT
    assert (estate.pool / "copy").read_text() == "somebody's"


async def test_a_directory_that_is_a_link_is_marked(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    home = estate.other / ".elsewhere"
    home.mkdir()
    (estate.pool / "link").symlink_to(home)
    for is_read_only in (True, False):
        marking = storage.set_read_only(await image(storage, "link"), is_read_only)
        if improvements == NONE:
            assert await refusal(marking) == errno.ELOOP
        else:
            await marking
            assert (await image(storage, "link")).is_read_only == is_read_only


async def test_the_times_of_a_snapshot_with_subvolumes_in_it(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    if not estate.is_btrfs:
        return  # there are no subvolumes
    root = make_subvolume(estate, "web")
    sh("btrfs", "subvolume", "create", root / "inner")
    os.utime(root, (1_000_000, 2_000_000))
    await storage.clone(await image(storage, "web"), "copy", False, unseen)
    assert (estate.pool / "copy/inner").is_dir()
    assert ((estate.pool / "copy").stat().st_mtime == 2_000_000) == (improvements == ALL)


async def test_holes_of_what_is_not_shared(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    """On btrfs a copy shares what the original has, and its holes too."""
    make_raw(estate, "disk")
    root = make_directory(estate, "web")
    with (root / "holed").open("wb") as file:
        file.truncate(1024**2)
    for name in ("disk", "web"):
        await storage.clone(await image(storage, name), f"{name}-2", False, unseen)
    is_filled = improvements == NONE and not estate.is_btrfs
    for made, original in (("disk-2.raw", "disk.raw"), ("web-2/holed", "web/holed")):
        assert (estate.pool / made).read_bytes() == (estate.pool / original).read_bytes()
        os.sync()
        assert ((estate.pool / made).stat().st_blocks * 512 >= 1024**2) == is_filled


async def test_which_files_go_with_an_image(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    (estate.other / "web").mkdir()
    (estate.settings / "web.nspawn").touch()
    for suffix in (".nspawn", ".roothash", *LATER):
        (estate.other / f"web{suffix}").touch()
    await storage.clone(await image(storage, "web"), "copy", False, unseen)
    home = estate.pool if improvements == ALL else estate.other
    suffixes = {".nspawn", ".roothash", *(LATER if improvements == ALL else ())}
    assert {path.name for path in home.glob("copy.*")} == {f"copy{suffix}" for suffix in suffixes}
    assert (estate.settings / "copy.nspawn").exists()
    await storage.rename(await image(storage, "web"), "next")
    assert {path.name for path in estate.other.glob("next.*")} == {f"next{suffix}" for suffix in suffixes}
    await storage.remove(await image(storage, "next"), unseen)
    left = {path.name for path in estate.other.glob("*.*") if not path.name.startswith("copy")}
    assert left == (set() if improvements == ALL else {f"web{suffix}" for suffix in LATER})


async def test_a_link_that_leads_to_itself(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    make_directory(estate, "web")
    (estate.pool / "loop").symlink_to("loop")
    (estate.pool / "nowhere").symlink_to("none")
    assert await storage.find("web") is not None
    assert await storage.find("nowhere") is None
    if improvements == ALL:
        assert await storage.find("loop") is None
        assert {one.name for one in await storage.discover()} >= {"web", ".host"}
        return
    assert await refusal(storage.find("loop")) == errno.ELOOP
    assert await refusal(storage.discover()) == errno.ELOOP
    web = await image(storage, "web")
    assert await refusal(storage.rename(web, "loop")) == errno.ELOOP
    assert await refusal(storage.clone(web, "loop", False, unseen)) == errno.ELOOP


async def test_a_directory_that_is_called_like_a_disk(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    (estate.pool / "web.raw").mkdir()
    assert "web.raw" in {one.name for one in await storage.discover()}
    assert (await storage.find("web.raw") is not None) == (improvements == ALL)
    assert await storage.find("web") is None


async def test_what_a_tree_is_called_while_it_is_copied(
    storage: LinuxStorage, estate: Estate, improvements: Improvements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a copy that fails is removed either way, but nothing that was there before."""
    make_directory(estate, "web")
    called: list[str] = []

    def run(copy: TreeCopy) -> None:
        called.append(Path(os.readlink(f"/proc/self/fd/{copy._target}")).name)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(TreeCopy, "run", run)
    setting = Setting(Places(str(estate.pool), (str(estate.pool),), (), str(estate.locks), improvements))
    (estate.pool / "taken").write_text("by a file")
    before = set(os.listdir(estate.pool))
    told, heard = socket.socketpair()
    with told, heard:
        for name, number in (("copy", errno.ENOSPC), ("taken", None)):
            with pytest.raises(OSError, match=r".") as caught:
                cloning.clone(setting, await image(storage, "web"), name, False, Quiet(told))
            assert number is None or caught.value.errno == number
            if name == "taken" and improvements == NONE:
                assert caught.value.errno == errno.EEXIST
    assert called[0].startswith(".#clone-") == (improvements == ALL)
    assert (called[0] == "copy") == (improvements == NONE)
    assert set(os.listdir(estate.pool)) == before


async def test_a_tree_with_files_that_are_marked(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    """Strictly they stay, and all above them; what is beside them goes."""
    root = make_directory(estate, "web")
    (estate.pool / "web.nspawn").touch()
    sh("chattr", "+i", root / "etc/hostname")
    removing_it = storage.remove(await image(storage, "web"), unseen)
    if improvements == ALL:
        await removing_it
        assert not root.exists()
        return
    assert await refusal(removing_it) == errno.EPERM
    left = {str(path.relative_to(root)) for path in root.rglob("*")}
    sh("chattr", "-i", root / "etc/hostname")
    assert left == {"etc", "etc/hostname"}
    assert (estate.pool / "web.nspawn").exists()


@pytest.mark.parametrize("length", [251, 252, 255])
async def test_a_long_name(
    storage: LinuxStorage, estate: Estate, improvements: Improvements, length: int
) -> None:
    if improvements == NONE and length > 251:
        assert await refusal(storage.find("x" * length)) == errno.ENAMETOOLONG
        return
    assert await storage.find("x" * length) is None
    (estate.pool / ("x" * length)).mkdir()
    assert await storage.find("x" * length) is not None
    assert "x" * length in {one.name for one in await storage.discover()}


class Quiet(Report):
    """Forks nobody who finds out what a tree weighs."""

    def prepare(self, weigh: Callable[[str], int]) -> None:
        assert callable(weigh)


async def test_what_a_tree_is_called_while_it_is_removed(
    storage: LinuxStorage, estate: Estate, improvements: Improvements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be removed tells where it is then."""
    root = make_directory(estate, "web")
    sh("chattr", "+i", root)
    await storage.remove(await image(storage, "web"), unseen)
    assert not root.exists()
    make_directory(estate, "next")
    erased: list[str] = []

    def erase(_folder: int, name: str, _count: object, *, lifts_marks: bool) -> None:
        assert lifts_marks == (improvements == ALL)
        erased.append(name)

    monkeypatch.setattr(erasing, "erase", erase)
    places = Places(str(estate.pool), (str(estate.pool),), (), str(estate.locks), improvements)
    setting = Setting(places)
    told, heard = socket.socketpair()
    with told, heard, contextlib.closing(setting.mounts):
        removing.remove(setting, await image(storage, "next"), Quiet(told))
    (name,) = erased
    assert name.startswith(".removed-") == (improvements == ALL)
    assert (name == "next") == (improvements == NONE)


@pytest.mark.parametrize("is_read_only", [False, True])
async def test_a_disk_that_is_marked_read_only(
    storage: LinuxStorage,
    estate: Estate,
    improvements: Improvements,
    monkeypatch: pytest.MonkeyPatch,
    is_read_only: bool,
) -> None:
    """Strictly, btrfs is asked to put it together; other file systems refuse that, which is no error."""
    disk = make_raw(estate, "disk")
    asked: list[tuple[int, str]] = []
    ioctl = fcntl.ioctl

    def watched(fd: int, request: int, *rest: object) -> object:
        asked.append((request, os.readlink(f"/proc/self/fd/{fd}")))
        return ioctl(fd, request, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr("machined.host.linux.storage.changes.fcntl.ioctl", watched)
    await storage.set_read_only(await image(storage, "disk"), is_read_only)
    wanted = [(0x50009402, str(disk))] if is_read_only and improvements == NONE else []
    assert [one for one in asked if one[0] == 0x50009402] == wanted
    assert stat.S_IMODE(disk.stat().st_mode) == (0o444 if is_read_only else 0o644)
