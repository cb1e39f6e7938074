"""The checks of who is on the system bus."""

from __future__ import annotations

import os
from itertools import pairwise

from machined.contract import MACHINE1, ErrorName
from machinedeck.model.failure import Failure, Kind
from machinedeck.sources.advice import advise
from machinedeck.sources.checkup.finding import Finding, State, Surroundings
from machinedeck.sources.packages import install_command

IMPORT1 = "org.freedesktop.import1"
POLKIT1 = "org.freedesktop.PolicyKit1"


def look_at_bus(surroundings: Surroundings) -> Finding:
    """Whether the system bus answers."""
    failure = surroundings.census.failure
    if failure is None:
        return Finding(State.OK, "the system bus answers")
    advice = advise(Failure(Kind.NO_BUS, ""), surroundings.root, surroundings.release)
    return Finding(State.MISSING, f"{failure.message} {advice.missing}", advice.command)


def look_at_service(surroundings: Surroundings) -> Finding:
    """Who serves machines, or would if asked."""
    census = surroundings.census
    if census.failure is not None:
        return Finding(State.MISSING, "nobody can be asked without the message bus")
    if census.pid:
        unit = f", {census.unit.name}" if census.unit else ""
        return Finding(State.OK, f"{_server(surroundings)} serves machines (process {census.pid}{unit})")
    # PID 1 may keep to itself what it knows of the unit, or be on its way to a bus that was started anew
    loaded = census.unit.load_state if census.unit else "loaded"
    if MACHINE1 in census.names and loaded == "loaded":
        return Finding(State.OK, f"{_server(surroundings)} is started when it is asked for")
    name = ErrorName.UNIT_MASKED if loaded == "masked" else ""
    advice = advise(Failure(Kind.NO_SERVICE, "", name=name), surroundings.root, surroundings.release)
    return Finding(State.MISSING, f"Nobody serves machines. {advice.missing}", advice.command)


def _server(surroundings: Surroundings) -> str:
    """The program that serves machines, by its command line or else by its unit's file."""
    census = surroundings.census
    words = census.command
    if not words and census.unit and census.unit.fragment:
        text = surroundings.text_of(census.unit.fragment) or ""
        starts = [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]
        words = tuple(starts[-1].split()) if starts else ()
    if not words:
        return "A service that does not show its command"
    if os.path.basename(words[0]) == "systemd-machined":
        return f"systemd-machined of systemd {census.systemd or '(unknown version)'}"
    if ("-m", "machined") in pairwise(words):
        return f"The service of machinedeck, run by {words[0]},"
    return f"{words[0]}, which is neither systemd-machined nor machinedeck's service,"


def look_at_polkit(surroundings: Surroundings) -> Finding:
    """Whether users can be asked for a password."""
    if POLKIT1 in surroundings.census.names:
        return Finding(State.OK, "polkit decides what users other than root may do")
    if surroundings.census.failure is not None:
        return Finding(State.LIMITED, "cannot be told without the message bus")
    mend = install_command("polkit", surroundings.release)
    return Finding(State.MISSING, "without polkit nobody but root may change anything", mend)


def look_at_agent(surroundings: Surroundings) -> Finding:
    """Whether there is somebody to ask for the password in a terminal (pkttyagent(1))."""
    if surroundings.is_root:
        return Finding(State.OK, "none is needed: root is not asked")
    if "pkttyagent" in surroundings.programs:
        return Finding(State.OK, "pkttyagent asks in the terminal")
    mend = install_command("polkit", surroundings.release)
    return Finding(State.MISSING, "without pkttyagent nobody asks for a password in a terminal", mend)


def look_at_importd(surroundings: Surroundings) -> Finding:
    """Whether images can be pulled, imported and exported."""
    if IMPORT1 in surroundings.census.names:
        return Finding(State.OK, "systemd-importd is started when it is asked for")
    if surroundings.census.failure is not None:
        return Finding(State.LIMITED, "cannot be told without the message bus")
    mend = install_command("systemd-container", surroundings.release)
    return Finding(State.MISSING, "without systemd-importd images are neither pulled nor exported", mend)
