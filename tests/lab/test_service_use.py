"""Our service on real systemd hosts in use: real clients, rights, the log, and how it starts."""

from __future__ import annotations

import pytest

from tests.lab.host import LabHost
from tests.lab.images import (
    MANAGER,
    add_image,
    await_machine,
    layered,
    machine_names,
    machine_property,
    sleeper,
    start_machine,
)
from tests.lab.lives import BUS_ERROR, call, is_active, nothing_registered, refusal, state_file, written
from tests.lab.own_service import SERVICE, own
from tests.lab.place import wait_until

__all__ = ["nothing_registered", "own"]

pytestmark = pytest.mark.lab()

LAYER = """
mkdir -p /run/byhand
mount -t tmpfs -o mode=755 tmpfs /run/byhand
cd /run/byhand
mkdir --mode=755 upper work root
mount -t overlay -o lowerdir=/opt/lab-tree,upperdir=upper,workdir=work overlay root
"""


def test_nspawn_by_hand_has_a_scope_of_its_own(own: LabHost) -> None:
    own.ask("sh", "-ec", LAYER)
    words = ["systemd-nspawn", "--quiet", "--machine=by-hand", "--directory=/run/byhand/root", "--as-pid2"]
    try:
        with own.running(*words, "sleep", "infinity") as nspawn:
            wait_until(lambda: "by-hand" in machine_names(own), "it is listed")
            unit = r"machine-by\x2dhand.scope"
            assert machine_property(own, "by-hand", "Unit") == unit
            wait_until(lambda: machine_property(own, "by-hand", "State") == "running", "it runs")
            assert own.ask("systemctl", "show", "--value", "--property=Controller", unit).startswith(":1.")
            own.ask("machinectl", "terminate", "by-hand")
            nspawn.wait(20)
        wait_until(lambda: written(own) == set(), "it is forgotten")
        assert not is_active(own, unit)
    finally:
        own.ask("umount", "/run/byhand/root", "/run/byhand")


def test_nspawn_that_keeps_its_unit(own: LabHost) -> None:
    with layered(own, "swift"):
        assert machine_property(own, "swift", "Service") == "systemd-nspawn"
        assert machine_property(own, "swift", "Unit") == "lab-layered-swift.service"
    assert written(own) == set()


@pytest.mark.promise("machinectl, systemctl -M and loginctl -M work on our service")
def test_a_booted_machine_and_its_clients(own: LabHost) -> None:
    add_image(own, "web")
    start_machine(own, "web")
    unit = "systemd-nspawn@web.service"
    listed = own.ask("machinectl", "list", "--no-legend", "--no-pager").split()
    assert listed[:3] == ["web", "container", "systemd-nspawn"]
    status = own.ask("machinectl", "status", "--no-pager", "web")
    leader = machine_property(own, "web", "Leader")
    for words in (f"Leader: {leader} (systemd)", "systemd-nspawn; class container", f"Unit: {unit}"):
        assert words in status
    shown = own.ask("machinectl", "show", "web").splitlines()
    assert {"Name=web", "Class=container", "State=running", f"Unit={unit}"} < set(shown)
    assert own.ask("systemctl", "--machine=web", "is-active", "multi-user.target") == "active"
    assert "No sessions" in own.run("loginctl", "--machine=web", "--no-pager", check=False).stdout
    assert "web" in own.ask("systemctl", "list-machines", "--no-legend", "--no-pager")
    assert state_file(own, "web")["NETIF"].isdigit()
    own.ask("machinectl", "kill", "--kill-who=leader", "--signal=SIGCONT", "web")
    own.ask("machinectl", "reboot", "web")

    def is_anew() -> bool:
        show = ["machinectl", "show", "--property=Leader", "--value", "web"]
        return own.run(*show, check=False).stdout.strip() not in {leader, ""}

    wait_until(is_anew, "it was started anew")
    await_machine(own, "web")
    own.ask("machinectl", "poweroff", "web")
    wait_until(lambda: machine_names(own) == [] and not is_active(own, unit), "it is off")
    assert written(own) == set()


def test_what_is_mounted_in_a_machine_does_not_show_on_the_host(own: LabHost) -> None:
    """Also below a folder that was bound into it from a shared mount, as all are on a systemd host."""
    own.ask("mkdir", "/run/shown")
    with layered(own, "lodger"):
        assert call(own, "BindMountMachine", "sssbb", "lodger", "/run/shown", "/mnt", "false", "false") == []
        leader = machine_property(own, "lodger", "Leader")
        own.ask("nsenter", f"--target={leader}", "--mount", "mount", "-t", "tmpfs", "inner", "/mnt")
        assert "inner" in own.ask("cat", f"/proc/{leader}/mountinfo")
        assert "/run/shown" not in own.ask("cat", "/proc/self/mountinfo")


# Rights


def test_others_than_root_register_nothing(own: LabHost) -> None:
    own.add_user("ann")
    register = ["RegisterMachine", "sayssus", "x", "0", "", "container", "5", ""]
    assert refusal(own, *register, user="ann") == f"{BUS_ERROR}.AccessDenied"
    assert call(own, "ListMachines", user="ann")
    assert refusal(own, "TerminateMachine", "s", "nobody", user="ann").endswith(".NoSuchMachine")
    level = ["/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", "LogLevel", "s", "debug"]
    said = own.run("busctl", "set-property", MANAGER[0], *level, user="ann", check=False)
    assert "denied" in said.stderr.lower()


