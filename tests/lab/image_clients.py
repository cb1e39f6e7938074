"""What is done with images and the pool by the distribution's own clients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.lab.host import TREE, LabHost
from tests.lab.images import machine_names
from tests.lab.place import run, wait_until
from tests.lab.printing import Play, Prints

#: Trees that are no systems yet: a machine that runs one is shown the programs of its host.
MAKE = """
make() {
    if btrfs subvolume create "$1" >/dev/null 2>&1; then :; else mkdir "$1"; fi
    cd "$1"
    mkdir -p etc usr/lib var
    echo one-host >etc/hostname
    echo 0123456789abcdef0123456789abcdef >etc/machine-id
    echo DEPLOYMENT=lab >etc/machine-info
    printf 'ID=lab\\nPRETTY_NAME="A lab tree"\\n' >usr/lib/os-release
    for link in bin sbin lib lib64; do ln -s usr/$link $link; done
    ln etc/hostname var/linked
    mknod var/device c 1 3
    touch -hd @86400 usr/lib/os-release
    chmod 600 etc/machine-info
}
cd /var/lib/machines
rm -rf /tmp/images
mkdir /tmp/images
make /var/lib/machines/one
make /tmp/images/tree
cd /var/lib/machines
printf '[Exec]\\nBoot=no\\n' >one.nspawn
truncate -s 1M disk.raw
make /var/lib/machines/.hidden
tar -C /tmp/images/tree -cf /tmp/images/tree.tar .
truncate -s 1M /tmp/images/block.raw
"""
"""Prints the files of images of names that find(1) takes."""
FILES = "cd /var/lib/machines && find {} -xdev -printf '%P %y %m %U:%G %n %l\\n' 2>&1 | sort"

Verb = tuple[str, ...]


def mount_ext4(host: LabHost) -> None:
    """Have an ext4 of its own at /var/lib/machines, whatever the host is on; it goes with the host."""
    run("truncate", "--size=256M", host.root / "pool.ext4")
    run("mke2fs", "-q", "-t", "ext4", host.root / "pool.ext4")
    host.ask("mount", "-o", "loop", "/pool.ext4", "/var/lib/machines")
    host.ask("chmod", "700", "/var/lib/machines")
    host.ask("rmdir", "/var/lib/machines/lost+found")  # it would be an image


def seen(play: Play, title: str, where: str) -> None:
    """Keep the files of an image: their types, modes, owners, numbers of names and links."""
    play.ask("sh", "-c", FILES.format(where), title=title)


def settle(play: Play) -> None:
    """Have the pool's own figures say what is in it: btrfs counts when it writes, and new folders late."""
    if play.host.pool:
        play.host.ask("btrfs", "filesystem", "sync", "/var/lib/machines")
        play.host.run("btrfs", "quota", "rescan", "-w", "/var/lib/machines", check=False)  # if it has any


def show(play: Play, name: str, when: str) -> None:
    """What an image is, at a moment."""
    settle(play)
    play.ask("machinectl", "show-image", name, title=f"show-image {name}, {when}")


def ask_all(play: Play, *verbs: Verb) -> None:
    """Run machinectl with each of some words."""
    for verb in verbs:
        play.ask("machinectl", *verb)


def looking(play: Play) -> None:
    """What shows images and the pool."""
    ask_all(play, ("list-images", "--all"), ("list-images", "-o", "json"), ("list-images", "--no-legend"))
    ask_all(play, ("list-images",), ("image-status",), ("image-status", "one"), ("image-status", "none"))
    ask_all(play, ("image-status", "one", ".hidden"), ("show-image",), ("show-image", "one"))
    ask_all(play, ("show-image", "disk"), ("show-image", ".host"), ("show-image", "none"))
    ask_all(play, ("show-image", "--property=Type", "--value", "one", "disk"), ("show-image", "a/b"))
    play.ask("machinectl", "list-images", user="ann", title="list-images as a user")
    for verb in (
        ("remove", "one"),
        ("clone", "one", "x"),
        ("rename", "one", "x"),
        ("set-limit", "one", "1G"),
    ):
        play.ask("machinectl", *verb, user="ann", title=f"{' '.join(verb)} as a user")
    for verb in (("read-only", "one"), ("set-limit", "1G"), ("clean",)):
        play.ask("machinectl", *verb, user="ann", title=f"{' '.join(verb)} as a user")


def copying(play: Play) -> None:
    """Copies and new names."""
    ask_all(
        play, ("clone", "one", "two"), ("clone", "--read-only", "one", "fixed"), ("clone", "disk", "disc")
    )
    ask_all(play, ("clone", "one", "two", "--read-only"), ("clone", "none", "x"), ("clone", "one", "a/b"))
    ask_all(play, ("clone", "one", ".host"), ("clone", "one", "disk"))
    seen(play, "files of a copy", "two -mindepth 1")
    seen(play, "side files of copies", "two.nspawn fixed.nspawn disc.raw")
    show(play, "two", "a copy")
    show(play, "fixed", "a copy that is read-only")
    show(play, "disc", "a copy")
    ask_all(play, ("rename", "two", "deux"), ("rename", "deux", "one"), ("rename", "none", "x"))
    ask_all(play, ("rename", "deux", "a/b"), ("rename", ".host", "x"), ("rename", "disc", "disque"))
    seen(play, "files after new names", "deux deux.nspawn disque.raw")


