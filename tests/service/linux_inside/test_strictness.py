"""What is done inside machines otherwise than by systemd-machined, and, if strict, as there."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path

import pytest

from machined.host.improvements import ALL, NONE, Improvements
from machined.host.inside import BindRequest, CopyRequest, ShellRequest
from machined.host.linux.helper.manner import Manner
from machined.host.linux.helper.reading import MOST_FIELDS
from machined.host.linux.helper.trees import TreeCopy
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


@pytest.mark.parametrize("folder", ["var/run", "run"])
async def test_where_the_bus_is(
    inside: LinuxInside, plain: Guest, improvements: Improvements, folder: str
) -> None:
    """Old systems have a folder /var/run of their own, and new ones a link to /run, or neither."""
    (plain.path / folder / "dbus").mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(plain.path / folder / "dbus/system_bus_socket"))
        sock.listen()
        sock.setblocking(False)
        opening = asyncio.create_task(inside.open_login(plain.place))
        if folder == "run" and improvements == NONE:
            with pytest.raises(FileNotFoundError):
                await opening
            return
        client, _ = await asyncio.get_running_loop().sock_accept(sock)
        client.close()
        with pytest.raises(OSError, match="cannot be used"):
            await opening


async def test_an_os_release_with_long_values(
    inside: LinuxInside, plain: Guest, improvements: Improvements
) -> None:
    (plain.path / "etc/os-release").write_text(f"A={'x' * MiB}\nB=c\n")
    if improvements == NONE:
        assert await inside.os_release(plain.place) == {"A": "x" * MiB, "B": "c"}
    (plain.path / "etc/os-release").write_text("ID=short\n")
    assert await inside.os_release(plain.place) == {"ID": "short"}


async def test_an_os_release_with_many_fields(inside: LinuxInside, plain: Guest) -> None:
    """Whoever reads them all keeps nobody else waiting."""
    fields = {f"F{number}": "" for number in range(MOST_FIELDS + 1)}
    (plain.path / "etc/os-release").write_text("".join(f"{name}=\n" for name in fields))
    with pytest.raises(OSError, match="too long") as caught:
        await inside.os_release(plain.place)
    assert caught.value.errno == errno.E2BIG


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


@pytest.mark.parametrize("is_hidden", [False, True])
def test_what_a_file_is_called_while_it_is_copied(tmp_path: Path, is_hidden: bool) -> None:
    """And nothing is left of one that could not be copied."""
    (tmp_path / "large").write_bytes(b"x" * MiB)
    (tmp_path / "made").mkdir()
    seen: list[list[str]] = []

    def advance(size: int) -> None:
        if size:
            seen.append(os.listdir(tmp_path / "made"))
        if size and len(seen) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source, target = (os.open(path, os.O_RDONLY) for path in (tmp_path, tmp_path / "made"))
    try:
        tree = TreeCopy(False, None, advance, Manner(hides_unfinished=is_hidden))
        tree.copy(source, b"large", target, b"one")
        with pytest.raises(OSError, match="No space"):
            tree.copy(source, b"large", target, b"two")
    finally:
        os.close(source)
        os.close(target)
    assert seen[0] == ([] if is_hidden else ["one"])
    assert os.listdir(tmp_path / "made") == ["one"]


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


async def test_links_of_procfs(
    inside: LinuxInside, plain: Guest, improvements: Improvements, tmp_path: Path
) -> None:
    """Strictly they are followed, but never out of the machine, whatever processes there are in it."""
    (tmp_path / "os-release").write_text("ID=outside\n")
    (plain.path / "tmp/inner").write_text("ID=inner\n")
    file = plain.path / "etc/os-release"
    for text in ("/proc/1/root/tmp/inner", "/proc/1/cwd/../../tmp/inner"):
        file.unlink(missing_ok=True)
        file.symlink_to(text)
        if improvements == NONE:
            assert await inside.os_release(plain.place) == {"ID": "inner"}
        else:
            assert await _errno(inside.os_release(plain.place)) == errno.ESHUTDOWN
    with stranger(plain, tmp_path / "os-release") as pid:
        for text in (
            f"/proc/{pid}/root{tmp_path}/os-release",
            f"/proc/{pid}/fd/7",
            f"/proc/1/root/../proc/{pid}/root/{tmp_path}/os-release",
            "os-release",
            "/proc/1/environ",
        ):
            file.unlink()
            file.symlink_to(text)
            assert await _errno(inside.os_release(plain.place)) == errno.ESHUTDOWN, text
    file.unlink()
    file.write_text("ID=first\n")  # the reader is at home again
    assert await inside.os_release(plain.place) == {"ID": "first"}


async def test_links_of_procfs_on_the_way_of_copies(
    inside: LinuxInside, plain: Guest, improvements: Improvements, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("text")
    (plain.path / "tmp/home").symlink_to("/proc/1/root/var")
    into = CopyRequest(str(tmp_path / "file"), "/tmp/home/made", True, False, 0)
    if improvements == NONE:
        await inside.copy(plain.place, into)
        assert (plain.path / "var/made").read_text() == "text"
    else:
        assert await _errno(inside.copy(plain.place, into)) == errno.ELOOP
    with stranger(plain, tmp_path / "file") as pid:
        (plain.path / "tmp/away").symlink_to(f"/proc/{pid}/root{tmp_path}")
        away = into._replace(destination="/tmp/away/made")
        assert await _errno(inside.copy(plain.place, away)) == errno.ELOOP
        back = CopyRequest("/tmp/away/file", str(tmp_path / "back"), False, False, 0)
        assert await _errno(inside.copy(plain.place, back)) == errno.ELOOP
    assert os.listdir(tmp_path) == ["file"]


@contextlib.contextmanager
def stranger(guest: Guest, file: Path) -> Iterator[int]:
    """A process with files of the host among those of a machine, one open as 7; its number there."""
    words = ["nsenter", f"--target={guest.place.leader}", "--pid", "sh", "-c"]
    script = 'exec 7<"$1"; echo $$; read -r _'
    with subprocess.Popen(
        [*words, script, "sh", str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert (guest.root / f"proc/{pid}").exists()
        yield pid


async def _errno(work: Awaitable[object]) -> int | None:
    with pytest.raises(OSError, match=r".") as caught:
        await work
    return caught.value.errno
