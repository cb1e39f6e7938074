"""Addresses of machines."""

from __future__ import annotations

from tests.lab.differential.player.playing import EVERYBODY, Play
from tests.lab.differential.player.stage import Stage, tool

ADDRESSES = (
    ("ve0", "192.0.2.7/24"),
    ("ve0", "192.0.2.3/24"),
    ("ve0", "169.254.3.4/16", "scope", "link"),
    ("ve0", "10.9.9.9", "peer", "10.9.9.1/32"),
    ("ve0", "192.0.2.9/24", "preferred_lft", "0", "valid_lft", "forever"),
    ("ve0", "127.5.5.5/32", "scope", "host"),
    ("ve1", "192.0.2.7/24"),
    ("ve1", "203.0.113.1/24"),
    ("ve0", "2001:db8::7/64", "nodad"),
    ("ve0", "2001:db8::dead/64", "nodad", "preferred_lft", "0", "valid_lft", "forever"),
    ("ve0", "fe80::7/64", "nodad"),
    ("ve0", "fec0::7/64", "nodad"),
    ("ve1", "2001:db8::1/64", "nodad"),
)


def play(play: Play, stage: Stage) -> None:
    """Ask for them as they change."""
    leader = stage.have("box")
    inside = ("nsenter", f"--target={leader}", "--net", "ip")
    _ask(play, "box")
    tool(*inside, "link", "add", "ve0", "type", "veth", "peer", "ve1")
    for link in ("ve0", "ve1"):
        tool(*inside, "link", "set", link, "addrgenmode", "none", "up")
    for link, address, *words in ADDRESSES:
        tool(*inside, "address", "add", address, "dev", link, *words)
        _ask(play, "box", who="root")
    _ask(play, "box")
    tool(*inside, "address", "flush", "dev", "ve0")
    _ask(play, "box")
    tool(*inside, "link", "delete", "ve0")
    _ask(play, "box")
    stage.have("bare")
    _ask(play, "bare", "no network of its own")
    stage.sleeper("plain")
    _ask(play, "plain", "no network of its own")
    stage.stop("plain")
    tool("ip", "address", "add", "198.51.100.5/32", "dev", "lo")
    _ask(play, ".host")
    tool("ip", "address", "delete", "198.51.100.5/32", "dev", "lo")


def _ask(play: Play, name: str, why: str = "", who: str | tuple[str, ...] = EVERYBODY) -> None:
    play.machine(name, "GetAddresses", why=why, who=who)
    play.manager("GetMachineAddresses", "s", name, why=why, who=who)
