"""Whoever runs in a machine may put links in the place of its folders while its tree is worked on."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from machined.host.linux.storage import btrfs, erasing, snapshots
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.storage import LinuxStorage
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, leftovers, make_subvolume, refusal, unwatched
from tests.service.linux_storage.volumes import sh

pytestmark = pytest.mark.parametrize("kind", ["btrfs"], indirect=True)


@pytest.fixture
def root(estate: Estate) -> Path:
    """An image with a subvolume in it, below a folder that is to be swapped."""
    path = make_subvolume(estate, "volume")
    (path / "x").mkdir()
    sh("btrfs", "subvolume", "create", path / "x/inner")
    (path / "x/inner/planted").write_text("of the machine")
    return path


@pytest.fixture
def outside(estate: Estate) -> Path:
    """A folder of the host, with a folder of the same name in it."""
    path = estate.pool.parent / "host"
    path.mkdir()
    return path


def put_link(root: Path, outside: Path) -> None:
    (root / "x").rename(root / "aside")
    (root / "x").symlink_to(outside)


def put_back(root: Path) -> None:
    (root / "x").unlink()
    (root / "aside").rename(root / "x")


def around_the_snapshot(
    patch: pytest.MonkeyPatch, before: Callable[[], object], after: Callable[[], object]
) -> None:
    """Have something happen right before and after the snapshot of the image, as a machine's process may."""
    take = snapshots.is_taken

    def taken(source: int, folder: int, name: str, *, is_read_only: bool = False) -> bool:
        before()
        is_made = take(source, folder, name, is_read_only=is_read_only)
        after()
        return is_made

    patch.setattr(snapshots, "is_taken", taken)


@pytest.mark.promise("A machine that is cloned while it runs plants nothing on the host", where="bare host")
@pytest.mark.parametrize("is_read_only", [False, True])
async def test_nothing_is_made_through_a_link_in_the_copy(
    estate: Estate,
    storage: LinuxStorage,
    root: Path,
    outside: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_read_only: bool,
) -> None:
    (outside / "inner").mkdir()
    around_the_snapshot(monkeypatch, lambda: put_link(root, outside), lambda: put_back(root))
    number = await refusal(storage.clone(await image(storage, "volume"), "new", is_read_only, unwatched))
    assert number == errno.EBUSY
    assert list((outside / "inner").iterdir()) == []
    assert {one.name for one in await storage.discover()} == {"volume", ".host"}
    assert leftovers(estate) == []


async def test_nothing_is_read_through_a_link_in_the_original(
    estate: Estate,
    storage: LinuxStorage,
    root: Path,
    outside: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sh("btrfs", "subvolume", "create", outside / "inner")
    (outside / "inner/secret").write_text("of the host")
    looked, look = [False], btrfs.nested

    def nested(fd: int, id: int) -> list[btrfs.Nested]:
        found = look(fd, id)
        if looked[0] and found and not (root / "x").is_symlink():
            put_link(root, outside)
        return found

    def on_taken() -> None:
        looked[0] = True

    around_the_snapshot(monkeypatch, lambda: None, on_taken)
    monkeypatch.setattr(btrfs, "nested", nested)
    number = await refusal(storage.clone(await image(storage, "volume"), "new", False, unwatched))
    assert number == errno.EBUSY
    assert (root / "x").is_symlink()
    assert not (estate.pool / "new").exists()
    assert leftovers(estate) == []


@pytest.mark.parametrize("work", ["seal", "erase"])
async def test_nothing_is_sealed_or_erased_through_a_link(
    estate: Estate, root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    sh("btrfs", "subvolume", "create", outside / "inner")
    (outside / "inner/kept").write_text("of the host")
    look = btrfs.nested

    def nested(fd: int, id: int) -> list[btrfs.Nested]:
        found = look(fd, id)
        if found and not (root / "x").is_symlink():
            put_link(root, outside)
        return found

    monkeypatch.setattr(btrfs, "nested", nested)
    with opened(str(root)) as fd, opened(str(estate.pool)) as folder:
        does = {
            "seal": lambda: snapshots.seal(fd),
            "erase": lambda: erasing.erase(folder, "volume", lambda _size: None),
        }
        with pytest.raises(OSError, match="moved meanwhile") as raised:
            does[work]()
        assert raised.value.errno == errno.EBUSY
    with opened(str(outside / "inner")) as fd:
        assert not btrfs.is_read_only(fd)
    assert (outside / "inner/kept").read_text() == "of the host"
