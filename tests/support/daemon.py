"""A private dbus-daemon: a real message bus that lives as long as one test."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
{extra}
  </policy>
{limits}
</busconfig>
"""


@contextlib.contextmanager
def private_daemon(folder: Path, extra: str = "", limits: dict[str, int] | None = None) -> Iterator[str]:
    """Run dbus-daemon in `folder` and yield its address.

    `extra` are further rules of its policy, `limits` those of dbus-daemon(1) that are not to be the default.
    """
    binary = shutil.which("dbus-daemon")
    assert binary, "dbus-daemon is missing: apt-get install dbus"
    socket = folder / "bus"
    configuration = folder / "bus.conf"
    configuration.write_text(CONFIGURATION.format(socket=socket, extra=extra, limits=_limits(limits or {})))
    process = subprocess.Popen(
        [binary, "--nofork", "--nopidfile", f"--config-file={configuration}", "--print-address=1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address, "dbus-daemon printed no address: it did not start"
        yield address
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
        socket.unlink(missing_ok=True)


def _limits(limits: dict[str, int]) -> str:
    return "\n".join(f'  <limit name="{name}">{value}</limit>' for name, value in limits.items())
