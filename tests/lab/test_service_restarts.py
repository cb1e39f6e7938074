"""Our service on real systemd hosts, restarted and killed: what becomes of machines and of callers."""

from __future__ import annotations

import json

import pytest

from tests.lab.host import LabHost
from tests.lab.images import machine_names, machine_property, sleeper
from tests.lab.lives import (
    BUS_ERROR,
    STATES,
    call,
    creating,
    is_active,
    nothing_registered,
    slow_unit,
    state_file,
    written,
)
from tests.lab.own_service import SERVICE, kill_service, own, service_pid
from tests.lab.place import wait_until

__all__ = ["nothing_registered", "own"]

pytestmark = pytest.mark.lab()


@pytest.mark.promise("Machines outlive the service: restarted or killed, it takes them up again")
@pytest.mark.parametrize("end", ["restart", "kill"])
def test_machines_outlive_the_service(own: LabHost, end: str) -> None:
    with sleeper(own, "kept"), sleeper(own, "left"):
        before = {key: machine_property(own, "kept", key) for key in ("Timestamp", "Id", "Leader", "Unit")}
        own.ask("systemctl", "stop", "--no-block", SERVICE) if end == "restart" else None
        if end == "restart":
            wait_until(lambda: service_pid(own) == 0, "the service has ended")
        else:
            own.ask("systemctl", "kill", "--signal=STOP", SERVICE)
        own.ask("systemctl", "stop", "lab-sleeper-left.service")
        if end == "restart":
            own.ask("systemctl", "start", SERVICE)
        else:
            kill_service(own)
        assert sorted(machine_names(own)) == ["kept"]
        assert written(own) == {"kept", "unit:lab-sleeper-kept.service"}
        after = {key: machine_property(own, "kept", key) for key in before}
        assert after == before
        assert machine_property(own, "kept", "State") == "running"


def test_machines_are_told_of_again_after_a_restart(own: LabHost) -> None:
    with sleeper(own, "kept"):
        own.ask("systemctl", "restart", SERVICE)
        wanted = ["MESSAGE_ID=24d8d4452573402496068381a6312df2", "NAME=kept"]
        own.ask("journalctl", "--sync")
        said = own.ask("journalctl", "--output=json", "--no-pager", *wanted)
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["MESSAGE"] for line in lines[-2:]] == ["New machine kept.", "New machine kept."]
        assert lines[-1]["PRIORITY"] == "6"


def test_a_create_that_is_cut_off_is_answered_and_the_machine_comes_up(own: LabHost) -> None:
    with (
        slow_unit(own, "slow-cut") as unit,
        creating(own, "cut", "After", "as", json.dumps([unit])) as caller,
    ):
        assert caller.line()[0] == "MachineNew"
        kill_service(own)
        rest = [caller.line(), caller.line()]
        assert ["error", f"{BUS_ERROR}.NoReply"] in rest
        assert machine_property(own, "cut", "State") == "opening"
        own.ask("touch", "/run/slow-cut.go")
        wait_until(lambda: machine_property(own, "cut", "State") == "running", "it is up")
        assert "SCOPE_JOB" not in state_file(own, "cut")


def test_a_create_that_is_cut_off_before_its_job_is_known_comes_up(own: LabHost) -> None:
    """What is on disk is what is written before the scope is asked for; PID 1 has its job in the queue."""
    with (
        slow_unit(own, "slow-ahead") as unit,
        creating(own, "ahead", "After", "as", json.dumps([unit])) as caller,
    ):
        assert caller.line()[0] == "MachineNew"
        own.ask("systemctl", "kill", "--signal=STOP", SERVICE)
        own.ask("sed", "-i", "/^SCOPE_JOB=/d", f"{STATES}/ahead")
        kill_service(own)
        assert machine_property(own, "ahead", "State") == "opening"
        assert "SCOPE_JOB" in state_file(own, "ahead")
        own.ask("touch", "/run/slow-ahead.go")
        wait_until(lambda: is_active(own, "machine-ahead.scope"), "its scope is up")
        wait_until(lambda: machine_property(own, "ahead", "State") == "running", "it is up")
        assert "SCOPE_JOB" not in state_file(own, "ahead")


