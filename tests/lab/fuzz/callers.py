"""Who makes random calls inside a host: processes that may be taken for machines themselves, and ended so."""

from __future__ import annotations

import base64
import contextlib
import json
import pickle
import subprocess
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.lab.host import LabHost
from tests.lab.lives import INNER
from tests.service.fuzz.answers import Method, wrong_with

TIMEOUT = 20
"""How long a call may take, in seconds."""
LATE, NOT_MADE = "no answer", "not made"


class Call(NamedTuple):
    """A call to be made."""

    path: str
    method: Method
    values: Sequence[Any]

    def __repr__(self) -> str:
        return f"{self.path} {self.method.interface}.{self.method.name}{tuple(self.values)!r}"


class Answer(NamedTuple):
    """What came of it.

    Attributes:
        error: The name of the error, "" for a result.
        message: What the error says.
        reply: The result, if it is one text.
        seconds: How long it took.
    """

    error: str
    message: str
    reply: str
    seconds: float

    def wrong(self, call: Call) -> str | None:
        """What is wrong with it, None if it is a result or an error with a name."""
        if self.error == LATE:
            return f"there was no answer within {TIMEOUT} s"
        if self.error in {"", NOT_MADE}:
            return None
        return wrong_with(self.error, self.message, call.values)


class Caller:
    """A process of a user in a unit of its own; when it was ended, another one takes its place."""

    def __init__(self, host: LabHost, user: str) -> None:
        self._host = host
        self._user = user
        self._process: subprocess.Popen[str] | None = None
        self._rest = contextlib.ExitStack()
        self.ends = 0

    def make(self, calls: Sequence[Call]) -> list[Answer] | None:
        """Make calls, all at once; None if that ended the process that made them."""
        process = self._process or self._begin()
        batch = [[call.path, *call.method[:4], call.values] for call in calls]
        line = base64.b64encode(pickle.dumps(batch)).decode()
        try:
            process.stdin.write(f"{line}\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            return self._ended()
        told = self._line(process)
        return self._ended() if told is None else [Answer(*one) for one in told]

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it was ended before it read all
                process.stdin.close()
        self._rest.close()

    def _begin(self) -> subprocess.Popen[str]:
        program = (INNER / "calling.py").read_text()
        unit = ["systemd-run", "--quiet", "--pipe", "--collect", f"--uid={self._user}"]
        words = [*unit, "--", "python3", "-I", "-c", program, str(TIMEOUT)]
        process = self._rest.enter_context(self._host.running(*words))
        assert self._line(process), "no caller can be started"
        self._process = process
        return process

    def _ended(self) -> None:
        self.ends += 1
        self.close()

    @staticmethod
    def _line(process: subprocess.Popen[str]) -> Any:
        assert process.stdout is not None
        line = process.stdout.readline()
        return json.loads(line) if line else None
