"""From control groups to units, in all the trees there are."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from machined.host.linux import groups
from machined.host.linux.groups import group_of, unit_of_group


@pytest.mark.parametrize(
    ("group", "unit"),
    [
        ("/system.slice/ssh.service", "ssh.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        (r"/machine.slice/machine-a\x2db.scope/payload/init.scope", r"machine-a\x2db.scope"),
        ("/user.slice/user-0.slice/session-3.scope", "session-3.scope"),
        ("/user.slice/user-5.slice/user@5.service/app.slice/run.service", "user@5.service"),
        ("/_foo.service", "foo.service"),
        ("/init.scope", "init.scope"),
        ("/machine.slice/systemd-nspawn@web.service/payload", "systemd-nspawn@web.service"),
    ],
)
def test_the_first_that_is_no_slice_is_the_unit(group: str, unit: str) -> None:
    assert unit_of_group(group) == unit


@pytest.mark.parametrize(
    "group", ["/", "", "/a", "/system.slice", "/a.slice/b.slice", "/lab/x.service", "/a@.service"]
)
def test_where_there_is_no_unit(group: str) -> None:
    with pytest.raises(OSError, match="No such device") as caught:
        unit_of_group(group)
    assert caught.value.errno == errno.ENXIO


class Proc:
    """A /proc of what a test says, and the tree of control groups that goes with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self.tree.mkdir()

    def add(self, pid: int, *lines: str) -> None:
        (self.folder / str(pid)).mkdir()
        (self.folder / str(pid) / "cgroup").write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proc:
    proc = Proc(tmp_path)
    monkeypatch.setattr(groups, "PROC", tmp_path)
    monkeypatch.setattr(groups, "TREE", proc.tree)
    return proc


def test_a_tree_of_version_2(proc: Proc) -> None:
    (proc.tree / "cgroup.controllers").touch()
    proc.add(1, "0::/init.scope")
    proc.add(7, "0::/system.slice/a.service")
    assert group_of(7) == "/system.slice/a.service"


def test_version_2_beside_controllers_of_version_1(proc: Proc) -> None:
    (proc.tree / "unified").mkdir()
    (proc.tree / "unified/cgroup.procs").touch()
    proc.add(1, "2:name=systemd:/x", "0::/init.scope")
    proc.add(7, "3:memory:/m", "2:name=systemd:/wrong.service", "0::/b.service")
    assert group_of(7) == "/b.service"


def test_a_tree_of_version_1(proc: Proc) -> None:
    proc.add(1, "2:name=systemd:/", "3:memory:/")
    proc.add(7, "3:memory:/m", "2:name=systemd:/system.slice/c.service", "0::/")
    assert group_of(7) == "/system.slice/c.service"


@pytest.mark.parametrize("end", ["/init.scope", "/system.slice", ""])
def test_systemd_may_have_less_than_all(proc: Proc, end: str) -> None:
    (proc.tree / "cgroup.controllers").touch()
    proc.add(1, f"0::/lab/host{end}")
    proc.add(7, "0::/lab/host/system.slice/d.service")
    proc.add(8, "0::/lab/hostile.service")
    assert group_of(7) == "/system.slice/d.service"
    assert group_of(8) == "/lab/hostile.service"


@pytest.mark.promise("A group's name passes nobody off as a unit that he is not in", where="bare host")
@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_group_that_is_called_like_a_line_of_the_list(proc: Proc, end: str) -> None:
    (proc.tree / "cgroup.controllers").touch()
    proc.add(1, "0::/init.scope")
    proc.add(7, f"1:memory:/b{end}0::/system.slice/ssh.service", "0::/user.slice/session-1.scope/x")
    proc.add(8, f"0::/user.slice/session-1.scope/x{end}y")
    assert unit_of_group(group_of(7)) == "session-1.scope"
    assert unit_of_group(group_of(8)) == "session-1.scope"


def test_a_process_that_is_gone(proc: Proc) -> None:
    proc.add(1, "0::/init.scope")
    with pytest.raises(ProcessLookupError):
        group_of(7)


def test_this_process_is_in_a_group() -> None:
    assert group_of(os.getpid()).startswith("/")
