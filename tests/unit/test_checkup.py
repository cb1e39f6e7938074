"""`machinedeck doctor`: each check, on hosts that lack one thing or another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from machined.contract import MACHINE1
from machinedeck.bus.census import Census, Unit
from machinedeck.cli.doctor import can_work, examine, run_doctor
from machinedeck.model.failure import Failure, Kind
from machinedeck.sources.checkup.finding import (
    NSPAWN_VERSION,
    TMUX_CLIPBOARD,
    Finding,
    State,
    Surroundings,
)
from machinedeck.sources.checkup.host import file_system

NAMES = frozenset({MACHINE1, "org.freedesktop.PolicyKit1", "org.freedesktop.import1"})
UNIT = "/usr/lib/systemd/system/systemd-machined.service"
FILES = {
    "run/systemd/system/.here": "",
    "usr/lib/systemd/systemd-machined": "",
    UNIT[1:]: "[Service]\nExecStart=/usr/lib/systemd/systemd-machined\n",
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids\n",
    "sys/fs/cgroup/cgroup.subtree_control": "cpu io memory pids\n",
    "proc/self/ns/.here": "",
    "proc/sys/user/max_user_namespaces": "15000\n",
    "proc/self/mountinfo": "25 1 8:1 / / rw - ext4 /dev/a rw\n"
    "26 25 0:30 / /var/lib/machines rw shared:1 - btrfs /dev/b rw\n",
}
SOUND = {
    "bus": "the system bus answers",
    "service": "systemd-machined of systemd 257.9 serves machines (process 97, systemd-machined.service)",
    "polkit": "polkit decides what users other than root may do",
    "agent": "pkttyagent asks in the terminal",
    "importd": "systemd-importd is started when it is asked for",
    "nspawn": "systemd-nspawn 257",
    "accounting": "cpu, io, memory, pids of units are counted",
    "user-namespaces": "containers can have users of their own",
    "pool": "/var/lib/machines is on btrfs: snapshots and limits work",
    "term": "xterm-256color",
    "locale": "UTF-8",
    "clipboard": "OSC 52 reaches the terminal; whether it takes it, only the terminal knows",
}


def unit(load_state: str = "loaded", fragment: str = UNIT) -> Unit:
    return Unit("systemd-machined.service", load_state, fragment)


@pytest.fixture
def sound(tmp_path: Path) -> Surroundings:
    """A host that lacks nothing."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    command = ("/usr/lib/systemd/systemd-machined",)
    return Surroundings(
        root=tmp_path,
        environment={"TERM": "xterm-256color", "LANG": "C.UTF-8"},
        census=Census(names=NAMES, systemd="257.9", pid=97, command=command, unit=unit()),
        release={"ID": "debian"},
        is_root=False,
        programs=frozenset({"systemd-nspawn", "pkttyagent"}),
        answers={NSPAWN_VERSION: "systemd 257 (257.9-1~deb13u1)\n+PAM"},
    )


def one(surroundings: Surroundings, name: str) -> Finding:
    """What one check finds."""
    return next(finding for check, finding in examine(surroundings) if check.name == name)


def test_a_host_that_lacks_nothing(sound: Surroundings) -> None:
    findings = examine(sound)
    assert {check.name: finding.text for check, finding in findings} == SOUND
    assert {finding.state for _, finding in findings} == {State.OK}
    assert not any(finding.mend for _, finding in findings)
    assert can_work(findings)


