"""The console is installed in the lab's hosts as on a user's machine."""

from __future__ import annotations

import json

import pytest

from tests.lab.host import LabHost
from tests.lab.program import INSIDE

pytestmark = pytest.mark.lab()

ASK = """
import importlib.metadata, json, sys, machined, machinedeck, textual
print(json.dumps([importlib.metadata.version("machinedeck"), machined.__path__, machinedeck.__path__,
                  textual.__file__, textual.__cached__]))
"""


@pytest.mark.parametrize("option", ["-c", "-Ic"])
def test_both_packages_are_importable_and_compiled(deck: LabHost, option: str) -> None:
    version, service, console, textual, compiled = json.loads(deck.ask("python3", option, ASK))
    assert version == "0.1.0"
    assert service == [f"{INSIDE}/service/machined"]
    assert console == [f"{INSIDE}/tui/machinedeck"]
    assert textual == f"{INSIDE}/site/textual/__init__.py"
    assert compiled.startswith(f"{INSIDE}/pycache/")
    deck.ask("test", "-f", compiled)


def test_the_working_tree_cannot_be_written_from_it(deck: LabHost) -> None:
    said = deck.run("touch", f"{INSIDE}/tui/machinedeck/new.py", check=False)
    assert "Read-only file system" in said.stderr


def test_the_command_says_how_it_is_used(deck: LabHost) -> None:
    assert "machinedeck" in deck.ask("machinedeck", "--help")
