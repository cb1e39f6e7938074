"""machinectl shell and login: commands whose output is taken, and people at a terminal."""

from __future__ import annotations

import termios

import pytest

from tests.service.clients.marks import works_unchanged
from tests.support.demo_service import DemoService
from tests.support.pty_program import PtyProgram

LEAVE = b"\x1d\x1d\x1d"
"""^] three times within a second (machinectl(1), `login`)."""


def shell(demo: DemoService, *words: str) -> str:
    """What a command prints in a shell that machinectl opened."""
    return demo.ask("machinectl", "--quiet", "shell", *words).replace("\r\n", "\n").strip()


def assert_prompt(terminal: PtyProgram, prompt: str) -> None:
    """Wait until the cursor stands behind a prompt."""
    terminal.wait(
        lambda program: program.terminal.display[program.terminal.cursor.y].rstrip().endswith(prompt)
    )


def assert_cooked(terminal: PtyProgram) -> None:
    """See that the terminal is set as it was. What a shell had switched on, machinectl leaves on."""
    assert termios.tcgetattr(terminal.slave) == terminal.attributes


@works_unchanged
@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("web-1", "/bin/echo", "two words", "$HOME"), "two words $HOME"),
        (("web-1", "/usr/bin/hostname"), "web-1"),
        (("web-1", "/bin/sh", "-c", "echo one; echo two | cat; exit 3"), "one\ntwo"),
        (("deploy@web-1", "/usr/bin/id"), "uid=1000(deploy) gid=1000(deploy) groups=1000(deploy)"),
        (("--uid=deploy", "web-1", "/bin/pwd"), "/home/deploy"),
        (("--setenv=FOO=bar", "web-1", "/bin/sh", "-c", "echo $FOO $TERM"), "bar xterm-256color"),
        (("web-1", "/bin/cat", "/etc/debian_version"), "13.1"),
        ((".host", "/usr/bin/hostname"), "atlas"),
        (("nobody-of-that-name@web-1", "/usr/bin/id"), ""),
        (("web-1", "/bin/no-such-program"), ""),
    ],
)
def test_the_output_of_a_command(still: DemoService, words: tuple[str, ...], output: str) -> None:
    assert shell(still, *words) == output


def test_it_says_where_one_is(still: DemoService) -> None:
    done = still.run("machinectl", "shell", "web-2", "/bin/true")
    assert "Connected to machine web-2." in done.stderr
    assert "Connection to machine web-2 terminated." in done.stderr
    assert "Connected to the local host." in still.run("machinectl", "shell", ".host", "/bin/true").stderr


def test_much_output_comes_whole(still: DemoService) -> None:
    once = shell(still, "web-1", "/bin/cat", "/etc/passwd")
    assert shell(still, "web-1", "/bin/cat", *["/etc/passwd"] * 500) == "\n".join([once] * 500)


@works_unchanged
def test_a_shell_in_a_terminal(still: DemoService) -> None:
    with still.terminal("machinectl", "shell", "web-1") as terminal:
        terminal.wait_for("Connected to machine web-1.")
        assert_prompt(terminal, "#")
        terminal.send(b"echo on $(hostname)\r")
        terminal.wait_for("\non web-1")
        terminal.send(b"exit\r")
        assert terminal.wait_end() == 0
        terminal.wait_for("Connection to machine web-1 terminated.")
        terminal.assert_left_as_found()


def test_a_shell_is_left_with_the_escape(still: DemoService) -> None:
    with still.terminal("machinectl", "shell", "deploy@web-1") as terminal:
        assert_prompt(terminal, "$")
        terminal.send(LEAVE)
        assert terminal.wait_end() == 0
        assert_cooked(terminal)


def test_a_program_of_the_whole_screen(still: DemoService) -> None:
    with still.terminal("machinectl", "shell", "web-1") as terminal:
        assert_prompt(terminal, "#")
        terminal.send(b"less /etc/passwd\r")
        terminal.wait(lambda program: program.terminal.modes.is_alternate)
        terminal.wait_for("nobody:x:65534")
        terminal.send(b"q")
        terminal.wait(lambda program: not program.terminal.modes.is_alternate)
        assert_prompt(terminal, "#")
        terminal.send(b"\x04")
        assert terminal.wait_end() == 0
        terminal.assert_left_as_found()


@works_unchanged
def test_a_login_at_the_prompt(still: DemoService) -> None:
    with still.terminal("machinectl", "login", "web-2") as terminal:
        terminal.wait_for("web-2 login:")
        terminal.send(b"root\r")
        terminal.wait_for("Password:")
        terminal.send(b"anything\r")
        assert_prompt(terminal, "#")
        terminal.send(b"id -un; hostname\r")
        terminal.wait_for("root\nweb-2")
        terminal.send(b"logout\r")
        terminal.wait(
            lambda program: program.screen.count("web-2 login:") == 1 and "root\nweb" not in program.screen
        )
        terminal.send(LEAVE)
        assert terminal.wait_end() == 0
        terminal.assert_left_as_found()


def test_a_login_ends_with_its_machine(demo: DemoService) -> None:
    with demo.terminal("machinectl", "login", "web-2") as terminal:
        terminal.wait_for("web-2 login:")
        demo.ask("machinectl", "kill", "--signal=SIGKILL", "web-2")
        terminal.wait_end()
        assert_cooked(terminal)


def test_a_shell_ends_with_its_machine(demo: DemoService) -> None:
    with demo.terminal("machinectl", "shell", "web-2") as terminal:
        assert_prompt(terminal, "#")
        demo.ask("machinectl", "kill", "--signal=SIGKILL", "web-2")
        terminal.wait_end()
        assert_cooked(terminal)
