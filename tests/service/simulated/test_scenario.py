"""Reading scenarios: what people write, and what they are told when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from machined.host.assignments import read_assignments
from machined.host.simulated.blocks import grow_tree, read_log, read_processes
from machined.host.simulated.scenario import ScenarioError, demo_file, read_scenario
from machined.host.simulated.tree import Tree
from machined.host.simulated.units_of_measure import parse_duration, parse_size

SMALL = """
failed = []
[host]
hostname = "small"
system = "linux"
uptime = "1d"
age = "2y"
size = "1G"
[systems.linux]
init = "systemd"
[[images]]
name = "web"
type = "raw"
system = "linux"
size = "1.5G"
addresses = ["fe80::1", "10.0.0.1", "2001:db8::1", "10.0.0.1"]
[[machines]]
name = "web"
since = "1h30m"
"""


def written(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = SMALL
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / "scenario.toml"
    path.write_text(text)
    return path


class TestReading:
    def test_the_one_that_comes_with_the_program_is_sound(self) -> None:
        scenario = read_scenario()
        scenario.check_blocks()
        assert demo_file().name == "demo.toml"
        assert len(scenario.images) > 20

    def test_a_small_one(self, tmp_path: Path) -> None:
        scenario = read_scenario(written(tmp_path))
        image = scenario.images[0]
        assert image.path == "/var/lib/machines/web.raw"
        assert image.size == 3 * 1024**3 // 2
        assert image.is_quota_known
        assert scenario.machines[0].since == 5400
        assert scenario.host.uptime == 86400

    def test_addresses_are_sorted_without_doubles(self, tmp_path: Path) -> None:
        addresses = read_scenario(written(tmp_path)).images[0].addresses
        assert [one.raw[:2] for one in addresses] == [b"\x0a\x00", b"\x20\x01", b"\xfe\x80"]

    @pytest.mark.parametrize(
        ("before", "after", "message"),
        [
            ('size = "1.5G"', 'size = "1.5Q"', "images[0] web: size cannot be read: '1.5Q' is no size"),
            ('size = "1.5G"', "size = 5", "images[0] web: size is 5, not of type str"),
            ('size = "1.5G"', "", "images[0] web: size is missing"),
            ('type = "raw"', 'type = "tape"', "images[0] web: type is 'tape', not one of directory"),
            ('type = "raw"', 'type = "raw"\ncolour = "red"', "images[0] web: unknown colour"),
            ('type = "raw"', 'type = "raw"\nuser_shift = 5', "images[0] web: user_shift is no multiple"),
            ('type = "raw"', 'type = "raw"\nsnapshot_of = "x"', "images[0] web: there is no x before it"),
            ('"10.0.0.1"]', '"10.0.0"]', "images[0] web: addresses cannot be read: '10.0.0' is no address"),
            ('uptime = "1d"', 'uptime = "soon"', "host: uptime cannot be read: 'soon' is no duration"),
            ('init = "systemd"', 'init = "upstart"', "systems.linux: init is 'upstart'"),
            ('name = "web"\nsince', 'name = "mail"\nsince', "images: there is no mail"),
            ("[[machines]]", '[[machines]]\nname = "web"\nsince = "1h"\n[[machines]]', "web is there twice"),
            ('system = "linux"\nsize', 'system = "plan9"\nsize', "systems: there is no plan9"),
            ("failed = []", "failed = [1]", "top: failed holds what is no string"),
            ("failed = []", "failed = [", "scenario.toml"),
            ("failed = []", 'extra = "x"', "top: unknown extra"),
            ('init = "systemd"', 'init = "systemd"\nfiles = "-- etc --"', "linux: '-- etc --' is no header"),
            ('init = "systemd"', 'init = "systemd"\nprocesses = "much"', "linux: 'much' is no process"),
        ],
    )
    def test_errors_say_where_and_what(self, tmp_path: Path, before: str, after: str, message: str) -> None:
        with pytest.raises(ScenarioError, match=re.escape(message)):
            read_scenario(written(tmp_path, (before, after)))

    def test_an_installed_package_has_it_too(self) -> None:
        import tomllib

        project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
        forced = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
        assert forced["assets/demo.toml"] == "machined/assets/demo.toml"


class TestMeasures:
    @pytest.mark.parametrize(
        ("text", "size"), [("0", 0), ("12B", 12), ("1K", 1024), ("1.5M", 1572864), ("2T", 2 * 1024**4)]
    )
    def test_sizes(self, text: str, size: int) -> None:
        assert parse_size(text) == size

    @pytest.mark.parametrize(
        ("text", "seconds"), [("90s", 90), ("2h30m", 9000), ("1.5h", 5400), ("1y2d", 31730400)]
    )
    def test_durations(self, text: str, seconds: float) -> None:
        assert parse_duration(text) == seconds

    @pytest.mark.parametrize("text", ["", "-1s", "1", "s", "1h x", "1h30"])
    def test_no_durations(self, text: str) -> None:
        with pytest.raises(ValueError, match="no duration"):
            parse_duration(text)


class TestBlocks:
    def test_files(self) -> None:
        tree = Tree()
        block = """
-- /etc/hostname --
@hostname@ and @unknown@
-- /srv/{a,b}/ 0700 5:6 --
-- /srv/a/large 0600 1.5K --
-- /srv/link -> a/large --
-- /srv/b/copy-{1,2} --
text
"""
        grow_tree(tree, block, {"hostname": "web"}, 99)
        assert tree.read("/etc/hostname") == b"web and @unknown@\n"
        assert tree.node("/etc/hostname").mtime == 99
        folder = tree.node("/srv/b")
        assert (folder.mode, folder.uid, folder.gid) == (0o40700, 5, 6)
        assert tree.node("/srv/link").size() == 1536
        assert tree.node("/srv/link").mode == 0o100600
        assert tree.read("/srv/b/copy-2") == b"text\n"

    def test_what_comes_later_replaces(self) -> None:
        tree = Tree()
        grow_tree(tree, "-- /etc/motd --\nold\n-- /etc/x --\nx\n", {}, 0)
        grow_tree(tree, "-- /etc/ 0711 --\n-- /etc/motd --\nnew\n", {}, 0)
        assert tree.read("/etc/motd") == b"new\n"
        assert tree.read("/etc/x") == b"x\n"
        assert tree.node("/etc").mode == 0o40711

    def test_a_folder_has_no_size(self) -> None:
        with pytest.raises(ValueError, match="no file"):
            grow_tree(Tree(), "-- /tmp/ 1777 --\n", {}, 0)

    def test_processes_nest(self) -> None:
        lines = read_processes("# a comment\n8M 0% root /sbin/init\n  1.5M 50% www nginx: worker 1\n")
        assert [line.depth for line in lines] == [0, 1]
        assert (lines[1].memory, lines[1].load, lines[1].command) == (1572864, 0.5, "nginx: worker 1")

    def test_logs(self) -> None:
        line = read_log("2h cron: (root) CMD (true: false)")[0]
        assert line == (7200, "cron", "(root) CMD (true: false)")

    def test_assignments(self) -> None:
        text = "A=plain\n# B=no\nC='it''s'\nD=\"say \\\"so\\\" $\"\nE=two words  \n =x\nF=\nA=again"
        assert read_assignments(text) == {
            "A": "again",
            "C": "its",
            "D": 'say "so" $',
            "E": "two words",
            "F": "",
        }
