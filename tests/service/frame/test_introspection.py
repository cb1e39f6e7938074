"""What objects say of themselves is what the reference says."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from machined.contract import MACHINE1, MANAGER_PATH, image_path, machine_path
from machined.wire import CallError, Connection

REFERENCE = Path(__file__).parent / "reference"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"


async def introspected(client: Connection, path: str) -> ET.Element:
    (text,) = await client.call(MACHINE1, path, INTROSPECTABLE, "Introspect")
    return ET.fromstring(text)


def told(element: ET.Element) -> object:
    """All that an element says, with the order of what is in it; the order of attributes means nothing."""
    return element.tag, sorted(element.attrib.items()), [told(child) for child in element]


def children(element: ET.Element) -> list[str]:
    return [node.attrib["name"] for node in element.findall("node")]


@pytest.mark.parametrize(
    ("path", "file"),
    [
        (MANAGER_PATH, "manager-257.xml"),
        (machine_path("box"), "machine-257.xml"),
        (image_path("deb-12"), "image-257.xml"),
    ],
)
@pytest.mark.promise(
    "The service's interfaces are those of systemd 257, member for member", where="bare host"
)
async def test_an_object_introspects_as_the_reference(client: Connection, path: str, file: str) -> None:
    assert told(await introspected(client, path)) == told(ET.parse(REFERENCE / file).getroot())


async def test_the_folder_of_machines_lists_each_but_the_callers_own(client: Connection) -> None:
    assert children(await introspected(client, f"{MANAGER_PATH}/machine")) == ["_2ehost", "box", "plain"]


async def test_the_folder_of_images_lists_each(client: Connection) -> None:
    found = children(await introspected(client, f"{MANAGER_PATH}/image"))
    assert found == ["_2egone", "_2ehost", "deb_2d12", "vendor"]


@pytest.mark.parametrize(
    ("path", "below"),
    [("/", ["io", "org"]), ("/org", ["freedesktop"]), ("/org/freedesktop", ["LogControl1", "machine1"])],
)
async def test_the_ways_to_objects_introspect(client: Connection, path: str, below: list[str]) -> None:
    root = await introspected(client, path)
    assert children(root) == below
    assert [one.attrib["name"].rpartition(".")[2] for one in root.findall("interface")] == [
        "Peer",
        "Introspectable",
        "Properties",
    ]


async def test_a_property_that_can_be_set_says_so(client: Connection) -> None:
    root = await introspected(client, "/org/freedesktop/LogControl1")
    (interface,) = [one for one in root.findall("interface") if "LogControl1" in one.attrib["name"]]
    access = {one.attrib["name"]: one.attrib["access"] for one in interface}
    assert access == {"LogLevel": "readwrite", "LogTarget": "readwrite", "SyslogIdentifier": "read"}


@pytest.mark.parametrize(
    "path", ["/nowhere", machine_path("nobody"), image_path("none"), f"{MANAGER_PATH}/x"]
)
async def test_what_is_not_there_does_not_introspect(client: Connection, path: str) -> None:
    with pytest.raises(CallError, match="UnknownObject"):
        await introspected(client, path)
