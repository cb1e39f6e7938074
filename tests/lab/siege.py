"""One hostile machine and some good ones on one lab host, and what calls of our service came to meanwhile."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.lab.host import LabHost
from tests.lab.images import layered, machine_property
from tests.lab.lives import INNER
from tests.lab.place import wait_until
from tests.lab.traps import PLANT, RENEW, TRAPS, Watch, in_machine, laid, root_of, silent_bus
from tests.lab.unit_processes import Sampler, UnitProcesses

CANARY = "canary"
FOE = "foe"
SILENT_BUS = "a silent bus"
FLOOD = "terminals that flood"
PLANTED = "what programs load"
IDLE_READERS = 4 * 2
"""Descriptors that may have come: how many readers are kept depends on how many were asked at once."""
GOOD = ("good-1", "good-2", "good-3")
CONTROL = "the bus"
"""What `inner/hammering.py` calls the calls that our service has no part in."""

#: Files that are on the host only, and say so; and a moment after which none there is to change.
PREPARE = f"""
echo "CANARY={CANARY}" >>/usr/lib/os-release
echo "secret={CANARY}" >/root/{CANARY}
useradd --create-home {CANARY}
echo "A gift." >/run/gift
mkdir /run/loot
touch /run/stamp
"""


class Call(NamedTuple):
    """One call on the hostile machine: the member, seconds, and what came of it."""

    member: str
    seconds: float
    said: str


@dataclass
class Siege:
    """What was seen."""

    rounds: dict[str, list[Call]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds of calls on the good machines, and, as `CONTROL`, of calls of the bus itself."""
    refused: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    """Files that were opened where all that programs load was planted."""
    memory_before: tuple[int, int] = (0, 0)
    memory: tuple[int, int] = (0, 0)
    """The most MiB that the service, and one of its helpers, had."""
    before: Counter[str] = field(default_factory=Counter)
    """Its descriptors when everything had been called once."""
    loot: str = ""
    """Files with the canary among what was copied out."""
    changed: str = ""
    """Files of the host that changed, or came."""
    left: dict[int, str] = field(default_factory=dict)
    """Its processes in the end."""

    def p95(self, member: str) -> float:
        """Milliseconds that 95 of 100 calls of a member on good machines, or of the bus, stay below."""
        return statistics.quantiles(self.times[member], n=20)[-1]


class Callers:
    """A program in a host that calls everything on the hostile machine, a round for each line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def round(self, name: str, kind: str = "all") -> list[Call]:
        """Play one round, of a kind that the program knows."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{kind} {name}\n")
        self._process.stdin.flush()
        return [Call(*one) for one in json.loads(self._process.stdout.readline())]


def besiege(host: LabHost) -> Siege:
    """Play all traps, while good machines are asked all the while."""
    siege = Siege()
    host.ask("sh", "-ec", PREPARE)
    with contextlib.ExitStack() as machines:
        for name in (*GOOD, FOE):
            machines.enter_context(layered(host, name, network=True))
        leader = int(machine_property(host, FOE, "Leader"))
        processes = UnitProcesses(host)
        with callers(host, leader) as foe, hammering(host, siege):
            play_nothing(siege, foe, processes)
            with Sampler(processes) as sampler:
                play(host, leader, siege, foe)
            siege.memory = sampler.most
        look = f"find /run/loot -type f -size -1024k -exec grep -il {CANARY} {{}} +; true"
        siege.loot = host.ask("sh", "-c", look)
        changed = ("-newer", "/run/stamp", "-not", "-type", "d", "-not", "-path", "/var/*")
        siege.changed = host.ask("find", "/", "-xdev", *changed)
        settled(processes, siege)
        siege.left = processes.names()
    return siege


@contextlib.contextmanager
def callers(host: LabHost, leader: int) -> Iterator[Callers]:
    """Have the callers of the hostile machine."""
    program = (INNER / "trespassing.py").read_text()
    with host.running("python3", "-I", "-c", program, FOE, str(leader)) as process:
        yield Callers(process)


@contextlib.contextmanager
def hammering(host: LabHost, siege: Siege) -> Iterator[None]:
    """Have the good machines asked all the while."""
    program = (INNER / "hammering.py").read_text()
    with host.running("python3", "-I", "-c", program, *GOOD) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield
        process.stdin.close()
        siege.times, siege.refused = json.loads(process.stdout.readline())


def play_nothing(siege: Siege, foe: Callers, processes: UnitProcesses) -> None:
    """Have all called once before anything is counted: what is kept for next times is there then."""
    siege.rounds["before"] = foe.round("before")
    siege.before = processes.descriptors()
    siege.memory_before = processes.memory()


def play(host: LabHost, leader: int, siege: Siege, foe: Callers) -> None:
    """Play all traps, one after the other."""
    for trap in TRAPS:
        with laid(host, leader, trap):
            siege.rounds[trap.name] = foe.round(trap.name)
    with silent_bus(host, leader):
        siege.rounds[SILENT_BUS] = foe.round(SILENT_BUS)
    in_machine(host, leader, RENEW)
    siege.rounds[FLOOD] = foe.round(FLOOD, "flood")
    in_machine(host, leader, PLANT)
    root = root_of(host, leader)
    usr = root / "tmp/usr"
    folders = [usr, *(path for path in usr.rglob("*") if path.is_dir())]
    watch = Watch([*folders, *(root / one for one in ("etc", "encodings", "machined"))])
    try:
        siege.rounds[PLANTED] = foe.round(PLANTED, "looks")
        siege.opened = watch.opened()
    finally:
        watch.close()


def settled(processes: UnitProcesses, siege: Siege) -> None:
    """Wait until nobody of ours is in a machine, and the descriptors are as few as before."""
    wait_until(lambda: not processes.outside(), "nobody is in a machine any more")
    most = siege.before.total() + IDLE_READERS
    what = f"no more than {most} descriptors are left, {siege.before} were there before"
    wait_until(lambda: processes.descriptors().total() <= most, what)
