"""The tools and libraries for message buses, at our objects."""

from __future__ import annotations

import json
import os
import re

from dbus_next.aio import MessageBus

from machined.contract import MACHINE1, MACHINE_INTERFACE, MANAGER_INTERFACE, MANAGER_PATH, SYSTEMD1
from tests.service.clients.marks import works_unchanged
from tests.support.demo_service import DemoService, wait_until

MANAGER = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
WEB = (MACHINE1, f"{MANAGER_PATH}/machine/web_2d1", MACHINE_INTERFACE)


# busctl


@works_unchanged
def test_busctl_lists_our_names(still: DemoService) -> None:
    rows = [line.split() for line in still.ask("busctl", "list", "--acquired", "--no-legend").splitlines()]
    owned = {row[0]: int(row[1]) for row in rows}
    assert owned == dict.fromkeys(("org.freedesktop.DBus", MACHINE1, SYSTEMD1), still.pid)


@works_unchanged
def test_busctl_shows_the_tree(still: DemoService) -> None:
    paths = still.ask("busctl", "tree", "--list", MACHINE1).split()
    assert {
        "/org/freedesktop/LogControl1",
        "/org/freedesktop/machine1/machine/_2ehost",
        "/org/freedesktop/machine1/machine/web_2d1",
        "/org/freedesktop/machine1/image/_2ehost",
        "/org/freedesktop/machine1/image/b_c3_bcro_2dvorlage",
    } <= set(paths)
    units = still.ask("busctl", "tree", "--list", SYSTEMD1).split()
    assert "/org/freedesktop/systemd1/unit/systemd_2dnspawn_40web_2d1_2eservice" in units


@works_unchanged
def test_busctl_introspects(still: DemoService) -> None:
    lines = [line.split() for line in still.ask("busctl", "introspect", *MANAGER[:2]).splitlines()]
    members = {line[0]: line[1:4] for line in lines}
    assert members[".OpenMachineShell"] == ["method", "sssasas", "hs"]
    assert members[".ListImages"] == ["method", "-", "a(ssbttto)"]
    assert members[".MachineNew"][:2] == ["signal", "so"]
    assert members[".PoolPath"][:2] == ["property", "s"]
    of_web = still.ask("busctl", "introspect", *WEB[:2])
    assert re.search(r'\.Name\s+property\s+s\s+"web-1"\s+const', of_web)


@works_unchanged
def test_busctl_calls_and_reads(still: DemoService) -> None:
    reply = still.ask("busctl", "call", *MANAGER, "GetMachine", "s", "web-1")
    assert reply == 'o "/org/freedesktop/machine1/machine/web_2d1"\n'
    reply = still.ask("busctl", "--json=short", "call", *MANAGER, "GetMachineAddresses", "s", "legacy-shop")
    assert json.loads(reply) == {"type": "a(iay)", "data": [[[2, [10, 43, 0, 80]]]]}
    both = still.ask("busctl", "get-property", *WEB, "Name", "State")
    assert both == 's "web-1"\ns "running"\n'
    assert still.ask("busctl", "get-property", *MANAGER, "PoolPath") == 's "/var/lib/machines"\n'


def test_busctl_reads_fields_of_systems(still: DemoService) -> None:
    reply = still.ask("busctl", "--json=short", "call", *MANAGER, "GetMachineOSRelease", "s", "metrics")
    [fields] = json.loads(reply)["data"]
    assert (fields["ID"], fields["VERSION_ID"]) == ("ubuntu", "24.04")


def test_busctl_gets_descriptors(still: DemoService) -> None:
    reply = still.ask("busctl", "call", *MANAGER, "OpenMachinePTY", "s", "web-1")
    assert re.fullmatch(r'hs \d+ "/dev/pts/\d+"\n', reply)
    reply = still.ask("busctl", "call", *WEB, "OpenShell", "ssasas", "root", "/bin/true", "0", "0")
    assert re.fullmatch(r'hs \d+ "/dev/pts/\d+"\n', reply)


@works_unchanged
def test_busctl_is_refused(still: DemoService) -> None:
    said = still.refused("busctl", "call", *MANAGER, "GetMachine", "s", "nope")
    assert said == "Call failed: No machine 'nope' known\n"
    assert "Nothing" in still.refused("busctl", "call", *MANAGER, "Nothing")
    said = still.refused("busctl", "set-property", *MANAGER, "PoolPath", "s", "/x")
    assert "PoolPath" in said
    nowhere = (MACHINE1, f"{MANAGER_PATH}/machine/nope", MACHINE_INTERFACE)
    assert "no object" in still.refused("busctl", "call", *nowhere, "Terminate")


def test_busctl_tells_who_we_are(still: DemoService) -> None:
    lines = dict(
        line.split("=", 1) for line in still.ask("busctl", "status", MACHINE1).splitlines() if "=" in line
    )
    assert (int(lines["PID"]), int(lines["EUID"])) == (still.pid, os.geteuid())
    assert lines["UniqueName"].startswith(":1.")


