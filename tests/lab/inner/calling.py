"""Makes calls on the bus of the host that it runs in, all of a batch at once: `calling.py TIMEOUT`.

A line of input is a pickled batch in base64: for each call the path, interface, member, the types that it
takes and gives, and the arguments. A line of output is the batch's answers in JSON: for each the name and the
message of the error, "" without one, the reply if it is one text, and how long it took in seconds.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pickle
import sys
import time
from typing import Any

from machined.contract import MACHINE1
from machined.wire import CallError, CallTimeout, Connection, InvalidMessage, connect, system_address

LATE = "no answer"
NOT_MADE = "not made"


def close_descriptors(gives: str, body: list[Any]) -> None:
    """Descriptors are never within other values here, and always come first."""
    for type_, value in zip(gives, body, strict=False):
        if type_ == "h":
            os.close(value)


async def answer(connection: Connection, patience: float, call: list[Any]) -> list[Any]:
    path, interface, member, takes, gives, values = call
    began = time.monotonic()
    error, message, reply = "", "", ""
    try:
        body = await connection.call(MACHINE1, path, interface, member, takes, *values, timeout=patience)
    except CallError as refused:
        error, message = refused.name, refused.message
    except CallTimeout as late:
        error, message = LATE, str(late)
    except InvalidMessage as invalid:
        error, message = NOT_MADE, str(invalid)
    else:
        close_descriptors(gives, body)
        reply = body[0] if gives == "s" else ""
    return [error, message, reply, time.monotonic() - began]


async def main(patience: float) -> None:
    connection = await connect(system_address())
    print(json.dumps([os.getpid()]), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        batch = pickle.loads(base64.b64decode(line))
        answers = await asyncio.gather(*(answer(connection, patience, call) for call in batch))
        print(json.dumps(answers), flush=True)
    await connection.close()


asyncio.run(main(float(sys.argv[1])))
