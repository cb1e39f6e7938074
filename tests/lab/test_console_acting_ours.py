"""What can be done from the console, by keys, where our service is in systemd-machined's place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import layered, machine_property
from tests.lab.operator import Operator, at_console
from tests.lab.own_service import install_service
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

pytestmark = pytest.mark.lab("trixie")

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


@pytest.mark.promise("Copies show how far they are, and are cancelled on a key")
def test_a_copy_is_shown_and_cancelled(operator: Operator) -> None:
    host, name = operator.host, "target"
    many = host.root / "srv/many"
    many.mkdir()
    for number in range(FILES):
        (many / f"file-{number}").write_bytes(b"x" * 5000)
    with layered(host, name):
        copied = host.root / f"proc/{machine_property(host, name, 'Leader')}/root/root/many"
        operator.sees_row("machines", name, "● running")
        operator.go("machines", name)
        helper = UnitProcesses(host).helper()
        with host.running("sh", "-c", SLOWLY, str(helper)):
            operator.press("c")
            operator.sees(f"Copy to: {name}.")
            operator.answer("/srv/many", "/root/many")
            far = share(operator.sees_row("machines", name, "⇄", " %"))
            operator.press("W")
            label = f"copy-to {name} "

            def is_further() -> bool:
                screen = operator.terminal.screen()
                return share(screen.lines[screen.find(label)[1]]) > far

            operator.sees(label)
            wait_until(is_further, "the copy to get on")
            assert has_open(host, "/srv/many")
            operator.press("x")
            operator.sees("No copy, clone or removal goes on now.")
            operator.sees(f"copy-to {name} is cancelled.")
        host.run("pkill", "-CONT", "-P", str(helper), check=False)  # what was at rest just then
        wait_until(lambda: not has_open(host, "/srv/many"), "nobody copies")
        assert 0 < len(list(copied.iterdir())) < FILES
        operator.press("Escape")
        operator.sees_row("machines", name, "● running")
    host.ask("rm", "-r", "/srv/many")
    cancel, copy = sorted(operator.noted())
    assert (cancel.action, cancel.subject, cancel.result) == ("cancel", name, "done")
    assert (copy.action, copy.subject) == ("copy-to", name)
    assert "The operation was cancelled." in copy.result
