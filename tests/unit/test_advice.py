"""What an operator is told where nobody serves machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from machined.contract import ErrorName
from machinedeck.model.failure import Failure, Kind
from machinedeck.sources.advice import advise


@pytest.fixture
def booted(tmp_path: Path) -> Path:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path


def test_not_booted_with_systemd(tmp_path: Path) -> None:
    assert "not booted with systemd" in advise(Failure(Kind.NO_BUS, ""), tmp_path, {}).missing


def test_no_bus(booted: Path) -> None:
    assert advise(Failure(Kind.NO_BUS, ""), booted, {}).command == "systemctl start dbus.socket"


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "debian"}, "apt install systemd-container"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "apt install systemd-container"),
        ({"ID": "fedora"}, "dnf install systemd-container"),
        ({}, "install the package systemd-container"),
    ],
)
def test_not_installed(booted: Path, release: dict[str, str], command: str) -> None:
    assert advise(Failure(Kind.NO_SERVICE, ""), booted, release).command == command


def test_not_running(booted: Path) -> None:
    (booted / "usr/lib/systemd").mkdir(parents=True)
    (booted / "usr/lib/systemd/systemd-machined").touch()
    assert advise(Failure(Kind.NO_SERVICE, ""), booted, {}).command == "systemctl start systemd-machined"


def test_refused(booted: Path) -> None:
    assert advise(Failure(Kind.NOT_ALLOWED, ""), booted, {}).command == "sudo machinedeck"


def test_own_service(tmp_path: Path) -> None:
    advice = advise(Failure(Kind.OWN_SERVICE, ""), tmp_path, {})
    assert advice.command == "machinedeck service --help"
    assert "systemd" not in advice.missing


def test_masked(booted: Path) -> None:
    masked = Failure(Kind.NO_SERVICE, "", name=ErrorName.UNIT_MASKED)
    assert advise(masked, booted, {}).command == "systemctl unmask --now systemd-machined"
