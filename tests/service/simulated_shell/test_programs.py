"""The programs, as someone at a prompt sees them."""

from __future__ import annotations

import pytest

from machined.host.simulated.shell import PROGRAM_NAMES
from machined.host.simulated.shell.programs import PROGRAMS
from machined.host.simulated.shell.programs.changing import new_mode
from tests.service.simulated_shell.guest import Guest, Room


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("echo one  'two  three' \"$USER\" \\$x", ["one two  three root $x"]),
        ("echo -n a; echo b", ["ab"]),
        ("echo -e 'a\\tb\\nc\\\\n\\x41'", ["a\tb", "c\\nA"]),
        ("printf '%s=%03d\\n' a 7 b 8", ["a=007", "b=008"]),
        ("false || echo no; true && echo yes; ! false; echo $?", ["no", "yes", "0"]),
        ("X=1 Y='a b'; echo $X$Y \"$Y\" '$Y'", ["1a b a b $Y"]),
        ("X='a  b'; echo $X", ["a b"]),
        ("Z=5 env | grep Z; echo [$Z]", ["Z=5", "[]"]),
        ("A=1; sh -c 'echo [$A]'; export A; sh -c 'echo [$A]'", ["[]", "[1]"]),
        ("echo $(seq 3) | wc -w", ["3"]),
        ("echo `hostname` $(whoami)", ["web-1 root"]),
        ("sh -c 'echo $0 $1 $#' name a b", ["name a 2"]),
        ("nosuch 2>/dev/null || echo missing", ["missing"]),
        ("nosuch 2>&1 | cat", ["nosuch: command not found"]),
        ("cat /srv/poem | sort | head -n 2", ["blue fish", "one fish"]),
        ("sort -r /srv/poem | tail -n1", ["blue fish"]),
        ("printf '10\\n9\\n2K\\n' | sort -h", ["9", "10", "2K"]),
        ("printf 'a\\na\\nb\\n' | uniq -c", ["      2 a", "      1 b"]),
        ("wc /srv/poem", [" 4  8 37 /srv/poem"]),
        ("wc -l < /srv/poem", ["4"]),
        ("grep -n -i ^RED /srv/poem", ["3:red fish"]),
        ("grep -v fish /srv/poem; echo $?", ["1"]),
        ("grep -c 'o.*i' /srv/poem", ["2"]),
        ("grep -rl 'blue' /srv", ["/srv/poem"]),
        ("grep '(' /srv/poem", ["grep: Unmatched ( or \\("]),
        ("head -2 /srv/poem | tail -1", ["two fish"]),
        ("find /srv -name 'p*'", ["/srv/poem"]),
        ("find /home -type d -maxdepth 1", ["/home", "/home/ada"]),
        ("seq 3", ["1", "2", "3"]),
        ("seq 5 -2 1", ["5", "3", "1"]),
        ("yes hello | head -n 2", ["hello", "hello"]),
        ("yes | head -n 100000 | wc -l", ["100000"]),
        ("test -f /srv/poem && [ 2 -gt 1 ] && [ a != b ] && [ ! -e /no ]; echo $?", ["0"]),
        ("[ 1 -eq x ]", ["[: x: integer expression expected"]),
        ("cd /srv; pwd; cd -; cd; pwd", ["/srv", "/root", "/root"]),
        ("cd /srv/../home/./ada/..; pwd", ["/home"]),
        ("cd /srv/poem", ["cd: /srv/poem: Not a directory"]),
        ("cd / | true; pwd", ["/root"]),
        ("echo /s*v /home/[a]?a '/s*' /no*", ["/srv /home/ada /s* /no*"]),
        ("echo ~ ~/x '~' a~", ["/root /root/x ~ a~"]),
        ("echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f; cat < /tmp/f | wc -c", ["a", "b", "4"]),
        ("cat /no", ["cat: /no: No such file or directory"]),
        ("cat < /no", ["bash: /no: No such file or directory"]),
        ("ls /no; echo $?", ["ls: cannot access '/no': No such file or directory", "2"]),
        ("mkdir -p /tmp/a/b; touch /tmp/a/c; ls -R /tmp/a | cat", ["/tmp/a:", "b", "c", "", "/tmp/a/b:"]),
        ("mkdir /tmp", ["mkdir: cannot create directory '/tmp': File exists"]),
        ("touch /tmp/x; ln -s x /tmp/y; mv /tmp/x /tmp/z; ls -A /tmp; cat /tmp/y", [
            "y  z", "cat: /tmp/y: No such file or directory"]),
        ("cp -r /srv /tmp/s; rm -r /tmp/s/poem; ls /tmp/s; rm /tmp/s", [
            "rm: cannot remove '/tmp/s': Is a directory"]),
        ("cp /srv /tmp/s", ["cp: -r not specified; omitting directory '/srv'"]),
        ("rm -rf /", ["rm: it is dangerous to operate recursively on '/'"]),
        ("rm -f /no; echo $?", ["0"]),
        ("mv /srv /srv/x", ["mv: cannot move '/srv': Invalid argument"]),
        ("touch /tmp/m; chmod 640 /tmp/m; chmod g+w,o=r /tmp/m; ls -l /tmp/m", [
            "-rw-rw-r-- 1 root root 0 Nov 14 22:13 /tmp/m"]),
        ("ls -l /srv", ["total 4", "-rw-r--r-- 1 root root 37 Nov  5 22:13 poem"]),
        ("ls -1 / | grep -c .", ["9"]),
        ("du -s /srv", ["8\t/srv"]),
        ("date; date +%F_%T; date +%s", [
            "Tue Nov 14 22:13:20 UTC 2023", "2023-11-14_22:13:20", "1700000000"]),
        ("uname; uname -n; hostname; whoami", ["Linux", "web-1", "web-1", "root"]),
        ("id; id ada; id -u", ["uid=0(root) gid=0(root) groups=0(root)",
                              "uid=1000(ada) gid=1000(ada) groups=1000(ada)", "0"]),
        ("uptime", [" 22:13:20 up 2 days, 0 min,  1 user,  load average: 0.00, 0.00, 0.00"]),
        ("free -h | head -2 | tail -1 | wc -w", ["7"]),
        ("which ls cd; type cd", ["/usr/bin/ls", "cd is a shell builtin"]),
        ("export A=b; export | grep A=; unset A; echo [$A]", ["declare -x A=b", "[]"]),
        ("ip addr | grep -F 10.0", ["    inet 10.0.0.11/24 scope global host0"]),
        ("systemctl is-active sshd ssh", ["inactive", "active"]),
        ("ls --nosuch", ["ls: unrecognized option '--nosuch'"]),
        ("ls -Q", ["ls: invalid option -- 'Q'"]),
        ("/bin/echo a; /usr/bin/env X=1 printenv X", ["a", "1"]),
        ("echo 'echo hi $1' > /tmp/s; sh /tmp/s you; /tmp/s", ["hi you", "bash: /tmp/s: Permission denied"]),
        ("printf '#!/bin/sh\\necho script $1\\n' > /tmp/t; chmod +x /tmp/t; /tmp/t a", ["script a"]),
        ("echo 'X=7' > /tmp/v; . /tmp/v; echo $X", ["7"]),
        ("kill 99", ["kill: (99) - No such process"]),
        ("kill -x1 1", ["kill: x1: invalid signal specification"]),
        ("echo a | tee /tmp/q | cat; cat /tmp/q", ["a", "a"]),
        ("echo a;; echo b", ["bash: syntax error near unexpected token `;'"]),
        ("exit 3 | true; echo on", ["on"]),
        ("sh -c 'exit 3'; echo $?", ["3"]),
        ("colors | wc -l", ["18"]),
        ("journalctl", ["-- No entries --"]),
        ("env -i A=1 env", ["A=1"]),
        ("cut -d: -f1,6- /etc/passwd | head -2; echo abcdef | cut -c 2-3,5", ["root:/root:/bin/bash",
            "ada:/home/ada:/bin/bash", "bce"]),
        ("touch /tmp/o; chown ada: /tmp/o; ls -l /tmp/o", ["-rw-r--r-- 1 ada ada 0 Nov 14 22:13 /tmp/o"]),
        ("who | cut -c 1-14", ["root     pts/0"]),
        ("mkdir -p /usr/bin; echo ELF > /usr/bin/prog; chmod +x /usr/bin/prog; prog", [
            "bash: /usr/bin/prog: not part of the demo: try 'help'"]),
        ("ls > /dev/zero; ls -l /dev/zero | cut -c 1-10", ["crw-rw-rw-"]),
        ("history | tail -n 1 | wc -l", ["1"]),
    ],
)  # fmt: skip
async def test_what_a_command_writes(guest: Guest, command: str, wanted: list[str]) -> None:
    assert (await guest.run(command))[:-1] == wanted


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("nosuch", 127),
        ("/etc", 126),
        ("/no", 127),
        ("false", 1),
        ("ls -Q", 2),
        ("yes | head -1 > /dev/null", 0),
    ],
)
async def test_the_status_of_a_command(guest: Guest, command: str, status: int) -> None:
    assert (await guest.run(command))[-1] == f"status={status}"


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("echo x > /etc/x", ["bash: /etc/x: Permission denied"]),
        ("echo x >> /etc/passwd", ["bash: /etc/passwd: Permission denied"]),
        ("ls /root", ["ls: cannot open directory '/root': Permission denied"]),
        ("cd /root", ["cd: /root: Permission denied"]),
        ("rm /srv/poem", ["rm: cannot remove '/srv/poem': Permission denied"]),
        ("mkdir /etc/x", ["mkdir: cannot create directory '/etc/x': Permission denied"]),
        ("chmod 777 /srv/poem", ["chmod: changing permissions of '/srv/poem': Operation not permitted"]),
        ("touch mine; ls -l mine", ["-rw-r--r-- 1 ada ada 0 Nov 14 22:13 mine"]),
        ("touch mine; chmod 0 mine; cat mine", ["cat: mine: Permission denied"]),
        ("kill 1", ["kill: (1) - Operation not permitted"]),
        ("poweroff", ["poweroff: Call to PowerOff failed: Access denied"]),
        ("pwd; whoami", ["/home/ada", "ada"]),
    ],
)  # fmt: skip
async def test_what_a_user_may_not_do(room: Room, command: str, wanted: list[str]) -> None:
    guest = await room.shell("ada", size=(120, 24))
    assert (await guest.run(command))[:-1] == wanted


