"""The list of mounts, in which anybody who may mount, or plugs in a stick, has a say."""

from __future__ import annotations

from pathlib import Path

import pytest

from machinedeck.sources.mountinfo import Mount, read_kernel_text, read_mounts
from machinedeck.sources.usage.groups import folders_of

ENDS_OF_LINES = ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
"""What Python takes for the end of a line beside newline and carriage return (`str.splitlines`)."""


@pytest.mark.parametrize("end", [*ENDS_OF_LINES, "\r", "\u3000", "\udcff"])
def test_a_place_is_one_whatever_it_is_called(end: str) -> None:
    text = (
        "25 1 8:1 / / rw - ext4 /dev/a rw\n"
        f"26 25 8:2 / /media/a{end}b rw,relatime shared:7 - vfat /dev/b rw,uid=0\n"
        "27 25 8:3 / /srv/ü\\040b rw - cgroup none rw,memory\n"
    )
    assert list(read_mounts(text)) == [
        Mount("/", "ext4", "rw"),
        Mount(f"/media/a{end}b", "vfat", "rw,uid=0"),
        Mount("/srv/ü b", "cgroup", "rw,memory"),
    ]


def test_a_list_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"a\rb\r\nc\xff\n")
    assert read_kernel_text(tmp_path / "list") == "a\rb\r\nc\udcff\n"


def test_what_is_no_mount_is_none() -> None:
    assert list(read_mounts("\n1 2 - ext4 a b\n26 25 8:2 / /a rw vfat\n")) == []


@pytest.mark.parametrize("end", ENDS_OF_LINES)
def test_a_group_of_a_machine_is_called_as_it_likes(end: str) -> None:
    said = f"4:memory:/m.slice/web.service/a{end}0::/m.slice/x\n0::/m.slice/web.service/a{end}b:c\n"
    found = folders_of("web.service", said, {"": Path("/two"), "memory": Path("/one")})
    assert found == {"": Path("/two/m.slice/web.service"), "memory": Path("/one/m.slice/web.service")}
