"""Images of every type in every folder: which there are, and what is told of them."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.differential.members import PROPERTIES_OF_AN_IMAGE
from tests.lab.differential.player.playing import MANAGER, PROPERTIES, Play, image_path
from tests.lab.differential.player.pools import POOL, VENDOR, Pool
from tests.lab.differential.player.stage import Stage, fresh
from tests.lab.differential.player.watching import SERVICE

IMAGE = f"{SERVICE}.Image"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
NAMES = (
    *("dir", "disk", "tree", "sealed", "sealed-disk", "sealed-tree", "linked", "linked-disk", ".hidden"),
    *(
        "versions",
        "disks",
        "both",
        "vendor",
        "vendor-disk",
        "etc",
        "run",
        "old",
        "local",
        "9",
        "a b",
        "ümläut",
    ),
    *(
        "plain",
        "dangling",
        "no-such",
        "disk.raw",
        ".raw",
        "x.raw",
        ".#lock",
        ".host",
        "",
        ".",
        "..",
        "a/b",
        "\x01",
    ),
    *("block", "folder.raw", "sub.v", "x" * 255, "x" * 256),
)


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Ask for all, and for each."""
    play.manager("ListImages")
    for key in ("PoolPath", "PoolUsage", "PoolLimit"):
        play.call(MANAGER, PROPERTIES, "Get", "ss", (f"{SERVICE}.Manager", key))
    block = _estate(pool)
    pool.seen()
    play.manager("ListImages")
    play.call(f"{MANAGER}/image", INTROSPECTABLE, "Introspect", who="root")
    pool.directory("both")  # of two of one name it is by chance which one is listed
    pool.disk("both")
    pool.seen()
    for name in NAMES:
        play.manager("GetImage", "s", name)
        play.call(image_path(name), PROPERTIES, "GetAll", "s", (IMAGE,))
    for key in PROPERTIES_OF_AN_IMAGE:
        play.call(image_path("disk"), PROPERTIES, "Get", "ss", (IMAGE, key), who="root")
    play.call(image_path("dir"), INTROSPECTABLE, "Introspect")
    pool.detach(block)
    for name in ("sealed", "sealed-disk", "sealed-tree"):
        top = POOL / (f"{name}.raw" if "disk" in name else name)
        pool.seal(top, is_wanted=False)


def _estate(pool: Pool) -> str:
    pool.directory("dir")
    pool.disk("disk")
    pool.tree("tree")
    for top in (pool.directory("sealed"), pool.disk("sealed-disk"), pool.tree("sealed-tree")):
        pool.seal(top)
    away = fresh(Path("/srv/away"))
    (POOL / "linked").symlink_to(pool.directory("linked-to", away))
    (POOL / "linked-disk.raw").symlink_to(pool.disk("disk-to", away))
    (POOL / "x.raw").symlink_to(pool.disk("y", away))
    (POOL / "dangling").symlink_to("no-such-thing")
    pool.directory(".hidden")
    (POOL / "plain").write_text("no image\n")
    (POOL / "folder.raw").mkdir()
    (POOL / "a b").mkdir()
    (POOL / "9").mkdir()
    (POOL / "ümläut").mkdir()
    (POOL / ".raw").write_text("")
    (POOL / ".#lock").mkdir()
    (POOL / ("x" * 255)).mkdir()
    os.mkdir(os.fsencode(POOL) + b"/not-\xff-utf8")
    for folder in ("versions.v/versions_1", "versions.v/versions_2.0", "sub.v.v/other"):
        (POOL / folder).mkdir(parents=True)
    (POOL / "disks.raw.v").mkdir()
    for version in ("1.9", "1.10"):
        pool.disk(f"disks_{version}", POOL / "disks.raw.v")
    pool.directory("vendor", VENDOR)
    pool.disk("vendor-disk", VENDOR)
    for folder, name in (
        *(("/etc/machines", "etc"), ("/run/machines", "run"), ("/var/lib/container", "old")),
        *(("/usr/local/lib/machines", "local"), ("/etc/machines", "dir"), ("/usr/lib/machines", "tree")),
    ):
        (Path(folder) / name).mkdir()
    return pool.attach("block")
