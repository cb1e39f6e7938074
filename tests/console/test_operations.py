"""Long work, as the console shows it while it goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from machinedeck.model.event import OperationEnded, OperationMoved, ServiceMoved
from machinedeck.model.operation import Operation
from tests.console.conftest import Open
from tests.support.demo_service import demo_service
from tests.support.fake_host import FakeHost
from tests.support.pty_program import PtyProgram

CLONE = Operation(3, "clone", "copy", 1, 4)


async def test_it_is_shown_until_it_ends(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        host.tell(OperationMoved(CLONE))
        await deck.until_shown("clone copy 25 %")
        host.tell(OperationMoved(CLONE._replace(done=2)))
        await deck.until_shown("clone copy 50 %")
        host.tell(OperationEnded(CLONE.id))
        await deck.until_gone("clone copy")


async def test_nothing_is_left_of_it_when_the_service_goes(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        host.tell(OperationMoved(CLONE))
        await deck.until_shown("clone copy")
        host.tell(ServiceMoved(False))
        await deck.until_gone("clone copy")


def test_a_clone_by_somebody_else_is_seen(tmp_path: Path) -> None:
    """The console on the demo's service, busctl(1) beside it; a copy of the host takes a while."""
    tmp_path.chmod(0o700)
    with demo_service(tmp_path) as demo:
        clone = ["busctl", "call", "org.freedesktop.machine1", "/org/freedesktop/machine1"]
        clone += ["org.freedesktop.machine1.Manager", "CloneImage", "ssb", "web-1", "copy", "false"]
        console = [sys.executable, "-m", "machinedeck", "--bus", demo.address]
        with PtyProgram(console, size=(120, 40)) as program:
            program.wait_for(" live")
            with subprocess.Popen(clone, env=demo.environment) as process:
                program.wait_for("clone copy")
                assert process.wait(20) == 0
            program.wait(lambda program: "clone copy" not in program.screen)
            program.wait(lambda program: "Images 23" in program.screen)
