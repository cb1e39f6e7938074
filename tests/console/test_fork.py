"""A child that is forked off instead of started."""

from __future__ import annotations

import os
import signal
import time

import pytest

from machinedeck.bus.child import Fork


def test_a_fork_ends_with_what_its_work_returns() -> None:
    fork = Fork(lambda: 7)
    assert (fork.wait(), fork.poll()) == (7, 7)
    with pytest.raises(ChildProcessError):
        os.waitpid(fork.pid, 0)  # reaped, once


def test_a_fork_that_fails_stays_below(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise SystemExit("no")

    assert Fork(fail).wait() == 1
    assert "SystemExit" in capfd.readouterr().err


def test_a_fork_tells_what_ended_it() -> None:
    def linger() -> int:
        time.sleep(60)
        return 0

    fork = Fork(linger)
    assert fork.poll() is None
    os.kill(fork.pid, signal.SIGKILL)
    assert fork.wait() == -signal.SIGKILL