RULE = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.machine1.manage-machines" && subject.user == "bob"
        && action.lookup("machine") == "mine" && action.lookup("verb") == "kill") {
        return polkit.Result.YES;
    }
});
"""


@pytest.mark.promise("polkit decides what others than root may do, and hears of what it is about")
def test_polkit_decides(own: LabHost) -> None:
    own.add_user("bob")
    with sleeper(own, "mine"), sleeper(own, "theirs"):
        kill = ["KillMachine", "ssi"]
        needed = f"{BUS_ERROR}.InteractiveAuthorizationRequired"
        assert refusal(own, *kill, "mine", "all", "18", user="bob") == needed
        assert refusal(own, *kill, "mine", "nonsense", "18", user="bob") == f"{BUS_ERROR}.InvalidArgs"
        rules = own.root / "etc/polkit-1/rules.d/10-lab.rules"
        rules.write_text(RULE)
        rules.chmod(0o644)
        own.ask("systemctl", "restart", "polkit.service")
        assert call(own, *kill, "mine", "all", "18", user="bob") == []
        assert refusal(own, *kill, "theirs", "all", "18", user="bob") == needed
        assert refusal(own, "TerminateMachine", "s", "mine", user="bob") == needed
        rules.unlink()


def test_without_polkit_root_alone_may_do_what_needs_it(own: LabHost) -> None:
    own.add_user("carl")
    activation = own.root / "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service"
    text = activation.read_text()
    activation.unlink()
    reload = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig"]
    try:
        own.ask("busctl", "call", *reload)
        own.ask("systemctl", "stop", "polkit.service")
        with sleeper(own, "mine"):
            denied = f"{BUS_ERROR}.AccessDenied"
            assert refusal(own, "KillMachine", "ssi", "mine", "all", "18", user="carl") == denied
            assert call(own, "KillMachine", "ssi", "mine", "all", "18") == []
    finally:
        activation.write_text(text)
        own.ask("busctl", "call", *reload)


def test_the_level_of_the_log_can_be_changed(own: LabHost) -> None:
    assert own.ask("systemctl", "service-log-level", SERVICE) == "info"
    own.ask("systemctl", "service-log-level", SERVICE, "debug")
    assert own.ask("systemctl", "service-log-level", SERVICE) == "debug"
    own.ask("systemctl", "service-log-level", SERVICE, "info")
    assert own.ask("systemctl", "service-log-target", SERVICE) == "auto"


# Starting


def started(own: LabHost, *options: str, user: str | None = None, **environment: str) -> tuple[int, str]:
    """The exit code and the words of a second service that ends by itself."""
    words = own.ask("systemctl", "show", "--value", "--property=ExecStart", SERVICE)
    command = words.split("argv[]=")[1].split(" ;")[0].split()
    said = own.run(*command, *options, user=user, check=False, **environment)
    assert "Traceback" not in said.stderr
    return said.returncode, said.stderr


def test_a_second_service_is_refused(own: LabHost) -> None:
    code, words = started(own)
    assert (code, "is in use" in words) == (1, True)
    assert call(own, "ListMachines")


def test_it_says_what_is_missing(own: LabHost) -> None:
    own.add_user("eve")
    code, words = started(own, user="eve")
    assert (code, "run this as root" in words) == (1, True)
    code, words = started(own, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere")
    assert (code, "cannot connect to unix:path=/nowhere" in words) == (1, True)
    code, words = started(own, "--state-dir", "/no/such/folder")
    assert (code, "/no/such/folder" in words) == (1, True)


def children(host: LabHost, pid: str) -> str:
    """The children of a process of a host."""
    return host.ask("cat", f"/proc/{pid}/task/{pid}/children")


BARE = "mount -t tmpfs none /run && exec sleep infinity"
"""A machine of a few namespaces over the host's own root, without a bus or a service manager."""


@pytest.mark.promise("A shell in a machine without a service manager can gain rights, as sudo does")
@pytest.mark.parametrize("forgoes", [False, True])
def test_a_shell_that_is_entered_directly_is_not_held_to_what_the_service_forbids_itself(
    own: LabHost, forgoes: bool
) -> None:
    """Unless the machine's first process has forgone that."""
    setting = ["--property=NoNewPrivileges=yes"] if forgoes else []
    namespaces = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--mount-proc"]
    kill = "--property=KillSignal=SIGKILL"  # the first process of a namespace takes no other
    start = ["systemd-run", "--quiet", "--collect", "--unit=bare.service", kill, *setting]
    own.ask(*start, *namespaces, "sh", "-c", BARE)
    first = own.ask("systemctl", "show", "--value", "--property=MainPID", "bare.service")
    try:
        wait_until(lambda: bool(children(own, first)), "its first process is there")
        leader = children(own, first)
        wait_until(lambda: own.ask("cat", f"/proc/{leader}/comm").strip() == "sleep", "it is there")
        call(own, "RegisterMachine", "sayssus", "bare", "0", "", "container", leader, "")
        script = "grep NoNewPrivs /proc/self/status; cat /proc/1/comm; tty"
        # Its input stays open: machinectl takes the end of that for the end of the terminal
        with own.running("machinectl", "shell", "--quiet", "root@bare", "/bin/sh", "-c", script) as shell:
            assert shell.stdout is not None
            said = shell.stdout.read().split()
        assert said == ["NoNewPrivs:", "1" if forgoes else "0", "sleep", said[3]]
        assert said[3].startswith("/dev/pts/")
        listed = ("systemctl", "list-units", "--all", "--no-legend", "machine-shell-*")
        wait_until(lambda: not own.ask(*listed), "the unit that started it is gone")
    finally:
        own.ask("systemctl", "stop", "bare.service")
    wait_until(lambda: "bare" not in machine_names(own), "it is no longer listed")
