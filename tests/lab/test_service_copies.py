"""Copies of images on real hosts: what gets in their way, and what goes along."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lives import INNER
from tests.lab.own_service import install_service
from tests.lab.program import install_program, program_binds

pytestmark = [pytest.mark.lab(), pytest.mark.timeout(300)]
COUNT, SIZE = 4000, 5000
FAR = "/run/machines"
"""A folder of images on another file system than the pool: copies share nothing with what is in it."""
ACCESS = "system.posix_acl_access"
#: user::rw- user:1000:r-- group::r-- mask::r-- other::---, as the kernel stores it (posix_acl_xattr.h)
ACL = bytes.fromhex(
    "02000000 01000600ffffffff 02000400e8030000 04000400ffffffff 10000400ffffffff 20000000ffffffff"
)


@contextlib.contextmanager
def serving(suite: str, kind: str) -> Iterator[LabHost]:
    """A host with our service and a pool on a file system."""
    with LabHost(suite, pool="1G", pool_type=kind, binds=program_binds(suite)) as host:
        install_program(host)
        install_service(host)
        yield host


def left(host: LabHost) -> list[str]:
    """Locks and unfinished copies that are there."""
    locks = host.root / "run/systemd/nspawn/locks"
    found = [*host.machines.glob(".#*"), *(locks.iterdir() if locks.exists() else ())]
    return [path.name for path in found if not path.name.endswith("machined-quota")]


def fill(folder: Path, count: int, size: int) -> None:
    """Make an image of so many files."""
    (folder / "folder/inner").mkdir(parents=True)
    for number in range(count):
        (folder / f"file-{number}").write_bytes(os.urandom(size))


@pytest.mark.promise("Files that vanish while an image is copied are left out, and the copy is whole else")
@pytest.mark.promise("A copy keeps access control lists")
@pytest.mark.parametrize("kind", ["ext4", "btrfs"])
def test_files_that_vanish_and_access_lists(suite: str, kind: str) -> None:
    with serving(suite, kind) as host:
        tree, new = host.machines / "tree", host.machines / "new"
        fill(tree, COUNT, SIZE)
        for path in (tree, *tree.glob("file-*")):
            os.setxattr(path, ACCESS, ACL)
        script = (INNER / "vanishing.py").read_text()
        words = ("python3", "-I", "-", "tree", "new")
        told = json.loads(host.run(*words, stdin=script, timeout=200).stdout)
        assert (told["code"], told["said"]) == (0, "")
        assert told["workers"] == 1
        assert told["gone"] > 0
        copies, kept = ({path.name for path in folder.glob("file-*")} for folder in (new, tree))
        assert kept <= copies
        assert len(copies) <= COUNT - told["gone"] + 3  # what was open, or read ahead of, stays as it is
        for path in (new, *new.glob("file-*")):
            assert os.getxattr(path, ACCESS) == ACL
        assert {path.stat().st_size for path in new.glob("file-*")} == {SIZE}
        assert left(host) == []
        host.ask("machinectl", "remove", "new")


@pytest.mark.promise("A copy that exceeds the pool's limit says so and leaves nothing; a higher limit helps")
def test_a_limit_that_is_hit_in_the_middle_of_a_copy(suite: str) -> None:
    with serving(suite, "btrfs") as host:
        host.ask("mkdir", "-p", FAR)
        host.ask("mount", "-t", "tmpfs", "none", FAR)
        fill(host.root / FAR[1:] / "far", 30, 2_000_000)
        host.ask("machinectl", "set-limit", "20M")
        refused = host.run("machinectl", "clone", "far", "new", check=False, timeout=120)
        assert refused.returncode == 1
        assert refused.stderr == "Could not clone image: Disk quota exceeded\n"
        images = host.ask("machinectl", "list-images", "--all", "--no-legend", "--no-pager")
        assert {line.split()[0] for line in images.splitlines()} == {".host", "far"}
        assert left(host) == []
        host.ask("machinectl", "set-limit", "500M")
        host.ask("machinectl", "clone", "far", "new", timeout=120)
        assert len(list((host.machines / "new").glob("file-*"))) == 30
        host.ask("machinectl", "set-limit", "10M")
        host.ask("machinectl", "remove", "new")
        assert left(host) == []
