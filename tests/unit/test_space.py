"""The file system below a folder: how much room there is, and of what type it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from machinedeck.sources.space import read_space


def test_the_space_below_a_folder(tmp_path: Path) -> None:
    space = read_space(f"{tmp_path}/not/there/yet")
    assert space is not None
    assert 0 <= space.free <= space.size
    assert space.type


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_space_below_a_folder_that_may_not_be_looked_into() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "private").mkdir(mode=0o700)
        Path(folder, "private/pool").mkdir()
        Path(folder, "machines").symlink_to("private/pool")
        Path(folder, "round").symlink_to("round")
        assert read_space(f"{folder}/machines") is not None
        # Root may look into anything: a child that is nobody looks in our place
        program = (
            "import os, sys; from machinedeck.sources.space import read_space; os.setresuid(*[65534] * 3);"
            "print(*map(read_space, sys.argv[1:]))"
        )
        looked_at = (f"{folder}/machines", f"{folder}/private/pool", f"{folder}/round")
        answer = subprocess.run(
            [sys.executable, "-c", program, *looked_at],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert answer.stdout == "None None None\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("name", ["stick\x0cA", "stick\u2028A", "Müsli", "a blank"])
def test_the_space_where_a_mount_has_any_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    program = (
        "import os, sys; from machinedeck.sources.space import read_space;"
        "os.system('mount -t tmpfs none \"$FOLDER\"') and sys.exit(1);"
        "print(*(read_space(path).type for path in ('/proc', sys.argv[1])))"
    )
    answer = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", program, folder],
        env={**os.environ, "FOLDER": str(folder)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout == "proc tmpfs\n"
