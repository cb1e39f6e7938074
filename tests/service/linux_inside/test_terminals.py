"""Terminals of machines that run no service manager, and programs on them."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from pathlib import Path

import pytest

from machined.host.inside import Place, Pty, ShellRequest
from machined.host.linux.inside import LinuxInside
from tests.conftest import children
from tests.service.linux_inside.conftest import HOST
from tests.service.linux_inside.guests import SHIFT, Guest, guest, said
from tests.support.waiting import until


async def read_all(pty: Pty) -> str:
    """What comes from a terminal until nobody has it open; its descriptor is closed."""

    def read() -> bytes:
        parts = []
        try:
            while part := os.read(pty.fd, 65536):
                parts.append(part)
        except OSError:  # EIO: the last one has closed the other side
            return b"".join(parts)
        finally:
            os.close(pty.fd)
        return b"".join(parts)

    return (await asyncio.wait_for(asyncio.to_thread(read), 10)).decode().replace("\r\n", "\n")


async def run(inside: LinuxInside, place: Place, script: str, user: str = "root", *set_: str) -> str:
    request = ShellRequest(user, "/bin/sh", ["sh", "-c", script], list(set_))
    return await read_all(await inside.open_shell(place, request))


async def test_a_terminal_is_of_the_machine(inside: LinuxInside, machine: Guest) -> None:
    pty = await inside.open_pty(machine.place)
    try:
        assert pty.path == "/dev/pts/0"
        assert not os.get_inheritable(pty.fd)
        owner = (machine.root / "dev/pts/0").stat().st_uid
        assert owner == (await inside.user_map(machine.place))[0].outer
    finally:
        os.close(pty.fd)


async def test_a_terminal_of_the_host(inside: LinuxInside) -> None:
    pty = await inside.open_pty(HOST)
    assert stat.S_ISCHR(os.stat(pty.path).st_mode)
    os.close(pty.fd)


async def test_no_login_without_a_bus(inside: LinuxInside, plain: Guest) -> None:
    with pytest.raises(FileNotFoundError, match="There is no system bus in machine guest"):
        await inside.open_login(plain.place)


async def test_a_shell_is_entered_directly_where_nobody_could_start_it(
    inside: LinuxInside, machine: Guest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    answer = await run(
        inside, machine.place, "id; tty; pwd; echo $HOME $LOGNAME $SHELL $TERM $X", "ada", "X=y z"
    )
    lines = answer.splitlines()
    assert lines[0] == "uid=1000(ada) gid=1001(ada) groups=1001(ada),4(adm)"
    assert lines[1:] == ["/dev/pts/0", "/home/ada", "/home/ada ada /bin/sh vt220 y z"]
    assert "Entering guest directly" in caplog.text


async def test_a_shell_has_no_groups_of_the_host(tmp_path: Path) -> None:
    """Also where the machine's user namespace does not let one leave them."""
    before = os.getgroups()
    os.setgroups([0, 4, 27])
    inside = LinuxInside()
    try:
        await inside.start()
        with guest(users=True, denies_groups=True) as one:
            assert await run(inside, one.place, "grep Groups /proc/self/status") == "Groups:\t \n"
            assert await run(inside, one.place, "id -G", "ada") == "1001\n"
    finally:
        os.setgroups(before)
        await inside.close()


async def test_a_shell_is_in_all_namespaces_and_has_no_more_rights_than_the_machine(
    inside: LinuxInside, machine: Guest
) -> None:
    kinds = ("mnt", "pid", "net", "uts", "ipc", "user")
    script = (
        f"for kind in {' '.join(kinds)}; do readlink /proc/$$/ns/$kind; done; grep CapBnd /proc/$$/status"
    )
    *links, capabilities = (await run(inside, machine.place, script)).split("\n")[: len(kinds) + 1]
    leader = f"/proc/{machine.place.leader}"
    assert links == [os.readlink(f"{leader}/ns/{kind}") for kind in kinds]
    assert capabilities in said(f"{leader}/status")
    assert "ready" in await run(inside, machine.place, "ls /run; ls -l /proc/$$/fd")


async def test_a_shell_of_a_host_without_a_bus(
    inside: LinuxInside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    answer = await run(inside, HOST, "tty; readlink /proc/self/ns/pid; id -un")
    assert answer.split()[1:] == [os.readlink("/proc/self/ns/pid"), "root"]
    with pytest.raises(FileNotFoundError, match="no system bus"):
        await inside.open_login(HOST)


async def test_a_login_shell_reads_its_profile(inside: LinuxInside, plain: Guest) -> None:
    (plain.path / "root/.profile").write_text("echo the profile; exit\n")
    pty = await inside.open_shell(plain.place, ShellRequest("root", "", [], []))
    assert "the profile" in await read_all(pty)


async def test_ctrl_c_reaches_the_program(inside: LinuxInside, machine: Guest) -> None:
    script = "trap 'echo interrupted; exit' INT; echo here; while :; do sleep 0.01; done"
    pty = await inside.open_shell(machine.place, ShellRequest("root", "/bin/sh", ["sh", "-c", script], []))
    assert await asyncio.to_thread(os.read, pty.fd, 4) == b"here"
    os.write(pty.fd, b"\x03")
    assert "interrupted" in await read_all(pty)


async def test_who_or_what_is_not_there(inside: LinuxInside, plain: Guest) -> None:
    with pytest.raises(FileNotFoundError, match="no user 'eve'"):
        await run(inside, plain.place, "true", "eve")
    with pytest.raises(FileNotFoundError):
        await inside.open_shell(plain.place, ShellRequest("root", "/bin/none", ["none"], []))
    with pytest.raises(PermissionError):
        await inside.open_shell(plain.place, ShellRequest("root", "/etc/passwd", ["none"], []))


async def test_programs_outlive_the_service_and_are_reaped(plain: Guest) -> None:
    inside = LinuxInside()
    await inside.start()
    assert await run(inside, plain.place, "echo once") == "once\n"
    (helper,) = (pid for pid in children() if "helper.process" in said(f"/proc/{pid}/cmdline"))
    await until(lambda: not said(f"/proc/{helper}/task/{helper}/children"), what="it is reaped")
    request = ShellRequest("root", "/bin/sh", ["sh", "-c", "read -r word; echo $word again"], [])
    pty = await inside.open_shell(plain.place, request)
    await inside.close()
    os.write(pty.fd, b"twice\n")
    assert re.search(r"twice\s+twice again", await read_all(pty))


async def test_the_shifted_owner_of_a_users_terminal(inside: LinuxInside, shifted: Guest) -> None:
    request = ShellRequest("ada", "/bin/sh", ["sh", "-c", "read -r word"], [])
    pty = await inside.open_shell(shifted.place, request)
    assert (shifted.root / pty.path[1:]).stat().st_uid == SHIFT + 1000
    os.write(pty.fd, b"\n")
    await read_all(pty)
