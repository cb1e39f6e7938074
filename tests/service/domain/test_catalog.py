"""What may be done to which image."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from machined.contract import UNKNOWN_SIZE, ErrorName, is_image_name
from machined.host.errors import Refused
from machined.host.storage import Image, ImageType, Progress
from machined.images.catalog import Images
from machined.operations import MAX_OPERATIONS, Operation, Operations
from tests.service.domain.hosts import FakeHost, Permits


@pytest.fixture
def images(fake: FakeHost) -> Images:
    for name, path in (
        ("web", "/var/lib/machines/web"),
        (".hid", "/var/lib/machines/.hid"),
        ("base", "/usr/lib/machines/base.raw"),
        (".host", "/"),
    ):
        fake.storage.images[name] = Image(name, path, ImageType.SUBVOLUME, usage_exclusive=len(name))
    return Images(fake.host, Operations())


CHANGES = {
    "remove": lambda images, image, permits: images.remove(image, permits),
    "rename": lambda images, image, permits: images.rename(image, "new", permits),
    "mark_read_only": lambda images, image, permits: images.mark_read_only(image, True, permits),
    "set_limit": lambda images, image, permits: images.set_limit(image, 5, permits),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", [".host", "base"])
async def test_the_host_and_what_came_with_it_stay(
    images: Images, fake: FakeHost, permits: Permits, name: str, change: str
) -> None:
    with pytest.raises(OSError, match="Read-only") as caught:
        await CHANGES[change](images, fake.storage.images[name], permits)
    assert caught.value.errno == errno.EROFS
    assert not fake.storage.done


async def test_changes_ask_with_what_they_are_about(images: Images, fake: FakeHost, permits: Permits) -> None:
    image = fake.storage.images["web"]
    await images.mark_read_only(image, True, permits)
    await images.set_limit(image, UNKNOWN_SIZE, permits)
    await images.rename(image, "new", permits)
    await images.clone(image, "new", True, permits)
    await images.remove(image, permits)
    await images.set_pool_limit(2**63 - 1, permits)
    action = "org.freedesktop.machine1.manage-images"
    assert permits.asked == [
        (action, {"image": "web", "verb": "mark_read_only", "read_only": "1"}),
        (action, {"machine": "web", "verb": "set_limit"}),
        (action, {"image": "web", "verb": "rename", "new_name": "new"}),
        (action, {"image": "web", "verb": "clone", "new_name": "new"}),
        (action, {"image": "web", "verb": "remove"}),
        ("org.freedesktop.machine1.manage-machines", {"verb": "set_pool_limit"}),
    ]
    assert [done[0] for done in fake.storage.done] == [
        "set_read_only",
        "set_limit",
        "rename",
        "clone",
        "remove",
        "set_pool_limit",
    ]


async def test_a_refused_rename_says_what_failed(images: Images, fake: FakeHost, permits: Permits) -> None:
    """In the words of systemd 257; other changes say no more than why."""
    with pytest.raises(OSError, match=r"Failed to rename image: Read-only file system"):
        await images.rename(fake.storage.images[".host"], "new", permits)


async def test_lookups_tell_a_bad_name_each_in_its_way(images: Images) -> None:
    for call, name, error in (
        (images.find, "a/b", ErrorName.NO_SUCH_IMAGE),
        (images.get, "a/b", ErrorName.INVALID_ARGS),
        (images.find, "none", ErrorName.NO_SUCH_IMAGE),
        (images.get, "none", ErrorName.NO_SUCH_IMAGE),
    ):
        with pytest.raises(Refused) as caught:
            await call(name)
        assert caught.value.name == error
    assert await images.peek("a/b") is None


@pytest.mark.parametrize(
    "call",
    [
        lambda images, image, permits: images.rename(image, "x/y", permits),
        lambda images, image, permits: images.clone(image, "", False, permits),
        lambda images, image, permits: images.set_limit(image, 2**63, permits),
        lambda images, image, permits: images.set_pool_limit(2**64 - 2, permits),
        lambda images, image, permits: images.clean("some", permits),
    ],
)
async def test_arguments_are_looked_at_before_anybody_is_asked(
    images: Images, fake: FakeHost, permits: Permits, call: Callable[..., Any]
) -> None:
    with pytest.raises(Refused) as caught:
        await call(images, fake.storage.images["web"], permits)
    assert caught.value.name == ErrorName.INVALID_ARGS
    assert not permits.asked


async def test_an_image_that_went_while_the_caller_was_asked_is_not_touched(
    images: Images, fake: FakeHost, permits: Permits
) -> None:
    image = fake.storage.images["web"]
    permits.before = lambda: fake.storage.images.pop("web", None)
    with pytest.raises(Refused) as caught:
        await images.remove(image, permits)
    assert caught.value.name == ErrorName.NO_SUCH_IMAGE
    assert not fake.storage.done


@pytest.mark.parametrize(("mode", "gone"), [("hidden", [(".hid", 4)]), ("all", [("web", 3), (".hid", 4)])])
async def test_clean_spares_the_host_and_vendor_images(
    images: Images, permits: Permits, mode: str, gone: list[tuple[str, int]]
) -> None:
    assert await images.clean(mode, permits) == gone


async def test_clean_spares_what_is_in_use(images: Images, fake: FakeHost, permits: Permits) -> None:
    fake.storage.busy = {"web"}
    assert await images.clean("all", permits) == [(".hid", 4)]
    assert "web" in fake.storage.images


@pytest.mark.parametrize("is_gone", [True, False])
async def test_clean_goes_on_without_what_went_meanwhile(
    images: Images, fake: FakeHost, permits: Permits, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    """It was listed, and then a removal that had been going on came to its end."""
    remove = fake.storage.remove

    async def gone(image: Image, progress: Progress) -> None:
        if image.name != "web":
            await remove(image, progress)
            return
        if is_gone:
            del fake.storage.images["web"]
        raise OSError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(fake.storage, "remove", gone)
    if is_gone:
        assert await images.clean("all", permits) == [(".hid", 4)]
        return
    with pytest.raises(OSError, match="Failed to remove image web"):
        await images.clean("all", permits)


async def test_so_many_operations_at_once_and_no_more(
    images: Images, fake: FakeHost, permits: Permits
) -> None:
    fake.storage.gate = asyncio.Event()
    image = fake.storage.images["web"]
    going = [
        asyncio.create_task(images.clone(image, f"new{number}", False, permits))
        for number in range(MAX_OPERATIONS)
    ]
    await asyncio.sleep(0.01)
    for attempt in (images.remove(image, permits), images.clean("wrong", permits)):
        with pytest.raises(Refused) as caught:
            await attempt
        assert caught.value.name == ErrorName.LIMITS_EXCEEDED
    fake.storage.gate.set()
    await asyncio.gather(*going)


async def test_who_waits_for_a_permission_takes_nobodys_place(images: Images, fake: FakeHost) -> None:
    """Nor does one who is permitted go beyond the limit then."""
    image = fake.storage.images["web"]
    answer = asyncio.Event()

    async def slow(_action: str, _details: Mapping[str, str]) -> int:
        await answer.wait()
        return 1000

    waiting = [
        asyncio.create_task(images.clone(image, f"of{number}", False, slow))
        for number in range(MAX_OPERATIONS + 1)
    ]
    await asyncio.sleep(0.01)
    await images.clone(image, "meanwhile", False, Permits())
    fake.storage.gate = asyncio.Event()
    answer.set()
    await asyncio.sleep(0.01)
    fake.storage.gate.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    (refused,) = [one for one in ended if one is not None]
    assert isinstance(refused, Refused)
    assert refused.name == ErrorName.LIMITS_EXCEEDED


class Watcher:
    """What operations tell."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def on_operation(self, operation: Operation) -> None:
        self.told.append((operation.kind, operation.subject, operation.done, operation.total))

    def on_operation_ended(self, operation: Operation) -> None:
        self.told.append((operation.kind, operation.subject))


