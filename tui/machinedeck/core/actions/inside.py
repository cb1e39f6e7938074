"""What is done inside machines: shells, files, and what they may use."""

from __future__ import annotations

from machinedeck.core.actions import refusals
from machinedeck.core.actions.action import YES, Action, Field, FieldKind, Values
from machinedeck.core.actions.amounts import (
    count_word,
    cpu_word,
    read_count,
    read_cpu,
    read_size,
    size_word,
)
from machinedeck.core.host import Host
from machinedeck.core.ssh import terminal_command
from machinedeck.core.store import Store
from machinedeck.model.limits import Limits
from machinedeck.model.machine import Machine
from machinedeck.model.wish import Wish

SHELL = Action[Machine](
    id="shell",
    label="Shell",
    key="enter",
    help="Open a shell in it.",
    command=lambda machine, _values: terminal_command(machine, Wish(machine.name)),
    doing="Opening a shell in {name} …",
    done="",
    refusal=refusals.no_shell,
    run=None,
)

LOGIN = Action[Machine](
    id="login",
    label="Login",
    key="L",
    help="Open a login prompt of it.",
    command=lambda machine, _values: terminal_command(machine, Wish(machine.name, is_login=True)),
    doing="Opening a login in {name} …",
    done="",
    refusal=refusals.no_login,
    run=None,
)

_FROM = "from"
_TO = "to"
_REPLACE = Field("replace", "replace what is there", FieldKind.FLAG)


def _paths(values: Values) -> tuple[str, ...]:
    return values.get(_FROM, ""), values.get(_TO, "")


def _absolute(_machine: Machine, values: Values, _store: Store) -> str | None:
    for path in _paths(values):
        if not path.startswith("/"):
            return f"{path or 'An empty path'} is no absolute path: begin with a slash."
    return None


async def _copy_to(host: Host, machine: Machine, values: Values) -> None:
    replaces = values.get("replace") == YES
    await host.machine_acting.copy_to(machine.identity, *_paths(values), replaces=replaces)


async def _copy_from(host: Host, machine: Machine, values: Values) -> None:
    replaces = values.get("replace") == YES
    await host.machine_acting.copy_from(machine.identity, *_paths(values), replaces=replaces)


def _copy_command(verb: str, machine: Machine, values: Values) -> tuple[str, ...]:
    options = ("--force",) if values.get("replace") == YES else ()
    return "machinectl", verb, *options, machine.name, *_paths(values)


COPY_TO = Action[Machine](
    id="copy-to",
    label="Copy to",
    key="c",
    help="Copy a file or folder of the host into it.",
    fields=(
        Field(_FROM, "on the host", FieldKind.HOST_PATH),
        Field(_TO, "in the machine", FieldKind.MACHINE_PATH),
        _REPLACE,
    ),
    command=lambda machine, values: _copy_command("copy-to", machine, values),
    doing="Copying into {name} …",
    done="Copied into {name}.",
    refusal=refusals.no_files,
    check=_absolute,
    run=_copy_to,
)

COPY_FROM = Action[Machine](
    id="copy-from",
    label="Copy from",
    key="C",
    help="Copy a file or folder of it to the host.",
    fields=(
        Field(_FROM, "in the machine", FieldKind.MACHINE_PATH),
        Field(_TO, "on the host", FieldKind.HOST_PATH),
        _REPLACE,
    ),
    command=lambda machine, values: _copy_command("copy-from", machine, values),
    doing="Copying from {name} …",
    done="Copied from {name}.",
    refusal=refusals.no_files,
    check=_absolute,
    run=_copy_from,
)


async def _bind(host: Host, machine: Machine, values: Values) -> None:
    is_read_only = values.get("read-only") == YES
    await host.machine_acting.bind(machine.identity, *_paths(values), is_read_only=is_read_only)


def _bind_command(machine: Machine, values: Values) -> tuple[str, ...]:
    options = ("--read-only",) if values.get("read-only") == YES else ()
    return "machinectl", "bind", "--mkdir", *options, machine.name, *_paths(values)


BIND = Action[Machine](
    id="bind",
    label="Bind",
    key="m",
    help="Show a file or folder of the host in it.",
    fields=(
        Field(_FROM, "on the host", FieldKind.HOST_PATH),
        Field(_TO, "in the machine", FieldKind.MACHINE_PATH),
        Field("read-only", "read-only", FieldKind.FLAG),
    ),
    command=_bind_command,
    doing="Binding into {name} …",
    done="It is seen in {name}.",
    refusal=refusals.no_binds,
    check=_absolute,
    run=_bind,
)


async def _unbind(host: Host, machine: Machine, values: Values) -> None:
    await host.machine_acting.unbind(machine.identity, values[_TO])


UNBIND = Action[Machine](
    id="unbind",
    label="Unbind",
    key="M",
    help="Show a file or folder of the host in it no more.",
    fields=(Field(_TO, "in the machine", FieldKind.MACHINE_PATH),),
    command=lambda machine, values: (
        "machinectl",
        "shell",
        machine.name,
        "/bin/umount",
        "--",
        values.get(_TO, ""),
    ),
    doing="Unbinding in {name} …",
    done="It is seen in {name} no more.",
    refusal=refusals.no_binds,
    check=lambda machine, values, store: _absolute(machine, {**values, _FROM: "/"}, store),
    run=_unbind,
)


def _limits(values: Values) -> Limits:
    """What was answered; what was left empty stays as it is.

    Raises:
        ValueError: No such amount; the message is for the operator.
    """
    return Limits(
        *(
            read(text) if (text := values.get(key, "").strip()) else None
            for key, read in (("memory", read_size), ("cpu", read_cpu), ("tasks", read_count))
        )
    )


def _check_limits(_machine: Machine, values: Values, _store: Store) -> str | None:
    try:
        limits = _limits(values)
    except ValueError as error:
        return str(error)
    return None if any(limit is not None for limit in limits) else "Nothing is to be changed."


async def _set_limits(host: Host, machine: Machine, values: Values) -> None:
    await host.machine_acting.set_limits(machine.identity, _limits(values))


def _limits_command(machine: Machine, values: Values) -> tuple[str, ...]:
    named = (
        ("memory", "MemoryMax", size_word),
        ("cpu", "CPUQuota", cpu_word),
        ("tasks", "TasksMax", count_word),
    )
    settings = [f"{name}={word(values[key])}" for key, name, word in named if values.get(key, "").strip()]
    return "systemctl", "set-property", "--runtime", machine.unit, *settings


LIMIT = Action[Machine](
    id="limit",
    label="Limit",
    key="l",
    help="Limit what it may use until it ends. What is left empty stays; 'none' takes a limit away.",
    fields=(
        Field("memory", "memory", FieldKind.SIZE, help="such as 512M or 1.5G", is_needed=False),
        Field("cpu", "processor", FieldKind.CPU, help="per cent of one, such as 150%", is_needed=False),
        Field("tasks", "tasks", FieldKind.COUNT, help="processes and threads", is_needed=False),
    ),
    command=_limits_command,
    doing="Setting the limits of {name} …",
    done="The limits of {name} are set.",
    refusal=refusals.not_running,
    check=_check_limits,
    run=_set_limits,
)
