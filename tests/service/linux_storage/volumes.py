"""File systems of our own, on loop devices, that are gone with the test or with the whole run."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: Unmounts when its input ends, which it does also when the run is killed.
KEEP = 'mount -o loop "$1" "$2"; echo up; cat >/dev/null; umount --lazy "$2"'

MAKE = {"ext4": ("mkfs.ext4", "-q", "-F"), "btrfs": ("mkfs.btrfs", "--quiet")}


def sh(*command: str | Path) -> str:
    """Run a tool and return what it printed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def mounted(home: Path, kind: str, size: str = "600M") -> Iterator[Path]:
    """Have a new file system mounted at a folder below `home`."""
    where, image = home / kind, home / f"{kind}.img"
    where.mkdir()
    sh("truncate", f"--size={size}", image)
    sh(*MAKE[kind], image)
    with subprocess.Popen(
        ["sh", "-ec", KEEP, "sh", image, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"up\n"
        yield where
    assert keeper.returncode == 0
