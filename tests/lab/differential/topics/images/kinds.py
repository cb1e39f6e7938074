"""One image of every type, and what stands in the way of changing them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.pools import LOCKS, POOL, SETTINGS, VENDOR, Pool, locked, locks
from tests.lab.differential.player.stage import fresh
from tests.lab.differential.topics.images.asking import ask

Makers = dict[str, Callable[[], Path]]


def makers(pool: Pool) -> Makers:
    """What makes an image of each type, by the name it has."""
    away = fresh(Path("/srv/away"))
    pool.directory("elsewhere", away)
    pool.disk("elsewhere", away)
    found: Makers = {}
    types: dict[str, Callable[[str], Path]] = {"dir": pool.directory, "disk": pool.disk}
    if pool.is_btrfs:
        types["tree"] = pool.subvolume
    for kind, make in types.items():
        found[kind] = lambda make=make, kind=kind: make(kind)  # type: ignore[misc]
        found[f"sealed-{kind}"] = lambda make=make, kind=kind: _sealed(pool, make(f"sealed-{kind}"))  # type: ignore[misc]
    found["linked"] = lambda: _linked(POOL / "linked", away / "elsewhere")
    found["linked-disk"] = lambda: _linked(POOL / "linked-disk.raw", away / "elsewhere.raw")
    found[".hidden"] = lambda: pool.directory(".hidden")
    found["sided"] = lambda: _with_sides(pool.directory("sided"))
    found["sided-disk"] = lambda: _with_sides(pool.disk("sided-disk"))
    found["other"] = lambda: pool.directory("other", Path("/etc/machines"))
    return found


def able(name: str) -> str:
    """Who changes an image: the question to polkit is written down for one of them."""
    return "trusted" if name == "dir" else "root"


def _sealed(pool: Pool, top: Path) -> Path:
    pool.seal(top)
    return top


def _linked(path: Path, target: Path) -> Path:
    path.symlink_to(target)
    return path


def _with_sides(top: Path) -> Path:
    """Make the files that go with an image, and some that do not."""
    name = top.name.removesuffix(".raw")
    for folder in SETTINGS:
        (Path(folder) / f"{name}.nspawn").write_text("[Exec]\n")
        os.chmod(Path(folder) / f"{name}.nspawn", 0o600)
    for suffix in (".nspawn", ".roothash", ".roothash.sig", ".tar", "-more.nspawn"):
        (POOL / f"{name}{suffix}").write_text(f"{suffix}\n")
    return top


def holding(pool: Pool) -> Iterator[str]:
    """Images that are locked meanwhile, each way that there is."""
    for make, name in ((pool.directory, "held"), (pool.disk, "held-disk"), (pool.tree, "held-tree")):
        beside, by_inode = locks(make(name))
        pool.seen()
        for path in (beside, by_inode):
            with locked(path):
                yield name
        with locked(beside, is_shared=True), locked(by_inode, is_shared=True):
            yield name


def refused(play: Play, pool: Pool, member: str) -> None:
    """Ask for a change of what nobody may change, and of what somebody has."""
    pool.directory("vendor", VENDOR)
    pool.disk("vendor-disk", VENDOR)
    ask(play, ".host", member, why="the host")
    for name in ("vendor", "vendor-disk"):
        ask(play, name, member, why="vendor image")
    for name in holding(pool):
        ask(play, name, member, why="locked")


def named(play: Play, pool: Pool, member: str) -> None:
    """Ask for new names that cannot be had."""
    signature = "sb" if member == "Clone" else "s"
    manager = f"{member}Image"
    rest = (False,) if member == "Clone" else ()
    pool.directory("dir")
    pool.disk("taken")
    pool.directory("away", Path("/etc/machines"))
    (POOL / "in-the-way").write_text("no image\n")
    pool.seen()

    def both(new_name: str, why: str, name: str = "dir") -> None:
        play.image(name, member, signature, new_name, *rest, why=why)
        play.manager(manager, f"s{signature}", name, new_name, *rest, why=why)

    for new_name in ("", ".", "..", "a/b", ".#x", "\x01", "x" * 256):
        both(new_name, "bad new name")
    for new_name in ("taken", "away", "dir"):
        both(new_name, "name taken")
    both("in-the-way", "in the way")
    both(".host", "the host's name")
    with locked(LOCKS / "name-locked"):
        both("locked", "new name locked")
    both("x" * 255, "too long for a file", name="taken")
