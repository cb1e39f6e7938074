"""What ListImages answers: thousands of rows must hold up no other call, and need not be written twice."""

from __future__ import annotations

import asyncio

from machined.contract import image_path
from machined.host.storage import Image, ImageType
from machined.wire import KeptBody

SIGNATURE = "a(ssbttto)"
MANY = 300
"""Images whose rows take the event loop about a millisecond to write: more are written in a thread."""

_SAMPLE = Image("sample", "/sample", ImageType.DIRECTORY)
_ROWS = 16
"""Of so many rows the wire writes all at once."""


class ImageList:
    """Writes the list, and keeps it for as long as the images are the same."""

    def __init__(self) -> None:
        self._images: list[Image] = []
        _written([_SAMPLE] * _ROWS)  # which has what writes them generated before the first call
        self._body = _written([])

    async def body(self, images: list[Image]) -> KeptBody:
        """The body of the answer."""
        if images != self._images:
            body = await asyncio.to_thread(_written, images) if len(images) > MANY else _written(images)
            self._images, self._body = images, body
            return body
        return self._body


def _written(images: list[Image]) -> KeptBody:
    rows = [
        [
            one.name,
            str(one.type),
            one.is_read_only,
            one.created,
            one.modified,
            one.usage,
            image_path(one.name),
        ]
        for one in images
    ]
    body = KeptBody([rows])
    body.marshalled(SIGNATURE)
    return body
