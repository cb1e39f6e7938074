"""machinectl starts machines, ends them, and has them started at boot."""

from __future__ import annotations

import signal

from tests.service.clients.marks import works_unchanged
from tests.support.demo_service import DemoService, wait_until


def running(demo: DemoService) -> set[str]:
    """The machines that are listed."""
    text = demo.ask("machinectl", "list", "--no-legend", "--max-addresses=1")
    return {line.split()[0] for line in text.splitlines()}


def shown(demo: DemoService, machine: str, name: str) -> str:
    """A property of a machine."""
    return demo.ask("machinectl", "show", "-p", name, "--value", machine).strip()


@works_unchanged
def test_start_waits_for_the_jobs(demo: DemoService) -> None:
    demo.ask("machinectl", "start", "scratch", "db-primary-archive", "web-1")
    assert {"scratch", "db-primary-archive", "web-1"} <= running(demo)
    assert shown(demo, "scratch", "Unit") == "systemd-nspawn@scratch.service"
    wait_until(lambda: shown(demo, "scratch", "State") == "running", "scratch is up")


@works_unchanged
def test_a_start_that_fails_is_told(demo: DemoService) -> None:
    words = demo.refused("machinectl", "start", "fedora-test")
    assert "Job for systemd-nspawn@fedora-test.service failed" in words
    assert shown(demo, "fedora-test", "Class") == "vm"


def test_a_machine_that_fails_soon_after_its_start_is_gone(demo: DemoService) -> None:
    demo.ask("machinectl", "start", "crm-import")
    wait_until(lambda: "crm-import" not in running(demo), "crm-import failed")
    unit = "systemd-nspawn@crm-import.service"
    wait_until(
        lambda: demo.run("systemctl", "is-failed", unit, check=False).returncode == 0, "its unit failed"
    )
    assert unit in demo.ask("systemctl", "list-units", "--failed", "--plain")


@works_unchanged
def test_poweroff_reboot_terminate_and_kill(demo: DemoService) -> None:
    was = {name: shown(demo, name, "Leader") for name in ("metrics", "db-replica")}
    demo.ask("machinectl", "poweroff", "web-1")
    demo.ask("machinectl", "terminate", "web-2", "ldap", "qemu-5-gateway")
    demo.ask("machinectl", "reboot", "metrics")
    # systemd takes SIGHUP and lives on, nothing survives SIGKILL
    demo.ask("machinectl", "kill", "--kill-who=leader", "--signal=SIGHUP", "db-replica")
    demo.ask("machinectl", "kill", "--signal=SIGKILL", "statsd-relay", "cache")
    gone = {"web-1", "web-2", "ldap", "qemu-5-gateway", "statsd-relay", "cache"}
    wait_until(lambda: not gone & running(demo), "all are gone")

    def leader_of_metrics() -> str:
        done = demo.run("machinectl", "show", "-p", "Leader", "--value", "metrics", check=False)
        return done.stdout.strip()

    wait_until(lambda: leader_of_metrics() not in {"", was["metrics"]}, "metrics is back")
    assert shown(demo, "db-replica", "Leader") == was["db-replica"]
    assert shown(demo, "db-replica", "State") == "running"


def test_a_machine_that_shuts_down_is_closing(demo: DemoService) -> None:
    demo.ask("machinectl", "terminate", "db-primary")
    assert shown(demo, "db-primary", "State") == "closing"


def test_a_machine_can_be_started_again(demo: DemoService) -> None:
    first = shown(demo, "edge-proxy", "TimestampMonotonic")
    demo.ask("machinectl", "kill", f"--signal={int(signal.SIGKILL)}", "edge-proxy")
    wait_until(lambda: "edge-proxy" not in running(demo), "edge-proxy is gone")
    demo.ask("machinectl", "start", "edge-proxy")
    assert int(shown(demo, "edge-proxy", "TimestampMonotonic")) > int(first)


@works_unchanged
def test_enable_and_disable(demo: DemoService) -> None:
    link = "/etc/systemd/system/machines.target.wants/systemd-nspawn@scratch.service"
    assert f"Created symlink {link}" in demo.run("machinectl", "enable", "scratch", "router-disk").stderr
    assert demo.ask("systemctl", "is-enabled", "systemd-nspawn@scratch.service") == "enabled\n"
    assert link in demo.run("machinectl", "disable", "scratch").stderr
    assert demo.run("systemctl", "is-enabled", "systemd-nspawn@scratch.service", check=False).returncode == 1
    assert demo.ask("systemctl", "is-enabled", "systemd-nspawn@router-disk.service") == "enabled\n"
