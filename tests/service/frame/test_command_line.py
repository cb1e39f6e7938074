"""`python -I -m machined`: what it refuses, what it says, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from machined.contract import (
    MACHINE1,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    SYSTEMD1,
    SYSTEMD1_MANAGER_INTERFACE,
    SYSTEMD1_PATH,
    escape_label,
    machine_path,
)
from machined.wire import CallError, Connection, connect, connect_socket

COMMAND = [sys.executable, "-I", "-m", "machined"]


def refusal(*arguments: str, fds: tuple[int, ...] = ()) -> tuple[int, str, str]:
    """The exit code and the output of a service that ends by itself."""
    ended = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=20, pass_fds=fds, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--listen unix:path=/tmp/x/bus", "a real host is served on the system bus alone"),
        ("--client-fd 0", "a real host is served on the system bus alone"),
        ("--demo", "stays off the system bus"),
        ("--demo --system", "stays off the system bus"),
        ("--demo --listen tcp:host=localhost", "must be unix:path=FILE"),
        ("--demo --listen unix:abstract=x", "must be unix:path=FILE"),
        ("--demo --listen unix:path=", "empty socket"),
        ("--demo --listen unix:path=/tmp/a;unix:path=/tmp/b", "name one place"),
        ("--demo --listen unix:path=/tmp/x/bus --pool /tmp", "made-up one has no folders"),
        ("--demo --listen unix:path=/tmp/x/bus --state-dir /tmp", "made-up one has no folders"),
        ("--demo --system --listen unix:path=/tmp/x/bus", "not allowed with argument --system"),
        ("--demo --system --client-fd 0", "leave --system out"),
        ("--demo --client-fd 0", "no connected socket"),
        ("--demo --client-fd 999", "no connected socket: Bad file descriptor"),
        ("--demo --client-fd -1", "no descriptor"),
        ("--demo --client-fd 99999999999", "no descriptor"),
        ("--demo --client-fd x", "invalid int value"),
        ("--seed 4", "--seed is for the made-up host"),
        ("--dem", "unrecognized arguments"),
        ("serve", "unrecognized arguments"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused(arguments: str, words: str) -> None:
    code, output, errors = refusal(*arguments.split())
    assert (code, output) == (2, "")
    assert words in errors
    assert "Traceback" not in errors


def test_a_socket_of_another_kind_is_refused() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as alone:
        for sock, words in ((theirs, "no stream socket"), (alone, "not connected")):
            code, output, errors = refusal("--demo", "--client-fd", str(sock.fileno()), fds=(sock.fileno(),))
            assert (code, output) == (2, "")
            assert words in errors


def test_help_tells_all_options_and_codes() -> None:
    code, output, errors = refusal("--help")
    assert (code, errors) == (0, "")
    for word in "--system --listen --client-fd --demo --seed --strict --pool --state-dir".split():  # noqa: SIM905
        assert word in output
    assert "exit code" in output


@pytest.mark.promise("The service listens in no folder that others may write in", where="bare host")
def test_an_unsafe_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    code, output, errors = refusal("--demo", "--listen", f"unix:path={folder}/bus")
    assert (code, output) == (2, "")
    assert f"the folder {folder} is not safe" in errors
    assert "Traceback" not in errors
    assert list(folder.iterdir()) == []


def test_a_place_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bus").write_text("mine")
    code, output, _ = refusal("--demo", "--listen", f"unix:path={tmp_path}/bus")
    assert (code, output) == (1, "")
    assert (tmp_path / "bus").read_text() == "mine"


class Served:
    """A service at work, and what it wrote."""

    def __init__(self, folder: Path, *arguments: str, fds: tuple[int, ...] = ()) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=fds,
                text=True,
            )

    def first_line(self) -> str:
        """The first line it prints, once it does."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> int:
        """Its exit code, once it has ended; by force after a while."""
        try:
            return self.process.wait(15)
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A demo at a socket, and the line it printed."""
    served = Served(tmp_path, "--demo", "--listen", f"unix:path={tmp_path}/bus")
    yield served, served.first_line()
    served.process.kill()
    served.end()


async def machines_of(connection: Connection) -> list[str]:
    (machines,) = await connection.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "ListMachines")
    return [machine[0] for machine in machines]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_address_is_printed_once_clients_may_come_and_a_signal_ends_it(
    listening: tuple[Served, str], tmp_path: Path, number: signal.Signals
) -> None:
    served, line = listening
    assert line == f"unix:path={tmp_path}/bus\n"
    client = await connect(line.strip())
    assert ".host" in await machines_of(client)
    served.process.send_signal(number)
    await client.wait_closed()
    assert served.end() == 0
    assert served.log.read_text() == ""
    assert not (tmp_path / "bus").exists()


async def test_the_client_that_came_along_ends_it(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        served = Served(tmp_path, "--demo", "--client-fd", str(theirs.fileno()), fds=(theirs.fileno(),))
    client = await connect_socket(ours, timeout=20)
    try:
        names = await machines_of(client)
        assert len(names) > 1
        path = machine_path(names[1])
        (found,) = await client.call(
            MACHINE1, path, "org.freedesktop.DBus.Properties", "GetAll", "s", "", timeout=10
        )
        assert found["Name"].value == names[1]
        systemd = (SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE)
        (unit,) = await client.call(*systemd, "GetUnit", "s", found["Unit"].value)
        assert unit == f"{SYSTEMD1_PATH}/unit/{escape_label(found['Unit'].value)}"
        with pytest.raises(CallError, match="NoSuchMachine"):
            await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "s", "nobody")
    finally:
        await client.close()
        code = served.end()
    assert code == 0
    assert served.log.read_text() == ""


async def test_others_may_come_besides_the_client_that_came_along(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    address = f"unix:path={tmp_path}/bus"
    with theirs:
        fd = theirs.fileno()
        served = Served(tmp_path, "--demo", "--listen", address, "--client-fd", str(fd), fds=(fd,))
    first = await connect_socket(ours, timeout=20)
    second = await connect(served.first_line().strip())
    assert await machines_of(first) == await machines_of(second)
    await first.close()
    await second.wait_closed()
    assert served.end() == 0


async def test_the_same_seed_makes_the_same_host(tmp_path: Path) -> None:
    images = []
    for seed, name in (("5", "a"), ("5", "b")):
        folder = tmp_path / name
        folder.mkdir()
        served = Served(folder, "--demo", "--seed", seed, "--listen", f"unix:path={folder}/bus")
        try:
            client = await connect(served.first_line().strip())
            (found,) = await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "ListImages")
            images.append(sorted((image[0], image[1], image[2]) for image in found))
            await client.close()
        finally:
            served.process.terminate()
            code = served.end()
        assert code == 0
    assert images[0] == images[1]
