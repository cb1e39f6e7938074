"""An image that gives no answer keeps no other from being asked."""

from __future__ import annotations

from machinedeck.core.image_details import ImageDetails
from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import Image, ImageSizes
from machinedeck.model.machine import OperatingSystem
from tests.support.fake_host import DEBIAN, FakeHost, image
from tests.support.waiting import until

NAMES = ("a", "dead-1", "dead-2", "z")
SIZES = ImageSizes(1, 2, 3)


class PartlyDead(FakeHost):
    """Some of its images lie on a mount that never answers."""

    def _ask(self, what: str, name: str) -> None:
        self.calls.append((what, name))
        if name in self.kept:
            raise Failure(Kind.TIMED_OUT, "No answer in time.")

    async def image_os(self, name: str) -> OperatingSystem | None:
        self._ask("os", name)
        return DEBIAN

    async def image_sizes(self, image: Image) -> ImageSizes:
        self._ask("sizes", image.name)
        return SIZES

    def asked(self, what: str) -> list[str]:
        """Who was asked since the last time."""
        found = [name for asked, name in self.calls if asked == what]
        self.calls = [call for call in self.calls if call[0] != what]
        return found


def crash(error: BaseException) -> None:
    raise AssertionError from error


async def test_those_without_an_answer_come_last_in_turn() -> None:
    host = PartlyDead(kept={"dead-1", "dead-2"})
    store = Store()
    store.set_images([image(name) for name in NAMES])
    details = ImageDetails(host, store, crash)
    details.want(Part.IMAGES, NAMES)
    await until(lambda: {"a", "z"} == store.image_os.keys() == store.image_sizes.keys(), what="the others")
    assert (host.asked("os"), host.asked("sizes")) == (list(NAMES), list(NAMES))
    details.ask()
    await until(lambda: len(host.calls) == 2, what="one of the dead each")
    assert (host.asked("os"), host.asked("sizes")) == (["dead-1"], ["dead-1"])
    host.kept = {"dead-1"}
    details.ask()
    await until(lambda: "dead-2" in store.image_os and "dead-2" in store.image_sizes, what="one that answers")
    assert store.image_sizes["dead-2"] == SIZES
    assert "dead-1" not in store.image_os
