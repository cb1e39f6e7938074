"""What is done inside machines otherwise than by systemd-machined, and, if strict, as there."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.host.improvements import ALL, NONE, Improvements
from machined.host.inside import BindRequest, CopyRequest, ShellRequest
from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside.guests import Guest, guest, sh

MiB = 1024 * 1024
SHELL = ShellRequest("root", "/usr/bin/true", ["true"], [])


@pytest.fixture(params=[ALL, NONE], ids=["better", "strict"])
def improvements(request: pytest.FixtureRequest) -> Improvements:
    chosen: Improvements = request.param
    return chosen


@pytest.fixture
async def inside(improvements: Improvements) -> AsyncIterator[LinuxInside]:
    inside = LinuxInside(improvements=improvements)
    await inside.start()
    yield inside
    await inside.close()


async def test_a_long_os_release(inside: LinuxInside, plain: Guest, improvements: Improvements) -> None:
    text = b"A=b\n" + b"#" * MiB + b"\nC=d\n"
    (plain.path / "etc/os-release").write_bytes(text)
    if improvements == ALL:
        with pytest.raises(OSError, match="too long") as caught:
            await inside.os_release(plain.place)
        assert caught.value.errno == errno.E2BIG
    else:
        assert await inside.os_release(plain.place) == {"A": "b", "C": "d"}
    os.truncate(plain.path / "etc/os-release", 64 * MiB)
    with pytest.raises(OSError, match="too long"):
        await inside.os_release(plain.place)
    (plain.path / "etc/os-release").write_text("ID=short\n")
    assert await inside.os_release(plain.place) == {"ID": "short"}


async def test_an_os_release_with_long_values(
    inside: LinuxInside, plain: Guest, improvements: Improvements
) -> None:
    (plain.path / "etc/os-release").write_text(f"A={'x' * MiB}\nB=c\n")
    if improvements == NONE:
        assert await inside.os_release(plain.place) == {"A": "x" * MiB, "B": "c"}
    (plain.path / "etc/os-release").write_text("ID=short\n")
    assert await inside.os_release(plain.place) == {"ID": "short"}


async def test_holes(inside: LinuxInside, improvements: Improvements, tmp_path: Path) -> None:
    with (tmp_path / "holed").open("wb") as file:
        file.truncate(MiB)
        file.write(b"x")
    with guest(before="mount -t tmpfs none tmp") as one:  # another file system, where nothing is shared
        await inside.copy(one.place, CopyRequest(str(tmp_path / "holed"), "/tmp/holed", True, False, 0))
        made = one.root / "tmp/holed"
        assert made.read_bytes() == (tmp_path / "holed").read_bytes()
        assert (made.stat().st_blocks * 512 < MiB) == (improvements == ALL)


async def test_a_tree_for_which_there_is_no_room(
    inside: LinuxInside, improvements: Improvements, tmp_path: Path
) -> None:
    """If strict, what is small enough is there in the end."""
    for number in range(8):
        (tmp_path / f"tree/{number}").mkdir(parents=True)
        (tmp_path / f"tree/{number}/large").write_bytes(b"x" * 3 * MiB)
    with guest(before="mount -t tmpfs -o size=1m none tmp") as one:
        with pytest.raises(OSError, match="No space") as caught:
            await inside.copy(one.place, CopyRequest(str(tmp_path / "tree"), "/tmp/tree", True, False, 0))
        assert caught.value.errno == errno.ENOSPC
        made = os.listdir(one.root / "tmp/tree")
        assert len(made) == (1 if improvements == ALL else 8)
        assert not [path for path in (one.root / "tmp/tree").rglob("*") if path.is_file()]


async def test_a_shell_where_nobody_could_start_it(
    inside: LinuxInside, plain: Guest, improvements: Improvements
) -> None:
    if improvements == ALL:
        pty = await inside.open_shell(plain.place, SHELL)
        os.close(pty.fd)
    else:
        with pytest.raises(FileNotFoundError, match="There is no system bus"):
            await inside.open_shell(plain.place, SHELL)


async def test_what_a_machine_mounts_below_a_shared_mount(
    inside: LinuxInside, plain: Guest, improvements: Improvements, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    sh(source, 'mount -t tmpfs none . && mount --make-shared "$PWD" && mkdir "$PWD/below"')
    try:
        (plain.path / "tmp/here").mkdir()
        await inside.bind_mount(plain.place, BindRequest(str(source), "/tmp/here", False, False, False))
        plain.run("mount", "-t", "tmpfs", "none", "/tmp/here/below")
        (plain.root / "tmp/here/below/made").touch()
        assert (source / "below/made").exists() == (improvements == NONE)
    finally:
        plain.run("umount", "/tmp/here/below")
        sh(tmp_path, "umount source")
