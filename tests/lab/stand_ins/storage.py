"""Stands in for the images of a host: folders that are found, and no more."""

from __future__ import annotations

from pathlib import Path

from machined.host.storage import UNKNOWN_SIZE, Image, ImageType, PoolStatus


class LinuxStorage:
    def __init__(self, pool: Path = Path("/var/lib/machines")) -> None:
        self._pool = pool

    async def find(self, name: str) -> Image | None:
        path = self._pool / name
        return Image(name, str(path), ImageType.DIRECTORY) if path.is_dir() else None

    async def discover(self) -> list[Image]:
        return [Image(".host", "/", ImageType.DIRECTORY)]

    async def pool(self) -> PoolStatus:
        return PoolStatus(str(self._pool), UNKNOWN_SIZE, UNKNOWN_SIZE)
