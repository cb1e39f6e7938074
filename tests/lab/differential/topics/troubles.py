"""What fails in the middle: full disks, machines that vanish, and systemds that refuse."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.differential.player.files import told
from tests.lab.differential.player.playing import ALL_THREE, Play
from tests.lab.differential.player.stage import Stage, fresh, listed, tool
from tests.lab.differential.topics.limits import mount_silent

LARGE = Path("/srv/large")


def play(play: Play, stage: Stage) -> None:
    """Have each of them."""
    root = Path(f"/proc/{stage.have('box')}/root")
    _small_disks(play, stage, root)
    _mounting(play, stage)
    _refusing(play, stage)
    _vanishing(play, stage)


def _small_disks(play: Play, stage: Stage, root: Path) -> None:
    fresh(LARGE)
    (LARGE / "tree/sub").mkdir(parents=True)
    for path in ("first", "sub/second"):
        (LARGE / "tree" / path).write_bytes(b"x" * (3 << 20))
    fresh(Path("/srv/small"))
    fresh(root / "srv/small")
    tool("mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", "/srv/small")
    inside = ("nsenter", f"--target={stage.have('box')}", "--mount", "--root")
    tool(*inside, "/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", "/srv/small")
    fresh(root / "srv/large")
    (root / "srv/large/file").write_bytes(b"x" * (3 << 20))
    for words, member in (
        ((f"{LARGE}/tree/first", "/srv/small/file"), "CopyTo"),
        (("/srv/large/file", "/srv/small/file"), "CopyFrom"),
    ):
        _ask(play, member, words, "no room there")
    play.look("what is there of them", [told(root / "srv/small/file"), told(Path("/srv/small/file"))])
    play.machine("box", "CopyTo", "ss", f"{LARGE}/tree", "/srv/small/tree", who="root")
    play.look("what is there of the tree", [line.split()[0] for line in told(root / "srv/small/tree")])
    tool("umount", "/srv/small")
    _ask(play, "CopyTo", ("/etc/hostname", "/usr/bin/lab"), "read-only there")
    _ask(play, "CopyFrom", ("/etc/os-release", "/opt/lab-tree/lab"), "read-only there")


def _ask(play: Play, member: str, words: tuple[str, ...], why: str) -> None:
    play.machine("box", member, "ss", *words, who=ALL_THREE, why=why)
    play.manager(f"{member}Machine", "sss", "box", *words, who=ALL_THREE, why=why)
    play.machine("box", f"{member}WithFlags", "sst", *words, 1, why=why)
    play.manager(f"{member}MachineWithFlags", "ssst", "box", *words, 1, why=why)


def _mounting(play: Play, stage: Stage) -> None:
    stage.odd("holed")
    stage.sleeper("alone", "container", "unshare", "--mount", "--propagation=private", "sleep", "infinity")
    fresh(Path("/srv/mounted"))
    for name, why in (("holed", "no simple shift"), ("alone", "no folder to mount through")):
        words = ("/etc", "/srv/mounted", True, False)
        play.machine(name, "BindMount", "ssbb", *words, who=ALL_THREE, why=why)
        play.manager("BindMountMachine", "sssbb", name, *words, why=why)
        stage.stop(name)


def _refusing(play: Play, stage: Stage) -> None:
    root = Path(f"/proc/{stage.have('boot')}/root")
    stage.up("boot")
    mask = root / "etc/systemd/system/container-getty@.service"
    mask.symlink_to("/dev/null")
    tool("systemctl", "--machine=boot", "daemon-reload")
    why = "its systemd refuses"
    play.machine("boot", "OpenLogin", who=ALL_THREE, why=why)
    play.manager("OpenMachineLogin", "s", "boot", who=ALL_THREE, why=why)
    mask.unlink()
    tool("systemctl", "--machine=boot", "daemon-reload")
    words = ("no:such\nname", "/bin/true", [], [])
    play.machine("boot", "OpenShell", "ssasas", *words, who=ALL_THREE, why=why)
    play.manager("OpenMachineShell", "sssasas", "boot", *words, who=ALL_THREE, why=why)


def _is_off(stage: Stage) -> bool:
    """Whether the machine has no file any more, and all have been told so."""
    if listed("brittle"):
        return False
    stage.knows("brittle")  # whatever the answer, it comes after what there is to tell
    return True


def _vanishing(play: Play, stage: Stage) -> None:
    """A copy that cannot go on, of a machine that is stopped."""
    stage.container("brittle", "--private-network")
    silent = Path("/srv/mute")
    device = mount_silent(silent)
    why = "machine vanished"
    words = ("brittle", str(silent), "/srv/copied")
    play.machine("brittle", "CopyTo", "ss", *words[1:], who="nobody", why=why)
    play.manager("CopyToMachine", "sss", *words, who="nobody", why=why)
    serials = [
        play.start("CopyToMachine", "sss", *words),
        play.start("CopyTo", "ss", *words[1:], machine="brittle"),
    ]
    stage.knows("brittle")  # answered after both have begun
    tool("systemctl", "stop", "--no-block", "lab-brittle.service")
    # systemd-machined 252 keeps the machine itself in its table as long as copies are under way
    play.look("the machine is stopped", until=lambda: _is_off(stage), leaving_out="StopUnit")
    for serial, member in zip(serials, ("Manager.CopyToMachine", "Machine.CopyTo"), strict=True):
        play.finish(serial, f"brittle {member} (its answer)", 0.5, why)
    os.close(device)
    tool("umount", str(silent), check=False)
    play.look("the machine is forgotten", until=stage.gone("brittle"), leaving_out="")
