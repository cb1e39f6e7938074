"""The lab itself: its hosts are real, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.container import Bind
from tests.lab.host import LabHost, sweep
from tests.lab.images import (
    MANAGER,
    add_image,
    add_small_image,
    layered,
    machine_addresses,
    machine_names,
    machine_property,
    run_in_machine,
    sleeper,
    start_machine,
)
from tests.lab.place import LabError, project, wait_until
from tests.lab.remains import remains

pytestmark = pytest.mark.lab()


def test_it_runs_the_systemd_of_its_release(lab: LabHost) -> None:
    assert lab.ask("systemctl", "--version").split()[1] == str(lab.version)
    assert lab.ask("systemctl", "is-system-running") == "running"


def test_it_is_a_host_of_its_own(lab: LabHost) -> None:
    assert lab.ask("hostname") == f"lab-{lab.suite}"
    assert lab.ask("cat", "/proc/1/comm") == "systemd"
    assert lab.ask("findmnt", "--noheadings", "--output=FSTYPE", "/") == "overlay"
    links = json.loads(lab.ask("ip", "-json", "link"))
    assert [link["ifname"] for link in links if link["ifname"] != "lo"] == []


def test_machined_answers_on_its_bus(lab: LabHost) -> None:
    said = json.loads(lab.ask("busctl", "--json=short", "call", *MANAGER, "ListMachines"))
    assert said["type"] == "a(ssso)"
    assert [entry[0] for entry in said["data"][0]] == [".host"]


def test_commands_run_where_its_systemd_knows_them(lab: LabHost) -> None:
    group = lab.ask("cat", "/proc/self/cgroup")
    assert "0::/system.slice/lab-exec.service" in group.splitlines()
    assert "lab-exec.service" in lab.ask("systemctl", "status", "lab-exec.service")


def test_commands_run_as_its_users(lab: LabHost) -> None:
    lab.add_user("ann")
    assert lab.ask("id", "-un", user="ann") == "ann"
    assert lab.ask("sh", "-c", "cd && pwd", user="ann") == "/home/ann"
    assert lab.run("test", "-r", "/etc/shadow", user="ann", check=False).returncode == 1


def test_a_command_that_fails_tells_what_it_said(lab: LabHost) -> None:
    with pytest.raises(LabError, match=r"ended with 2: .*cannot access '/no/such'"):
        lab.run("ls", "/no/such")


def test_a_command_that_hangs_is_ended_inside_too(lab: LabHost) -> None:
    with pytest.raises(LabError, match="did not end within"):
        lab.run("sleep", "4711", timeout=0.3)
    wait_until(lambda: lab.run("pgrep", "-f", "sleep 4711", check=False).returncode == 1, "it ended")


def test_a_command_with_pipes_is_ended_inside_too(lab: LabHost) -> None:
    with lab.running("sh", "-c", "read word; echo got $word; exec sleep 4712") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("hello\n")
        process.stdin.flush()
        assert process.stdout.readline() == "got hello\n"
    wait_until(lambda: lab.run("pgrep", "-f", "sleep 4712", check=False).returncode == 1, "it ended")


def test_an_image_boots_as_a_machine_with_an_address(lab: LabHost) -> None:
    add_image(lab, "web")
    start_machine(lab, "web", addresses=True)
    listed = {row["machine"]: row for row in json.loads(lab.ask("machinectl", "list", "--output=json"))}
    assert listed["web"]["os"] == "debian"
    assert listed["web"]["version"] == {"bookworm": "12", "trixie": "13"}[lab.suite]
    assert machine_addresses(lab, "web")
    assert lab.ask("cat", f"/proc/{machine_property(lab, 'web', 'Leader')}/uid_map").split()[1] != "0"
    assert run_in_machine(lab, "web", "hostname") == "web"
    lab.ask("systemctl", "stop", "systemd-nspawn@web.service")
    assert machine_names(lab) == []


def test_an_image_that_is_only_looked_at(lab: LabHost) -> None:
    add_small_image(lab, "tiny", VERSION_ID="7")
    said = json.loads(lab.ask("busctl", "--json=short", "call", *MANAGER, "GetImageOSRelease", "s", "tiny"))
    assert said["data"][0]["VERSION_ID"] == "7"


def test_a_sleeping_process_is_a_machine(lab: LabHost) -> None:
    with sleeper(lab, "nap", machine_class="vm") as leader:
        assert machine_property(lab, "nap", "Leader") == str(leader)
        assert machine_property(lab, "nap", "Class") == "vm"
    assert "nap" not in machine_names(lab)


@pytest.mark.parametrize("boot", [False, True])
def test_a_machine_without_an_image(lab: LabHost, boot: bool) -> None:
    with layered(lab, "swift", boot=boot):
        assert machine_property(lab, "swift", "Service") == "systemd-nspawn"
        if boot:
            assert run_in_machine(lab, "swift", "cat", "/proc/1/comm") == "systemd"
    assert "swift" not in machine_names(lab)


def test_folders_of_this_machine_show_in_it_read_only_if_so_wished(suite: str, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("seen\n")
    binds = [Bind(tmp_path, "/opt/fixed"), Bind(tmp_path, "/opt/loose", writable=True)]
    with LabHost(suite, binds=binds) as host:
        assert host.ask("cat", "/opt/fixed/note") == "seen"
        assert host.run("touch", "/opt/fixed/new", check=False).returncode == 1
        host.ask("touch", "/opt/loose/new")
    assert (tmp_path / "new").exists()


def test_a_pool_is_a_btrfs_and_its_loop_device_goes_with_the_host(suite: str) -> None:
    with LabHost(suite, pool="256M") as host:
        assert host.ask("findmnt", "--noheadings", "--output=FSTYPE", "/var/lib/machines") == "btrfs"
        assert remains(host.name)["loop devices"]
        add_small_image(host, "one")
        host.ask("machinectl", "read-only", "one", "true")
    assert remains(host.name) == {}


def test_a_host_that_is_down_leaves_nothing(suite: str) -> None:
    with LabHost(suite) as host, layered(host, "inner"):
        present = remains(host.name)
        assert len(present["processes"]) > 5
        assert present["control groups"]
        assert "mounts" not in present  # they are in a namespace of its own
        # What is left to the host to end: a machine, and a process that ignores what it is asked.
        host.ask("systemd-run", "--quiet", "sh", "-c", "trap '' TERM HUP; while :; do sleep 1; done")
        host.down()
        assert remains(host.name) == {}
        host.boot()
    assert remains(host.name) == {}


def test_a_host_whose_boot_fails_leaves_nothing(suite: str, tmp_path: Path) -> None:
    host = LabHost(suite, binds=[Bind(tmp_path / "absent", "/mnt")])
    with pytest.raises(LabError, match=r"(?s)did not boot.*absent"):
        host.boot()
    assert remains(host.name) == {}


def test_a_host_that_powers_off_by_itself_leaves_nothing(suite: str) -> None:
    with LabHost(suite) as host:
        host.run("systemctl", "poweroff", check=False)
    assert remains(host.name) == {}


def test_a_host_goes_when_its_test_run_is_killed(suite: str) -> None:
    steps = [f"host = LabHost({suite!r})", "host.boot()", "print(host.name, flush=True)", "input()"]
    words = [sys.executable, "-c", "; ".join(["from tests.lab.host import LabHost", *steps])]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=project(), stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: "processes" not in remains(name), "its processes ended", 30)
    assert remains(name) == {} or name in sweep()  # other runs of the tests sweep too
    assert remains(name) == {}