@pytest.mark.parametrize(
    ("path", "text", "check", "state", "words", "mend"),
    [
        ("sys/fs/cgroup/cgroup.controllers", None, "accounting", "missing", "no control groups", ""),
        (
            "sys/fs/cgroup/cgroup.controllers",
            "cpu pids",
            "accounting",
            "limited",
            "not count io, memory",
            "unif",
        ),
        ("sys/fs/cgroup/cgroup.subtree_control", "memory pids", "accounting", "limited", "cpu, io", "CPUAcc"),
        ("proc/sys/user/max_user_namespaces", "0\n", "user-namespaces", "missing", "switched off", "sysctl"),
        ("proc/sys/user/max_user_namespaces", None, "user-namespaces", "missing", "kernel has no", ""),
        ("proc/self/mountinfo", None, "pool", "limited", "cannot be told", ""),
        (
            "proc/self/mountinfo",
            "25 1 8:1 / / rw - ext4 /dev/a rw",
            "pool",
            "limited",
            "on ext4",
            "mkfs.btrfs",
        ),
    ],
)
def test_files_of_the_kernel(
    sound: Surroundings, path: str, text: str | None, check: str, state: str, words: str, mend: str
) -> None:
    if text is None:
        (sound.root / path).unlink()
    else:
        (sound.root / path).write_text(text)
    finding = one(sound, check)
    assert finding.state == state
    assert words in finding.text
    assert mend in finding.mend
    assert bool(mend) is bool(finding.mend)
    assert can_work(examine(sound))


def test_version_1_of_control_groups(sound: Surroundings) -> None:
    (sound.root / "sys/fs/cgroup/cgroup.controllers").unlink()
    (sound.root / "sys/fs/cgroup/memory").mkdir()
    finding = one(sound, "accounting")
    assert finding.state is State.LIMITED
    assert "unified_cgroup_hierarchy" in finding.mend


def test_no_bus(sound: Surroundings) -> None:
    lost = replace(sound, census=Census(Failure(Kind.NO_BUS, "It is gone.")))
    finding = one(lost, "bus")
    assert finding == (
        State.MISSING,
        "It is gone. The system's message bus does not answer.",
        "systemctl start dbus.socket",
    )
    assert {one(lost, name).state for name in ("polkit", "importd")} == {State.LIMITED}
    assert one(lost, "service").state is State.MISSING
    assert not can_work(examine(lost))


@pytest.mark.parametrize(
    ("census", "state", "words", "mend"),
    [
        (
            Census(names=NAMES, unit=unit(), systemd="257"),
            "ok",
            "systemd 257 is started when it is asked",
            "",
        ),
        (Census(names=NAMES, unit=unit("masked", "")), "missing", "is masked", "systemctl unmask --now"),
        (Census(names=NAMES, unit=unit("not-found", "")), "missing", "not running", "systemctl start"),
        (Census(unit=unit("not-found", "")), "missing", "not running", "systemctl start"),
        (Census(names=NAMES), "ok", "is started when it is asked for", ""),
        (
            Census(names=NAMES, pid=9, command=("/opt/m/bin/python", "-I", "-m", "machined", "--system")),
            "ok",
            "The service of machinedeck, run by /opt/m/bin/python, serves machines (process 9)",
            "",
        ),
        (Census(names=NAMES, pid=9, command=("/opt/other",)), "ok", "/opt/other, which is neither", ""),
        (Census(names=NAMES, pid=9), "ok", "does not show its command serves machines (process 9)", ""),
        (Census(names=NAMES, pid=9, unit=unit(), systemd="252"), "ok", "systemd-machined of systemd 252", ""),
    ],
)
def test_who_serves_machines(sound: Surroundings, census: Census, state: str, words: str, mend: str) -> None:
    host = replace(sound, census=census)
    finding = one(host, "service")
    assert finding.state == state
    assert words in finding.text
    assert finding.mend.startswith(mend)
    assert bool(mend) is bool(finding.mend)
    assert can_work(examine(host)) is (state == "ok")


def test_our_unit_that_was_not_started_yet(sound: Surroundings) -> None:
    (sound.root / UNIT[1:]).write_text("[Service]\nExecStart=/opt/m/bin/python -I -m machined --system\n")
    host = replace(sound, census=Census(names=NAMES, unit=unit()))
    assert one(host, "service").text == (
        "The service of machinedeck, run by /opt/m/bin/python, is started when it is asked for"
    )


def test_no_systemd_machined_at_all(sound: Surroundings) -> None:
    (sound.root / "usr/lib/systemd/systemd-machined").unlink()
    finding = one(replace(sound, census=Census()), "service")
    assert finding.mend == "apt install systemd-container"


