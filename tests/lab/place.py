"""Where the lab keeps its things, how it runs tools, and what it needs of the machine it runs on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TOOLS = ("systemd-nspawn", "nsenter", "unshare", "setpriv", "mount", "debootstrap", "uv")


class LabError(RuntimeError):
    """The lab could not do what was asked; the message holds what the tool said."""


def cache() -> Path:
    """The folder that keeps root trees and installed programs between runs, and running hosts' files."""
    return Path(os.environ.get("MACHINEDECK_LAB") or "/var/cache/machinedeck-lab")


def project() -> Path:
    """The project's top folder."""
    return Path(__file__).resolve().parents[2]


def run(*command: str | Path, timeout: float = 60, **environment: str) -> str:
    """Run a tool to its end and return what it printed.

    Raises:
        LabError: it failed or did not end in time.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=timeout,
            env=os.environ | environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"{words} did not end within {timeout} s: {error.stdout!r} {error.stderr!r}"
        ) from error
    if done.returncode:
        raise LabError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def wait_until(holds: Callable[[], bool], what: str, timeout: float = 90, every: float = 0.05) -> None:
    """Poll until the condition holds.

    Raises:
        LabError: it did not hold in time.
    """
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise LabError(f"not within {timeout} s: {what}")
        time.sleep(every)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, against other runs of the tests."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def lacking() -> str | None:
    """Why no lab can be had here, or None if it can."""
    if os.geteuid() != 0:
        return "the lab needs root"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"the lab needs {', '.join(absent)}"
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        return "the lab needs overlay file systems"
    try:
        run("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "true")
    except LabError as error:
        return f"the lab needs namespaces: {error}"
    return None


def remove(tree: Path) -> None:
    """Remove a tree, also where files in it were made immutable (machined does so to read-only images)."""
    if not tree.exists():
        return
    try:
        shutil.rmtree(tree)
    except OSError:
        subprocess.run(["chattr", "-R", "-f", "-i", str(tree)], capture_output=True, check=False)
        shutil.rmtree(tree)
