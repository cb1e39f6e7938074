"""The shell at a prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial

from machined.host.simulated.shell.completing import complete
from machined.host.simulated.shell.editing import InterruptedLineError, LineEditor
from machined.host.simulated.shell.layout import printable
from machined.host.simulated.shell.parsing import parse
from machined.host.simulated.shell.programs import PROGRAMS
from machined.host.simulated.shell.running import run_text
from machined.host.simulated.shell.state import ExitShell, Shell, Streams
from machined.host.simulated.shell.streams import TerminalSink, TerminalSource
from machined.host.simulated.shell.tokens import ShellSyntaxError, UnfinishedError

HISTORY = 500
"""Lines that are remembered."""
COMMAND_LIMIT = 64 * 1024
"""Characters of a command that goes on over several lines."""


def terminal_streams(shell: Shell) -> Streams:
    """The three streams of a program that has the terminal."""
    sink = TerminalSink(shell.terminal)
    return Streams(TerminalSource(shell.terminal), sink, sink)


async def interact(shell: Shell) -> int:
    """Read commands and run them until the shell is to end; its status."""
    with shell.terminal.all_keys():
        return await _interact(shell)


async def _interact(shell: Shell) -> int:
    """Read commands and run them, with all keys of the terminal."""
    editor = LineEditor(shell.terminal, shell.history, partial(complete, shell, sorted(PROGRAMS)))
    streams = terminal_streams(shell)
    while True:
        try:
            command = await _read_command(shell, editor)
        except InterruptedLineError:
            shell.status = 130
            continue
        if command is None:
            await shell.terminal.print("logout\n" if shell.is_login else "exit\n")
            return shell.status
        if not command.strip():
            continue
        _remember(shell.history, command)
        try:
            shell.status = await run_job(shell, run_text(shell, command, streams))
        except ExitShell as end:
            await shell.terminal.print("logout\n" if shell.is_login else "exit\n")
            return end.status


async def run_job(shell: Shell, work: Coroutine[None, None, int]) -> int:
    """Do something that ctrl-c ends; its status.

    Raises:
        ExitShell: It says that the shell is to end.
    """
    job = asyncio.ensure_future(work)
    try:
        with shell.terminal.interrupting(job.cancel):
            await asyncio.wait([job])
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
    if job.cancelled():
        await shell.terminal.print("\n")
        return 130
    return job.result()


def prompt_of(shell: Shell) -> str:
    """The prompt, with the terminal's title before it, as Debian's bash has it."""
    home = shell.variables.get("HOME", "")
    place = shell.folder
    if home and home != "/" and f"{place}/".startswith(f"{home}/"):
        place = "~" + place[len(home) :]
    place = printable(place)
    who = f"{shell.account.name}@{shell.system.hostname}"
    colour = "31" if shell.account.is_root else "32"
    sign = "#" if shell.account.is_root else "$"
    return f"\x1b]0;{who}: {place}\x07\x1b[1;{colour}m{who}\x1b[0m:\x1b[1;34m{place}\x1b[0m{sign} "


async def _read_command(shell: Shell, editor: LineEditor) -> str | None:
    """Read a command, over several lines where one leaves something open; None at the end."""
    command = await editor.read(prompt_of(shell))
    while command is not None and _is_unfinished(command):
        line = await editor.read("> ")
        if line is None:
            return command  # as it stands: running it says what is missing
        command += "\n" + line
    return command


def _is_unfinished(command: str) -> bool:
    """Whether a command needs more lines."""
    try:
        parse(command)
    except UnfinishedError:
        return len(command) < COMMAND_LIMIT
    except ShellSyntaxError:
        return False
    return False


def _remember(history: list[str], command: str) -> None:
    """Add a line to the history; those that begin with a space are not kept (HISTCONTROL=ignoreboth)."""
    if command.startswith(" ") or (history and history[-1] == command):
        return
    history.append(command)
    del history[:-HISTORY]
