"""The house itself: each library has its home, rooms stay small, and the layers are whole."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
SOURCES = sorted([*(TOP / "service").rglob("*.py"), *(TOP / "tui").rglob("*.py")])

HOMES = {
    "textual": "tui/machinedeck/ui/app.py",
    "dbus_next": "service/machined/wire/library.py",
    "pyte": "tui/machinedeck/term/screen.py",
    "humanize": "tui/machinedeck/model/format.py",
}
ONLY_BELOW = {
    "textual": "tui/machinedeck/ui",
    "dbus_next": "service/machined/wire/library.py",
    "pyte": "tui/machinedeck/term",
    "humanize": "tui/machinedeck/model",
}

LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def imported(path: Path) -> set[str]:
    """The top-level packages a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("library", HOMES)
def test_library_is_used_at_home(library: str) -> None:
    assert library in imported(TOP / HOMES[library])


@pytest.mark.parametrize("library", ONLY_BELOW)
def test_library_is_used_nowhere_else(library: str) -> None:
    home = TOP / ONLY_BELOW[library]
    strangers = [str(path) for path in SOURCES if library in imported(path) and not path.is_relative_to(home)]
    assert not strangers


def test_rooms_are_small() -> None:
    large = []
    for path in SOURCES:
        text = path.read_text()
        if (count := len(text.splitlines())) > LONGEST_FILE and "width_ranges" not in path.name:
            large.append(f"{path.relative_to(TOP)}: {count} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    large.append(f"{path.relative_to(TOP)}:{node.name}: {length} lines")
    assert not large


def test_nothing_is_silent() -> None:
    """No handler of errors that does nothing and says nothing of why."""
    silent = []
    for path in SOURCES:
        text = path.read_text()
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler) and all(isinstance(one, ast.Pass) for one in node.body):
                silent.append(f"{path.relative_to(TOP)}:{node.lineno}: {lines[node.lineno - 1].strip()}")
    assert not silent


def test_every_folder_has_its_door() -> None:
    folders = {path.parent for path in SOURCES}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").exists()]
