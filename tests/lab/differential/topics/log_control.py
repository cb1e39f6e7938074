"""How much the service logs and where to: `org.freedesktop.LogControl1` (org.freedesktop.LogControl1(5))."""

from __future__ import annotations

from tests.lab.differential.player.marshalling import Typed
from tests.lab.differential.player.playing import ALL_THREE, LOG_CONTROL, PROPERTIES, Play
from tests.lab.differential.player.stage import Stage

LOG = "org.freedesktop.LogControl1"


def play(play: Play, stage: Stage) -> None:
    """Ask and set."""
    _set(play, "LogLevel", "loud", "no such level")
    _set(play, "LogLevel", "", "no such level")
    _set(play, "LogLevel", "8", "no such level")
    _set(play, "LogTarget", "moon", "no such target")
    _set(play, "LogTarget", "", "no such target")
    for level in ("emerg", "debug", "5", "info"):
        _set(play, "LogLevel", level)
        play.call(LOG_CONTROL, PROPERTIES, "Get", "ss", (LOG, "LogLevel"), who="root")
    for target in ("console", "null", "auto"):
        _set(play, "LogTarget", target)
        play.call(LOG_CONTROL, PROPERTIES, "Get", "ss", (LOG, "LogTarget"), who="root")
    for key in ("LogLevel", "LogTarget"):
        play.call(
            LOG_CONTROL,
            PROPERTIES,
            "Set",
            "ssv",
            (LOG, key, Typed("u", 7)),
            who=ALL_THREE,
            why="value of another type",
        )
    play.call(
        LOG_CONTROL,
        PROPERTIES,
        "Set",
        "ssv",
        (LOG, "SyslogIdentifier", Typed("s", "x")),
        why="read-only property",
    )


def _set(play: Play, key: str, value: str, why: str = "") -> None:
    play.call(LOG_CONTROL, PROPERTIES, "Set", "ssv", (LOG, key, Typed("s", value)), who=ALL_THREE, why=why)
