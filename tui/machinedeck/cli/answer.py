"""What verbs answer, written where the program's output goes."""

from __future__ import annotations

import codecs
import os
import signal
import sys

from machinedeck.model.text import clean, to_ascii


def write_answer(text: str) -> None:
    """Write lines to standard output; in ASCII where that takes no UTF-8, as in most locales of old.

    Who reads a part of it and closes the pipe, as head(1) does, has had enough: that is no error.

    Raises:
        SystemExit: With 1 where it cannot be written, which was told.
    """
    try:
        print(text if _has_utf8() else to_ascii(text), flush=True)  # noqa: T201
    except BrokenPipeError:
        _forget_output()
    except OSError as error:
        _forget_output()
        reason = clean(error.strerror)
        print(f"machinedeck: The answer cannot be written: {reason}.", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from error


def end_on_interrupt() -> None:
    """End at Ctrl-C as programs in pipes do, at once and by the signal itself (signal(7))."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _forget_output() -> None:
    """Have Python, which writes what is left once more when it ends, write it nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _has_utf8() -> bool:
    return codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
