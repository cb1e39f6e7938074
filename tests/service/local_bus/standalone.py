"""A bus with the small service in a process of its own: `python -m tests.service.local_bus.standalone PATH`.

It prints its address, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from machined.bus.local import Limits, LocalBus
from tests.service.local_bus.conftest import ECHO, answer

LIMITS = Limits(
    outgoing_bytes=2 << 20,
    outgoing_messages=4000,
    outgoing_fds=64,
    descriptor_seconds=3.0,  # a client that sent itself its own socket is seen to have left after these only
    waiting_bytes=48 << 20,
    incoming_bytes=48 << 20,
    rules_per_client=500,
    names_per_client=500,
    pending_calls_per_client=500,
)


@asynccontextmanager
async def standalone(path: Path) -> AsyncIterator[tuple[str, int]]:
    """Run one; its address and process id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            address = (await process.stdout.readline()).decode().strip()
        assert address
        yield address, process.pid
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(20):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            code = await process.wait()
    assert code == 0


async def serve(path: str) -> None:
    """Serve until the standard input ends."""
    bus = await LocalBus.listen(path, limits=LIMITS)
    connection = bus.attach()
    connection.serve(lambda call: answer(connection, call))
    await connection.request_name(ECHO)
    print(bus.address, flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    await connection.close()
    await bus.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
