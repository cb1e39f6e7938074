"""What machinectl shows of images and does with them."""

from __future__ import annotations

import json
import re

from tests.service.clients.marks import works_unchanged
from tests.support.demo_service import DemoService

UNLIMITED = "infinity"


def shown(demo: DemoService, image: str) -> dict[str, str]:
    """The properties of an image."""
    return dict(line.split("=", 1) for line in demo.ask("machinectl", "show-image", image).splitlines())


def names(demo: DemoService, *options: str) -> list[str]:
    """The images that are listed."""
    text = demo.ask("machinectl", "list-images", "--no-legend", *options)
    return [line.split()[0] for line in text.splitlines()]


@works_unchanged
def test_list(still: DemoService) -> None:
    text = still.ask("machinectl", "list-images")
    header, *lines = text.splitlines()
    assert header.split()[:3] == ["NAME", "TYPE", "RO"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[:-2]}
    assert rows["web-1"][:3] == ["subvolume", "no", "1.9G"]
    assert rows["db-primary-archive"][:3] == ["raw", "yes", "31.0G"]
    assert rows["router-disk"][:2] == ["block", "no"]
    assert rows["scratch"][:2] == ["directory", "no"]
    assert rows["büro-vorlage"][:2] == ["directory", "yes"]
    assert lines[-1] == f"{len(rows)} images listed."
    assert not [name for name in rows if name.startswith(".")]


def test_list_of_all(still: DemoService) -> None:
    assert set(names(still, "--all")) - set(names(still)) == {
        ".host",
        ".base-debian-12",
        ".base-debian-13",
        r".raw-https:\x2f\x2fcloud.debian.org\x2fimages\x2fdebian-13-generic-amd64",
    }


def test_list_in_json(still: DemoService) -> None:
    rows = {row["name"]: row for row in json.loads(still.ask("machinectl", "-o", "json", "list-images"))}
    assert rows["web-1-before-upgrade"]["ro"] is True
    assert rows["fedora-test"]["type"] == "raw"
    assert rows["fedora-test"]["usage"] > 3 << 30
    assert rows["scratch"]["usage"] is None


@works_unchanged
def test_status_of_an_image(still: DemoService) -> None:
    text = still.ask("machinectl", "image-status", "web-1-before-upgrade", "db-primary")
    for line in (
        "web-1-before-upgrade",
        r"\s+Type: subvolume",
        r"\s+Path: /var/lib/machines/web-1-before-upgrade",
        r"\s+OS: Debian GNU/Linux 13 \(trixie\)",
        r"\s+RO: read-only",
        r"\s+Created: .* UTC; 1 week 2 days ago",
        r"\s+Usage: 47\.\d+G \(exclusive: 46\.\d+G\)",
        r"\s+Limit: 80\.0G \(exclusive: 75\.0G\)",
    ):
        assert re.search(rf"^{line}$", text, re.MULTILINE), (line, text)


def test_status_of_the_pool(still: DemoService) -> None:
    text = still.ask("machinectl", "image-status")
    assert "Path: /var/lib/machines" in text
    assert re.search(r"Usage: 19\d\.\dG", text)
    assert "Limit: 250.0G" in text


def test_show(still: DemoService) -> None:
    properties = shown(still, "web-1")
    assert properties["Path"] == "/var/lib/machines/web-1"
    assert (properties["Type"], properties["ReadOnly"]) == ("subvolume", "no")
    assert (properties["Limit"], properties["LimitExclusive"]) == (str(8 << 30), UNLIMITED)
    assert re.fullmatch(r"\w{3} \d{4}-.* UTC", properties["CreationTimestamp"])


@works_unchanged
def test_an_image_from_its_clone_to_its_end(demo: DemoService) -> None:
    demo.ask("machinectl", "clone", "web-1", "copy")
    assert shown(demo, "copy")["ReadOnly"] == "no"
    demo.ask("machinectl", "rename", "copy", "other")
    assert "copy" not in names(demo)
    assert shown(demo, "other")["Path"] == "/var/lib/machines/other"

    demo.ask("machinectl", "read-only", "other")
    assert shown(demo, "other")["ReadOnly"] == "yes"
    demo.ask("machinectl", "read-only", "other", "no")
    assert shown(demo, "other")["ReadOnly"] == "no"

    demo.ask("machinectl", "set-limit", "other", "5G")
    assert shown(demo, "other")["Limit"] == str(5 << 30)
    demo.ask("machinectl", "set-limit", "other", "-")
    assert shown(demo, "other").get("Limit", UNLIMITED) == UNLIMITED

    demo.ask("machinectl", "clone", "--read-only", "other", "third")
    assert shown(demo, "third")["ReadOnly"] == "yes"
    demo.ask("machinectl", "remove", "other", "third")
    assert not {"copy", "other", "third"} & set(names(demo))


def test_the_limit_of_the_pool(demo: DemoService) -> None:
    demo.ask("machinectl", "set-limit", "300G")
    assert demo.ask("machinectl", "show", "-p", "PoolLimit", "--value").strip() == str(300 << 30)


@works_unchanged
def test_clean(demo: DemoService) -> None:
    done = demo.run("machinectl", "clean")
    assert "Removed image '.base-debian-12'." in done.stderr
    assert "Removed 3 images in total." in done.stderr
    assert [name for name in names(demo, "--all") if name.startswith(".")] == [".host"]
    assert "web-1-before-upgrade" in names(demo)


def test_clean_of_all_spares_what_runs(demo: DemoService) -> None:
    demo.ask("machinectl", "start", "scratch")
    demo.run("machinectl", "clean", "--all")
    left = set(names(demo))
    assert {"scratch", "web-1", "db-primary", "fedora-test"} <= left
    assert not {"web-1-before-upgrade", "db-primary-archive", "crm-import"} & left
