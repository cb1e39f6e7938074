"""The processes of our service in a lab host, as seen from outside of it."""

from __future__ import annotations

import os
import threading
from collections import Counter
from types import TracebackType
from typing import Self

from tests.lab.host import LabHost
from tests.lab.own_service import service_pid


class UnitProcesses:
    """The service and its helpers: all that is in the control group of its unit."""

    def __init__(self, host: LabHost) -> None:
        self._proc = host.root / "proc"
        self.main = service_pid(host)
        self._group = (self._proc / f"{self.main}/cgroup").read_text()

    def names(self) -> dict[int, str]:
        """Their pids, as the host counts, and names."""
        found = {}
        for entry in os.listdir(self._proc):
            if entry.isdigit():
                try:
                    if (self._proc / entry / "cgroup").read_text() == self._group:
                        found[int(entry)] = (self._proc / entry / "comm").read_text().strip()
                except (FileNotFoundError, ProcessLookupError):
                    continue  # it has ended
        return found

    def helper(self) -> int:
        """The process that enters machines, and forks those that do; 0 while there is none."""
        for pid, name in self.names().items():
            if name == "machines-inside" and f"PPid:\t{self.main}\n" in self._status(pid):
                return pid
        return 0

    def memory(self) -> tuple[int, int]:
        """MiB in memory of the service, and of the largest of its helpers."""
        sizes = {pid: self._resident(pid) for pid in self.names()}
        main = sizes.pop(self.main, 0)
        return main // 1024, max(sizes.values(), default=0) // 1024

    def descriptors(self) -> Counter[str]:
        """How many of each kind the service has open; numbers in names are left out."""
        folder = self._proc / f"{self.main}/fd"
        kinds: Counter[str] = Counter()
        for entry in os.listdir(folder):
            try:
                kinds[os.readlink(folder / entry).rstrip("0123456789[]")] += 1
            except FileNotFoundError:
                continue  # it was closed
        return kinds

    def threads(self) -> int:
        """How many the service has."""
        return len(os.listdir(self._proc / f"{self.main}/task"))

    def outside(self) -> set[int]:
        """Those that are not in the host's own mounts, so in a machine."""
        own = os.readlink(self._proc / "1/ns/mnt")
        found = set()
        for pid in self.names():
            try:
                if os.readlink(self._proc / str(pid) / "ns/mnt") != own:
                    found.add(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
        return found

    def _resident(self, pid: int) -> int:
        lines = self._status(pid).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    def _status(self, pid: int) -> str:
        try:
            return (self._proc / str(pid) / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return ""  # it has ended


class Sampler:
    """Looks at the memory of the processes again and again; use it as a context manager.

    Attributes:
        most: The most MiB that the service, and any of its helpers, had at once.
    """

    def __init__(self, processes: UnitProcesses) -> None:
        self.most = (0, 0)
        self._processes = processes
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.1):
            main, helper = self._processes.memory()
            self.most = max(self.most[0], main), max(self.most[1], helper)