@pytest.mark.parametrize(
    ("check", "lacks", "mend"),
    [
        ("polkit", {"census": Census()}, "apt install polkitd"),
        ("importd", {"census": Census()}, "apt install systemd-container"),
        ("nspawn", {"programs": frozenset()}, "apt install systemd-container"),
        ("agent", {"programs": frozenset()}, "apt install polkitd"),
    ],
)
def test_packages_that_are_missing(
    sound: Surroundings, check: str, lacks: dict[str, object], mend: str
) -> None:
    finding = one(replace(sound, **lacks), check)  # type: ignore[arg-type]
    assert (finding.state, finding.mend) == (State.MISSING, mend)


def test_root_needs_no_agent(sound: Surroundings) -> None:
    assert one(replace(sound, is_root=True, programs=frozenset()), "agent").state is State.OK


def test_a_nspawn_that_does_not_answer(sound: Surroundings) -> None:
    assert one(replace(sound, answers={NSPAWN_VERSION: None}), "nspawn").state is State.LIMITED


@pytest.mark.parametrize(
    ("environment", "answer", "check", "state", "mend"),
    [
        ({}, None, "term", "limited", "export TERM"),
        ({"TERM": "dumb"}, None, "term", "limited", "export TERM"),
        ({"LANG": "C"}, None, "locale", "limited", "export LC_ALL"),
        ({"TERM": "linux"}, None, "clipboard", "missing", ""),
        ({"TERM": "screen.xterm", "STY": "1.pts"}, None, "clipboard", "limited", "tmux"),
        ({"TERM": "screen-256color"}, None, "clipboard", "limited", "tmux set-option"),
        ({"TERM": "tmux", "TMUX": "/tmp/x,1,0"}, "external\n", "clipboard", "limited", "tmux set-option"),
        ({"TERM": "tmux", "TMUX": "/tmp/x,1,0"}, None, "clipboard", "limited", "tmux set-option"),
        ({"TERM": "tmux", "TMUX": "/tmp/x,1,0"}, "on\n", "clipboard", "ok", ""),
    ],
)
def test_terminals(
    sound: Surroundings, environment: dict[str, str], answer: str | None, check: str, state: str, mend: str
) -> None:
    host = replace(sound, environment=environment, answers={TMUX_CLIPBOARD: answer})
    finding = one(host, check)
    assert finding.state == state
    assert finding.mend.startswith(mend)
    assert can_work(examine(host))


@pytest.mark.parametrize(
    ("mounts", "kind"),
    [
        ("", ""),
        ("nonsense\n25 1 - \n", ""),
        ("1 1 8:1 / / rw - ext4 a rw\n2 1 8:2 / /var rw - xfs b rw", "xfs"),
        ("1 1 8:1 / / rw - ext4 a rw\n2 1 8:2 / /var/lib/machines2 rw - xfs b rw", "ext4"),
        ("1 1 8:1 / /var rw - ext4 a rw\n2 1 8:2 / /var rw - btrfs b rw", "btrfs"),
        ("1 1 8:1 / / rw - ext4 a rw\n2 1 8:2 / /var\\040x rw - xfs b rw", "ext4"),
    ],
)
def test_the_file_system_of_a_path(mounts: str, kind: str) -> None:
    assert file_system(mounts, "/var/lib/machines") == kind


def test_what_machines_say_reaches_no_terminal(sound: Surroundings) -> None:
    hostile = replace(sound, environment={"TERM": "x\x1b]0;y\x07"})
    assert "\x1b" not in one(hostile, "term").text


@pytest.mark.promise("doctor prints what is missing, with the command that mends it", where="bare host")
def test_what_is_printed(
    sound: Surroundings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def look_around(_address: str) -> Surroundings:
        return replace(sound, census=Census(systemd="257"))

    monkeypatch.setattr("machinedeck.cli.doctor.look_around", look_around)
    assert run_doctor("unix:path=/none", is_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("missing  polkit "))
    assert lines[at + 1].strip() == "mend it: apt install polkitd"
    assert lines[-1].startswith("The console cannot work here yet")
    assert run_doctor("unix:path=/none", is_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["works"] is False
    assert [check["check"] for check in told["checks"]] == list(SOUND)
    assert set(told["checks"][0]) == {"check", "needed", "state", "text", "mend"}
