"""machinectl copies files into machines and out of them, and mounts folders of the host there."""

from __future__ import annotations

from tests.service.clients.marks import works_unchanged
from tests.support.demo_service import DemoService


def shell(demo: DemoService, machine: str, *words: str) -> str:
    """What a command prints in a machine."""
    return demo.ask("machinectl", "--quiet", "shell", machine, *words).replace("\r\n", "\n").strip()


@works_unchanged
def test_a_file_goes_in_and_out(demo: DemoService) -> None:
    text = shell(demo, ".host", "/bin/cat", "/srv/backup/README")
    assert text
    demo.ask("machinectl", "copy-to", "web-1", "/srv/backup/README", "/root/copy")
    assert shell(demo, "web-1", "/bin/cat", "/root/copy") == text
    demo.ask("machinectl", "copy-from", "web-1", "/root/copy", "/srv/back")
    assert shell(demo, ".host", "/bin/cat", "/srv/back") == text


def test_a_file_in_the_way_stays_unless_forced(demo: DemoService) -> None:
    demo.ask("machinectl", "copy-to", "web-1", "/etc/hostname", "/root/name")
    words = ("machinectl", "copy-to", "web-1", "/etc/machine-id", "/root/name")
    assert "File exists" in demo.refused(*words)
    assert shell(demo, "web-1", "/bin/cat", "/root/name") == "atlas"
    demo.ask("machinectl", "--force", *words[1:])
    assert shell(demo, "web-1", "/bin/cat", "/root/name") == shell(
        demo, ".host", "/bin/cat", "/etc/machine-id"
    )


def test_a_whole_folder_is_copied(demo: DemoService) -> None:
    demo.ask("machinectl", "copy-from", "web-1", "/etc/nginx", "/srv/nginx")
    assert "worker_processes auto;" in shell(demo, ".host", "/bin/cat", "/srv/nginx/nginx.conf")


@works_unchanged
def test_bind(demo: DemoService) -> None:
    demo.ask("machinectl", "bind", "--mkdir", "web-1", "/srv/backup", "/mnt/backup")
    assert "README" in shell(demo, "web-1", "/bin/ls", "/mnt/backup")
    shell(demo, "web-1", "/bin/sh", "-c", "echo seen > /mnt/backup/new")
    assert shell(demo, ".host", "/bin/cat", "/srv/backup/new") == "seen"


def test_bind_to_read_alone(demo: DemoService) -> None:
    demo.ask("machinectl", "bind", "--mkdir", "--read-only", "web-1", "/srv/backup", "/mnt/backup")
    refused = shell(demo, "web-1", "/bin/sh", "-c", "echo no > /mnt/backup/new")
    assert "Read-only file system" in refused
    assert "new" not in shell(demo, ".host", "/bin/ls", "/srv/backup")


def test_bind_needs_a_place(demo: DemoService) -> None:
    words = ("machinectl", "bind", "web-1", "/srv/backup", "/nowhere/at/all")
    assert "No such file or directory" in demo.refused(*words)
