"""The command line, as users and scripts rely on it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from machinedeck.bus.child import DEMO_SEED, demo_command
from machinedeck.cli import service
from machinedeck.cli.arguments import read_arguments


@pytest.mark.parametrize(
    ("line", "verb", "bus", "seed"),
    [
        ("", "", "system", DEMO_SEED),
        ("--bus system", "", "system", DEMO_SEED),
        ("--bus unix:path=/run/x/bus", "", "unix:path=/run/x/bus", DEMO_SEED),
        ("--demo", "", "demo", DEMO_SEED),
        ("--bus demo", "", "demo", DEMO_SEED),
        ("--demo --bus demo", "", "demo", DEMO_SEED),
        ("--demo --seed 7", "", "demo", 7),
        ("--seed 0 --bus demo", "", "demo", 0),
        ("list", "list", "system", DEMO_SEED),
        ("list --demo", "list", "demo", DEMO_SEED),
        ("--demo list", "list", "demo", DEMO_SEED),
        ("--seed 3 list --demo", "list", "demo", 3),
        ("--demo images --seed 3 --json", "images", "demo", 3),
        ("--bus unix:path=/a list --bus unix:path=/b", "list", "unix:path=/b", DEMO_SEED),
    ],
)
def test_lines_that_are_right(line: str, verb: str, bus: str, seed: int) -> None:
    read = read_arguments(line.split())
    assert (read.verb, read.bus, read.seed) == (verb, bus, seed)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("--bus embedded", "'embedded', a service of our own on this host, is not there yet"),
        ("list --bus embedded", "is not there yet"),
        ("--bus session", "'session' is neither 'system' nor 'demo' nor a D-Bus address"),
        ("--demo --bus system", "--demo and --bus system exclude each other"),
        ("--bus unix:path=/x list --demo", "--demo and --bus unix:path=/x exclude each other"),
        ("--seed 3", "--seed belongs to --demo"),
        ("--bus system list --seed 3", "--seed belongs to --demo"),
        ("--demo --seed -1", "--seed"),
        (f"--demo --seed {'9' * 101}", "of at most 100 digits"),
        ("--demo --seed one", "'one' is no whole number"),
        ("--demo service", "the options of 'service' stand behind it"),
        ("sweep", "invalid choice"),
    ],
)
def test_lines_that_are_wrong(line: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(line.split())
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("line", ["", "--help", "--listen unix:path=/x --demo --seed 3", "--nonsense list"])
def test_what_stands_behind_service_is_the_service_s(line: str) -> None:
    read = read_arguments(["service", *line.split()])
    assert read.verb == "service"
    assert read.arguments == line.split()


def test_service_is_listed_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(["--help"])
    assert ended.value.code == 0
    assert "serve machines, in the foreground" in capsys.readouterr().out


def test_service_becomes_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, list[str]]] = []

    def execv(path: str, command: list[str]) -> None:
        became.append((path, command))
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "execv", execv)
    assert service.run_service(["--system", "--strict"]) == 1
    python = sys.executable
    assert became == [(python, [python, "-I", "-m", "machined", "--system", "--strict"])]


def test_why_it_could_not_become_the_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert service.run_service([]) == 1
    assert "The service could not be started: [Errno 2]" in capsys.readouterr().err


def test_the_demo_is_the_service_on_a_simulated_host() -> None:
    python = [sys.executable, "-I", "-m", "machined"]
    assert demo_command(5)(9) == [*python, "--demo", "--seed", "5", "--client-fd", "9"]


def test_the_console_imports_nothing_of_the_service_but_its_wire() -> None:
    code = (
        "import sys, machinedeck.__main__, machinedeck.bus.demo, machinedeck.ui.app, machinedeck.ui.start;"
        "print(*{name.split('.')[1] for name in sys.modules if name.startswith('machined.')})"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert set(printed.split()) == {"wire", "contract", "loop"}


def test_the_key_to_leave_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MACHINEDECK_LEAVE_KEY", raising=False)
    assert read_arguments([]).leave_key is None  # what is set, else F12
    monkeypatch.setenv("MACHINEDECK_LEAVE_KEY", "Ctrl-G")
    assert read_arguments([]).leave_key == "ctrl+g"
    assert read_arguments(["--leave-key", "Alt-X", "--demo"]).leave_key == "alt+x"


def test_a_key_that_cannot_leave(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(["--leave-key", "Ctrl-B"])
    assert ended.value.code == 2
    assert "tmux begins its commands with it" in capsys.readouterr().err
