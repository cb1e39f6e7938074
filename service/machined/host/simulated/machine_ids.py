"""Machine ids in files (machine-id(5))."""

from __future__ import annotations

import re

from machined.host.simulated.tree import Tree

_ID = re.compile(rb"[0-9a-f]{32}")


def read_machine_id(tree: Tree) -> bytes:
    """The 16 bytes that `/etc/machine-id` tells; none where it is missing or makes no sense."""
    try:
        raw = tree.read("/etc/machine-id").strip()
    except OSError:
        return b""  # missing, or no file
    return bytes.fromhex(raw.decode()) if _ID.fullmatch(raw) else b""
