"""The table of actions: what can be done to what, as which command, and why not."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from machinedeck.core.actions import (
    ACTIONS,
    IMAGE_ACTIONS,
    MACHINE_ACTIONS,
    POOL_ACTIONS,
    Action,
    find,
    would_go,
)
from machinedeck.core.actions.amounts import read_count, read_cpu, read_size
from machinedeck.core.store import Store
from machinedeck.model.image import Pool, Space
from machinedeck.model.limits import UNLIMITED
from machinedeck.model.machine import Machine, State
from tests.support.fake_host import image, machine


async def _store(*machines: Machine, images: tuple[str, ...] = ()) -> Store:
    store = Store()
    store.set_machines(machines)
    store.set_images(image(name) for name in images)
    return store


def _known(*machines: Machine, images: tuple[str, ...] = ()) -> Store:
    return asyncio.run(_store(*machines, images=images))


@pytest.mark.parametrize("table", [MACHINE_ACTIONS, IMAGE_ACTIONS, POOL_ACTIONS])
def test_no_key_means_two_things_in_one_pane(table: tuple[Action[Any], ...]) -> None:
    assert [key for key, count in Counter(action.key for action in table).items() if count > 1] == []


def test_ids_are_unique_and_every_action_says_what_it_does() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    assert all(action.help.endswith(".") and action.label for action in ACTIONS)
    assert all(action.loss for action in ACTIONS if action.harm.value != "none")


@pytest.mark.parametrize(
    ("id", "values", "command"),
    [
        ("start", {}, "machinectl start web"),
        ("start-as", {"boot": "yes"}, "machinectl enable --now web"),
        ("stop", {}, "systemctl stop systemd-nspawn@web.service"),
        ("poweroff", {}, "machinectl poweroff web"),
        ("kill", {"signal": "SIGHUP", "whom": "all"}, "machinectl kill --signal=SIGHUP --kill-whom=all web"),
        ("copy-to", {"from": "/a b", "to": "/c", "replace": "yes"},
         "machinectl copy-to --force web '/a b' /c"),
        ("bind", {"from": "/a", "to": "/b", "read-only": "yes"},
         "machinectl bind --mkdir --read-only web /a /b"),
        ("limit", {"memory": "512M", "cpu": "", "tasks": "9"},
         "systemctl set-property --runtime systemd-nspawn@web.service MemoryMax=512M TasksMax=9"),
        ("limit", {"memory": "none", "cpu": "-", "tasks": "none"},
         "systemctl set-property --runtime systemd-nspawn@web.service "
         "MemoryMax=infinity CPUQuota= TasksMax=infinity"),
        ("limit", {"memory": "2 GiB", "cpu": "150", "tasks": ""},
         "systemctl set-property --runtime systemd-nspawn@web.service MemoryMax=2G CPUQuota=150%"),
    ],
)  # fmt: skip
def test_the_command_that_would_do_the_same(id: str, values: dict[str, str], command: str) -> None:
    assert find(id).command_line(machine("web"), values) == command


def test_a_name_never_becomes_part_of_the_command() -> None:
    assert (
        find("remove").command_line(image("a; rm -rf \x1b/"), {}) == "machinectl remove 'a; rm -rf \ufffd/'"
    )


@pytest.mark.parametrize("id", ["poweroff", "reboot", "shell", "login", "copy-to", "copy-from", "bind"])
def test_a_virtual_machine_is_not_touched_where_only_its_emulator_would_be(id: str) -> None:
    vm = machine("qemu-3-accounting", kind="vm", service="libvirt-qemu", unit="x.scope")
    reason = find(id).refusal(vm, _known(vm))
    assert reason is not None
    assert "virtual machine" in reason
    owners = {"poweroff": "shutdown", "reboot": "reboot", "shell": "console", "login": "console"}
    owners["bind"] = "attach-device"
    assert (f"virsh {owners[id]} accounting" if id in owners else "scp or rsync") in reason
    assert find("terminate").refusal(vm, _known(vm)) is None


def test_what_cannot_be_started_again_is_not_restarted() -> None:
    vm = machine("qemu-3-accounting", kind="vm", service="libvirt-qemu", unit="machine-qemu.scope")
    byhand = machine("byhand", unit="machine-byhand.scope")
    store = _known(vm, byhand, machine("web"))
    assert "Use: virsh reboot accounting" in (find("restart").refusal(vm, store) or "")
    reason = "byhand runs in machine-byhand.scope, which can be stopped but not started."
    assert (find("restart").refusal(byhand, store) or "").startswith(reason)
    assert find("restart").refusal(byhand._replace(unit=""), store) is None, "not read yet"


def test_every_machine_that_loses_something_is_named() -> None:
    many = [machine(f"web-{at}") for at in range(9)]
    (text,) = find("stop").lost(many)
    assert text == f"All that runs in {', '.join(one.name for one in many)} ends."
    with_vm = find("stop").lost([machine("web"), machine("vee", kind="vm")])
    assert [("plug" in one, "vee" in one) for one in with_vm] == [(False, False), (True, True)]
    assert "plug" in find("terminate").lost([machine("vee", kind="vm")])[0]


def test_what_does_not_run_is_not_ended_and_what_runs_not_started() -> None:
    up, down = machine("up"), Machine("down", state=State.STOPPED, kind="container")
    store = _known(up, images=("down", "up"))
    assert find("start").refusal(up, store) == "up is running already."
    assert find("start").refusal(down, store) is None
    for id in ("stop", "poweroff", "reboot", "restart", "terminate", "kill", "limit"):
        assert find(id).refusal(down, store) == "down is not running."
        assert find(id).refusal(up, store) is None
    assert find("enable").refusal(machine("other"), store) is not None


def test_images_that_run_stay_as_they_are() -> None:
    store = _known(machine("up"), images=("up", "down", ".hidden", ".host"))
    for id in ("remove", "rename", "read-only"):
        assert find(id).refusal(image("up"), store) == "up is running. Stop it first."
        assert find(id).refusal(image("down"), store) is None
        assert find(id).refusal(image(".host"), store) == "This is the host's own tree."
    assert find("clone").check(image("down"), {"name": "up"}, store) == "There is an image up already."
    assert "no name" in (find("clone").check(image("down"), {"name": "a/b"}, store) or "")
    assert [one.name for one in would_go(store, "hidden")] == [".hidden"]
    assert [one.name for one in would_go(store, "all")] == [".hidden", "down"]


def test_an_image_that_runs_under_another_name_stays_as_it_is() -> None:
    other = machine("blue", root="/var/lib/machines/web")
    store = _known(other, machine("green", root="/srv/mail"), images=("web", "mail"))
    for id in ("remove", "rename", "read-only"):
        assert find(id).refusal(image("web"), store) == "blue runs from web. Stop it first."
        assert find(id).refusal(image("mail"), store) is None, "another folder of that name"
    assert [one.name for one in would_go(store, "all")] == ["mail"]


def test_what_no_service_can_clone_is_not_asked_for() -> None:
    assert "type block" in (find("clone").refusal(image("disk", type="block"), _known()) or "")
    assert all(
        find("clone").refusal(image("a", type=one), _known()) is None
        for one in ("directory", "subvolume", "raw")
    )


def test_limits_need_what_counts_them() -> None:
    store = _known()
    assert "subvolume" in (find("limit-image").refusal(image("a"), store) or "")
    assert find("limit-image").refusal(image("a", type="subvolume"), store) is None
    assert find("limit-pool").refusal(Pool("/p", 1, None), store) is None
    assert find("limit-pool").refusal(Pool("/p", None, None), store) is None, "it may turn quotas on"
    store.space = Space("btrfs", 1, 2)
    assert find("limit-pool").refusal(Pool("/p", None, None), store) is None, "it turns quotas on"
    store.space = Space("ext4", 1, 2)
    assert "ext4" in (find("limit-pool").refusal(Pool("/p", None, None), store) or "")


@pytest.mark.parametrize(
    ("id", "values", "reason"),
    [
        ("copy-to", {"from": "relative", "to": "/x"}, "no absolute path"),
        ("copy-from", {"from": "/x", "to": ""}, "no absolute path"),
        ("limit", {"memory": "", "cpu": "", "tasks": ""}, "Nothing is to be changed"),
        ("limit", {"memory": "lots"}, "no size"),
        ("limit", {"cpu": "-5%"}, "no share"),
        ("limit", {"tasks": "1.5"}, "no number"),
        ("start-as", {"ephemeral": "yes", "boot": "yes"}, "choose one"),
    ],
)
def test_wrong_answers_are_told_before_anything_is_done(id: str, values: dict[str, str], reason: str) -> None:
    assert reason in (find(id).check(machine("web"), values, _known()) or "")


def test_amounts_as_people_write_them() -> None:
    assert [read_size(text) for text in ("1", "512M", "1.5G", "2 GiB", "3kb", "none")] == [
        1, 512 << 20, 3 << 29, 2 << 30, 3072, UNLIMITED,
    ]  # fmt: skip
    assert [read_cpu(text) for text in ("50%", "200", "none")] == [500_000, 2_000_000, UNLIMITED]
    assert [read_count(text) for text in ("1", " 42 ", "infinity")] == [1, 42, UNLIMITED]
    for read, text in ((read_size, "9" * 310), (read_size, "9" * 310 + "G"), (read_size, "0.5")):
        with pytest.raises(ValueError, match="out of range"):
            read(text)
    for read, text in ((read_cpu, "9" * 5000), (read_count, "9" * 5000)):
        with pytest.raises(ValueError, match="is no "):
            read(text)
    for read, text in ((read_size, "0"), (read_size, "16E"), (read_cpu, "0%"), (read_count, "0")):
        with pytest.raises(ValueError, match=text):
            read(text)