async def test_long_work_tells_how_far_it_is(fake: FakeHost, permits: Permits) -> None:
    operations, watcher = Operations(), Watcher()
    operations.listen(watcher)
    images = Images(fake.host, operations)
    fake.storage.images["web"] = image = Image("web", "/var/lib/machines/web", ImageType.DIRECTORY)
    fake.storage.gate = asyncio.Event()
    fake.storage.amounts = [(0, 9), (4, 9)]
    going = asyncio.create_task(images.clone(image, "new", False, permits))
    await asyncio.sleep(0.01)
    assert [(one.id, one.kind, one.done) for one in operations.working()] == [(1, "clone", 4)]
    fake.storage.gate.set()
    await going
    assert watcher.told == [("clone", "new", 0, 9), ("clone", "new", 4, 9), ("clone", "new")]
    assert operations.working() == []


async def test_refused_work_is_not_told_of(fake: FakeHost, permits: Permits) -> None:
    operations, watcher = Operations(), Watcher()
    operations.listen(watcher)
    image = Image(".host", "/", ImageType.DIRECTORY)
    fake.storage.images[".host"] = image
    with pytest.raises(OSError, match="Read-only"):
        await Images(fake.host, operations).remove(image, permits)
    assert watcher.told == []


async def test_an_image_in_use_tells_why_it_cannot_be_read(images: Images, fake: FakeHost) -> None:
    fake.storage.busy = {"web"}
    with pytest.raises(OSError, match="image metadata") as caught:
        await images.metadata(fake.storage.images["web"])
    assert caught.value.errno == errno.EBUSY
    with pytest.raises(OSError, match="image metadata") as caught:
        await images.metadata_of("web")
    assert caught.value.errno == errno.EBUSY


async def test_metadata_is_told_by_name_too(images: Images) -> None:
    assert (await images.metadata_of("web")).hostname == "web"
    for name, error in (("a/b", ErrorName.INVALID_ARGS), ("nothing", ErrorName.NO_SUCH_IMAGE)):
        with pytest.raises(Refused) as caught:
            await images.metadata_of(name)
        assert caught.value.name == error


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("web", True),
        (".hid", True),
        ("a b", True),
        ("ü" * 127, True),
        ("ü" * 128, False),
        ("", False),
        (".", False),
        ("..", False),
        ("a/b", False),
        (".#a", False),
        ("a\n", False),
        ("\x7f", False),
        ("\ud800", False),
    ],
)
def test_names_of_images(name: str, is_one: bool) -> None:
    assert is_image_name(name) is is_one
