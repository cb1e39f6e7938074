"""What the files of trees tell, and that no tree makes us read another's."""

from __future__ import annotations

import ctypes
import errno
import itertools
import os
from pathlib import Path

import pytest

from machined.host.linux.helper import kernel
from machined.host.linux.storage.locks import Locks
from machined.host.linux.storage.rootfiles import MOST, open_root, read_metadata
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Metadata
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import fill, image, leftovers, make_directory, make_subvolume, refusal

WHOLE = Metadata(
    "web-1",
    bytes.fromhex("0123456789abcdef0123456789abcdef"),
    {"PRETTY_HOSTNAME": "The web", "DEPLOYMENT": "test"},
    {"ID": "lab", "PRETTY_NAME": "Lab image"},
)


def read(root: Path) -> Metadata:
    fd = open_root(str(root))
    try:
        return read_metadata(fd)
    finally:
        os.close(fd)


async def test_what_images_tell(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "tree")
    assert await storage.metadata(await image(storage, "tree")) == WHOLE
    if estate.is_btrfs:
        make_subvolume(estate, "volume")
        assert await storage.metadata(await image(storage, "volume")) == WHOLE
    (estate.pool / "empty").mkdir()
    assert await storage.metadata(await image(storage, "empty")) == Metadata()
    assert leftovers(estate) == []


async def test_the_same_by_name(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    assert await storage.metadata_of("tree") == WHOLE
    assert await storage.metadata_of("nothing") is None
    assert await storage.metadata_of("a/b") is None
    with Locks(estate.locks).image(str(path)):
        why = await storage.metadata_of("tree")
    assert isinstance(why, OSError)
    assert why.errno == errno.EBUSY
    (estate.pool / "disk.raw").write_bytes(bytes(4096))
    why = await storage.metadata_of("disk")
    assert isinstance(why, OSError)
    found = await image(storage, "disk")
    assert await refusal(storage.metadata(found)) == why.errno


@pytest.mark.parametrize("size", [4095, 4096, 4097, 8192, MOST])
def test_files_of_all_sizes_are_read_to_their_end(tmp_path: Path, size: int) -> None:
    start = "ID=lab\n#"
    root = fill(tmp_path)
    (root / "usr/lib/os-release").write_text(f"{start}{'x' * (size - len(start) - 7)}\nEND=1\n")
    assert (root / "usr/lib/os-release").stat().st_size == size
    assert read(root).os_release == {"ID": "lab", "END": "1"}


def test_links_stay_within_the_root(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ID=secret\n")
    root = fill(tmp_path / "root") if (tmp_path / "root").mkdir() is None else tmp_path
    (root / "etc/os-release").symlink_to("/usr/lib/os-release")
    assert read(root) == WHOLE
    for way in (secret, "../../../../../../secret", "/proc/self/cwd", f"/proc/{os.getpid()}/root{secret}"):
        (root / "etc/os-release").unlink()
        (root / "etc/os-release").symlink_to(way)
        assert read(root).os_release == WHOLE.os_release
    (root / "etc/hostname").unlink()
    (root / "etc/hostname").symlink_to("/etc/hostname")
    assert read(root).hostname == ""


def test_a_rename_somewhere_meanwhile_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a way with `..` in it, as that to os-release mostly is, the kernel wants the look-up begun again."""
    root = fill(tmp_path)
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    call, tries = kernel._openat2, itertools.count()

    def disturbed(*arguments: object) -> int:
        if next(tries) % 2 == 0:
            ctypes.set_errno(errno.EAGAIN)
            return -1
        done: int = call(*arguments)
        return done

    monkeypatch.setattr(kernel, "_openat2", disturbed)
    assert read(root) == WHOLE
    assert next(tries) >= 8  # four files, each looked up twice


@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "large", "socket"])
def test_what_is_no_small_file_is_not_read(tmp_path: Path, kind: str) -> None:
    root = fill(tmp_path)
    path = root / "etc/hostname"
    path.unlink()
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            if os.geteuid() != 0:
                pytest.skip("devices are made by root")
            os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
        case "directory":
            path.mkdir()
        case "large":
            path.write_bytes(b"x" * (MOST + 1))
        case "socket":
            os.mknod(path, 0o600 | 0o140000)
    assert read(root) == Metadata("", WHOLE.machine_id, WHOLE.machine_info, WHOLE.os_release)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web\n", "web"),
        ("\n# no\n\tweb.example.com.\n", "web.example.com"),
        ("; no\nweb\n", "no"),
        ("we b!\n", "web"),
        ("-a..b-\n", "a.b"),
        ("x" * 100, "x" * 64),
        ("\x00", ""),
        ("", ""),
    ],
)
def test_host_names(tmp_path: Path, text: str, name: str) -> None:
    root = fill(tmp_path)
    (root / "etc/hostname").write_text(text)
    assert read(root).hostname == name


@pytest.mark.parametrize(
    ("text", "id"),
    [
        (b"0123456789ABCDEF0123456789abcdef", WHOLE.machine_id),
        (b"0123456789abcdef0123456789abcdef\n\n", b""),
        (b"uninitialized\n", b""),
        (b"0" * 32, b""),
        (b"\xff" * 32, b""),
        (b"", b""),
    ],
)
def test_machine_ids(tmp_path: Path, text: bytes, id: bytes) -> None:
    root = fill(tmp_path)
    (root / "etc/machine-id").write_bytes(text)
    assert read(root).machine_id == id


def test_files_that_are_not_utf_8_tell_nothing(tmp_path: Path) -> None:
    root = fill(tmp_path)
    (root / "etc/machine-info").write_bytes(b"DEPLOYMENT=\xff\n")
    assert read(root).machine_info == {}
