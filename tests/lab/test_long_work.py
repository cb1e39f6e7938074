"""Long work of the real systemd-machined, which tells nothing of it, as the console sees it."""

from __future__ import annotations

import pytest

from machinedeck.sources.long_work import LongWork
from tests.lab.host import LabHost
from tests.lab.place import wait_until

pytestmark = pytest.mark.lab()
FILES = 8000


@pytest.mark.promise("Copies and removals by systemd's own service show in the console, marked as measured")
def test_what_systemd_machined_copies_and_removes_is_seen(lab: LabHost) -> None:
    (lab.machines / "tree").mkdir()
    for number in range(FILES):
        (lab.machines / f"tree/file-{number}").write_bytes(b"x" * 5000)
    work = LongWork(lambda _name: False, lab.machines, lab.root / "run/systemd/nspawn/locks")
    seen: list[tuple[str, str, float]] = []

    def is_seen(kind: str) -> bool:
        for one in work.look():
            assert one.is_estimated
            seen.append((one.kind, one.subject, one.done / one.total if one.total else 0))
        return any(told == kind for told, _subject, _share in seen)

    try:
        with lab.running("machinectl", "clone", "tree", "copy") as clone:
            wait_until(lambda: is_seen("clone"), "the copy is seen")
            assert clone.wait(60) == 0
        assert work.look() == []
        with lab.running("machinectl", "remove", "copy") as remove:
            wait_until(lambda: is_seen("remove"), "the removal is seen")
            assert remove.wait(60) == 0
        assert work.look() == []
    finally:
        lab.run("rm", "-rf", "/var/lib/machines/tree", "/var/lib/machines/copy")
    assert {(kind, subject) for kind, subject, _share in seen} == {("clone", "copy"), ("remove", "copy")}
    assert all(0 < share <= 1 for kind, _subject, share in seen if kind == "remove")
