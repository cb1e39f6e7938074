"""`machinedeck doctor` as a program, on this host and on buses that behave badly."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from machinedeck.bus.census import take_census
from machinedeck.model.failure import Kind
from machinedeck.sources.checkup.gathering import PATIENCE
from tests.support.daemon import private_daemon
from tests.support.demo_service import wait_until


def doctor(*words: str, user: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it, with nothing in its environment but what is said."""
    command = [sys.executable, "-m", "machinedeck", "doctor", *words]
    surroundings = {"PATH": os.environ["PATH"]} | environment
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=surroundings, user=user
    )


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits for its parent to take note of its end."""
    try:
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_without_a_bus(tmp_path: Path) -> None:
    nowhere = f"unix:path={tmp_path}/none"
    ended = doctor("--json", DBUS_SYSTEM_BUS_ADDRESS=nowhere)
    assert (ended.returncode, ended.stderr) == (1, "")
    told = json.loads(ended.stdout)
    assert told["works"] is False
    assert told["checks"][0]["state"] == "missing"
    assert "No such file" in told["checks"][0]["text"]
    text = doctor(DBUS_SYSTEM_BUS_ADDRESS=nowhere)
    assert text.returncode == 1
    assert text.stdout.isascii()
    assert text.stdout.startswith("missing  message bus ")


def test_a_bus_where_nobody_serves(tmp_path: Path) -> None:
    with private_daemon(tmp_path) as address:
        ended = doctor("--json", DBUS_SYSTEM_BUS_ADDRESS=address)
    checks = {check["check"]: check["state"] for check in json.loads(ended.stdout)["checks"]}
    assert (checks["bus"], checks["service"], checks["polkit"]) == ("ok", "missing", "missing")
    assert ended.returncode == 1


@pytest.mark.promise("doctor never hangs, whatever does not answer", where="bare host")
def test_nobody_answers(tmp_path: Path) -> None:
    """Neither the bus nor the programs: it ends by itself, and leaves none of them running."""
    for name in ("systemd-nspawn", "tmux"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho $$ >{tmp_path}/{name}.pid\nexec sleep 1000\n")
        (tmp_path / name).chmod(0o755)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/bus")
        silent.listen()
        began = time.monotonic()
        path = f"{tmp_path}:{os.environ['PATH']}"
        address = f"unix:path={tmp_path}/bus"
        ended = doctor("--json", PATH=path, DBUS_SYSTEM_BUS_ADDRESS=address, TMUX="/x,1,0")
        took = time.monotonic() - began
    assert ended.stderr == ""
    checks = {check["check"]: check for check in json.loads(ended.stdout)["checks"]}
    assert "did not answer" in checks["bus"]["text"] or "no answer" in checks["bus"]["text"]
    assert "did not say its version" in checks["nspawn"]["text"]
    assert checks["clipboard"]["state"] == "limited"
    assert took < PATIENCE + 5
    for name in ("systemd-nspawn", "tmux"):
        pid = int((tmp_path / f"{name}.pid").read_text())
        wait_until(lambda pid=pid: has_ended(pid), f"{name} ended", 60)  # type: ignore[misc]


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_without_root_and_without_proc(tmp_path: Path) -> None:
    """In a mount namespace whose /proc is empty, as nobody; Python itself is readable for all here or not."""
    readable = all(folder.stat().st_mode & stat.S_IXOTH for folder in Path(sys.executable).resolve().parents)
    words = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /proc && exec "$@"', "sh"]
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if readable else []
    command = [*words, *become, sys.executable, "-m", "machinedeck", "doctor", "--json"]
    environment = {
        "PATH": os.environ["PATH"],
        "TERM": "xterm",
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/none",
    }
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert (ended.returncode, ended.stderr) == (1, "")
    checks = {check["check"]: check for check in json.loads(ended.stdout)["checks"]}
    assert checks["pool"]["state"] == checks["user-namespaces"]["state"] == "limited"
    assert checks["term"]["text"] == "xterm"


async def test_a_bus_that_closes(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{tmp_path}/bus")
        listening.listen()
        listening.shutdown(socket.SHUT_RDWR)
        census = await take_census(f"unix:path={tmp_path}/bus", 5)
    assert census.failure is not None
    assert census.failure.kind is Kind.NO_BUS


@pytest.mark.parametrize(
    "words", [["--demo", "doctor"], ["--bus", "unix:path=/x", "doctor"], ["doctor", "--all"]]
)
def test_what_it_does_not_take(words: list[str]) -> None:
    command = [sys.executable, "-m", "machinedeck", *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "usage: machinedeck" in ended.stderr
