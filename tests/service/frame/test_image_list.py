"""What ListImages answers, short and long."""

from __future__ import annotations

import pytest

from machined.bus.image_list import MANY, SIGNATURE, ImageList
from machined.contract import image_path
from machined.host.storage import Image, ImageType
from machined.wire.body import decode_body, encode_body


def images(count: int) -> list[Image]:
    return [
        Image(f"image-{n}", f"/p/image-{n}", ImageType.DIRECTORY, n % 2 == 0, n, usage=n)
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 3, MANY + 1, 3000])
async def test_the_list_is_written_once_for_the_same_images(count: int) -> None:
    listed = ImageList()
    body = await listed.body(images(count))
    assert await listed.body(images(count)) is body
    marshalled = bytes(encode_body(SIGNATURE, body)[0])
    frame = b"l" + bytes(7) + marshalled
    (rows,), _fds = decode_body(SIGNATURE, frame, 8, [])
    wanted = [
        [f"image-{n}", "directory", n % 2 == 0, n, 0, n, image_path(f"image-{n}")] for n in range(count)
    ]
    assert [list(row) for row in rows] == wanted


async def test_a_list_that_changed_is_written_anew() -> None:
    listed = ImageList()
    before = images(5)
    body = await listed.body(before)
    changed = [before[0]._replace(is_read_only=False), *before[1:]]
    assert await listed.body(changed) is not body
    assert (await listed.body(changed))[0][0][2] is False
