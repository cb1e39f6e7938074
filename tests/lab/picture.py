"""The README's picture: the real program on a real host, `python -m tests.lab.picture FILE`."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from tests.lab.host import LabHost
from tests.lab.images import add_image, start_machine
from tests.lab.program import install_program, program_binds

#: Run on the host; the console exports what it shows.
SCRIPT = """
import asyncio
import socket
from machined.wire import system_address
from machinedeck.bus.host import BusHost
from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.ui.app import MachinedeckApp
from machinedeck.core.host import SYSTEM_BUS
from machinedeck.ui.options import Options
from machinedeck.ui.start import _local
async def main():
    host = BusHost(system_address(), socket.gethostname(), SYSTEM_BUS)
    app = MachinedeckApp(Follower(host, Store(), local=_local(host)), Options())
    async with app.run_test(size=(112, 30)) as pilot:
        await pilot.pause(4)
        await pilot.press(*"/db", "enter")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await pilot.pause(2)
        await pilot.press("f12", "escape")
        await pilot.pause(6)
        print(app.export_screenshot(title="machinedeck"))
asyncio.run(main())
"""
FIRST, OTHERS = "web", ("archive", "build", "db", "mail")
RUNNING = {"db": 40_000, "mail": 2_000, "web": 9_000}
"""Those that run, and how far each counts ten times a second, to have something to do."""


def main(path: Path) -> None:
    """Boot a host with machines and images in a pool that counts, and write the picture."""
    with LabHost("trixie", binds=program_binds("trixie"), pool="4G") as host:
        install_program(host)
        host.ask("hostname", "atlas")
        host.ask("machinectl", "set-limit", "3G")
        add_image(host, FIRST)
        for name in OTHERS:
            _clone(host, name)
        for name, number in RUNNING.items():
            start_machine(host, name, addresses=True)
            work = f"while :; do i=0; while [ $i -lt {number} ]; do i=$((i+1)); done; sleep 0.1; done"
            host.ask("systemd-run", f"--machine={name}", "--unit=busy", "sh", "-c", work)
        script = host.root / "root/picture.py"
        script.write_text(SCRIPT)
        path.write_text(host.ask("python3", "/root/picture.py") + "\n")


def _clone(host: LabHost, name: str) -> None:
    image = host.machines / name
    host.ask("machinectl", "clone", FIRST, name)
    (image / "etc/hostname").write_text(f"{name}\n")
    (image / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
