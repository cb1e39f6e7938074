"""Who asks the operator for a password when polkit wants one: pkttyagent(1), on a terminal of our own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

PROGRAM = "pkttyagent"

READY_SECONDS = 5.0
"""How long it may take to make itself known to polkit."""


ENDING_SECONDS, ENDING_LOOKS = 0.3, 15
"""How long one that could not make itself known may take to end, and how often that is looked at."""


class NoAgentError(Exception):
    """Nobody can ask for a password; the message says why, in one sentence."""


class Agent:
    """An agent for this very process, and the terminal it asks on.

    It gets a session and a controlling terminal of its own (setsid(1)): it asks there, and never on the
    terminal that the console is drawn on.

    Args:
        environment: Where it is looked for, and what it is told.

    Raises:
        NoAgentError: There is none, or it cannot be started.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        program = shutil.which(PROGRAM, path=environment.get("PATH"))
        if program is None:
            raise NoAgentError(
                f"No password can be asked for: {PROGRAM} is not there (it comes with polkit)."
            )
        try:
            with contextlib.ExitStack() as undoing, contextlib.ExitStack() as done_with:
                self._master, slave = os.openpty()
                undoing.callback(os.close, self._master)
                done_with.callback(os.close, slave)
                self._told, telling = os.pipe2(os.O_CLOEXEC)
                undoing.callback(os.close, self._told)
                done_with.callback(os.close, telling)
                self._process = subprocess.Popen(
                    [
                        *("setsid", "--ctty", program),
                        f"--process={os.getpid()},{_started()}",
                        f"--notify-fd={telling}",
                    ],
                    stdin=slave,
                    stdout=slave,
                    stderr=slave,
                    pass_fds=(telling,),
                    env={**environment, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"},
                )
                undoing.pop_all()
        except OSError as error:
            raise NoAgentError(f"No password can be asked for: {PROGRAM}: {error.strerror}.") from error

    def take_terminal(self) -> int:
        """Our side of the terminal it asks on, the caller's from now on."""
        taken, self._master = self._master, -1
        return taken

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    async def ready(self) -> None:
        """Wait until polkit knows it: it closes its end of a pipe then.

        Raises:
            NoAgentError: It ended, or takes too long.
        """
        loop = asyncio.get_running_loop()
        is_told = asyncio.Event()
        loop.add_reader(self._told, is_told.set)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_SECONDS):
                    await is_told.wait()
        finally:
            loop.remove_reader(self._told)
        if not is_told.is_set():
            raise NoAgentError(f"No password can be asked for: {PROGRAM} did not get ready in time.")
        # The pipe is closed too where it ends at once, and that a moment before it can be seen to have ended
        for _ in range(ENDING_LOOKS):
            if self.has_ended:
                raise NoAgentError(f"No password can be asked for: {PROGRAM} ended at once. Does polkit run?")
            await asyncio.sleep(ENDING_SECONDS / ENDING_LOOKS)

    def end(self) -> None:
        """End it: whoever waits for an answer of its is refused."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._told >= 0:
            os.close(self._told)
            self._told = -1
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def _started() -> int:
    """When this process was started, as polkit tells it from others of its number (proc_pid_stat(5), 22)."""
    stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[19])