def marking(play: Play) -> None:
    """What may be written, and how much."""
    ask_all(play, ("read-only", "deux"), ("read-only", "disk"), ("read-only", ".host"), ("read-only", "none"))
    show(play, "deux", "read-only")
    show(play, "disk", "read-only")
    ask_all(play, ("read-only", "deux", "no"), ("read-only", "disk", "false"), ("read-only", "one", "maybe"))
    show(play, "deux", "writable again")
    show(play, "disk", "writable again")
    ask_all(play, ("set-limit", "one", "100M"), ("set-limit", "disk", "1G"), ("set-limit", "none", "1G"))
    ask_all(play, ("set-limit", ".host", "1G"), ("set-limit", "one", "much"))
    show(play, "one", "limited")
    ask_all(play, ("set-limit", "one", "-"), ("set-limit", "512M"))
    show(play, "one", "without a limit")
    settle(play)
    play.ask("machinectl", "show", title="a pool with a limit")
    play.ask("machinectl", "set-limit", "-")
    play.ask("machinectl", "show", title="a pool without a limit")


@contextlib.contextmanager
def running(host: LabHost, image: str) -> Iterator[None]:
    """Have a machine of an image, of that name: one process that sleeps."""
    words = ["systemd-nspawn", "--quiet", "--keep-unit", f"--machine={image}", "--as-pid2"]
    words += [f"--bind-ro={TREE}/usr:/usr", "sleep", "infinity"]
    unit = f"--unit=lab-image-{image}.service"
    host.ask("systemd-run", "--quiet", "--collect", "--slice=machine", unit, *words)
    try:
        wait_until(lambda: image in machine_names(host), f"{image} is listed")
        yield
    finally:
        host.ask("systemctl", "stop", unit.partition("=")[2])
        wait_until(lambda: image not in machine_names(host), f"{image} is no longer listed")


def in_use(play: Play) -> None:
    """An image that a machine runs from."""
    with running(play.host, "deux"):
        for verb in (
            ("remove", "deux"),
            ("rename", "deux", "x"),
            ("read-only", "deux"),
            ("clone", "deux", "used"),
        ):
            play.ask("machinectl", *verb, title=f"{' '.join(verb)}, which is in use")
        play.ask("machinectl", "image-status", "deux", title="image-status of one in use")


def importing(play: Play) -> None:
    """What systemd-importd brings and takes, beside who serves the images."""
    tree = "/tmp/images/tree"
    for verb in (("import-tar", f"{tree}.tar", "came"), ("import-raw", "/tmp/images/block.raw", "block")):
        play.ask("machinectl", *verb)
    play.ask("machinectl", "import-tar", "--read-only", f"{tree}.tar", "kept")
    play.ask("machinectl", "import-tar", f"{tree}.tar", "came", title="import-tar of a name that is taken")
    play.ask("machinectl", "import-tar", "--force", f"{tree}.tar", "came")
    play.ask("machinectl", "import-fs", tree, "folder")
    settle(play)
    play.ask("machinectl", "list-images", title="list-images of what came")
    for name in ("came", "kept", "block", "folder"):
        show(play, name, "imported")
    ask_all(play, ("clone", "came", "came-again"), ("list-transfers",))
    seen(play, "files of what came", "came -mindepth 1")
    seen(play, "files of a copy of it", "came-again -mindepth 1")
    play.ask("machinectl", "export-tar", "came-again", "/tmp/images/out.tar")
    play.ask("machinectl", "export-tar", "came-again", "/tmp/images/out.tar.gz")
    play.ask("machinectl", "export-raw", "block", "/tmp/images/out.raw")
    play.ask("machinectl", "export-tar", "none", "/tmp/images/none.tar")
    for end in ("tar", "tar.gz"):
        there = f"/tmp/images/{end}"
        play.host.ask("mkdir", there)
        play.host.ask("tar", "-xf", f"/tmp/images/out.{end}", "-C", there)
        seen(play, f"what is in out.{end}", f"{there} -mindepth 1")
    play.ask("cmp", "/tmp/images/block.raw", "/tmp/images/out.raw")


def ending(play: Play) -> None:
    """What is removed."""
    ask_all(
        play, ("remove", "used", "came-again"), ("remove", "none"), ("remove", ".host"), ("remove", "disque")
    )
    ask_all(play, ("read-only", "deux", "yes"), ("remove", "deux"), ("remove", "deux", "one"))
    play.ask("machinectl", "list-images", "--all", title="list-images before anything is cleaned")
    settle(play)
    play.ask("machinectl", "clean", is_ordered=False)
    play.ask("machinectl", "clean", title="clean once more")
    settle(play)
    play.ask("machinectl", "clean", "--all", is_ordered=False)
    play.ask("machinectl", "list-images", title="list-images of none")
    seen(play, "what is left", ". -mindepth 1 -not -path './.#machined-quota*'")


def images_played(host: LabHost, *, has_quotas: bool) -> Prints:
    """All that clients print of images, from the first to none; with quotas they count from the start."""
    play = Play(host)
    if has_quotas:
        host.ask("btrfs", "quota", "enable", "/var/lib/machines")
    play.ask("machinectl", "list-images", title="list-images before there is one")
    host.ask("bash", "-ec", MAKE)
    settle(play)
    for part in (looking, copying, marking, in_use, importing, ending):
        part(play)
    return play.printed
