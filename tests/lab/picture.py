"""The README's picture: the real program on a real host, `python -m tests.lab.picture FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.lab.host import LabHost
from tests.lab.images import add_image, add_small_image, start_machine
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
from machinedeck.ui.options import Options
async def main():
    host = BusHost(system_address(), socket.gethostname(), "system bus")
    app = MachinedeckApp(Follower(host, Store()), Options())
    async with app.run_test(size=(110, 30)) as pilot:
        await pilot.pause(2)
        await pilot.press("end", "enter")
        await pilot.pause(1.5)
        await pilot.press("f12")
        await pilot.pause(0.5)
        print(app.export_screenshot(title="machinedeck"))
asyncio.run(main())
"""


def main(path: Path) -> None:
    """Boot a host with two machines and two more images, and write the picture."""
    with LabHost("bookworm", binds=program_binds("bookworm")) as host:
        install_program(host)
        host.ask("hostname", "atlas")
        for name in ("archive", "build"):
            add_small_image(host, name, PRETTY_NAME="Debian GNU/Linux 12 (bookworm)")
        for name in ("db", "web"):
            add_image(host, name)
            start_machine(host, name, addresses=True)
        script = host.root / "root/picture.py"
        script.write_text(SCRIPT)
        path.write_text(host.ask("python3", "/root/picture.py") + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
