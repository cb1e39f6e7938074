"""Long work of the real systemd-machined, which tells nothing of it, as the console sees it."""

from __future__ import annotations

import subprocess
import time

import pytest

from machinedeck.sources.long_work import LongWork
from tests.lab.host import LabHost

pytestmark = pytest.mark.lab()
FILES = 8000
SLOWLY = "while :; do pkill -STOP -P $0; sleep 0.3; pkill -CONT -P $0; sleep 0.02; done"
"""Has what a service started work a little at a time: else the files are gone within one look."""
LOOKS = 3
"""After so many that saw it, it may work as fast as it can."""


@pytest.mark.promise("Copies and removals by systemd's own service show in the console, marked as measured")
def test_what_systemd_machined_copies_and_removes_is_seen(lab: LabHost) -> None:
    (lab.machines / "tree").mkdir()
    for number in range(FILES):
        (lab.machines / f"tree/file-{number}").write_bytes(b"x" * 5000)
    work = LongWork(lambda _name: False, lab.machines, lab.root / "run/systemd/nspawn/locks")
    seen: list[tuple[str, str, float]] = []

    def watch(kind: str, process: subprocess.Popen[str], brake: subprocess.Popen[str] | None = None) -> int:
        """Look without a pause until it was seen: it may last no longer than a few looks take."""
        while process.poll() is None:
            for one in work.look():
                assert one.is_estimated
                seen.append((one.kind, one.subject, one.done / one.total if one.total else 0))
            if [one for one, *_ in seen].count(kind) < LOOKS:
                continue
            if brake:
                brake.kill()
                lab.run(
                    "pkill", "-CONT", "-P", service, check=False
                )  # again and again: the brake may die late
            time.sleep(0.1)
        return process.returncode

    try:
        with lab.running("machinectl", "clone", "tree", "copy") as clone:
            assert watch("clone", clone) == 0
        assert work.look() == []
        service = lab.ask("systemctl", "show", "--value", "--property=MainPID", "systemd-machined.service")
        braking, removing = ("sh", "-c", SLOWLY, service), ("machinectl", "remove", "copy")
        with lab.running(*braking) as brake, lab.running(*removing) as remove:
            assert watch("remove", remove, brake) == 0
        assert work.look() == []
    finally:
        lab.run("rm", "-rf", "/var/lib/machines/tree", "/var/lib/machines/copy")
    assert {(kind, subject) for kind, subject, _share in seen} == {("clone", "copy"), ("remove", "copy")}
    assert all(0 < share <= 1 for kind, _subject, share in seen if kind == "remove")
