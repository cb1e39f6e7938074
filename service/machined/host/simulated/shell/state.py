"""What a shell carries from one command to the next."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from machined.host.simulated.processes import Process
from machined.host.simulated.shell.accounts import Account
from machined.host.simulated.shell.files import Files
from machined.host.simulated.shell.keeper import Keeper
from machined.host.simulated.shell.streams import Sink, Source
from machined.host.simulated.shell.system import System
from machined.host.simulated.shell.terminal import Terminal

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are (environ(7)); that of systemd for root."""


class Streams(NamedTuple):
    """The three streams every program has (stdio(3))."""

    input: Source
    output: Sink
    errors: Sink


class Interpreter(NamedTuple):
    """What runs commands; programs that are shells, or call others, find it here."""

    run_text: Callable[[Shell, str, Streams], Awaitable[int]]
    """Runs lines of the shell's language; `ExitShell` comes through."""
    run_argv: Callable[[Shell, list[str], Streams], Awaitable[int]]
    """Runs the program that the first argument names."""
    interact: Callable[[Shell], Awaitable[int]]
    """Is a shell at a prompt."""


class ExitShell(Exception):
    """The shell is to end."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Shell:
    """A shell: who runs it, where it is, and what it remembers."""

    system: System
    keeper: Keeper
    interpreter: Interpreter
    account: Account
    files: Files
    terminal: Terminal
    tty: str
    """Such as `pts/0`."""
    process: Process | None = None
    """None while a single program runs without a shell."""
    folder: str = "/"
    """The working folder."""
    variables: dict[str, str] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    positional: list[str] = field(default_factory=lambda: ["bash"])
    """`$0`, `$1` and so on."""
    history: list[str] = field(default_factory=list)
    status: int = 0
    depth: int = 0
    """Shells within shells."""
    is_login: bool = False

    def fork(self) -> Shell:
        """A shell that knows the same and whose changes nobody sees; history is shared."""
        return replace(self, variables=dict(self.variables), exported=set(self.exported))

    def child(self) -> Shell:
        """A shell that is a program of its own: it knows only what is exported."""
        return replace(self.fork(), variables=self.environment(), depth=self.depth + 1, is_login=False)

    def path(self, name: str) -> str:
        """An absolute path; "" stays empty, which no file has."""
        if not name or name.startswith("/"):
            return name
        return f"{self.folder.rstrip('/')}/{name}"

    def enter(self, path: str) -> None:
        """Go to a folder; `..` goes back the way that was come (POSIX.1-2017, "cd").

        Raises:
            OSError: It is none, or the user may not pass.
        """
        logical = posixpath.normpath(self.path(path))
        self.files.enter(logical)
        self.variables["OLDPWD"], self.folder = self.folder, "/" + logical.lstrip("/")
        self.variables["PWD"] = self.folder

    def environment(self) -> dict[str, str]:
        """The exported variables."""
        return {name: self.variables[name] for name in sorted(self.exported) if name in self.variables}

    def export(self, name: str, value: str) -> None:
        """Set a variable that programs see."""
        self.variables[name] = value
        self.exported.add(name)

    def set_up(self, environment: list[str]) -> None:
        """Give the shell what a login does (login(1), environ(7)), and what was asked for besides."""
        account = self.account
        self.export("TERM", "xterm-256color")
        self.export("PATH", PATH)
        self.export("HOME", account.home)
        self.export("SHELL", account.shell)
        self.export("USER", account.name)
        self.export("LOGNAME", account.name)
        self.export("PWD", "/")
        for entry in environment:
            name, _, value = entry.partition("=")
            self.export(name, value)
        for home in (account.home, "/"):
            if self.files.is_folder(home):
                self.folder = posixpath.normpath(f"/{home.lstrip('/')}")
                self.export("PWD", self.folder)
                return
