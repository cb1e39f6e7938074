"""What is missing on this host where nobody serves machines, and the one command that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from machined.contract import ErrorName
from machinedeck.model.failure import Failure, Kind
from machinedeck.sources.packages import install_command, own_release


@dataclass(frozen=True, slots=True)
class Advice:
    """What to tell an operator."""

    missing: str
    """What is missing, in a sentence."""
    command: str
    """The one command that mends it."""


def advise(failure: Failure, root: Path = Path("/"), release: Mapping[str, str] | None = None) -> Advice:
    """What to do about a failure.

    Args:
        failure: What went wrong.
        root: Where the host's files are.
        release: The host's os-release(5) fields; read from the host unless given.
    """
    if failure.kind is Kind.OWN_SERVICE:
        return Advice(
            "The service that machinedeck brings along does not run. Started by hand, it says why:",
            "machinedeck service --help",
        )
    return _advise_on_system(failure, root, release)


def _advise_on_system(failure: Failure, root: Path, release: Mapping[str, str] | None) -> Advice:
    if not (root / "run/systemd/system").is_dir():
        # The test of sd_booted(3).
        return Advice(
            "This host was not booted with systemd, so systemd-machined cannot run here.",
            "machinedeck --bus unix:path=/path/to/another/bus",
        )
    if failure.kind is Kind.NO_BUS:
        return Advice("The system's message bus does not answer.", "systemctl start dbus.socket")
    if failure.name == ErrorName.UNIT_MASKED:
        return Advice("systemd-machined is masked.", "systemctl unmask --now systemd-machined")
    if failure.kind is Kind.NO_SERVICE:
        if any((root / folder / "systemd/systemd-machined").exists() for folder in ("usr/lib", "lib")):
            return Advice("systemd-machined is not running.", "systemctl start systemd-machined")
        return Advice(
            "systemd-machined is not installed.",
            install_command("systemd-container", own_release() if release is None else release),
        )
    return Advice("The service of machines refused to answer.", "sudo machinedeck")
