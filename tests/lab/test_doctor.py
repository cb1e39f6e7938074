"""`machinedeck doctor` on real hosts: it tells what is there, and changes nothing by asking."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.place import wait_until

pytestmark = pytest.mark.lab()

UNIT = "systemd-machined.service"
USER = "visitor"


@pytest.fixture(scope="module", autouse=True)
def visitor(deck: LabHost) -> None:
    """A user who is not root."""
    deck.add_user(USER)


def doctor(host: LabHost, user: str | None = None) -> tuple[int, dict[str, dict[str, Any]]]:
    """Its exit code, and its findings by name."""
    done: subprocess.CompletedProcess[str] = host.run(
        "machinedeck", "doctor", "--json", check=False, user=user, TERM="xterm-256color"
    )
    assert done.stderr == ""
    return done.returncode, {check["check"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.mark.promise("doctor tells who serves machines, in which version, and starts nobody by asking")
@pytest.mark.parametrize("user", [None, USER])
def test_systemd_machined(deck: LabHost, user: str | None) -> None:
    deck.ask("systemctl", "stop", UNIT)
    code, checks = doctor(deck, user)
    assert code == 0
    assert checks["service"]["text"].startswith(f"systemd-machined of systemd {deck.version}")
    assert checks["service"]["text"].endswith("is started when it is asked for")
    assert deck.ask("systemctl", "show", "--value", "--property=ActiveState", UNIT) == "inactive"
    deck.ask("machinectl", "list")
    code, checks = doctor(deck, user)
    pid = deck.ask("systemctl", "show", "--value", "--property=MainPID", UNIT)
    assert code == 0
    assert checks["service"]["text"].endswith(f"serves machines (process {pid}, {UNIT})")


def test_the_rest_is_there(deck: LabHost) -> None:
    _, checks = doctor(deck, USER)
    there = ("bus", "polkit", "agent", "importd", "user-namespaces", "term", "locale", "clipboard")
    assert {name: checks[name]["state"] for name in there} == dict.fromkeys(there, "ok")
    assert checks["nspawn"]["text"] == f"systemd-nspawn {deck.version}"
    assert checks["pool"]["state"] == "limited"


def test_masked(deck: LabHost) -> None:
    deck.ask("systemctl", "stop", UNIT)
    deck.ask("systemctl", "mask", UNIT)
    try:
        code, checks = doctor(deck)
        mend = checks["service"]["mend"]
        assert (code, checks["service"]["state"]) == (1, "missing")
        deck.ask(*mend.replace("--now ", "").split())
        assert doctor(deck)[0] == 0
    finally:
        deck.run("systemctl", "unmask", UNIT, check=False)


def test_no_bus(deck: LabHost) -> None:
    deck.ask("systemctl", "stop", "dbus.socket", "dbus.service")
    try:
        code, checks = doctor(deck, USER)
        assert (code, checks["bus"]["state"]) == (1, "missing")
        assert checks["bus"]["mend"] == "systemctl start dbus.socket"
    finally:
        deck.ask("systemctl", "start", "dbus.socket")
    # The systemd of the host comes back to the bus by itself, a little later
    wait_until(lambda: doctor(deck)[1]["service"]["text"].startswith("systemd-machined"), "all is told again")
