"""What is done with machines by the distribution's own clients, from their start to their end."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.lab.host import LabHost
from tests.lab.images import (
    MANAGER,
    await_machine,
    layered,
    machine_addresses,
    machine_names,
    machine_property,
)
from tests.lab.place import wait_until
from tests.lab.printing import Play, Prints

NAME = "web"
LEAVE = b"\x1d\x1d\x1d"
"""^] three times within a second (machinectl(1), `login`)."""


VIRTUALIZATION = (
    "org.freedesktop.systemd1",
    "/org/freedesktop/systemd1",
    "org.freedesktop.systemd1.Manager",
    "Virtualization",
)
MAKE_TREE = """
mkdir -p /tmp/play/tree/sub
cd /tmp/play/tree
echo one >sub/file
ln -s sub/file link
chmod 640 sub/file
touch -hd @86400 sub/file link sub .
"""
LIBVIRT = """
sleep 300 >/dev/null 2>&1 &
busctl call "$@" "$!" "" 0 3 Slice s machine.slice After as 1 dbus.service Before as 1 shutdown.target
"""


def is_gone(host: LabHost, name: str = NAME) -> Callable[[], bool]:
    """Whether a machine is no longer listed."""
    return lambda: name not in machine_names(host)


def await_up(host: LabHost) -> None:
    """Wait until the machine is booted, and has the addresses of its link."""
    await_machine(host, NAME)
    wait_until(lambda: len(machine_addresses(host, NAME)) >= 2, "it has both addresses")


def looking(play: Play) -> None:
    """What shows a machine that runs."""
    play.ask("machinectl", "list")
    play.ask("machinectl", "list", "--no-legend", "--max-addresses=all")
    play.ask("machinectl", "list", "-o", "json")
    play.ask("machinectl", "status", "--lines=0", NAME, only=r"^\s*\S+( \S+)?:|^web")
    play.ask(
        "machinectl", "status", "--lines=0", NAME, title="its tree", only=r"systemd-networkd$|init\.scope$"
    )
    play.ask("machinectl", "show", NAME)
    play.ask("machinectl", "show", ".host")
    play.ask("machinectl", "show")
    play.ask("systemctl", "list-machines", "--no-legend", only="web")
    play.ask("systemctl", f"--machine={NAME}", "is-system-running")
    play.ask("systemctl", f"--machine={NAME}", "show", "--property=Id", "dbus.service")
    play.ask("busctl", f"--machine={NAME}", "get-property", *VIRTUALIZATION)
    play.ask("loginctl", f"--machine={NAME}", "list-sessions", "--no-legend")
    play.ask(
        "journalctl", f"--machine={NAME}", "--lines=1", "--grep=Reached target", "--output=cat", only="target"
    )
    play.ask("getent", "hosts", NAME)
    play.ask("getent", "ahostsv4", NAME)
    play.ask("getent", "passwd", f"vu-{NAME}-0")
    play.ask("getent", "group", f"vg-{NAME}-1000")
    play.ask("getent", "passwd", f"vu-{NAME}-no", title="getent of no user")
    play.ask("machinectl", "list", user="ann", title="list as a user")
    play.ask("machinectl", "terminate", NAME, user="ann", title="terminate as a user")


def entering(play: Play) -> None:
    """What goes into a machine that runs."""
    shell = ("machinectl", "--quiet", "shell")
    play.ask(*shell, NAME, "/bin/echo", "two words", "$HOME")
    play.ask(*shell, NAME, "/bin/sh", "-c", "id; pwd; tty; echo $TERM $USER $HOME $SHELL")
    play.ask(*shell, f"ann@{NAME}", "/bin/sh", "-c", "id; pwd; echo $USER $HOME")
    play.ask(*shell, "--setenv=FOO=bar", NAME, "/bin/sh", "-c", "echo $FOO")
    play.ask(*shell, f"nobody-of-that-name@{NAME}", "/bin/true")
    play.ask(*shell, ".host", "/usr/bin/hostname")
    play.ask("machinectl", "shell", NAME, "/bin/true", title="words around a shell")
    with play.terminal("machinectl", "shell", NAME) as terminal:
        terminal.wait_for(f"root@{NAME}:~#")
        sessions(play)
        terminal.send(b"echo it is $((6 * 7)); who | wc -l; exit\r")
        terminal.wait_end()
        play.note(
            "a shell in a terminal",
            "\n".join(re.findall("it is 42|Connect.*", terminal.screen)),
            "machinectl shell",
        )
    with play.terminal("machinectl", "login", NAME) as terminal:
        terminal.wait_for(f"{NAME} login:")
        terminal.send(LEAVE)
        terminal.wait_end()
        play.note(
            "a login",
            "\n".join(re.findall("^Connect.*|^.* login:", terminal.screen, re.MULTILINE)),
            "machinectl login",
        )


def sessions(play: Play) -> None:
    """The sessions in a machine while there is one, that of a shell in a terminal."""
    listing = ("loginctl", f"--machine={NAME}", "list-sessions", "--no-legend")

    def with_terminal() -> list[str]:
        return [line for line in play.host.ask(*listing).splitlines() if "pts/" in line]

    wait_until(lambda: len(with_terminal()) == 1, "there is one session with a terminal")
    play.ask(*listing, title="list-sessions while there is one", only="pts/")
    number = with_terminal()[0].split()[0]
    shown = "--property=Name,TTY,Type,State,Service,Remote"
    play.ask(
        "loginctl", f"--machine={NAME}", "show-session", number, shown, title="show-session of that session"
    )


def files(play: Play) -> None:
    """Copies in both directions, and folders of the host that are shown in the machine."""
    host = play.host
    host.ask("rm", "-rf", "/tmp/play", f"/var/lib/machines/{NAME}/root/tree")
    host.ask("sh", "-ec", MAKE_TREE)
    there = host.machines / NAME
    play.ask("machinectl", "copy-to", NAME, "/tmp/play/tree", "/root/tree")
    again = (NAME, "/tmp/play/tree/sub/file", "/root/tree/sub/file")
    play.ask("machinectl", "copy-to", *again, title="copy-to with a file in the way")
    play.ask("machinectl", "copy-to", NAME, "/no/such", "/root/x")
    play.ask("machinectl", "copy-from", NAME, "/root/tree", "/tmp/play/back")
    play.ask("machinectl", "copy-from", NAME, "/root/no-such", "/tmp/play/x")
    find = "cd /tmp/play/back && find . -mindepth 1 -printf '%p %y %m %U:%G %T@ %l\\n' | sort"
    play.ask("sh", "-c", find, title="what came back")
    play.ask("machinectl", "copy-to", "--force", *again)
    play.note("copied to", (there / "root/tree/sub/file").read_text())
    play.ask("machinectl", "bind", NAME, "/tmp/play/tree", "/srv/shown", "--mkdir")
    play.ask("machinectl", "bind", NAME, "/no/such", "/srv/x")


def ending(play: Play) -> None:
    """The ways in which machines are signalled, and end."""
    host = play.host
    play.ask("machinectl", "kill", "--signal=SIGCHLD", "--kill-whom=leader", NAME)
    play.ask("machinectl", "kill", "--kill-whom=nobody", NAME)
    play.ask("machinectl", "kill", "no-such")
    leader = machine_property(host, NAME, "Leader")
    play.ask("machinectl", "reboot", NAME)
    wait_until(lambda: machine_leader(host) not in {"", leader}, "it came again")
    await_up(host)
    play.ask("machinectl", "poweroff", NAME)
    await_off(play, "poweroff")
    play.ask("machinectl", "start", NAME, title="start again")
    await_machine(host, NAME)
    play.ask("machinectl", "stop", NAME)
    await_off(play, "stop")
    play.ask("machinectl", "stop", NAME, title="stop of none")
    play.ask("machinectl", "start", NAME, title="start a third time")
    await_machine(host, NAME)
    play.ask("machinectl", "terminate", NAME)
    wait_until(is_gone(host), "it is gone")
    play.ask("machinectl", "list", title="list of none")
    play.ask("machinectl", "status", NAME, title="status of none")


def await_off(play: Play, verb: str) -> None:
    """Wait until the machine and its unit have ended, and keep how they did after a verb."""
    wait_until(is_gone(play.host), "it is off")
    unit = f"systemd-nspawn@{NAME}.service"
    wait_until(lambda: unit_state(play.host, unit) in {"inactive", "failed"}, "it ended")
    shown = "--property=ActiveState,Result"
    play.ask("systemctl", "show", shown, unit, title=f"its unit after {verb}")


def unit_state(host: LabHost, unit: str) -> str:
    """The active state of a unit."""
    return str(host.run("systemctl", "is-active", unit, check=False).stdout).strip()


def machine_leader(host: LabHost) -> str:
    """The leader of the machine, "" while it is not there."""
    done = host.run("machinectl", "show", "--property=Leader", "--value", NAME, check=False)
    return str(done.stdout).strip()


def by_hand(play: Play) -> None:
    """systemd-nspawn started by hand, and a manager that registers machines by itself, as libvirt does."""
    host = play.host
    with layered(host, "hand", scope=True):
        play.ask("machinectl", "show", "hand")
        shown = "--property=Description,Slice,Delegate,CollectMode,TasksMax,ActiveState"
        play.ask("systemctl", "show", shown, "machine-hand.scope")
        play.ask("machinectl", "terminate", "hand")
        wait_until(is_gone(host, "hand"), "it is gone")
    with layered(host, "kept"):
        play.ask("machinectl", "show", "kept")
        play.ask("machinectl", "bind", "kept", "/tmp/play/tree", "/srv/shown", "--mkdir", "--read-only")
        leader = machine_property(host, "kept", "Leader")
        play.ask(
            "findmnt",
            "--task",
            leader,
            "--noheadings",
            "--output=TARGET,VFS-OPTIONS",
            "/srv/shown",
            title="bound",
        )
        play.ask("machinectl", "bind", "kept", "/no/such")
        play.ask("machinectl", "kill", "--signal=SIGKILL", "kept")
        wait_until(is_gone(host, "kept"), "it is gone")
    create = (*MANAGER, "CreateMachineWithNetwork", "sayssusaia(sv)", "qemu-1-vm", "0", "libvirt-qemu", "vm")
    play.ask("sh", "-c", LIBVIRT, "sh", *create, title="CreateMachineWithNetwork")
    play.ask("machinectl", "show", "qemu-1-vm")
    play.ask("machinectl", "shell", "qemu-1-vm")
    play.ask("machinectl", "terminate", "qemu-1-vm")
    wait_until(is_gone(host, "qemu-1-vm"), "it is gone")


def played(host: LabHost) -> Prints:
    """All that clients print, from a start to the end."""
    play = Play(host)
    play.ask("machinectl", "start", NAME)
    await_up(host)
    play.ask("machinectl", "start", NAME, title="start once more")
    for part in (looking, entering, files, ending, by_hand):
        part(play)
    return play.printed
