"""systemctl at the units of the simulated host, which machined and its clients lean on."""

from __future__ import annotations

import pytest

from tests.support.demo_service import DemoService, wait_until

WEB = "systemd-nspawn@web-1.service"


def test_list_machines_counts_the_host(still: DemoService) -> None:
    # Machines beside the host are those below /run/systemd/machines, which the simulated one has not
    lines = still.ask("systemctl", "list-machines", "--no-legend", "--plain").splitlines()
    assert [line.split()[1:3] for line in lines] == [["(host)", "degraded"]]


def test_status_of_a_machine(still: DemoService) -> None:
    text = still.ask("systemctl", "status", WEB)
    assert "systemd-nspawn@web-1.service - Container web-1" in text
    assert "Active: active (running) since" in text
    assert 'Status: "Container running: Ready."' in text
    assert "nginx: worker process" in text


def test_lists(still: DemoService) -> None:
    units = still.ask("systemctl", "list-units", "--plain", "--no-legend", "--type=service")
    rows = {line.split()[0]: line.split()[1:4] for line in units.splitlines()}
    assert rows[WEB] == ["loaded", "active", "running"]
    assert rows["systemd-nspawn@crm-import.service"] == ["loaded", "failed", "failed"]
    files = still.ask("systemctl", "list-unit-files", "--no-legend", "systemd-nspawn@*")
    assert files.split()[0] == "systemd-nspawn@.service"


def test_show(still: DemoService) -> None:
    text = still.ask("systemctl", "show", "-p", "ActiveState,SubState,Slice,ControlGroup,TasksMax", WEB)
    assert dict(line.split("=", 1) for line in text.splitlines()) == {
        "ActiveState": "active",
        "SubState": "running",
        "Slice": "machine.slice",
        "ControlGroup": f"/machine.slice/{WEB}",
        "TasksMax": "16384",
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("status nope.service", 4, "Unit nope.service could not be found."),
        ("start nope.service", 5, "Unit nope.service not found."),
        ("start systemd-nspawn@fedora-test.service", 1, "Job for systemd-nspawn@fedora-test.service failed"),
    ],
)
def test_refusals(demo: DemoService, words: str, code: int, said: str) -> None:
    assert said in demo.refused("systemctl", *words.split(), code=code)


def test_start_stop_and_restart(demo: DemoService) -> None:
    def is_active(name: str) -> str:
        return demo.run(
            "systemctl", "is-active", f"systemd-nspawn@{name}.service", check=False
        ).stdout.strip()

    demo.ask("systemctl", "start", "systemd-nspawn@scratch.service")
    assert is_active("scratch") == "active"
    demo.ask("systemctl", "stop", "--no-block", WEB)
    demo.ask("systemctl", "kill", "--signal=SIGKILL", "systemd-nspawn@web-2.service")
    wait_until(lambda: is_active("web-1") == "inactive", "web-1 stopped")
    wait_until(lambda: is_active("web-2") in {"inactive", "failed"}, "web-2 was killed")
    machines = demo.ask("machinectl", "list", "--no-legend")
    assert "scratch" in machines
    assert "web-1" not in machines
    assert "web-2" not in machines


def test_limits_of_a_machine(demo: DemoService) -> None:
    demo.ask("systemctl", "set-property", "--runtime", WEB, "MemoryMax=1G", "TasksMax=500")
    assert demo.ask("systemctl", "show", "-p", "MemoryMax,TasksMax", "--value", WEB).split() == [
        "1073741824",
        "500",
    ]
