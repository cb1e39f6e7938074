"""How the helper answers."""

from __future__ import annotations

import errno
import os

Answer = tuple[list[bytes], list[int]]
"""Fields and descriptors of an answer."""


def error_fields(error: OSError) -> list[bytes]:
    """The packet that tells what went wrong: errno and a sentence."""
    number = error.errno or errno.EIO
    return [b"error", str(number).encode(), os.fsencode(error.strerror or os.strerror(number))]


def broken_fields(error: BaseException) -> list[bytes]:
    """The packet that tells of a fault of ours, with the places that it came through.

    The traceback module would read their lines from files, which may be the machine's by now.
    """
    lines = [f"{type(error).__name__}: {error}"]
    frame = error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        lines.append(f"  in {code.co_name}, {code.co_filename}:{frame.tb_lineno}")
        frame = frame.tb_next
    return [b"broken", "\n".join(lines).encode(errors="replace")]
