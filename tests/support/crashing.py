"""A console with an error of the program in it: it crashes once its first picture is drawn."""

from __future__ import annotations

import asyncio
import sys

from machinedeck.model.image import Image
from machinedeck.ui.start import open_console
from tests.support.fake_host import FakeHost, machine


class CrashingHost(FakeHost):
    """Its images cannot be listed, for a reason nobody thought of."""

    async def images(self) -> list[Image]:
        await asyncio.sleep(0.5)
        raise ZeroDivisionError("a fault in the program")


if __name__ == "__main__":
    sys.exit(open_console(CrashingHost(running={"web-1": machine("web-1")})))
