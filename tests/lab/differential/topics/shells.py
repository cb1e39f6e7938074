"""Shells in machines and on the host: who runs them, with what, and what is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tests.lab.differential.player.client import Message
from tests.lab.differential.player.playing import ALL_THREE, Play
from tests.lab.differential.player.stage import Stage, tool
from tests.lab.differential.topics.terminals import heard

FACTS = "etc/lab-facts"
"""A script that says who runs it with what, in the machine and on the host."""
SCRIPT = """
id; pwd; tty; echo "args: $0 $*"
env | grep -vE '^(_|SHLVL|OLDPWD)=' | sort
cat /proc/self/cgroup | tail -n 1
stty size; grep -E '^Sig(Blk|Ign)' /proc/self/status | sed -E 's/[0-9a-f]{9}([0-9a-f]{7})$/\\1/'
ls -l /proc/self/fd | sed 's/.* //' | grep -c pts
echo END
"""
END = "END"
SESSION = re.compile(r"session-c?\d+")
CHANGING = re.compile(
    r"^(INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID|XDG_SESSION_ID|MEMORY_PRESSURE_WATCH|MANAGERPID)=.*$",
    re.M,
)
BAD_ENVIRONMENTS = (["NOVALUE"], ["=x"], ["1A=x"], ["A B=x"], ["A=1", "A=2"], ["A=x\ny\x01"], [""])


def play(play: Play, stage: Stage) -> None:
    """Ask for shells, good and bad."""
    leader = stage.have("boot")
    for root in (Path("/"), Path(f"/proc/{leader}/root")):
        (root / FACTS).write_text(SCRIPT)
    stage.up("boot")
    stage.lingering()
    for name in ("boot", ".host"):
        _refused(play, name)
        words = ["sh", f"/{FACTS}", "one two"]
        environment = ["A=b", "TERM=lab", "HOME=/tmp", 'Q=a "b" $c']
        _run(play, name, ("root", "/bin/sh", words, environment), who=ALL_THREE)
        _run(play, name, ("", "/bin/sh", ["-my-shell", f"/{FACTS}"], []))
        _run(play, name, ("daemon", "/bin/sh", ["sh", f"/{FACTS}"], ["B="]))
        _run(play, name, ("2", "/bin/sh", ["sh", "-c", f"id; echo {END}"], []))
        _run(
            play,
            name,
            ("root", "/bin/../bin/echo", ["echo", "a  b", "", "%h $A ${A} \\x41", "é", END], ["A=z"]),
        )
        for user, path in (
            ("no-such-user", "/bin/sh"),
            ("root", "/bin/no-such-program"),
            ("root", "/bin/false"),
        ):
            play.machine(name, "OpenShell", "ssasas", user, path, [], [], who="root")
        _default(play, name)
    play.look("shells are gone", until=lambda: not _shells())


def _shells() -> str:
    return tool("systemctl", "list-units", "--no-legend", "--plain", "container-shell@*")


def _refused(play: Play, name: str) -> None:
    for path in ("true", "./true", "bin/true", "~"):
        _ask(play, name, ("root", path, [], []), "relative program")
    for environment in BAD_ENVIRONMENTS:
        _ask(play, name, ("root", "/bin/true", [], environment), "bad environment")
    _ask(play, name, ("root", "", ["ignored"], ["TERM=dumb"]), "not allowed", ("nobody",))


def _ask(play: Play, name: str, words: Sequence[object], why: str, who: Sequence[str] = ALL_THREE) -> None:
    play.machine(name, "OpenShell", "ssasas", *words, why=why, who=who)
    play.manager("OpenMachineShell", "sssasas", name, *words, why=why, who=who)


def _run(
    play: Play, name: str, words: Sequence[object], until: str = END, who: Sequence[str] = ("root",)
) -> None:
    """Run something that says END as the last thing, and write down what it said before."""

    def output(message: Message) -> list[str]:
        said = play.names.text(heard(message.fds[0], until)).partition(until)[0]
        return SESSION.sub("session-<n>", CHANGING.sub(r"\1=<changing>", said)).splitlines()

    play.machine(name, "OpenShell", "ssasas", *words, read=output, who=who)
    if len(who) > 1:
        play.manager("OpenMachineShell", "sssasas", name, *words, read=output, who=who)


def _default(play: Play, name: str) -> None:
    """The user's own shell, to which something is typed."""

    def typed(message: Message) -> str:
        before = heard(message.fds[0], "# ")
        os.write(message.fds[0], b"echo $((40+2)) $0; echo E''ND\n")
        said = heard(message.fds[0], END)
        return "it answers" if "42 /bin/bash" in said or "42 -bash" in said else before + said

    play.machine(name, "OpenShell", "ssasas", "", "", [], [], read=typed, who="root")
    play.machine(
        name, "OpenShell", "ssasas", "root", "", ["not", "used"], ["TERM=dumb"], read=typed, who="root"
    )