def test_a_scope_that_starts_while_nobody_serves_is_running_afterwards(own: LabHost) -> None:
    with (
        slow_unit(own, "slow-off") as unit,
        creating(own, "off", "After", "as", json.dumps([unit])) as caller,
    ):
        assert caller.line()[0] == "MachineNew"
        own.ask("systemctl", "stop", SERVICE)
        assert caller.line() == ["error", "org.freedesktop.systemd1.JobFailed"]
        own.ask("touch", "/run/slow-off.go")
        wait_until(lambda: is_active(own, "machine-off.scope"), "its scope is up")
        own.ask("systemctl", "start", SERVICE)
        assert machine_property(own, "off", "State") == "running"
        assert "SCOPE_JOB" not in state_file(own, "off")


def test_a_termination_that_is_cut_off_goes_on(own: LabHost) -> None:
    script = "trap : TERM; touch /run/trap; while :; do sleep 0.1; [ -e /run/trap.go ] && exit; done"
    own.ask("systemd-run", "--quiet", "--collect", "--unit=stubborn.service", "sh", "-c", script)
    wait_until(lambda: own.run("test", "-e", "/run/trap", check=False).returncode == 0, "it is there")
    leader = own.ask("systemctl", "show", "--value", "--property=MainPID", "stubborn.service")
    assert call(own, "RegisterMachine", "sayssus", "stubborn", "0", "", "container", leader, "")
    assert call(own, "TerminateMachine", "s", "stubborn") == []
    assert machine_property(own, "stubborn", "State") == "closing"
    assert "SCOPE_JOB" in state_file(own, "stubborn")
    kill_service(own)
    assert machine_names(own) == ["stubborn"]
    own.ask("touch", "/run/trap.go")
    wait_until(lambda: machine_names(own) == [] and written(own) == set(), "it is gone")


def test_what_an_earlier_life_left_half_done_is_tidied_up(own: LabHost) -> None:
    with sleeper(own, "kept"):
        own.ask("systemctl", "stop", SERVICE)
        for name in (".#half", "not_a_name"):
            (own.root / STATES[1:] / name).write_text("x")
        (own.root / STATES[1:] / "broken").write_text("NAME=broken\nCLASS=container\nLEADER=many\n")
        (own.root / STATES[1:] / "ghost").write_text("NAME=ghost\nCLASS=vm\nLEADER=4\nSCOPE=ghost.scope\n")
        (own.root / STATES[1:] / "unit:ghost.scope").symlink_to("ghost")
        (own.root / STATES[1:] / "unit:nobody.scope").symlink_to("nobody")
        own.ask("systemctl", "start", SERVICE)
        assert machine_names(own) == ["kept"]
        assert written(own) == {"kept", "unit:lab-sleeper-kept.service", "not_a_name", "broken"}
        own.ask("rm", f"{STATES}/not_a_name", f"{STATES}/broken")


def test_pid_1_may_read_its_units_anew_or_execute_itself_anew(own: LabHost) -> None:
    for verb in ("daemon-reload", "daemon-reexec"):
        with sleeper(own, "steady"):
            own.ask("systemctl", verb)
            assert machine_names(own) == ["steady"]
        assert written(own) == set()  # sleeper saw it go, so we are told of units still


def test_a_lost_bus_ends_the_service_and_systemd_starts_it_again(own: LabHost) -> None:
    with sleeper(own, "kept"):
        before = service_pid(own)
        own.ask("systemctl", "restart", "dbus.service")
        wait_until(lambda: service_pid(own) not in {0, before} and is_active(own, SERVICE), "it is back")
        assert machine_names(own) == ["kept"]
        own.ask("journalctl", "--sync")
        said = own.ask("journalctl", "--unit", SERVICE, f"_PID={before}", "--output=cat", "--no-pager")
        assert "the message bus is lost" in said
