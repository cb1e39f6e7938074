"""Marks that several files share."""

from __future__ import annotations

import pytest

works_unchanged = pytest.mark.promise(
    "`busctl`, `gdbus`, `dbus-send`, `machinectl` and `systemd-nspawn` work with the service unchanged",
    where="bare host",
)
"""The tests of the clients of the distribution, which know nothing of us."""

stays_whole = pytest.mark.promise(
    "Whatever clients do, the service keeps answering, and loses neither descriptors nor memory",
    where="bare host",
)
"""The tests of clients that die, flood and send what is none of the service's."""
