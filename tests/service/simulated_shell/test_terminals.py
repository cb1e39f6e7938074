"""Terminals: who gets one, and how they end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from machined.host.inside import ShellRequest
from machined.host.simulated.clock import RunningClock
from machined.host.simulated.shell import close_all, open_login, open_pty, open_shell
from machined.host.simulated.shell.keeper import keeper_of
from machined.host.simulated.shell.terminal import Terminal
from tests.conftest import open_fds
from tests.service.simulated_shell.guest import Room, open_room
from tests.support.waiting import until


async def test_an_unknown_user_gets_a_terminal_that_ends_at_once(room: Room) -> None:
    guest = await room.shell("nobody-here")
    await guest.ended()
    assert guest.output == b""


async def test_a_user_may_be_a_number(room: Room) -> None:
    guest = await room.shell("1000")
    await guest.shows("ada@web-1:~$")


async def test_a_user_without_a_shell_is_sent_away(room: Room) -> None:
    guest = await room.shell("nobody")
    await guest.ended()
    assert "This account is currently not available." in guest.text


@pytest.mark.parametrize(
    ("path", "arguments", "wanted"),
    [
        ("/bin/sh", ("sh", "-c", "echo $X; echo $HOME"), "yes\n/root"),
        ("/bin/ls", ("ls", "/srv"), "poem"),
        ("/bin/ls", (), ""),
        ("/usr/bin/env", ("env", "printenv", "X"), "yes"),
        ("/bin/cat", ("cat", "/no"), "cat: /no: No such file or directory"),
        ("/bin/sh", ("sh", "-c", "exit 3"), ""),
        ("/bin/nosuch", ("nosuch",), ""),
        ("/etc", ("etc",), ""),
    ],
)
async def test_one_program_runs_and_the_terminal_ends(
    room: Room, path: str, arguments: tuple[str, ...], wanted: str
) -> None:
    before = set(room.estate.processes.processes)
    guest = await room.shell(path=path, arguments=arguments, environment=("X=yes",))
    await guest.ended()
    assert guest.text == wanted
    assert set(room.estate.processes.processes) == before


async def test_a_shell_that_is_asked_for_by_path_has_a_prompt(room: Room) -> None:
    guest = await room.shell(path="/bin/bash", arguments=("bash",))
    await guest.ready()
    assert (await guest.run("echo hi"))[0] == "hi"
    guest.type("exit\r")
    await guest.ended()


async def test_a_program_that_reads_the_terminal_gets_lines(room: Room) -> None:
    guest = await room.shell(path="/bin/cat", arguments=("cat",))
    guest.type("one中\x7fo\rtwo")
    await guest.shows("oneo\noneo\ntwo")
    guest.type("\x15\x04")
    await guest.ended()


async def test_numbers_of_terminals_count_per_machine(room: Room) -> None:
    request = ShellRequest("root", "", [], [])
    machines = [room.machine, room.machine, room.estate.machines["db-1"], None]
    guests = [room.sit_down(await open_shell(room.estate, machine, request)) for machine in machines]
    assert [guest.pty.path for guest in guests] == ["/dev/pts/0", "/dev/pts/1", "/dev/pts/0", "/dev/pts/0"]
    guests[0].hang_up()
    await until(lambda: keeper_of(room.estate).count == 3)
    assert room.sit_down(await open_shell(room.estate, room.machine, request)).pty.path == "/dev/pts/0"


async def test_a_shell_is_a_process_of_its_machine(room: Room) -> None:
    guest = await room.shell()
    await guest.ready()
    process = next(one for one in room.estate.processes.of_machine("web-1") if one.command == "-bash")
    assert (process.unit, process.tty, process.user) == (room.machine.unit, "pts/0", "root")
    room.estate.processes.signal(process, signal.SIGTERM)
    assert (await guest.run("echo alive"))[0] == "alive"
    room.estate.processes.signal(process, signal.SIGHUP)
    await guest.ended()


async def test_a_killed_program_gives_the_prompt_back(room: Room) -> None:
    guest = await room.shell()
    await guest.ready()
    guest.type("sleep 1000; echo status=$?\r")
    await until(lambda: any(one.command == "sleep 1000" for one in room.estate.processes.of_machine("web-1")))
    sleeper = next(one for one in room.estate.processes.of_machine("web-1") if one.command == "sleep 1000")
    room.estate.processes.signal(sleeper, signal.SIGTERM)
    await guest.shows("status=143")


async def test_ctrl_c_ends_what_runs_and_all_of_the_line(room: Room) -> None:
    guest = await room.shell()
    await guest.ready()
    for command in (
        "sleep 1000; echo never",
        "cat",
        "cat | cat",
        "yes > /dev/null",
        "sh -c 'sleep 9'; echo never",
    ):
        before = set(room.estate.processes.processes)
        guest.type(command + "\r")
        await until(lambda: set(room.estate.processes.processes) - before)  # noqa: B023
        guest.type("typed before\x03")
        await guest.shows("^C")
        assert (await guest.run("echo $?"))[0] == "130"
        assert set(room.estate.processes.processes) == before
        guest.type("clear\r")
        await guest.shows(lambda rows: not any("^C" in row for row in rows))
    assert "never" not in guest.text


async def test_a_shell_within_a_shell_has_its_own_ctrl_c(room: Room) -> None:
    guest = await room.shell()
    await guest.ready()
    for _ in range(2):
        guest.type("bash\r")
        await until(lambda: any(one.command == "bash" for one in room.estate.processes.of_machine("web-1")))
        guest.type("abc\x03")
        await guest.shows("abc^C")
        assert (await guest.run("sh -c 'exit 4'; echo $?"))[0] == "4"
        guest.type("sleep 1000\r")
        await until(lambda: any(one.name == "sleep" for one in room.estate.processes.of_machine("web-1")))
        guest.type("\x03")
        assert len(await guest.run("ps")) == 5
        guest.type("exit 5\r")
        await until(
            lambda: not any(one.command == "bash" for one in room.estate.processes.of_machine("web-1"))
        )
        assert (await guest.run("echo $?; clear"))[0] == "5"
    guest.type("bash; sleep 1000\rexit\r")
    await until(lambda: any(one.name == "sleep" for one in room.estate.processes.of_machine("web-1")))
    guest.type("\x03")
    await guest.shows("^C")
    assert (await guest.run("echo fine"))[0] == "fine"


async def test_a_flood_that_nobody_reads_waits_and_ctrl_c_ends_it(room: Room) -> None:
    guest = await room.shell()
    await guest.ready()
    asyncio.get_running_loop().remove_reader(guest.fd)
    guest.type("yes\r")
    await asyncio.sleep(0.2)
    began = time.process_time()
    await asyncio.sleep(0.3)
    assert time.process_time() - began < 0.2  # it waits, it does not spin
    guest.type("\x03")
    asyncio.get_running_loop().add_reader(guest.fd, guest._read)
    await guest.shows("^C")
    await guest.ready()
    assert (await guest.run("echo fine"))[0] == "fine"


async def test_a_flood_leaves_time_for_others(room: Room) -> None:
    guests = [await room.shell() for _ in range(3)]
    for guest in guests:
        await guest.ready()
        guest.type("yes\r")
    turns = 0
    end = asyncio.get_running_loop().time() + 0.5
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0)
        turns += 1
    assert turns > 20
    for guest in guests:
        guest.type("\x03")
        await guest.ready()


async def test_much_input_at_once_is_all_taken(room: Room) -> None:
    guest = await room.shell(path="/bin/sh", arguments=("sh", "-c", "wc -l"))
    data = memoryview(b"some line\n" * 60_000 + b"\x04")
    async with asyncio.timeout(30):
        while data:
            try:
                data = data[os.write(guest.fd, data[:4096]) :]
            except BlockingIOError:
                await asyncio.sleep(0.001)
    await guest.ended()
    assert guest.rows[guest.terminal.cursor.y - 1] == "60000"


@pytest.mark.parametrize(
    "command", ["", "sleep 1000\r", "yes\r", "top\r", "nano x\r", "yes | less\r", "cat\r", "echo '"]
)
async def test_hanging_up_ends_everything_at_once(room: Room, command: str) -> None:
    fds, processes = open_fds(), set(room.estate.processes.processes)
    listeners = len(room.estate.journal.listeners)
    guest = await room.shell()
    await guest.ready()
    guest.type(command)
    await asyncio.sleep(0.1)
    guest.hang_up()
    await until(lambda: not keeper_of(room.estate).count)
    await until(lambda: set(room.estate.processes.processes) == processes)
    assert open_fds().keys() == fds.keys()
    assert len(room.estate.journal.listeners) == listeners


async def test_hanging_up_is_noticed_under_too_much_input(room: Room) -> None:
    guest = await room.shell()
    await guest.ready()
    guest.type("top\r")
    await guest.shows("PID USER")
    keys = b"\x1b[A" * 20_000
    for _ in range(200):
        try:
            os.write(guest.fd, keys)
        except BlockingIOError:
            await asyncio.sleep(0)
    guest.hang_up()
    await until(lambda: not keeper_of(room.estate).count)


async def test_the_end_of_the_machine_ends_its_terminals(room: Room) -> None:
    other = await room.shell(machine="db-1")
    await other.ready()
    guests = [await room.shell() for _ in range(3)]
    guests.append(room.sit_down(await open_login(room.estate, room.machine)))
    guests.append(room.sit_down(await open_pty(room.estate, room.machine)))
    await guests[0].ready()
    guests[1].type("sleep 1000\r")
    guests[2].type("yes | less\r")
    machine = room.machine
    room.estate.processes.signal(machine.leader, signal.SIGKILL)
    for guest in guests:
        await guest.ended()
    assert (await other.run("echo here"))[0] == "here"
    with pytest.raises(ProcessLookupError):
        await open_shell(room.estate, machine, ShellRequest("root", "", [], []))


@pytest.mark.parametrize(("command", "reason"), [("poweroff", "poweroff"), ("systemctl reboot", "reboot")])
async def test_poweroff_and_reboot_from_inside(room: Room, command: str, reason: str) -> None:
    guest = await room.shell()
    await guest.ready()
    machine = room.machine
    guest.type(command + "\r")
    await until(lambda: machine.reason)
    for _ in range(100):
        if not machine.is_running:
            break
        await room.advance(0.5)
    await guest.ended()
    assert machine.reason == reason


async def test_closing_all_ends_all(room: Room) -> None:
    guests = [await room.shell(), await room.shell(machine="")]
    guests.append(room.sit_down(await open_login(room.estate, None)))
    await close_all(room.estate)
    for guest in guests:
        await guest.ended()
    await close_all(room.estate)


async def test_fifty_shells_at_once(room: Room) -> None:
    guests = [await room.shell(machine=("web-1", "db-1", "")[number % 3]) for number in range(50)]
    lines = await asyncio.gather(*[guest.run(f"seq {number} | wc -l") for number, guest in enumerate(guests)])
    assert [line[0] for line in lines] == [str(number) for number in range(50)]
    for guest in guests:
        guest.hang_up()
    await until(lambda: not keeper_of(room.estate).count)


async def test_a_bare_terminal_swallows_and_says_nothing(room: Room) -> None:
    guest = room.sit_down(await open_pty(room.estate, room.machine))
    for _ in range(100):
        guest.type(b"x" * 1000)
        await asyncio.sleep(0.001)
    assert not guest.has_ended
    assert guest.output == b""


async def test_a_login_lets_known_users_in_with_any_password(room: Room) -> None:
    guest = room.sit_down(await open_login(room.estate, room.machine))
    await guest.shows("web-1 login:")
    assert "Small Linux 1 web-1 pts/0" in guest.text
    guest.type("mallory\r")
    await guest.shows("Password:")
    guest.type("x\r")
    await asyncio.sleep(0.05)
    await room.advance(1)
    await guest.shows(
        lambda rows: any("Login incorrect" in row for row in rows) and "login:" in guest.text.split("\n")[-1]
    )
    guest.type("adax\x7f\r")
    await guest.shows(lambda rows: rows[guest.terminal.cursor.y].startswith("Password:"))
    guest.type("secret\r")
    await guest.shows("ada@web-1:~$")
    assert "secret" not in guest.text
    assert "simulated, for the demo" in guest.text
    guest.type("exit\r")
    await guest.shows(lambda rows: "web-1 login:" in rows and "ada@" not in guest.text)
    guest.hang_up()
    await until(lambda: not keeper_of(room.estate).count)


async def test_a_terminal_that_is_hung_up_has_a_size_all_the_same() -> None:
    master, slave = os.openpty()
    hangups: list[bool] = []
    terminal = Terminal(slave, lambda: hangups.append(True))
    os.close(master)
    assert terminal.size == (80, 24)
    terminal.write_now(b"into the void")
    await until(lambda: hangups)
    assert terminal.is_closed
    with pytest.raises(BrokenPipeError):
        await terminal.write(b"x")
    terminal.close()


async def test_a_running_clock_serves_as_well(tmp_path: Path) -> None:
    async with open_room(tmp_path, RunningClock(1000)) as room:
        guest = await room.shell()
        await guest.ready()
        assert (await guest.run("sleep 0.1 && uptime"))[-1] == "status=0"
        guest.type("top\r")
        await guest.shows("PID USER")
        first = guest.rows[0]
        guest.resize(60, 12)
        await guest.shows(lambda rows: rows[0] != first[:60] and rows[11].startswith(" q quit"))
        guest.type("q")
        await guest.ready()
