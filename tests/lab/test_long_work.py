"""Long work of the real systemd-machined, which tells nothing of it, as the console sees it."""

from __future__ import annotations

import subprocess
import time

import pytest

from machinedeck.sources.copy_work import CopyWork
from machinedeck.sources.long_work import LongWork
from tests.lab.host import LabHost
from tests.lab.images import add_image, start_machine
from tests.lab.place import wait_until

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


@pytest.mark.promise("Copies and removals by systemd's own service show in the console, marked as measured")
def test_what_systemd_machined_copies_into_a_machine_is_seen(lab: LabHost) -> None:
    (lab.machines / "many").mkdir()
    for number in range(FILES // 4):
        (lab.machines / f"many/file-{number}").write_bytes(b"x" * 5000)
    add_image(lab, "web")
    start_machine(lab, "web")
    leader = int(lab.ask("machinectl", "show", "--value", "--property=Leader", "web"))
    work = CopyWork(lambda: {"web": leader}, lab.root / "proc")
    seen = []
    service = lab.ask("systemctl", "show", "--value", "--property=MainPID", "systemd-machined.service")
    try:
        assert work.look() == []
        copy = "machinectl", "copy-to", "web", "/var/lib/machines/many", "/root/many"
        with lab.running("sh", "-c", SLOWLY, service), lab.running(*copy) as copying:
            while copying.poll() is None:
                seen += work.look()
            assert copying.returncode == 0
        assert work.look() == []
        # What the console says when it is asked to cancel one of them
        with lab.running("sh", "-c", SLOWLY, service), lab.running(*copy[:-1], "/root/again") as copying:
            wait_until(lambda: bool(work.look()), "the second copy")
            lab.ask("systemctl", "restart", "systemd-machined")
            assert copying.wait(30) != 0
        assert work.look() == []
        assert lab.ask("machinectl", "show", "--value", "--property=State", "web") == "running"
    finally:
        lab.run("machinectl", "terminate", "web")
        lab.run("rm", "-rf", "/var/lib/machines/many")
    assert {(one.kind, one.subject, one.total, one.is_estimated, one.id) for one in seen} == {
        ("copy", "web", 0, True, seen[0].id)
    }
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert 0 < seen[-1].done <= FILES // 4 * 5000 + 10_000
