"""What machinectl shows of machines, and how it takes being refused."""

from __future__ import annotations

import json
import re

import pytest

from tests.service.clients.marks import works_unchanged
from tests.support.demo_service import DemoService

RESTLESS = "build-runner-7"
"""It comes and goes by itself."""


def rows(text: str) -> dict[str, list[str]]:
    """The rows of a table by their first cell."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}


@works_unchanged
def test_list(still: DemoService) -> None:
    text = still.ask("machinectl", "list", "--max-addresses=1")
    header, *lines = text.splitlines()
    assert header.split() == ["MACHINE", "CLASS", "SERVICE", "OS", "VERSION", "ADDRESSES"]
    table = rows("\n".join(lines[:-2]))
    assert table["web-1"] == ["container", "systemd-nspawn", "debian", "13", "10.43.0.11…"]
    assert table["cache"] == ["container", "systemd-nspawn", "alpine", "3.22.1", "10.43.1.9…"]
    assert table["edge-proxy"] == ["container", "systemd-nspawn", "debian", "13", "-"]
    assert table["statsd-relay"] == ["container", "systemd-nspawn", "-", "-", "10.43.0.41"]
    assert table["qemu-3-accounting"] == ["vm", "libvirt-qemu", "-", "-", "-"]
    assert table["fedora-test"] == ["vm", "systemd-vmspawn", "-", "-", "-"]
    assert lines[-1] == f"{len(table)} machines listed."
    assert len(table.keys() - {RESTLESS}) == 16
    assert list(table) == sorted(table)


def test_list_of_all_with_every_address(still: DemoService) -> None:
    text = still.ask("machinectl", "list", "--all", "--max-addresses=all", "--no-legend")
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == [".host", "host", "-", "debian", "13", "192.0.2.10"]
    at = next(number for number, line in enumerate(lines) if line[0] == "db-primary")
    assert [lines[at][-1], *lines[at + 1], *lines[at + 2]] == [
        "10.43.1.5",
        "fd43:0:1::5",
        "fe80::90d4:51ff:fe0a:c105",
    ]


def test_list_in_json(still: DemoService) -> None:
    listed = {row["machine"]: row for row in json.loads(still.ask("machinectl", "-o", "json", "list"))}
    web = listed["web-2"]
    assert (web["class"], web["service"], web["os"], web["version"]) == (
        "container",
        "systemd-nspawn",
        "debian",
        "13",
    )
    assert web["addresses"].splitlines() == ["10.43.0.12", "2001:db8:4f:43::12", "fe80::90d4:51ff:fe0a:b112"]
    assert listed["qemu-5-gateway"]["os"] is None


def test_status_of_a_container(still: DemoService) -> None:
    text = still.ask("machinectl", "status", "web-1")
    for line in (
        r"web-1\([0-9a-f]{32}\)",
        r"\s+Since: \w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; 1 week 5 days ago",
        r"\s+Service: systemd-nspawn; class container",
        r"\s+Root: /var/lib/machines/web-1",
        r"\s+Iface: \d+",
        r"\s+Address: 10\.43\.0\.11",
        r"\s+OS: Debian GNU/Linux 13 \(trixie\)",
        r"\s+Unit: systemd-nspawn@web-1\.service",
    ):
        assert re.search(rf"^{line}$", text, re.MULTILINE), (line, text)
    leader = re.search(r"Leader: (\d+)", text)
    assert leader
    assert f"{leader[1]} /sbin/init" in text
    assert "nginx: worker process" in text


def test_status_of_a_shifted_container_and_of_a_virtual_machine(still: DemoService) -> None:
    text = still.ask("machinectl", "status", "cache", "qemu-3-accounting")
    assert "UID Shift: 1310720" in text
    assert "Service: libvirt-qemu; class vm" in text
    assert r"Unit: machine-qemu\x2d3\x2daccounting.scope" in text
    assert "/usr/bin/qemu-system-x86_64 -name guest=accounting" in text


def test_status_of_the_host(still: DemoService) -> None:
    text = still.ask("machinectl", "status", ".host")
    assert "Class: host" in text
    assert "Leader: 1" in text
    assert "Unit: -.slice" in text
    assert "OS: Debian GNU/Linux 13 (trixie)" in text


def test_show(still: DemoService) -> None:
    shown = dict(line.split("=", 1) for line in still.ask("machinectl", "show", "web-1").splitlines())
    assert re.fullmatch(r"[0-9a-f]{32}", shown.pop("Id"))
    assert re.fullmatch(r"\w{3} \d{4}-.* UTC", shown.pop("Timestamp"))
    assert shown.pop("TimestampMonotonic").isdigit()
    assert shown.pop("Leader").isdigit()
    for name in ("VSockCID", "NetworkInterfaces"):  # newer clients show them, or not
        shown.pop(name, None)
    assert shown == {
        "Name": "web-1",
        "Service": "systemd-nspawn",
        "Unit": "systemd-nspawn@web-1.service",
        "Class": "container",
        "RootDirectory": "/var/lib/machines/web-1",
        "State": "running",
    }


def test_show_of_the_pool(still: DemoService) -> None:
    shown = dict(line.split("=", 1) for line in still.ask("machinectl", "show").splitlines())
    assert shown["PoolPath"] == "/var/lib/machines"
    assert int(shown["PoolUsage"]) > 190 << 30
    assert int(shown["PoolLimit"]) == 250 << 30


def test_states_of_machines_that_come_and_go(demo: DemoService) -> None:
    states = demo.ask("machinectl", "show", "-p", "State", "--value", "mail", "legacy-shop", "db-primary")
    assert states.split() == ["opening", "closing", "running"]


REFUSALS = {
    "status nope": "No machine 'nope' known",
    "show nope": "No machine 'nope' known",
    "poweroff nope": "No machine 'nope' known",
    "terminate nope": "No machine 'nope' known",
    "kill nope": "No machine 'nope' known",
    "shell nope": "No machine 'nope' known",
    "login nope": "No machine 'nope' known",
    "bind nope /srv": "No machine 'nope' known",
    "copy-from nope /etc/hostname /x": "No machine 'nope' known",
    "image-status nope": "No image 'nope' known",
    "show-image nope": "No image 'nope' known",
    "remove nope": "No image 'nope' known",
    "rename nope other": "No image 'nope' known",
    "clone nope other": "No image 'nope' known",
    "read-only nope": "No image 'nope' known",
    "set-limit nope 1G": "No image 'nope' known",
    "start nope": "Machine image 'nope' does not exist.",
    "enable nope": "Machine image 'nope' does not exist.",
    "start .base-debian-12": "Invalid machine name .base-debian-12.",
    "clone web-1 a/b": "Image name 'a/b' is invalid.",
    "clone web-1 db-primary": "File exists",
    "rename scratch web-1": "File exists",
    "rename db-primary other": "Device or resource busy",
    "remove web-1": "Device or resource busy",
    "remove .host": "Read-only file system",
    "rename .host other": "Read-only file system",
    "read-only .host": "Read-only file system",
    "set-limit .host 1G": "Read-only file system",
    "set-limit scratch 1G": "not supported",
    "terminate .host": "The host itself cannot be terminated",
    "kill .host": "The host itself cannot be sent signals",
    "kill --kill-who=nobody web-1": "Invalid kill parameter 'nobody'",
    "shell qemu-3-accounting": "Opening a shell is only supported on container machines.",
    "login qemu-3-accounting": "Opening a login prompt is only supported on container machines.",
    "copy-to qemu-3-accounting /etc/hostname /x": "Copying files is only supported on container machines.",
    "bind qemu-3-accounting /srv": "Bind mounting is only supported on container machines.",
    "shell cache": "Machine cache has no system bus.",
    "login statsd-relay": "Machine statsd-relay has no system bus.",
    "copy-from web-1 /nowhere /x": "No such file or directory",
    "copy-to web-1 /etc/hostname": "File exists",
    "list-transfers": "org.freedesktop.import1",
}


@works_unchanged
@pytest.mark.parametrize("words", REFUSALS)
def test_refusals_are_told(still: DemoService, words: str) -> None:
    assert REFUSALS[words] in still.refused("machinectl", *words.split())