async def test_processes_are_those_of_the_machine(room: Room) -> None:
    guest = await room.shell(size=(120, 24))
    lines = await guest.run("ps -ef")
    columns = [line.split(maxsplit=7) for line in lines[1:-1]]
    assert [(row[1], row[5], row[7]) for row in columns] == [
        ("1", "?", "/sbin/init"),
        ("2", "?", "/usr/lib/systemd/systemd-journald"),
        ("3", "?", "sshd: /usr/sbin/sshd -D"),
        ("4", "pts/0", "-bash"),
        ("5", "pts/0", "ps -ef"),
    ]
    assert columns[-1][2] == "4"
    assert len(await guest.run("ps")) == 4


async def test_the_host_sees_all_processes(room: Room) -> None:
    guest = await room.shell(machine="", size=(120, 40))
    lines = await guest.run("ps aux | grep -c init")
    assert int(lines[0]) >= 4
    assert (await guest.run("hostname"))[0] == "atlas"
    assert (await guest.run("poweroff"))[0] == "poweroff: the host of the demo stays as it is"


async def test_a_file_has_its_limit(guest: Guest) -> None:
    assert await guest.run("yes > /tmp/all") == ["yes: No space left on device", "status=1"]
    assert (await guest.run("yes | sort"))[0] == "sort: Cannot allocate memory"


