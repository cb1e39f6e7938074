"""What fits no image: signatures, names, objects, interfaces and properties."""

from __future__ import annotations

from tests.lab.differential.members import OF_AN_IMAGE, OF_THE_POOL
from tests.lab.differential.player.marshalling import Typed
from tests.lab.differential.player.playing import MANAGER, PROPERTIES, Play, image_path
from tests.lab.differential.player.pools import Pool
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.player.watching import SERVICE

IMAGE = f"{SERVICE}.Image"
BAD_NAMES = ("", ".", "..", "a/b", ".#x", "\x01", "x" * 256)


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Ask for everything wrongly."""
    pool.directory("dir")
    pool.seen()
    for member in OF_AN_IMAGE:
        play.manager(member.on_manager, "u", 7, why="wrong signature")
        for name in BAD_NAMES:
            play.manager(member.on_manager, f"s{member.signature}", name, *member.values, why="bad name")
        play.manager(
            member.on_manager, f"s{member.signature}", "no-such", *member.values, why="no such image"
        )
        if member.on_machine:
            play.image("dir", member.on_machine, "v", Typed("s", "x"), why="wrong signature")
            for name in ("no-such", "a/b"):
                play.image(name, member.on_machine, member.signature, *member.values, why="unknown object")
    for member in OF_THE_POOL:
        play.manager(member.on_manager, "asas", [], [], why="wrong signature")
    for limit in (1 << 63, (1 << 64) - 2):
        play.manager("SetPoolLimit", "t", limit, why="bad size")
        play.manager("SetImageLimit", "st", "dir", limit, why="bad size")
        play.image("dir", "SetLimit", "t", limit, why="bad size")
    for mode in ("", "ALL", "hidden ", "none"):
        play.manager("CleanPool", "s", mode, why="bad mode")
    _generic(play)


def _generic(play: Play) -> None:
    path = image_path("dir")
    for interface in (IMAGE, PROPERTIES):
        play.call(path, interface, "NoSuchMember", why="unknown member")
    for words, why in (
        ((IMAGE, "NoSuch"), "unknown property"),
        (("org.example.NoSuch", "Name"), "unknown interface"),
    ):
        play.call(path, PROPERTIES, "Get", "ss", words, why=why)
        play.call(path, PROPERTIES, "Set", "ssv", (*words, Typed("s", "x")), why=why)
    play.call(path, PROPERTIES, "GetAll", "s", ("org.example.NoSuch",), why="unknown interface")
    play.call(path, PROPERTIES, "GetAll", "s", ("",))
    play.call(path, PROPERTIES, "Set", "ssv", (IMAGE, "Name", Typed("s", "x")), why="read-only property")
    play.call(path, PROPERTIES, "Set", "ssv", (IMAGE, "Limit", Typed("t", 1)), why="read-only property")
    play.call(path, PROPERTIES, "Get", "s", ("Name",), why="wrong signature")
    play.call(path, PROPERTIES, "GetAll", "", (), why="wrong signature")
    play.call(path, PROPERTIES, "Set", "sss", (IMAGE, "Name", "x"), why="wrong signature")
    for member, signature, words in (
        ("Get", "ss", (IMAGE, "Name")),
        ("GetAll", "s", (IMAGE,)),
        ("Set", "ssv", (IMAGE, "Name", Typed("s", "x"))),
    ):
        play.call(image_path("no-such"), PROPERTIES, member, signature, words, why="unknown object")
    manager = (f"{SERVICE}.Manager", "PoolLimit", Typed("t", 1))
    play.call(MANAGER, PROPERTIES, "Set", "ssv", manager, why="read-only property")
