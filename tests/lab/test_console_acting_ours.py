"""What can be done from the console, by keys, where our service is in systemd-machined's place."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import layered, machine_property
from tests.lab.operator import Noted, Operator, at_console
from tests.lab.own_service import install_service, service_pid
from tests.lab.place import wait_until
from tests.lab.test_console_acting import (
    image,
    pooled,
    test_a_copy_that_is_gone_when_it_ends,
    test_images_and_the_pool,
    test_inside_a_machine,
    test_the_life_of_a_machine,
)
from tests.lab.test_long_work import FILES, SLOWLY
from tests.lab.unit_processes import UnitProcesses

pytestmark = pytest.mark.lab

COPIES = "Copies show how far they are, and are cancelled on a key"

__all__ = [  # fixtures and tests
    "image",
    "pooled",
    "test_a_copy_that_is_gone_when_it_ends",
    "test_images_and_the_pool",
    "test_inside_a_machine",
    "test_the_life_of_a_machine",
]


@pytest.fixture(scope="module")
def operator(pooled: LabHost) -> Iterator[Operator]:
    """The operator of that host, with our service."""
    install_service(pooled)
    with at_console(pooled) as operator:
        yield operator


def share(line: str) -> int:
    """How much of a copy is done, as a line has it, in percent; 0 where it says nothing of that."""
    found = re.search(r"(\d+) %", line)
    return int(found[1]) if found else 0


def has_open(host: LabHost, folder: str) -> bool:
    """Whether any process of a host has a folder or something in it open."""
    words = ("find", "/proc", "-maxdepth", "3", "-path", "*/fd/*", "-lname", f"{folder}*")
    return bool(host.run(*words, check=False).stdout)  # processes that end meanwhile are an error to it


@contextlib.contextmanager
def many_files(host: LabHost, path: str) -> Iterator[None]:
    """Have a folder with an os-release and so many files that copying them takes a while."""
    folder = host.root / path[1:]
    try:
        (folder / "usr/lib").mkdir(parents=True)
        (folder / "usr/lib/os-release").write_text("ID=lab\n")
        for number in range(FILES):
            (folder / f"file-{number}").write_bytes(b"x" * 5000)
        yield
    finally:
        host.ask("rm", "-r", path)


@contextlib.contextmanager
def slowed(host: LabHost, parent: int, source: str) -> Iterator[None]:
    """Have the children of a process work a little at a time; in the end nobody may copy any more."""
    try:
        with host.running("sh", "-c", SLOWLY, str(parent)):
            yield
    finally:
        await_end(host, parent, source)


def await_end(host: LabHost, parent: int, source: str) -> None:
    """Have the children of a process work on until none of them has the source open."""

    def is_over() -> bool:
        host.run("pkill", "-CONT", "-P", str(parent), check=False)  # again: the brake may die late
        return not has_open(host, source)

    wait_until(is_over, "nobody copies")


def watch_and_cancel(operator: Operator, label: str, source: str) -> None:
    """See in the dialog that work gets on, cancel it on the key, and leave the dialog."""
    operator.press("W")

    def far() -> int:
        screen = operator.terminal.screen()
        return share(screen.lines[screen.find(label)[1]])

    operator.sees(label)
    before = far()
    wait_until(lambda: far() > before, "the copy to get on")
    assert has_open(operator.host, source)
    operator.press("x")
    operator.sees("No copy, clone or removal goes on now.")
    operator.sees(f"{label} is cancelled.")
    operator.press("Escape")
    operator.terminal.wait_gone("Long work")


def results(operator: Operator) -> dict[tuple[str, str], str]:
    """How the work and its cancelling ended, as the journal has it."""
    ended: list[Noted] = []

    def are_noted() -> bool:
        ended.extend(operator.noted())
        return len(ended) >= 2

    wait_until(are_noted, "both ends in the journal")
    return {(noted.action, noted.subject): noted.result for noted in ended}


@pytest.mark.promise(COPIES)
def test_a_copy_is_shown_and_cancelled(operator: Operator) -> None:
    host, name, source = operator.host, "target", "/srv/many"
    operator.begin_anew()
    with many_files(host, source), layered(host, name):
        copied = host.root / f"proc/{machine_property(host, name, 'Leader')}/root/root/many"
        operator.sees_row("machines", name, "● running")
        operator.go("machines", name)
        with slowed(host, UnitProcesses(host).helper(), source):
            operator.press("c")
            operator.sees(f"Copy to: {name}.")
            operator.answer(source, "/root/many")
            operator.sees_row("machines", name, "⇄", " %")
            watch_and_cancel(operator, f"copy-to {name}", source)
        assert 0 < len(list(copied.iterdir())) < FILES + 1
        operator.sees_row("machines", name, "● running")
    told = f"Cannot copy {source} to {name}: The operation was cancelled."
    assert results(operator) == {("copy-to", name): told, ("cancel", name): "done"}


@pytest.mark.promise(COPIES)
def test_a_clone_is_shown_and_cancelled(operator: Operator) -> None:
    host, name = operator.host, "far"
    operator.begin_anew()
    source = f"/run/machines/{name}"  # not in the pool: a clone shares nothing with it, so takes a while
    with many_files(host, source):
        operator.sees_row("images", name)
        operator.go("images", name)
        (nursery,) = host.ask("pgrep", "-P", str(service_pid(host)), "-f", "storage.nursery").split()
        with slowed(host, int(nursery), source):
            operator.press("c")
            operator.sees(f"Clone: {name}.")
            operator.answer("near")
            watch_and_cancel(operator, "clone near", source)
        assert [path.name for path in host.machines.iterdir() if "near" in path.name] == []
    told = f"Cannot clone {name} to near: The operation was cancelled."
    assert results(operator) == {("clone", name): told, ("cancel", "near"): "done"}
