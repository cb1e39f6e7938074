"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from machinedeck import __version__

SYSTEM = "system"
"""The word for the host's own system bus."""

VERBS = {
    "list": "print the machines that run",
    "images": "print the images machines can be started from",
}


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `verb` is "" for the console itself.

    Raises:
        SystemExit: With 2 where the arguments are wrong, with 0 where only help was wanted.
    """
    parser = argparse.ArgumentParser(
        prog="machinedeck",
        description="A terminal console for the machines of a Linux host, over org.freedesktop.machine1.",
        epilog="Without a verb the console opens.",
    )
    parser.add_argument("--version", action="version", version=f"machinedeck {__version__}")
    _add_bus(parser, SYSTEM)
    parser.set_defaults(verb="")
    verbs = parser.add_subparsers(metavar="VERB", title="verbs")
    for verb, help_ in VERBS.items():
        one = verbs.add_parser(verb, help=help_, description=help_.capitalize() + ".")
        # Not given after the verb must not undo what was given before it.
        _add_bus(one, argparse.SUPPRESS)
        one.add_argument("--all", action="store_true", help="also the host itself, and what is hidden")
        one.add_argument("--json", action="store_true", help="print JSON, as `machinectl -o json` does")
        one.set_defaults(verb=verb)
    return parser.parse_args(arguments)


def _add_bus(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--bus",
        metavar="system|ADDRESS",
        default=default,
        type=_bus,
        help="the message bus to ask: the system's (default), or the D-Bus address of another",
    )


def _bus(text: str) -> str:
    if text == SYSTEM or ":" in text:
        return text
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither 'system' nor a D-Bus address such as unix:path=/run/x/bus"
    )
