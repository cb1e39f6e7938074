"""Why a local bus cannot listen where it was told to."""

from __future__ import annotations


class BusError(OSError):
    """The bus cannot listen there; the text says why and what to do, and is fit to be shown."""


class BusFolderUnsafe(BusError):
    """Others could put a socket of theirs in the place of ours: the folder is not ours alone to write."""


class BusInUse(BusError):
    """The place is taken: somebody answers there, or it is no socket at all."""
