"""The objects of images: `org.freedesktop.machine1.Image`, as systemd's introspection shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from machined.bus.senders import Request
from machined.bus.table import Interface, Method, Property
from machined.contract import IMAGE_INTERFACE, escape_label, unescape_label
from machined.host.storage import Image
from machined.images.catalog import Images


class ImageObjects:
    """Answers the members of images.

    Every handler takes the image, the request and the arguments, so the manager can answer with them too.

    Attributes:
        interface: The table.
    """

    def __init__(self, images: Images) -> None:
        self._images = images
        self.interface = Interface(IMAGE_INTERFACE, [*_PROPERTIES, *self._methods()])

    async def find(self, label: str, _request: Request) -> Image | None:
        """The image that a path's last element stands for, in any encoding; None if there is none."""
        try:
            name = unescape_label(label)
        except UnicodeDecodeError:
            return None
        return await self._images.peek(name)

    async def enumerate(self) -> Sequence[str]:
        """The labels of all images."""
        return [escape_label(image.name) for image in await self._images.all()]

    def _methods(self) -> list[Method]:
        return [
            Method("Remove", "", "", self.on_remove),
            Method("Rename", "s", "", self.on_rename),
            Method("Clone", "s, b", "", self.on_clone),
            Method("MarkReadOnly", "b", "", self.on_mark_read_only),
            Method("SetLimit", "t", "", self.on_set_limit),
            Method("GetHostname", "", "s", self.on_get_hostname),
            Method("GetMachineID", "", "ay", self.on_get_machine_id),
            Method("GetMachineInfo", "", "a{ss}", self.on_get_machine_info),
            Method("GetOSRelease", "", "a{ss}", self.on_get_os_release),
        ]

    async def on_remove(self, image: Image, request: Request) -> None:
        """Remove an image."""
        await self._images.remove(image, request.permit)

    async def on_rename(self, image: Image, request: Request, new_name: str) -> None:
        """Rename an image."""
        await self._images.rename(image, new_name, request.permit)

    async def on_clone(self, image: Image, request: Request, new_name: str, is_read_only: bool) -> None:
        """Copy an image into the pool."""
        await self._images.clone(image, new_name, is_read_only, request.permit)

    async def on_mark_read_only(self, image: Image, request: Request, is_read_only: bool) -> None:
        """Mark an image read-only, or no longer so."""
        await self._images.mark_read_only(image, is_read_only, request.permit)

    async def on_set_limit(self, image: Image, request: Request, size: int) -> None:
        """Limit what an image may use, in bytes."""
        await self._images.set_limit(image, size, request.permit)

    async def on_get_hostname(self, image: Image, _request: Request) -> Sequence[Any]:
        """Tell the host name that an image is set to have."""
        return [(await self._images.metadata(image)).hostname]

    async def on_get_machine_id(self, image: Image, _request: Request) -> Sequence[Any]:
        """Tell the machine id in an image."""
        return [(await self._images.metadata(image)).machine_id]

    async def on_get_machine_info(self, image: Image, _request: Request) -> Sequence[Any]:
        """Tell the fields of machine-info(5)."""
        return [(await self._images.metadata(image)).machine_info]

    async def on_get_os_release(self, image: Image, _request: Request) -> Sequence[Any]:
        """Tell the fields of os-release(5)."""
        return [(await self._images.metadata(image)).os_release]


_PROPERTIES = [
    Property("Name", "s", lambda image: image.name),
    Property("Path", "s", lambda image: image.path),
    Property("Type", "s", lambda image: str(image.type)),
    Property("ReadOnly", "b", lambda image: image.is_read_only),
    Property("CreationTimestamp", "t", lambda image: image.created),
    Property("ModificationTimestamp", "t", lambda image: image.modified),
    Property("Usage", "t", lambda image: image.usage),
    Property("Limit", "t", lambda image: image.limit),
    Property("UsageExclusive", "t", lambda image: image.usage_exclusive),
    Property("LimitExclusive", "t", lambda image: image.limit_exclusive),
]
