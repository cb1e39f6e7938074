"""Opens terminals: bare ones, with a login, with a shell or with a program."""

from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from machined.host.inside import Pty, ShellRequest
from machined.host.simulated.processes import Process
from machined.host.simulated.shell.accounts import Account, find_account
from machined.host.simulated.shell.files import Files
from machined.host.simulated.shell.interacting import interact, run_job, terminal_streams
from machined.host.simulated.shell.keeper import Keeper, keeper_of
from machined.host.simulated.shell.login import ask_login, greet
from machined.host.simulated.shell.running import (
    SHRUGGED_OFF,
    find_program,
    run_argv,
    run_as_process,
    run_program,
    run_text,
)
from machined.host.simulated.shell.state import ExitShell, Interpreter, Shell
from machined.host.simulated.shell.system import System
from machined.host.simulated.shell.terminal import Terminal

if TYPE_CHECKING:
    from machined.host.simulated.estate import Estate
    from machined.host.simulated.machines import SimulatedMachine

SHELLS = {"bash", "sh", "dash", "ash", "zsh", "fish", "rbash"}
"""Login shells that ours stands in for; with any other (`nologin`, `false`) there is no login."""

_ShellWork = Callable[[System, Keeper, Terminal, str], Awaitable[None]]


async def open_pty(estate: Estate, machine: SimulatedMachine | None) -> Pty:
    """Open a terminal of a machine, or of the host, with nobody at its other side.

    Raises:
        OSError: The machine has ended (ESRCH), or there are no more terminals.
    """
    return _open(estate, machine, _ignore)


async def _ignore(_system: System, _keeper: Keeper, terminal: Terminal, _tty: str) -> None:
    """Be nobody: what is written to the terminal goes nowhere."""
    while True:
        await terminal.read_key(takes_runs=True)


async def open_login(estate: Estate, machine: SimulatedMachine | None) -> Pty:
    """Open a terminal with a login prompt, which is there again after each logout.

    Raises:
        OSError: The machine has ended (ESRCH), or there are no more terminals.
    """

    async def work(system: System, keeper: Keeper, terminal: Terminal, tty: str) -> None:
        while True:
            account = await ask_login(system, terminal, tty)
            shell = _new_shell(system, keeper, account, terminal, tty, [])
            await _run_login_shell(shell)
            await terminal.print("\x1b[H\x1b[2J")

    return _open(estate, machine, work)


async def open_shell(estate: Estate, machine: SimulatedMachine | None, request: ShellRequest) -> Pty:
    """Open a terminal with a shell or a program; where it cannot run the terminal ends at once.

    Raises:
        OSError: The machine has ended (ESRCH), or there are no more terminals.
    """

    async def work(system: System, keeper: Keeper, terminal: Terminal, tty: str) -> None:
        account = find_account(system.tree, request.user)
        if account is None:
            return
        shell = _new_shell(system, keeper, account, terminal, tty, request.environment)
        if not request.path:
            await _run_login_shell(shell)
            return
        try:
            program = find_program(shell, request.path)
        except OSError:
            return  # the reference marks the program with "ignore failure": the terminal just ends
        argv = [request.path, *request.arguments[1:]]
        try:
            await run_job(shell, run_program(shell, program, argv, terminal_streams(shell)))
        except ExitShell as end:
            shell.status = end.status

    return _open(estate, machine, work)


async def close_all(estate: Estate) -> None:
    """End all that runs on the terminals of an estate."""
    await keeper_of(estate).close()


def _open(estate: Estate, machine: SimulatedMachine | None, work: _ShellWork) -> Pty:
    """Open a terminal and begin to work on it."""
    if machine is not None and not machine.is_running:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
    system = System(estate, machine)
    keeper = keeper_of(estate)
    number = keeper.take_number(system.name)
    master = slave = -1
    try:
        master, slave = os.openpty()
        keeper.start(system, number, slave, lambda terminal: work(system, keeper, terminal, f"pts/{number}"))
    except OSError:
        keeper.free_number(system.name, number)
        for fd in (master, slave):
            if fd >= 0:
                os.close(fd)
        raise
    return Pty(master, f"/dev/pts/{number}")


def _new_shell(
    system: System, keeper: Keeper, account: Account, terminal: Terminal, tty: str, environment: list[str]
) -> Shell:
    """A shell that nobody runs yet, as a login leaves it."""
    files = Files(system.tree, account, system.clock)
    shell = Shell(system, keeper, Interpreter(run_text, run_argv, interact), account, files, terminal, tty)
    shell.set_up(environment)
    return shell


async def _run_login_shell(shell: Shell) -> None:
    """Greet and run a login shell to its end."""
    shell.is_login = True
    await greet(shell.system, shell.terminal)
    name = shell.account.shell.rpartition("/")[2]
    if name not in SHELLS:
        await shell.terminal.print("This account is currently not available.\n")
        return
    await run_as_process(shell, f"-{name}", partial(_interact_as, shell), SHRUGGED_OFF)


async def _interact_as(shell: Shell, process: Process) -> int:
    """Be the shell at the prompt that a process is."""
    shell.process = process
    return await interact(shell)
