"""Copies into machines and out of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab.differential.player.files import grow, told
from tests.lab.differential.player.playing import ALL_THREE, Play
from tests.lab.differential.player.stage import Stage, fresh

HERE = Path("/srv/copies")
BAD_PATHS = ("relative", "./x", "~")
BAD_FLAGS = (2, 3, 2**63, 2**64 - 1)


def play(play: Play, stage: Stage) -> None:
    """Copy one of everything in both directions."""
    roots = {name: Path(f"/proc/{stage.have(name)}/root") for name in ("box", "mapped")}
    fresh(HERE)
    grow(HERE / "tree")
    _refused(play, stage)
    for name, root in roots.items():
        fresh(root / "srv/copies")
        _in(play, name, root)
        _out(play, name, root)
        _again(play, name, root)
    _corners(play, roots["box"])


def _refused(play: Play, stage: Stage) -> None:
    for member in ("CopyFrom", "CopyTo"):
        for path in BAD_PATHS:
            _ask(play, "box", member, (path, "/srv/x"), "bad source")
            _ask(play, "box", member, ("/srv/copies/tree/plain", path), "bad destination")
        _ask(play, "box", member, ("", "/srv/x"), "bad source")
        for flags in BAD_FLAGS:
            words = ("/srv/copies/tree/plain", "/srv/x", flags)
            play.machine("box", f"{member}WithFlags", "sst", *words, why="unknown flags")
            play.manager(f"{member}MachineWithFlags", "ssst", "box", *words, why="unknown flags")
        _ask(play, "box", member, ("/srv/no-such", "/srv/x"), "no such source")
        _ask(play, "box", member, ("/srv/no-such/file", "/srv/x"), "no such source")
        there = "/srv/copies/tree/plain" if member == "CopyTo" else "/etc/os-release"
        _ask(play, "box", member, (there, "/srv/no-such/x"), "no folder for it")
        file = "/etc/os-release/x" if member == "CopyTo" else f"{HERE}/tree/plain/x"
        _ask(play, "box", member, (there, file), "a file for a folder")
    for name in ("holed", "short"):
        stage.odd(name)
        for member in ("CopyFrom", "CopyTo"):
            _ask(play, name, member, ("/etc/hostname", "/srv/x"), "no simple shift")
        stage.stop(name)
    play.look("nothing came of it", sorted(path.name for path in Path("/srv").glob("x*")))


def _ask(play: Play, name: str, member: str, words: tuple[str, ...], why: str) -> None:
    play.machine(name, member, "ss", *words, who=ALL_THREE, why=why)
    play.manager(f"{member}Machine", "sss", name, *words, who=ALL_THREE, why=why)
    play.machine(name, f"{member}WithFlags", "sst", *words, 1, why=why)
    play.manager(f"{member}MachineWithFlags", "ssst", name, *words, 1, why=why)


def _in(play: Play, name: str, root: Path) -> None:
    copies = root / "srv/copies"
    words = (str(HERE / "tree"), "/srv/copies/tree")
    play.machine(name, "CopyTo", "ss", *words, who="nobody", why="not allowed")
    play.manager("CopyToMachine", "sss", name, *words, who="nobody", why="not allowed")
    play.machine(name, "CopyTo", "ss", str(HERE / "tree"), "/srv/copies/tree", who="trusted")
    play.look("a tree in it", told(copies / "tree"))
    for thing in ("plain", "link", "fifo", "holed", "null", "socket"):
        play.manager("CopyToMachine", "sss", name, f"{HERE}/tree/{thing}", f"/srv/copies/{thing}", who="root")
        play.look(f"{thing} in it", told(copies / thing))
    words = (f"{HERE}/tree/plain", "/srv/copies/plain")
    _ask_existing(play, name, "CopyTo", words)
    (copies / "plain").write_text("changed\n")
    play.manager("CopyToMachine", "sss", name, *words, who="root", why="exists")
    play.look("plain in it", told(copies / "plain"))
    play.machine(name, "CopyToWithFlags", "sst", *words, 1, who="root")
    play.look("plain in it", told(copies / "plain"))


def _ask_existing(play: Play, name: str, member: str, words: tuple[str, ...]) -> None:
    play.machine(name, member, "ss", *words, who=ALL_THREE, why="exists")
    play.manager(f"{member}Machine", "sss", name, *words, who=ALL_THREE, why="exists")
    play.machine(name, f"{member}WithFlags", "sst", *words, 0, why="exists")
    play.manager(f"{member}MachineWithFlags", "ssst", name, *words, 0, why="exists")


def _out(play: Play, name: str, root: Path) -> None:
    source = root / "srv/source"
    grow(source)
    back = HERE / f"back-{name}"
    fresh(back)
    words = ("/srv/source", f"{back}/tree")
    play.machine(name, "CopyFrom", "ss", *words, who="nobody", why="not allowed")
    play.manager("CopyFromMachine", "sss", name, *words, who="nobody", why="not allowed")
    play.machine(name, "CopyFrom", "ss", "/srv/source", f"{back}/tree", who="trusted")
    play.look("a tree out of it", told(back / "tree"))
    for thing in ("plain", "link", "fifo", "holed", "null"):
        play.manager("CopyFromMachine", "sss", name, f"/srv/source/{thing}", f"{back}/{thing}", who="root")
        play.look(f"{thing} out of it", told(back / thing))
    words = ("/srv/source/plain", f"{back}/plain")
    _ask_existing(play, name, "CopyFrom", words)
    (back / "plain").write_text("changed\n")
    play.manager("CopyFromMachineWithFlags", "ssst", name, *words, 1, who="root")
    play.look("plain out of it", told(back / "plain"))


def _again(play: Play, name: str, root: Path) -> None:
    """A tree over one that is there."""
    copy = root / "srv/copies/tree"
    (copy / "plain").write_text("mine\n")
    (copy / "own").write_text("own\n")
    (copy / "empty").unlink()
    (copy / "link").unlink()
    (copy / "link").mkdir()
    shutil.rmtree(copy / "folder")
    (copy / "folder").write_text("no folder\n")
    copy.chmod(0o700)
    words = (str(HERE / "tree"), "/srv/copies/tree")
    play.machine(name, "CopyTo", "ss", *words, who="root")
    play.look("the tree in it", told(copy))
    play.machine(name, "CopyToWithFlags", "sst", *words, 1, who="root")
    play.look("the tree in it", told(copy))


def _corners(play: Play, root: Path) -> None:
    copies = root / "srv/copies"
    here = f"{HERE}/tree/plain"
    for source, destination in (
        (here, "/srv/copies/../copies/odd"),
        (here, "/srv/copies//odd2"),
        (f"{HERE}/../copies/tree/plain", "/srv/copies/odd3"),
        (here, "/srv/copies/odd4/"),
        (f"{HERE}/tree/folder/", "/srv/copies/odd5"),
        (f"{HERE}/tree/folder/.", "/srv/copies/odd6"),
        (here, "/srv/copies"),
        (here, "/"),
        (here, "/srv/copies/folder/.."),
        (f"{HERE}/tree/plain/", "/srv/copies/odd7"),
    ):
        play.machine("box", "CopyTo", "ss", source, destination, who="root")
    play.look("what came of it", [line.partition(" ")[0] for line in told(copies) if line.startswith("odd")])
    (root / "srv/here").symlink_to("copies")
    (root / "srv/away").symlink_to(f"/proc/1/root{HERE}")
    (root / "srv/abroad").symlink_to(str(HERE))
    for folder in ("here", "away", "abroad"):
        play.machine("box", "CopyTo", "ss", here, f"/srv/{folder}/by-{folder}", who="root")
    found = [str(path) for path in HERE.glob("by-*")] + [f"in {path.name}" for path in copies.glob("by-*")]
    play.look("what came of links", sorted(found))
    play.machine("box", "CopyTo", "ss", f"{HERE}/tree/folder", "", who="root")
    play.look("to the same path", told(root / str(HERE / "tree/folder")[1:])[:2])
