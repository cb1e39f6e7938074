"""The process that workers are born in: `python -I -m machined.host.linux.storage.nursery FD`.

A service with threads must not fork, and a Python that is started anew takes too long. So one small process,
started with the service, has all that is needed in memory and forks for each job. It has one thread and ends
with the service, at once and however that ends, and all its workers with it.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
import traceback
from typing import Any, NamedTuple

from machined.host.linux.helper.kernel import end_with_parent
from machined.host.linux.storage.jobs import JOBS
from machined.host.linux.storage.report import Report

LARGEST = 65536
"""Bytes in a request, at most."""


class Worker(NamedTuple):
    """A process that does a job."""

    pid: int
    pidfd: int
    report: int
    """The socket that it reports on."""


class Nursery:
    """Forks a worker for each job that it is sent, and ends those it is told to.

    Args:
        line: Where requests come from, with the socket for the worker's report; a packet each.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._waiting = selectors.DefaultSelector()
        self._workers: dict[int, Worker] = {}

    def run(self) -> None:
        """Serve until the other side of the line is gone."""
        self._waiting.register(self._line, selectors.EVENT_READ)
        while True:
            for key, _events in self._waiting.select():
                if key.fileobj is not self._line:
                    self._bury(key.data)
                    continue
                data, fds, _flags, _address = socket.recv_fds(self._line, LARGEST, 1)
                if not data:
                    return
                self._take(json.loads(data), fds)

    def _take(self, request: dict[str, Any], fds: list[int]) -> None:
        if request["job"] == "kill":
            if worker := self._workers.get(request["id"]):
                os.kill(worker.pid, signal.SIGKILL)
            return
        nursery = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            # Too many processes: that ends this job, and none of those that go on
            with socket.socket(fileno=fds[0]) as line:
                Report(line).say("failed", error.errno, error.strerror)
            return
        if pid == 0:
            self._work(nursery, request, fds[0])
        # Its report is held open until it is gone for good: its locks may outlive its own end of it
        self._workers[request["id"]] = worker = Worker(pid, os.pidfd_open(pid), fds[0])
        self._waiting.register(worker.pidfd, selectors.EVENT_READ, request["id"])

    def _bury(self, id: int) -> None:
        """Take off a worker that has ended."""
        worker = self._workers.pop(id)
        self._waiting.unregister(worker.pidfd)
        os.waitpid(worker.pid, 0)
        os.close(worker.pidfd)
        os.close(worker.report)

    def _work(self, nursery: int, request: dict[str, Any], fd: int) -> None:
        """Be a worker; does not return."""
        status = 1
        try:
            end_with_parent(signal.SIGKILL)
            if os.getppid() == nursery:
                self._waiting.close()
                self._line.close()
                for worker in self._workers.values():
                    os.close(worker.pidfd)
                    os.close(worker.report)
                with socket.socket(fileno=fd) as line:
                    work(request, Report(line))
                status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)


def work(request: dict[str, Any], report: Report) -> None:
    """Do a job and tell how it went."""
    try:
        result = JOBS[request["job"]](report, **request["arguments"])
    except OSError as error:
        report.say("failed", error.errno, error.strerror)
    else:
        report.say("done", result)


def main() -> None:
    """Serve on the descriptor that the command line names."""
    # Whoever stops the service may signal its whole group: we end when it has ended, not before
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Trees are as deep as they are, and every level of one is open while it is copied
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.freeze()  # else each worker would copy the memory of all that is here, to look for cycles in it
    with socket.socket(fileno=int(sys.argv[1])) as line:
        Nursery(line).run()


if __name__ == "__main__":
    main()
