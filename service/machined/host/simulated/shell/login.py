"""The login prompt (agetty(8), login(1))."""

from __future__ import annotations

from machined.host.simulated.shell.accounts import Account, find_account
from machined.host.simulated.shell.canonical import read_line
from machined.host.simulated.shell.layout import printable
from machined.host.simulated.shell.system import System
from machined.host.simulated.shell.terminal import Terminal

MOTD = (
    "This machine is simulated, for the demo of Machinedeck: no program of your\n"
    "host runs here. Type 'help' for what there is to play with."
)


def os_name(system: System) -> str:
    """How the operating system calls itself (os-release(5), PRETTY_NAME)."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            lines = system.tree.read(path).decode("utf-8", "replace").splitlines()
        except OSError:
            continue  # the second place counts where the first has none
        for line in lines:
            name, _, value = line.partition("=")
            if name == "PRETTY_NAME":
                return printable(value.strip("\"'"))
    return "Linux"


async def ask_login(system: System, terminal: Terminal, tty: str) -> Account:
    """Ask for a user until one is named that the machine knows. Any password is right: it is a demo."""
    while True:
        await terminal.print(f"\n{os_name(system)} {system.hostname} {tty}\n\n")
        name = ""
        while not name:
            await terminal.print(f"{system.hostname} login: ")
            line = await read_line(terminal)
            if line is None:
                await terminal.print("\n")
            name = (line or "").strip()
        await terminal.print("Password: ")
        password = await read_line(terminal, echoes=False)
        if password is None:
            await terminal.print("\n")
            continue
        account = find_account(system.tree, name)
        if account is not None:
            return account
        await system.clock.sleep(1)
        await terminal.print("\nLogin incorrect\n")


async def greet(system: System, terminal: Terminal) -> None:
    """Show the message of the day (motd(5))."""
    try:
        motd = system.tree.read("/etc/motd").decode("utf-8", "replace").rstrip("\n")
    except OSError:
        motd = ""  # most machines have none
    shown = "\n".join(printable(line) for line in motd.splitlines()[:50])
    await terminal.print(f"{shown}\n\n{MOTD}\n" if shown else f"{MOTD}\n")
