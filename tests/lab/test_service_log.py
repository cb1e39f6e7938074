"""Where our log goes on a real host, as `LogTarget` has it."""

from __future__ import annotations

import json

import pytest

from tests.lab.host import LabHost
from tests.lab.images import sleeper
from tests.lab.own_service import own
from tests.lab.place import wait_until

__all__ = ["own"]

pytestmark = pytest.mark.lab()

OBJECT = ("org.freedesktop.machine1", "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1")


@pytest.mark.promise("The log goes where LogTarget says, as busctl and systemctl service-log-target set it")
@pytest.mark.parametrize(
    ("target", "transport"),
    [
        ("journal", "journal"),
        ("syslog", "syslog"),
        ("console", "stdout"),
        ("console-prefixed", "stdout"),
        ("auto", "journal"),
    ],
)
def test_lines_come_by_the_way_that_was_chosen(own: LabHost, target: str, transport: str) -> None:
    own.ask("busctl", "set-property", *OBJECT, "LogTarget", "s", target)
    name = f"logged-{target}"
    with sleeper(own, name):
        pass

    def ways() -> set[tuple[str, str]]:
        said = own.ask("journalctl", "--output=json", "--no-pager", "--identifier=systemd-machined")
        lines = [json.loads(line) for line in said.splitlines()]
        return {
            (line["_TRANSPORT"], line["PRIORITY"])
            for line in lines
            if line["MESSAGE"] == f"New machine {name}."
        }

    wait_until(lambda: bool(ways()), "the line is in the journal")
    assert ways() == {(transport, "6")}
