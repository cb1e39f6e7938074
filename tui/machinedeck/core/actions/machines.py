"""The life of machines: to start, to end, and what is between."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

from machinedeck.core.acting import MachineActing
from machinedeck.core.actions import refusals
from machinedeck.core.actions.action import YES, Action, Field, FieldKind, Harm, Values
from machinedeck.core.host import Host
from machinedeck.model.failure import Failure
from machinedeck.model.machine import Identity, Machine
from machinedeck.model.text import clean

SIGNALS = ("SIGTERM", "SIGKILL", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT")
"""The signals that are offered, the most used first (signal(7))."""

_PLUG = "All that runs in {name} ends at once, as when the plug is pulled; what it has not written is lost."

_EMULATOR = "All that runs in {name} ends. Its emulator is stopped: it may be as when the plug is pulled."
"""What goes of a virtual machine: whether it is shut down before is for its emulator to say."""

Run = Callable[[Host, Machine, Values], Awaitable[str | None]]
"""What does an action."""


def _on_identity(choose: Callable[[MachineActing], Callable[[Identity], Awaitable[None]]]) -> Run:
    """What needs nothing but the very run of a machine."""

    async def run(host: Host, machine: Machine, _values: Values) -> None:
        await choose(host.machine_acting)(machine.identity)

    return run


def _on_name(choose: Callable[[MachineActing], Callable[[str], Awaitable[None]]]) -> Run:
    """What needs nothing but the name of its image."""

    async def run(host: Host, machine: Machine, _values: Values) -> None:
        await choose(host.machine_acting)(machine.name)

    return run


def _machinectl(verb: str) -> Callable[[Machine, Values], tuple[str, ...]]:
    return lambda machine, _values: ("machinectl", verb, machine.name)


def _start_command(machine: Machine, values: Values) -> tuple[str, ...]:
    if values.get("ephemeral") == YES:
        return "systemd-nspawn", "--boot", "--ephemeral", f"--machine={machine.name}"
    if values.get("boot") == YES:
        return "machinectl", "enable", "--now", machine.name
    return "machinectl", "start", machine.name


async def _start(host: Host, machine: Machine, values: Values) -> str | None:
    if values.get("ephemeral") == YES:
        await host.machine_acting.start_ephemeral(machine.name)
        return f"A copy of {clean(machine.name)} is up; it is gone when it ends."
    if values.get("boot") != YES:
        await host.machine_acting.start(machine.name)
        return None
    await host.machine_acting.enable(machine.name)
    try:
        await host.machine_acting.start(machine.name)
    except Failure as failure:
        told = f"{clean(machine.name)} is started at boot from now on, but not now. {failure.message}"
        raise Failure(failure.kind, told, failure.hint, failure.name) from failure
    return None


def _check_start(_machine: Machine, values: Values, _store: object) -> str | None:
    if values.get("ephemeral") == YES and values.get("boot") == YES:
        return "What is gone when it ends cannot be started at boot: choose one of the two."
    return None


START = Action[Machine](
    id="start",
    label="Start",
    key="s",
    help="Start the image as a container and wait until it is up.",
    command=_start_command,
    doing="Starting {name} …",
    done="{name} is up.",
    refusal=refusals.running,
    run=_start,
)

START_AS = Action[Machine](
    id="start-as",
    label="Start as",
    key="S",
    help="Start the image, with choices.",
    fields=(
        Field(
            "ephemeral",
            "a copy that is gone when it ends",
            FieldKind.FLAG,
            help="The image stays as it is, whatever is done inside.",
        ),
        Field("boot", "at boot too", FieldKind.FLAG),
    ),
    command=_start_command,
    doing="Starting {name} …",
    done="{name} is up.",
    refusal=refusals.running,
    check=_check_start,
    run=_start,
)


STOP = Action[Machine](
    id="stop",
    label="Stop",
    key="p",
    help="Stop its unit: it is shut down, and ended by force when its time is over.",
    harm=Harm.WORK,
    command=lambda machine, _values: ("systemctl", "stop", machine.unit),
    doing="Stopping {name} …",
    done="{name} is stopped.",
    loss="All that runs in {name} ends.",
    vm_loss=_EMULATOR,
    refusal=refusals.not_running,
    run=_on_identity(lambda acting: acting.stop),
)


POWEROFF = Action[Machine](
    id="poweroff",
    label="Power off",
    key="P",
    help="Tell its init to shut down.",
    harm=Harm.WORK,
    command=_machinectl("poweroff"),
    doing="Telling {name} to shut down …",
    done="{name} is told to shut down.",
    loss="All that runs in {name} ends.",
    refusal=refusals.not_shut_down,
    run=_on_identity(lambda acting: acting.poweroff),
)


REBOOT = Action[Machine](
    id="reboot",
    label="Reboot",
    key="b",
    help="Tell its init to restart.",
    harm=Harm.WORK,
    command=_machinectl("reboot"),
    doing="Telling {name} to reboot …",
    done="{name} is told to reboot.",
    loss="All that runs in {name} ends, and is started anew.",
    refusal=refusals.not_rebooted,
    run=_on_identity(lambda acting: acting.reboot),
)


RESTART = Action[Machine](
    id="restart",
    label="Restart",
    key="R",
    help="Stop it, wait until it is really gone, and start it again.",
    harm=Harm.WORK,
    command=lambda machine, _values: ("systemctl", "restart", machine.unit),
    doing="Restarting {name} …",
    done="{name} is up again.",
    state="restarting",
    loss="All that runs in {name} ends, and is started anew.",
    vm_loss=f"{_EMULATOR} Then it is started anew.",
    refusal=refusals.not_restartable,
    run=_on_identity(lambda acting: acting.restart),
)


TERMINATE = Action[Machine](
    id="terminate",
    label="Terminate",
    key="t",
    help="End the machine at once, without shutting it down.",
    harm=Harm.WORK,
    command=_machinectl("terminate"),
    doing="Terminating {name} …",
    done="{name} is told to end.",
    loss=_PLUG,
    refusal=refusals.not_running,
    run=_on_identity(lambda acting: acting.terminate),
)


def _kill_command(machine: Machine, values: Values) -> tuple[str, ...]:
    options = f"--signal={values.get('signal', SIGNALS[0])}", f"--kill-whom={values.get('whom', 'all')}"
    return "machinectl", "kill", *options, machine.name


async def _kill(host: Host, machine: Machine, values: Values) -> None:
    number = signal.Signals[values["signal"]]
    await host.machine_acting.kill(machine.identity, values["whom"], number)


KILL = Action[Machine](
    id="kill",
    label="Kill",
    key="K",
    help="Send a signal to its first process, or to all.",
    harm=Harm.WORK,
    fields=(
        Field("signal", "signal", FieldKind.CHOICE, SIGNALS[0], SIGNALS),
        Field("whom", "to", FieldKind.CHOICE, "leader", ("leader", "all")),
    ),
    command=_kill_command,
    doing="Sending {name} a signal …",
    done="{name} got the signal.",
    loss="What the signal reaches in {name} may end.",
    refusal=refusals.not_running,
    run=_kill,
)


ENABLE = Action[Machine](
    id="enable",
    label="Enable",
    key="e",
    help="Start it at each boot of the host.",
    command=_machinectl("enable"),
    doing="Enabling {name} …",
    done="{name} is started at boot.",
    refusal=refusals.no_image_file,
    run=_on_name(lambda acting: acting.enable),
)


DISABLE = Action[Machine](
    id="disable",
    label="Disable",
    key="E",
    help="Start it at boot no more; what runs goes on.",
    command=_machinectl("disable"),
    doing="Disabling {name} …",
    done="{name} is not started at boot.",
    refusal=refusals.no_image_file,
    run=_on_name(lambda acting: acting.disable),
)
