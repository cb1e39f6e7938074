"""What machines say of their operating system (os-release(5)), and what they must not be able to say."""

from __future__ import annotations

from pathlib import Path

from tests.lab.differential.player.playing import EVERYBODY, Play
from tests.lab.differential.player.stage import Stage, fresh

TEXTS = {
    "quotes": 'A=plain\nB=\'single "x"\'\nC="double \'x\' \\"y\\" \\$z \\\\ \\`"\nD=two words\nE=\n',
    "order and duplicates": "Z=1\nA=2\nZ=3\nM=4\nA=\n",
    "comments and blanks": "# a comment\n\n; another\n  INDENTED=yes\nTAIL=x # not a comment\nSPACED = y\n",
    "escapes": 'A=a\\nb\nB=line\\\ncontinued\nC="line\\\ncontinued"\nD=$HOME\nE=\\"x\n',
    "no value": "NAME\nOTHER=x\n",
    "bad names": "1A=x\nB-C=x\nlower=x\nÄ=x\n=x\nGOOD=x\n",
    "no end of line": "A=b",
    "unclosed": 'A="never\nB=c\n',
    "empty": "",
    "carriage returns": "A=b\r\nC=d\r\n",
    "other languages": "NAME=Grüße\n",
}
# No long values: of files of some pages the reference returns the first one or two.
BYTES = {
    "no utf-8": b"A=b\nB=\xff\xfe\nC=d\n",
    "nul": b"A=b\nB=x\0y\nC=d\n",
    "control characters": b"A=\x1b[31mred\x07\nB=x\n",
    "large": b"A=b\n" + b"#" * (5 << 20) + b"\nC=d\n",
}


def play(play: Play, stage: Stage) -> None:
    """Ask again for each thing that may stand at the place of the file."""
    root = Path(f"/proc/{stage.have('box')}/root")
    file = root / "etc/os-release"
    _ask(play, "box")
    for what, text in (*((key, value.encode()) for key, value in TEXTS.items()), *BYTES.items()):
        file.write_bytes(text)
        play.look(f"an os-release with {what}")
        _ask(play, "box", who="root")
    _links(play, stage, root)
    mapped = Path(f"/proc/{stage.have('mapped')}/root")
    _ask(play, "mapped", "no os-release")
    (mapped / "usr/lib/os-release").write_text("ID=fallback\n")
    _ask(play, "mapped")
    (mapped / "etc/os-release").write_text("ID=first\n")
    _ask(play, "mapped")
    (mapped / "etc/os-release").unlink()
    stage.have("bare")
    _ask(play, "bare", "no os-release")


def _links(play: Play, stage: Stage, root: Path) -> None:
    file = root / "etc/os-release"
    (root / "usr/lib/os-release").write_text("ID=vendor\n")
    (root / "srv/inner").write_text("ID=inner\n")
    fresh(Path("/run/lab-outside"))
    Path("/run/lab-outside/os-release").write_text("ID=outside\n")
    for what, target in (
        ("an absolute link", "/srv/inner"),
        ("a relative link", "../srv/inner"),
        ("a link with too many parents", "../../../../srv/inner"),
        ("a link to a file of the host", "/run/lab-outside/os-release"),
        ("a link to nothing", "/srv/none"),
        ("a link to itself", "os-release"),
        ("a link to a folder", "/srv"),
        ("a link through the leader's root", "/proc/1/root/srv/inner"),
    ):
        file.unlink()
        file.symlink_to(target)
        play.look(f"os-release is {what}")
        _ask(play, "box", who="root")
    file.unlink()
    play.look("os-release is not in /etc")
    _ask(play, "box", who="root")
    file.mkdir()
    play.look("os-release is a folder")
    _ask(play, "box", who="root")
    file.rmdir()
    file.write_text("ID=lab\n")
    file.chmod(0)
    play.look("os-release can be read by nobody")
    _ask(play, "box")
    (root / "usr/lib/os-release").unlink()


def _ask(play: Play, name: str, why: str = "", who: str | tuple[str, ...] = EVERYBODY) -> None:
    play.machine(name, "GetOSRelease", why=why, who=who)
    play.manager("GetMachineOSRelease", "s", name, why=why, who=who)
