"""The shell has nothing to do with the host it runs on."""

from __future__ import annotations

import sys

import pytest

from machined.host.simulated.shell.programs import PROGRAMS
from tests.service.simulated_shell.guest import Room

FILES = ("open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.chmod", "os.symlink")
RUNS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.kill")
seen: list[tuple[str, object]] = []
is_watching = [False]


def on_event(event: str, arguments: tuple[object, ...]) -> None:
    """Note what is done to the host, while somebody wants to know (sys.addaudithook, PEP 578)."""
    if is_watching[0] and event in {*FILES, *RUNS}:
        seen.append((event, arguments[:1]))


sys.addaudithook(on_event)


@pytest.mark.promise(
    "The shell of the demo never runs a program of your host and opens no file of it", where="bare host"
)
async def test_no_file_of_the_host_is_opened_and_no_program_is_run(room: Room) -> None:
    names = sorted(set(PROGRAMS) - {"exit", "logout"})
    commands = [f"{name} /etc/passwd < /srv/poem > /tmp/out" for name in names]
    commands += [
        "cat /etc/hostname",
        "/bin/sh -c ls",
        "ls -R / | wc",
        "find / | wc",
        "grep -r root /etc",
        "./x ~/*",
    ]
    guest = await room.shell("ada")
    for is_real in (False, True):  # what Python itself reads when a function runs first does not count
        seen.clear()
        is_watching[0] = is_real
        try:
            for command in commands:
                await guest.run(command)
        finally:
            is_watching[0] = False
    assert not seen


async def test_the_watch_sees_what_it_is_for() -> None:
    seen.clear()
    is_watching[0] = True
    with open("/dev/null") as file:  # noqa: ASYNC230
        file.read()
    is_watching[0] = False
    assert [event for event, _ in seen] == ["open"]
