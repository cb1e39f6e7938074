"""Root trees of Debian releases, built once and shared by all lab hosts as the lower layer of their root."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path

from tests.lab.place import LabError, cache, locked, remove, run

#: Each release and the version of systemd it brings.
SUITES = {"bookworm": 252, "trixie": 257}

PACKAGES = (
    *(
        "systemd",
        "systemd-sysv",
        "dbus",
        "libpam-systemd",
        "systemd-container",
        "libnss-mymachines",
        "libnss-systemd",
        "polkitd",
    ),
    *("iproute2", "btrfs-progs", "procps", "util-linux", "mount", "login", "passwd", "bash", "python3"),
    *("tmux", "vim", "less", "htop", "ncurses-base", "ncurses-term"),
    *("openssh-client", "openssh-server"),
)

#: What a lab never reads, and what a release's first boot would otherwise share with its copies.
SURPLUS = (
    *("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"),
    *("usr/share/info", "var/log/apt", "etc/machine-id", "var/lib/dbus/machine-id"),
)

#: Raised when what is done to a tree after debootstrap changes.
REVISION = 3

WANTS = "etc/systemd/system/multi-user.target.wants"


def recipe() -> str:
    """A short name for what a tree is made of; a tree of another recipe is not used."""
    return hashlib.sha256(repr((REVISION, PACKAGES, SURPLUS)).encode()).hexdigest()[:8]


def root_tree(suite: str) -> Path:
    """The root tree of a release, built by debootstrap if there is none yet (about a minute)."""
    if suite not in SUITES:
        raise LabError(f"no such release: {suite}; there are {', '.join(SUITES)}")
    home = cache() / "roots"
    tree = home / f"{suite}-{recipe()}"
    if tree.is_dir():
        return tree
    with locked(home / f".{suite}.lock"):
        if not tree.is_dir():
            _build(suite, tree)
    return tree


def _build(suite: str, tree: Path) -> None:
    home = tree.parent
    for broken in home.glob(f".{suite}-*"):  # builds that were cut off; we hold the lock
        remove(broken)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{suite}-", dir=home))
    try:
        # Its mode becomes that of /, which dbus-daemon must pass as its own user.
        unfinished.chmod(0o755)
        include = f"--include={','.join(PACKAGES)}"
        run("debootstrap", "--variant=minbase", include, suite, unfinished, timeout=1200)
        _mend(unfinished)
        unfinished.rename(tree)
    finally:
        remove(unfinished)


def _mend(tree: Path) -> None:
    for path in SURPLUS:
        target = tree / path
        if target.is_dir():
            remove(target)
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            target.unlink()
    # Without networkd neither end of a veth link gets an address.
    (tree / WANTS).mkdir(parents=True, exist_ok=True)
    (tree / WANTS / "systemd-networkd.service").symlink_to("/lib/systemd/system/systemd-networkd.service")
    # There are no modules to load in a container.
    (tree / "etc/systemd/system/systemd-modules-load.service").symlink_to("/dev/null")
    # Nobody is let in from outside, unless a test starts it.
    for unit in ("ssh.service", "ssh.socket", "sshd-keygen.service"):
        (tree / "etc/systemd/system" / unit).unlink(missing_ok=True)
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    generators = tree / "etc/systemd/system-generators"
    generators.mkdir(exist_ok=True)
    (generators / "systemd-ssh-generator").symlink_to("/dev/null")
    switch = tree / "etc/nsswitch.conf"
    lines = switch.read_text().splitlines()
    lines = ["hosts: files mymachines dns" if line.startswith("hosts:") else line for line in lines]
    switch.write_text("\n".join(lines) + "\n")
