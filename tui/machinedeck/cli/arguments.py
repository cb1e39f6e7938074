"""The command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import NoReturn

from machinedeck import __version__
from machinedeck.bus.child import DEMO_SEED
from machinedeck.term.chords import read_chord

SYSTEM = "system"
"""The word for the host's own system bus."""

DEMO = "demo"
"""The word for a made-up host, served by a service of our own."""

EMBEDDED = "embedded"
"""The word for a service of our own on the real host."""

SERVICE = "service"
"""The verb that starts the service; what comes behind it is the service's to read."""

DOCTOR = "doctor"
"""The verb that looks at this host itself."""

LEAVE_KEY_VARIABLE = "MACHINEDECK_LEAVE_KEY"
"""What names the key that leaves a terminal, where the command line does not."""

LONGEST_SEED = 100
"""Digits of the number that a made-up host is drawn from; Python reads none of thousands."""

VERBS = {
    "list": "print the machines that run",
    "images": "print the images machines can be started from",
}


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `verb` is "" for the console itself.

    Behind the verb `service` everything is left as it is, in `arguments`.

    Raises:
        SystemExit: With 2 where the arguments are wrong, with 0 where only help was wanted.
    """
    if arguments and arguments[0] == SERVICE:
        return argparse.Namespace(verb=SERVICE, arguments=list(arguments[1:]))
    try:
        parser: argparse.ArgumentParser = _Plain(add_help=False, formatter_class=_formatter)
        _add_options(parser)
        read = parser.parse_args(arguments)
    except _Unclear:
        read = _parser().parse_args(arguments)
    _check(read)
    read.bus = DEMO if read.demo else read.bus or SYSTEM
    read.seed = DEMO_SEED if read.seed is None else read.seed
    return read


class _Unclear(Exception):
    """There is more to the command line than options of the console, or something is wrong with it."""


class _Plain(argparse.ArgumentParser):
    """Reads the options of the console alone: to make the parser of all verbs takes 2 ms of each start."""

    def error(self, message: str) -> NoReturn:
        """Have the parser of all verbs read it, and say what is wrong."""
        raise _Unclear(message)


def _formatter(prog: str) -> argparse.HelpFormatter:
    """One that need not find out how wide the terminal is: it is used to check options, not to print help."""
    return argparse.HelpFormatter(prog, width=80)


def _check(read: argparse.Namespace) -> None:
    if read.verb == SERVICE:
        _parser().error(f"the options of '{SERVICE}' stand behind it: machinedeck {SERVICE} --help")
    if read.demo and read.bus not in {None, DEMO}:
        _parser().error(f"--demo and --bus {read.bus} exclude each other")
    if read.verb == DOCTOR and (read.demo or read.bus not in {None, SYSTEM}):
        _parser().error(f"'{DOCTOR}' looks at this host and its system bus: leave --demo and --bus out")
    if read.seed is not None and not read.demo and read.bus != DEMO:
        _parser().error("--seed belongs to --demo")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="machinedeck",
        description="A terminal console for the machines of a Linux host, over org.freedesktop.machine1.",
        epilog="Without a verb the console opens.",
    )
    _add_options(parser)
    _add_verbs(parser)
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action="version", version=f"machinedeck {__version__}")
    _add_bus(parser)
    parser.add_argument(
        "--read-only", action="store_true", help="only look: no change, and no shell, whatever key is pressed"
    )
    parser.add_argument(
        "--leave-key",
        metavar="KEY",
        default=os.environ.get(LEAVE_KEY_VARIABLE) or None,
        type=_chord,
        help="the one key that is not a machine's while a terminal has the keys, such as F12, Ctrl-G or Alt-X"
        f" (default: {LEAVE_KEY_VARIABLE}, else what is set, else F12)",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="read settings from there, not from machinedeck/config.toml in your folder of settings",
    )
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    parser.set_defaults(verb="", bus=None, demo=False, seed=None)


def _add_verbs(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(metavar="VERB", title="verbs")
    for verb, help_ in VERBS.items():
        one = verbs.add_parser(verb, help=help_, description=help_.capitalize() + ".")
        _add_bus(one)
        one.add_argument("--all", action="store_true", help="also the host itself, and what is hidden")
        one.add_argument("--json", action="store_true", help="print JSON, as `machinectl -o json` does")
        one.set_defaults(verb=verb)
    what = "print what is there on this host, what is missing, and how to mend it"
    doctor = verbs.add_parser(DOCTOR, help=what, description=what.capitalize() + ".")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(verb=DOCTOR)
    service = verbs.add_parser(
        SERVICE, help="serve machines, in the foreground; with 'install', for good", add_help=False
    )
    service.add_argument("arguments", nargs=argparse.REMAINDER)
    service.set_defaults(verb=SERVICE)


def _add_bus(parser: argparse.ArgumentParser) -> None:
    # What is not given behind the verb must not undo what was given before it.
    parser.add_argument(
        "--bus",
        metavar="system|demo|ADDRESS",
        default=argparse.SUPPRESS,
        type=_bus,
        help="the message bus to ask: the system's (default), that of a made-up host,"
        " or the D-Bus address of another",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        default=argparse.SUPPRESS,
        help="look around on a made-up host, the same as --bus demo",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        default=argparse.SUPPRESS,
        type=_seed,
        help=f"what the made-up host is drawn from (default: {DEMO_SEED})",
    )


def _chord(text: str) -> str:
    try:
        return read_chord(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _bus(text: str) -> str:
    if text == EMBEDDED:
        raise argparse.ArgumentTypeError(
            f"{EMBEDDED!r}, a service of our own on this host, is not there yet:"
            " say 'system', 'demo' or an address"
        )
    if text in {SYSTEM, DEMO} or ":" in text:
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither 'system' nor 'demo' nor a D-Bus address such as unix:path=/run/x/bus"
    )


def _seed(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST_SEED:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is no whole number from 0 up, of at most {LONGEST_SEED} digits"
    )
