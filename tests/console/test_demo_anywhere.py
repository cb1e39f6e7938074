"""The demo where there is next to nothing: no rights, no /proc, no /sys, no systemd."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]

BARE = """
for folder in /proc /sys /run; do mount -t tmpfs tmpfs "$folder"; done
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""
"""In a mount namespace that ends with the program; without capabilities root is a user like any other."""


@pytest.mark.promise("The demo needs no root, no systemd, no /proc and no control groups", where="bare host")
@pytest.mark.parametrize(("verb", "word"), [("list", "db-primary"), ("images", "router-disk")])
def test_the_demo_runs_where_linux_has_little_to_offer(verb: str, word: str) -> None:
    if os.geteuid() != 0:
        reason = "a mount namespace of its own needs root"
        assert os.environ.get("CI") != "true", f"{reason}, and CI=true asks for it"
        pytest.skip(reason)
    console = [sys.executable, "-m", "machinedeck", verb, "--demo"]
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", BARE, "sh", *console],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        cwd=TOP,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert word in done.stdout
