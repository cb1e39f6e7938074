"""Shows files of the host inside machines."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from machined.host.inside import BindRequest
from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside.guests import SHIFT, Guest, guest, sh
from tests.service.linux_storage.volumes import mounted


def request(source: Path, destination: str, **settings: bool) -> BindRequest:
    wanted = {"is_read_only": False, "makes_destination": False, "maps_ids": False} | settings
    return BindRequest(str(source), destination, **wanted)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "file").write_text("of the host")
    return folder


async def test_a_folder_shows_in_the_machine_only(inside: LinuxInside, plain: Guest, source: Path) -> None:
    (plain.path / "tmp/here").mkdir()
    await inside.bind_mount(plain.place, request(source, "/tmp/here"))
    assert plain.run("cat", "/tmp/here/file") == "of the host"
    assert not (plain.path / "tmp/here/file").exists()
    plain.run("sh", "-c", "echo more >/tmp/here/made")
    assert (source / "made").read_text() == "more\n"


async def test_read_only(inside: LinuxInside, plain: Guest, source: Path) -> None:
    (plain.path / "tmp/here").mkdir()
    await inside.bind_mount(plain.place, request(source, "/tmp/here", is_read_only=True))
    with pytest.raises(subprocess.CalledProcessError):
        plain.run("touch", "/tmp/here/made")
    assert os.listdir(source) == ["file"]


async def test_the_place_is_made(inside: LinuxInside, machine: Guest, source: Path) -> None:
    await inside.bind_mount(machine.place, request(source, "/srv/a/b", makes_destination=True))
    await inside.bind_mount(machine.place, request(source / "file", "/srv/a/c", makes_destination=True))
    assert machine.run("cat", "/srv/a/b/file", "/srv/a/c") == "of the host" * 2
    assert oct((machine.path / "srv/a/b").stat().st_mode) == "0o40700"
    assert (machine.path / "srv/a/c").read_text() == ""


async def test_what_cannot_be_mounted(inside: LinuxInside, plain: Guest, source: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Failed to mount .*/none on /tmp in machine's namespace"):
        await inside.bind_mount(plain.place, request(source / "none", "/tmp"))
    with pytest.raises(FileNotFoundError):
        await inside.bind_mount(plain.place, request(source, "/tmp/none"))
    with guest(name="open", namespaces=("net",)) as one:
        with pytest.raises(OSError, match="shares the host's mounts") as caught:
            await inside.bind_mount(one.place, request(source, "/tmp"))
        assert caught.value.errno == 22


async def test_links_on_the_way_stay_in_the_machine(
    inside: LinuxInside, plain: Guest, source: Path, tmp_path: Path
) -> None:
    (plain.path / "tmp/up").symlink_to(f"../../../..{tmp_path}")
    (plain.path / str(tmp_path)[1:]).mkdir(parents=True)
    await inside.bind_mount(plain.place, request(source, "/tmp/up/made", makes_destination=True))
    assert os.listdir(tmp_path) == ["source"]
    assert plain.run("cat", f"{tmp_path}/made/file") == "of the host"


async def test_ids_are_mapped_where_the_file_system_can(
    inside: LinuxInside, shifted: Guest, source: Path
) -> None:
    os.chown(source / "file", 1000, 1001)
    await inside.bind_mount(
        shifted.place, request(source, "/srv/here", makes_destination=True, maps_ids=True)
    )
    assert shifted.run("stat", "-c", "%u %g", "/srv/here", "/srv/here/file") == "0 0\n1000 1001\n"
    assert (shifted.path / "srv").stat().st_uid == SHIFT
    shifted.run("touch", "/srv/here/made")
    assert (source / "made").stat().st_uid == 0


@pytest.mark.promise(
    "A machine with ids of its own is shown files of ext4, btrfs and tmpfs", where="bare host"
)
@pytest.mark.parametrize("kind", ["ext4", "btrfs", "tmpfs"])
async def test_ids_are_mapped_on_each_file_system_that_can(
    inside: LinuxInside, shifted: Guest, tmp_path: Path, kind: str
) -> None:
    place = tmpfs(tmp_path) if kind == "tmpfs" else mounted(tmp_path, kind, "200M")
    with place as top:
        source = top / "source"
        if kind == "btrfs":
            sh(tmp_path, "btrfs --quiet subvolume create btrfs/source")
        else:
            source.mkdir()
        (source / "file").write_text("of the host")
        os.chown(source / "file", 1000, 1001)
        wanted = request(source, "/srv/here", makes_destination=True, maps_ids=True)
        await inside.bind_mount(shifted.place, wanted)
        assert shifted.run("stat", "-c", "%u %g", "/srv/here", "/srv/here/file") == "0 0\n1000 1001\n"
        shifted.run("sh", "-c", "echo more >/srv/here/made; chown 7:8 /srv/here/made")
        made = (source / "made").stat()
        assert (made.st_uid, made.st_gid) == (7, 8)
        shifted.end()


@contextlib.contextmanager
def tmpfs(top: Path) -> Iterator[Path]:
    """A folder in memory."""
    where = top / "tmpfs"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", where], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", where], check=True)


async def test_the_file_system_that_cannot_map_ids_is_named(
    inside: LinuxInside, shifted: Guest, tmp_path: Path
) -> None:
    with overlay(tmp_path) as folder, pytest.raises(OSError, match="overlay") as caught:
        await inside.bind_mount(
            shifted.place, request(folder, "/srv/here", makes_destination=True, maps_ids=True)
        )
    assert caught.value.errno == 95
    assert not (shifted.path / "srv").exists()


@contextlib.contextmanager
def overlay(top: Path) -> Iterator[Path]:
    """A folder on an overlay, as the host sees it through the process that has it mounted."""
    for name in ("lower", "upper", "work", "root"):
        (top / name).mkdir()
    options = f"lowerdir={top}/lower,upperdir={top}/upper,workdir={top}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", top / "root"], check=True)
    try:
        yield top / "root"
    finally:
        subprocess.run(["umount", top / "root"], check=True)
