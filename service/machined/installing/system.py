"""The running host: having its systemd and its message bus take up what was put in place.

All of it by systemctl(1) and busctl(1), which every host with systemd has: each step is a line that the
operator is shown and can do by hand.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machined.contract import (
    BUS,
    MACHINE1,
    PROPERTIES_INTERFACE,
    SYSTEMD1,
    SYSTEMD1_PATH,
    escape_label,
)
from machined.installing.errors import Declined, Failed
from machined.installing.wanted import SOCKET, UNIT

PATIENCE = 120.0
"""Seconds for one step; a unit that does not start is given up by systemd after 90."""
_QUICK = 10.0
"""Seconds for a question."""
_TRIES = 3
"""How often a socket is tried to be started."""
_BOOTED = Path("/run/systemd/system")
"""There if the host was booted with systemd (sd_booted(3))."""

_BUS = (BUS, "/org/freedesktop/DBus", BUS)
"""Where the message bus itself is asked."""

# The message bus looks up users when it reads its files, and so asks systemd-machined by way of nss-systemd;
# that asks the service manager over the bus, and waits, when units are read. So one after the other.
_RELOAD = (
    ("busctl", "call", *_BUS, "ReloadConfig"),
    ("systemctl", "daemon-reload"),
)


def is_running() -> bool:
    """Whether this host was booted with systemd."""
    return _BOOTED.is_dir()


class System:
    """The running host.

    Args:
        say: Is told each step before it is taken.
        is_dry: Whether steps are only told.
    """

    def __init__(self, say: Callable[[str], None], *, is_dry: bool) -> None:
        self._say = say
        self._is_dry = is_dry

    def check_owner(self) -> None:
        """See that nobody else than the unit to be replaced serves machines.

        Raises:
            Declined: Some other process does.
        """
        pid = _owner()
        if pid is not None and not _is_in_unit(pid):
            raise Declined(
                f"the process {pid} serves {MACHINE1} on the system bus, and is not of {UNIT}:"
                f" end it first (kill {pid})"
            )

    def is_serving(self) -> bool:
        """Whether the unit serves machines at this moment."""
        pid = _owner()
        return pid is not None and _is_in_unit(pid)

    def start(self, *, without_socket: bool) -> None:
        """Have the unit that is in place now serve machines, instead of what did.

        Raises:
            Failed: It does not.
        """
        self._reload()
        if without_socket:
            self._step("systemctl", "stop", SOCKET)
        self._forget_failures()
        self._step("systemctl", "restart", UNIT)
        if not self._is_dry and not self.is_serving():
            raise Failed(f"{UNIT} runs, but does not serve {MACHINE1} on the system bus")

    def give_back(self, *, was_there: bool, had_socket: bool, was_serving: bool) -> None:
        """Have the unit of before serve machines again, or nobody if there was none.

        Args:
            was_there: Whether there was a unit.
            had_socket: Whether there was a socket that starts it.
            was_serving: Whether it, or ours, served machines; else it is left to whoever asks for it.

        Raises:
            Failed: systemd or the message bus says no.
        """
        self._reload()
        self._forget_failures()
        if not had_socket:
            self._step("systemctl", "restart" if was_there and was_serving else "stop", UNIT)
            return
        self._start_socket()
        if was_there and was_serving:
            self._step("systemctl", "start", UNIT)

    def _start_socket(self) -> None:
        """Start the socket, which systemd does only while the unit that it starts does not run.

        Whoever asks for a machine meanwhile has the message bus start that: then it is tried once more.
        """
        for attempt in range(1, _TRIES + 1):
            self._step("systemctl", "stop", UNIT)
            self._step("systemctl", "reset-failed", SOCKET, may_fail=True)
            if self._step("systemctl", "start", SOCKET, may_fail=attempt < _TRIES):
                return

    def _reload(self) -> None:
        for step in _RELOAD:
            self._step(*step)

    def _forget_failures(self) -> None:
        """Let failures of before not count against the next start; there may be none (systemctl(1))."""
        self._step("systemctl", "reset-failed", UNIT, may_fail=True)

    def _step(self, *command: str, may_fail: bool = False) -> bool:
        """Take a step; whether it went well, as is assumed of those that are only told."""
        self._say(f"run {shlex.join(command)}")
        if self._is_dry:
            return True
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failed(f"{shlex.join(command)}: {error}") from None
        if done.returncode and not may_fail:
            raise Failed(f"{shlex.join(command)} failed: {_reason(done)}")
        return not done.returncode


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """What a command said, and what the unit's log ends with if it is the unit that failed."""
    said = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
    if done.args[-1] != UNIT:
        return said
    command = [
        "journalctl",
        "--unit",
        UNIT,
        "--identifier=systemd-machined",
        "--lines=1",
        "--output=cat",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_QUICK, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return said  # what failed is what counts, with or without a log
    log = done.stdout.strip()
    return f"{said} Its log ends with: {log}" if log else said


def _owner() -> int | None:
    """The process that serves machines; None if none does. Nobody is started by the question.

    Raises:
        Failed: The message bus does not say: that is no word of whether somebody serves.
    """
    if not _has_owner():
        return None
    try:
        return int(_ask(*_BUS, "GetConnectionUnixProcessID", "s", MACHINE1)[0])
    except Failed:
        if _has_owner():
            raise
        return None  # whoever did has left meanwhile


def _has_owner() -> bool:
    return bool(_ask(*_BUS, "NameHasOwner", "s", MACHINE1)[0])


def _is_in_unit(pid: int) -> bool:
    """Whether a process is the one that the unit runs."""
    unit = f"{SYSTEMD1_PATH}/unit/{escape_label(UNIT)}"
    question = ("Get", "ss", f"{SYSTEMD1}.Service", "MainPID")
    return bool(_ask(SYSTEMD1, unit, PROPERTIES_INTERFACE, *question)[0]["data"] == pid)


def _ask(*words: str) -> list[Any]:
    """The values of a reply on the system bus.

    Raises:
        Failed: It was an error, or there was none.
    """
    command = ["busctl", "--json=short", "--timeout=5", "call", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_QUICK, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{shlex.join(command)}: {error}") from None
    if done.returncode:
        raise Failed(f"{shlex.join(command)} failed: {_reason(done)}")
    return list(json.loads(done.stdout)["data"])
