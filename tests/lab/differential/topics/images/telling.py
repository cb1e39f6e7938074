"""What images tell of themselves: host name, machine id, machine-info and os-release."""

from __future__ import annotations

from pathlib import Path

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.pools import LOCKS, POOL, VENDOR, Pool, locked
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.topics.images import kinds
from tests.lab.differential.topics.images.asking import ask

MEMBERS = ("GetHostname", "GetMachineID", "GetMachineInfo", "GetOSRelease")
OF_A_DISK = ("disk", "linked-disk", "sealed-disk", "sided-disk")
ODD: dict[str, dict[str, str]] = {
    "etc/hostname": {
        "empty": "",
        "commented": "# no\n\n  ; no\nname\n",
        "spaced": "  a-name  \nother\n",
        "wrong": "not a name\n",
        "long": "x" * 65 + "\n",
        "dotted": "a.b.c.\n",
        "no-newline": "name",
        "unicode": "näme\n",
    },
    "etc/machine-id": {
        "zero": "0" * 32 + "\n",
        "short": "1234\n",
        "upper": "ABCDEF" + "0" * 26 + "\n",
        "uninitialized": "uninitialized\n",
        "no-newline-id": "1" * 32,
        "uuid": "11111111-2222-3333-4444-555555555555\n",
        "more": "1" * 32 + "\nmore\n",
    },
    "etc/machine-info": {
        "quoted": "PRETTY_HOSTNAME=\"a 'b' \\\"c\\\"\"\nICON_NAME='x y'\n#C=1\n; D=2\n=4\nF\nG=1\nG=2\n",
        "exported": "export E=3\nF=4\n",
        "empty-info": "",
        "binary": "A=\x01\nB=\t\n",
    },
    "usr/lib/os-release": {
        "twice": 'ID=1\nID=2\nNAME=a b\nVERSION="a\\$b\\`c\\\\d"\n',
        "no-id": "NAME=x\n",
        "latin": "NAME=\xe4\nID=x\n",
        "zeros": "NAME=x\0\nID=x\n",
        "lines": 'NAME="a\nb"\nID=\\\nx\n \tA = b c  \nC=\'d"e\' f\n',
        "many": "".join(f"KEY_{number}={number}\n" for number in range(300)),
    },
}


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Ask all of them."""
    for name, make in kinds.makers(pool).items():
        if name not in OF_A_DISK:
            make()
    pool.directory("vendor", VENDOR)
    odd = _odd(pool)
    pool.seen()
    names = sorted({path.name for path in POOL.iterdir() if path.is_dir()} | {"other", "vendor", ".host"})
    trees, play.trees = play.trees, None  # to look at so many after each question takes too long
    for name in names:
        for member in MEMBERS:
            if name in {"dir", "tree", ".host"}:
                ask(play, name, member)
            elif member == odd.get(name, member):
                play.image(name, member, who="nobody")
    play.trees = trees
    play.look("nothing changed")
    pool.clear()
    for name in kinds.holding(pool):
        if name != "held-disk":
            for member in MEMBERS:
                ask(play, name, member, why="locked")
    with locked(LOCKS / "name-dir"):
        ask(play, "dir", "GetHostname", who="nobody")


def _odd(pool: Pool) -> dict[str, str]:
    """Make images with odd files, and tell for which member each is."""
    odd = {}
    for member, (path, cases) in zip(MEMBERS, ODD.items(), strict=True):
        for name, text in cases.items():
            odd[name] = member
            (pool.directory(name) / path).write_bytes(text.encode("latin-1"))
    bare = POOL / "bare"
    bare.mkdir()
    outside = Path("/srv/outside")
    outside.write_text("outside\n")
    for name, target in (("out", "/srv/outside"), ("up", "../../../../../srv/outside"), ("loop", "hostname")):
        link = pool.directory(name) / "etc/hostname"
        link.unlink()
        link.symlink_to(target)
    absolute = pool.directory("absolute")
    (absolute / "srv").mkdir()
    (absolute / "srv/outside").write_text("inside\n")
    (absolute / "etc/hostname").unlink()
    (absolute / "etc/hostname").symlink_to("/srv/outside")
    for name in ("hostname", "machine-id", "machine-info", "os-release"):
        top = pool.directory(f"folder-{name}")
        (top / "etc" / name).unlink()
        (top / "etc" / name).mkdir()
    released = pool.directory("dangling-release")
    (released / "usr/lib/os-release").unlink()
    looped = pool.directory("looped-release") / "etc/os-release"
    looped.unlink()
    looped.symlink_to("/etc/os-release")
    missing = pool.directory("no-etc-release")
    (missing / "etc/os-release").unlink()
    return odd
