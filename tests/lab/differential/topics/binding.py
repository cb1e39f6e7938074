"""Files and folders of the host, mounted into running machines."""

from __future__ import annotations

from pathlib import Path

from tests.lab.differential.player.playing import ALL_THREE, EVERYBODY, Play
from tests.lab.differential.player.stage import Stage, fresh, tool

SOURCE = Path("/srv/bound")
BAD_PATHS = ("relative", "./x", "/srv/../etc", "/srv/./bound", "/srv//bound", "~", "")


def play(play: Play, stage: Stage) -> None:
    """Mount what can be mounted, and what cannot."""
    leader = stage.have("box")
    root = Path(f"/proc/{leader}/root")
    fresh(SOURCE)
    (SOURCE / "folder").mkdir()
    (SOURCE / "folder/inside").write_text("inside\n")
    (SOURCE / "file").write_text("file\n")
    (SOURCE / "link").symlink_to("folder")
    tool("mkfifo", str(SOURCE / "fifo"))
    _refused(play, stage)
    for where in ("there", "read-only"):
        (root / "srv" / where).mkdir()
    (root / "srv/a-file").touch()
    folder, file = f"{SOURCE}/folder", f"{SOURCE}/file"
    _bind(play, root, folder, "/srv/there", False, False)
    _bind(play, root, folder, "/srv/read-only", True, False)
    _bind(play, root, file, "/srv/a-file", True, False, who=("nobody", "trusted"))
    _bind(play, root, folder, "/srv/made/deep", False, True)
    _bind(play, root, file, "/srv/made/a-file", False, True)
    _bind(play, root, f"{SOURCE}/link", "/srv/by-link", False, True)
    _bind(play, root, f"{SOURCE}/fifo", "/srv/a-fifo", False, True)
    _bind(play, root, folder, "", False, True)
    _bind(play, root, folder, "/srv/there", True, False, why="mounted twice")
    _bind(play, root, folder, "/srv/none", False, False, why="no such destination")
    _bind(play, root, folder, "/srv/a-file", False, False, why="folder over file")
    _bind(play, root, file, "/srv/there", False, False, why="file over folder")
    _bind(play, root, f"{SOURCE}/none", "/srv/there", False, False, why="no such source")
    (root / "srv/outside").symlink_to("/proc/1/root/srv/there")
    (root / "srv/up").symlink_to("../../../../srv/there")
    _bind(play, root, folder, "/srv/up", False, False)
    play.look("what waits to be mounted", _left("box"))


def _refused(play: Play, stage: Stage) -> None:
    for path in BAD_PATHS:
        _ask(play, "box", (path, "/srv/there", False, False), "bad source")
        if path:
            _ask(play, "box", (f"{SOURCE}/folder", path, False, False), "bad destination")
    stage.have("mapped")
    _ask(play, "mapped", (f"{SOURCE}/folder", "/srv/there", False, True), "user namespace")
    stage.sleeper("plain")
    _ask(play, "plain", (f"{SOURCE}/folder", "/srv/plain", False, True), "no root of its own")
    play.look("no folder was made", sorted(path.name for path in Path("/srv").glob("plain*")))
    stage.stop("plain")


def _ask(play: Play, name: str, words: tuple[object, ...], why: str) -> None:
    play.machine(name, "BindMount", "ssbb", *words, who=ALL_THREE, why=why)
    play.manager("BindMountMachine", "sssbb", name, *words, who=ALL_THREE, why=why)


def _bind(
    play: Play, root: Path, *words: object, who: tuple[str, ...] = EVERYBODY, why: str = "not allowed"
) -> None:
    play.machine("box", "BindMount", "ssbb", *words, who=who, why=why)
    play.look("mounts in it", _mounts(root, str(words[1] or words[0])))
    if why == "not allowed":
        play.manager("BindMountMachine", "sssbb", "box", *words, who="nobody", why=why)
    else:
        play.manager("BindMountMachine", "sssbb", "box", *words, who=who, why=why)
        play.look("mounts in it", _mounts(root, str(words[1] or words[0])))


def _mounts(root: Path, where: str) -> list[str]:
    """The mounts at a place, with what is mounted and how, and who owns what was made for it."""
    found = []
    for line in (root / "proc/1/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        _, _, _, source, place, options, *_ = before.split(" ")
        if place == where or (place.startswith("/srv/there") and "there" in where):
            found.append(f"{source} at {place}, {options}, {after.split(' ')[0]}")
    top = root / where.lstrip("/")
    for path in (top, top.parent):
        if path.exists():
            status = path.stat()
            found.append(
                f"{path.relative_to(root)} mode {status.st_mode:o} owner {status.st_uid}:{status.st_gid}"
            )
    return found


def _left(name: str) -> list[str]:
    folder = Path(f"/run/systemd/nspawn/propagate/{name}")
    return [path.name for path in folder.iterdir()]