@works_unchanged
def test_busctl_monitors_us(demo: DemoService) -> None:
    with demo.watch("busctl", "monitor", MACHINE1) as monitor:
        monitor.until("Monitoring bus message stream")
        demo.ask("busctl", "call", *MANAGER, "KillMachine", "ssi", "web-2", "leader", "9")
        monitor.until("Member=KillMachine")
        monitor.until("Member=MachineRemoved")


# gdbus


@works_unchanged
def test_gdbus_calls(still: DemoService) -> None:
    where = ("-d", MACHINE1, "-o", MANAGER_PATH)
    reply = still.ask("gdbus", "call", "--system", *where, "-m", f"{MANAGER_INTERFACE}.GetImage", "ldap")
    assert reply == "(objectpath '/org/freedesktop/machine1/image/ldap',)\n"
    said = still.refused("gdbus", "call", "--system", *where, "-m", f"{MANAGER_INTERFACE}.GetImage", "nope")
    assert f"GDBus.Error:{MACHINE1}.NoSuchImage: No image 'nope' known" in said


@works_unchanged
def test_gdbus_introspects(still: DemoService) -> None:
    text = still.ask("gdbus", "introspect", "--system", "-d", MACHINE1, "-o", WEB[1])
    assert "readonly s Name = 'web-1';" in text
    assert '@org.freedesktop.DBus.Property.EmitsChangedSignal("false")\n      readonly s State' in text
    everything = still.ask("gdbus", "introspect", "--system", "-r", "-d", MACHINE1, "-o", MANAGER_PATH)
    assert "node /org/freedesktop/machine1/image/web_2d1 {" in everything


@works_unchanged
def test_gdbus_waits_and_monitors(demo: DemoService) -> None:
    def is_over() -> bool:
        state = demo.run("systemctl", "is-active", "systemd-nspawn@scratch.service", check=False).stdout
        listed = demo.ask("machinectl", "list", "--no-legend").split()
        return state.strip() in {"failed", "inactive"} and "scratch" not in listed

    demo.ask("gdbus", "wait", "--system", "--timeout", "10", MACHINE1)
    with demo.watch("gdbus", "monitor", "--system", "-d", MACHINE1) as monitor:
        monitor.until(f"The name {MACHINE1} is owned by")
        for _ in range(2):  # it says so before it lets the signals of the owner in
            demo.ask("machinectl", "start", "scratch")
            demo.ask("machinectl", "kill", "--signal=SIGKILL", "scratch")
            wait_until(is_over, "scratch is gone and can be started again")
        path = "'/org/freedesktop/machine1/machine/scratch'"
        monitor.until(f"{MANAGER_PATH}: {MANAGER_INTERFACE}.MachineNew ('scratch', objectpath {path})")
        monitor.until(f"{MANAGER_PATH}: {MANAGER_INTERFACE}.MachineRemoved ('scratch', objectpath {path})")


# dbus-send and dbus-monitor


@works_unchanged
def test_dbus_send(still: DemoService) -> None:
    to = ("--system", "--print-reply", f"--dest={MACHINE1}", MANAGER_PATH)
    text = still.ask("dbus-send", *to, f"{MANAGER_INTERFACE}.ListMachines")
    assert 'object path "/org/freedesktop/machine1/machine/web_2d1"' in text
    text = still.ask("dbus-send", *to, f"{MANAGER_INTERFACE}.OpenMachinePTY", "string:web-1")
    assert "file descriptor" in text
    said = still.refused("dbus-send", *to, f"{MANAGER_INTERFACE}.GetMachine", "string:nope")
    assert said.strip() == f"Error {MACHINE1}.NoSuchMachine: No machine 'nope' known"


@works_unchanged
def test_dbus_monitor(demo: DemoService) -> None:
    with demo.watch("dbus-monitor", "--system", f"interface='{MANAGER_INTERFACE}'") as monitor:
        monitor.until("member=NameLost")
        demo.ask("machinectl", "kill", "--signal=SIGKILL", "web-2")
        monitor.until("member=MachineRemoved")
        assert "member=KillMachine" in monitor.seen
        assert 'string "web-2"' in monitor.until('object path "/org/freedesktop/machine1/machine/web_2d2"')


# dbus-next, without our wire


@works_unchanged
async def test_dbus_next_through_proxies(still: DemoService) -> None:
    bus = await MessageBus(bus_address=still.address, negotiate_unix_fd=True).connect()
    try:
        described = await bus.introspect(MACHINE1, MANAGER_PATH)
        manager = bus.get_proxy_object(MACHINE1, MANAGER_PATH, described).get_interface(MANAGER_INTERFACE)
        machines = await manager.call_list_machines()
        assert ["web-1", "container", "systemd-nspawn", WEB[1]] in machines
        assert await manager.get_pool_path() == "/var/lib/machines"
        described = await bus.introspect(MACHINE1, WEB[1])
        web = bus.get_proxy_object(MACHINE1, WEB[1], described).get_interface(MACHINE_INTERFACE)
        assert (await web.get_name(), await web.get_state()) == ("web-1", "running")
        fd, path = await web.call_open_pty()
        assert os.isatty(fd)
        assert path.startswith("/dev/pts/")
        os.close(fd)
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()
        bus._sock.close()