async def test_folders_are_not_deeper_than_can_be_walked(guest: Guest) -> None:
    deep = "/tmp" + "/d" * 150
    assert "File name too long" in (await guest.run(f"mkdir -p {deep}"))[0]
    assert (await guest.run("mkdir -p /tmp/e/e/e; cp -r /tmp/d /tmp/e/e/e/f"))[-1] == "status=1"
    assert (await guest.run("find /tmp | wc -l; du -s /tmp; ls -R /tmp | wc -l; rm -r /tmp/d"))[
        -1
    ] == "status=0"


async def test_a_pipeline_of_builtins_and_programs_leaves_no_process(room: Room, guest: Guest) -> None:
    before = len(room.estate.processes.processes)
    await guest.run("seq 100 | sort -r | while_is_no_word; seq 9 | head -1; echo $(seq 3 | tail -1)")
    assert len(room.estate.processes.processes) == before


async def test_tail_follows_with_the_clock(room: Room, guest: Guest) -> None:
    other = await room.shell()
    await guest.run("echo one > /tmp/log")
    guest.type("tail -f /tmp/log\r")
    await guest.shows("\none")
    await other.run("echo two >> /tmp/log")
    await room.advance(1)
    await guest.shows("\none\ntwo")
    guest.type("\x03")
    await guest.ready()


async def test_the_journal_shows_and_follows(room: Room, guest: Guest) -> None:
    room.estate.log(room.machine.unit, "init", "hello", 1)
    room.estate.log("other.service", "else", "not here")
    assert await guest.run("journalctl -q") == ["Nov 14 22:13:20 web-1 init[1]: hello", "status=0"]
    guest.type("clear; journalctl -f\r")
    await guest.shows("init[1]: hello")
    room.estate.log(room.machine.unit, "nginx", "new\x1b[31m line")
    await guest.shows("nginx: new^[[31m line")
    listeners = len(room.estate.journal.listeners)
    guest.type("\x03")
    await guest.ready()
    assert len(room.estate.journal.listeners) == listeners - 1


async def test_sleep_sleeps_by_the_clock(room: Room, guest: Guest) -> None:
    guest.type("sleep 1m; date +%T\r")
    other = await room.shell()
    assert any("sleep 1m" in line for line in await other.run("ps -ef"))
    await room.advance(60)
    await guest.shows("22:14:20")


async def test_help_and_manuals_know_every_program(room: Room, guest: Guest) -> None:
    shown = " ".join(await guest.run("help"))
    assert all(name in shown for name in PROGRAMS if name.isalpha())
    assert "cat" in PROGRAM_NAMES
    assert "cd" not in PROGRAM_NAMES
    lines = await guest.run("man ls | cat")
    assert "       ls - list what is in folders" in lines


@pytest.mark.parametrize(
    ("wanted", "mode", "result"),
    [("644", 0o100777, 0o644), ("u+x", 0o100644, 0o744), ("a-w", 0o100666, 0o444), ("go=", 0o100777, 0o700),
     ("+t", 0o40777, 0o1777), ("u=rw,g=r,o-x", 0o100777, 0o646), ("+X", 0o40600, 0o711)],
)  # fmt: skip
def test_modes_in_letters(wanted: str, mode: int, result: int) -> None:
    assert new_mode(wanted, mode) == result
