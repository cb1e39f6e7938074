"""The machines and images that random calls are about, made anew when a call has ended them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.lab.fuzz.words import IMAGES, MACHINES, SPARE
from tests.lab.host import LabHost
from tests.lab.images import MANAGER, add_small_image
from tests.lab.lives import STATES
from tests.lab.place import wait_until

#: Small, so that copies into themselves and the like come to an end.
TREES = """
mount -t tmpfs -o size=48m,mode=755 tmpfs /srv
for name in box mapped; do
    for folder in etc usr tmp root srv; do mkdir -p /srv/$name/$folder; done
    for link in bin sbin lib lib64; do
        if [ -e /usr/$link ]; then ln -s usr/$link /srv/$name/$link; mkdir /srv/$name/usr/$link; fi
    done
    echo "ID=lab" >/srv/$name/etc/os-release
    echo "root:x:0:0:root:/root:/bin/sh" >/srv/$name/etc/passwd
done
"""
SOURCE = """
mkdir -p /opt/source/deep
echo deep >/opt/source/deep/file
ln -s deep/file /opt/source/link
mkfifo /opt/source/fifo
truncate --size=1M /opt/source/holed
"""
FRESH = """
for folder in /srv /srv/box/srv /srv/mapped/srv; do
    rm -rf $folder/source $folder/out*
    cp -a /opt/source $folder/source
done
"""

#: What is to end is ended at once: nothing in it is worth a shutdown. Mounts of systemd-nspawn go with it.
UNIT = """
[Unit]
StartLimitIntervalSec=0
[Service]
Type=exec
Delegate=yes
Slice=machine.slice
KillSignal=SIGKILL
PrivateMounts={has_mounts}
ExecStart={command}
"""
REGISTERED = f"ExecStartPost=-busctl --quiet call {' '.join(MANAGER)} RegisterMachine sayssus "

RULES = """
polkit.addRule(function(action, subject) {
    var allowed = ["machine1.shell", "machine1.login", "machine1.manage-images"];
    if (subject.user == "nobody" && allowed.some(function(id) { return action.id.endsWith(id); }))
        return polkit.Result.YES;
});
"""


class Scenery:
    """What there is on a host to be asked about."""

    def __init__(self, host: LabHost) -> None:
        self._host = host
        self.pids = dict.fromkeys(SPARE, 0)
        self.made_anew = 0

    def set_up(self) -> None:
        """Set up what calls do not end: trees, units, rights."""
        host = self._host
        host.ask("sh", "-ec", SOURCE + TREES + FRESH)
        rules = host.root / "etc/polkit-1/rules.d/10-fuzz.rules"
        rules.parent.mkdir(parents=True, exist_ok=True)
        rules.write_text(RULES)
        host.run("systemctl", "try-restart", "polkit.service")
        users = "--private-users=524288:65536 --private-users-ownership=chown"
        commands = {
            "box": f"{self._nspawn('box')} --private-network --as-pid2 sleep infinity",
            "mapped": f"{self._nspawn('mapped')} {users} --as-pid2 sleep infinity",
            "kvm": f'sleep infinity\n{REGISTERED} kvm 0 "lab" vm $MAINPID ""',
            "thin": f'sleep infinity\n{REGISTERED} thin 0 "lab" container $MAINPID ""',
        }
        commands |= {f"spare-{number}": "sleep infinity" for number in SPARE}
        for name, command in commands.items():
            unit = host.root / f"run/systemd/system/lab-{name}.service"
            unit.write_text(UNIT.format(command=command, has_mounts="nspawn" in command))
        host.ask("systemctl", "daemon-reload")
        host.ask("loginctl", "enable-linger", "root")  # its manager takes a second to start, for each shell

    def _nspawn(self, name: str) -> str:
        libraries = [f"/usr/lib/{path.name}" for path in self._host.root.glob("usr/lib/*-linux-gnu")]
        paths = ["/usr/bin", "/usr/lib64", *libraries]
        binds = [f"--bind-ro={path}" for path in paths if (self._host.root / path[1:]).exists()]
        words = ["systemd-nspawn", "--quiet", f"--machine={name}", f"--directory=/srv/{name}", "--keep-unit"]
        return " ".join([*words, *binds])

    def renew(self, *, makes_room: bool = False) -> None:
        """Make anew what calls have ended, and if asked end what they have made: leaders are few."""
        if gone := [name for name in MACHINES if not self._has_file(name)]:
            self.made_anew += len(gone)
            self._host.ask("systemctl", "restart", *(f"lab-{name}.service" for name in gone))
            wait_until(lambda: all(self._has_file(name) for name in gone), f"{gone} are there")
        if makes_room and (others := set(self.files()) - set(MACHINES)):
            self._host.run("machinectl", "terminate", *others, check=False)
        if gone := [name for name in IMAGES if not (self._host.machines / name).exists()]:
            self.made_anew += len(gone)
            self._renew_images(gone)
        self._renew_spares()

    def _renew_images(self, names: Sequence[str]) -> None:
        self._host.run("busctl", "call", *MANAGER, "SetPoolLimit", "t", str(2**64 - 1), check=False)
        for name in names:
            if name == "volume":
                self._host.ask("btrfs", "subvolume", "create", f"/var/lib/machines/{name}")
            else:
                add_small_image(self._host, name)

    def _renew_spares(self) -> None:
        gone = [number for number, pid in self.pids.items() if not self._is_alive(pid)]
        if gone:
            units = [f"lab-spare-{number}.service" for number in gone]
            self._host.ask("systemctl", "restart", *units)
            shown = self._host.ask("systemctl", "show", "--value", "--property=MainPID", *units)
            self.pids |= dict(zip(gone, map(int, shown.split()), strict=True))

    def renew_files(self) -> None:
        """Have the files as they were."""
        self._host.ask("sh", "-ec", FRESH)

    def take_down(self) -> None:
        """End all machines, and what was opened in the host."""
        host = self._host
        units = ["lab-[bmkts]*.service", "machine-*.scope", "container-getty@*", "container-shell@*"]
        host.run("systemctl", "stop", *units, check=False)
        for name in self.files():
            host.run("machinectl", "terminate", name, check=False)
        wait_until(lambda: not self.files(), "all machines have ended")

    def files(self) -> list[str]:
        """The names of the machines that are written down."""
        return [name for name in self._states() if not name.startswith("unit:")]

    def _states(self) -> list[str]:
        return [path.name for path in self._folder.iterdir()]

    @property
    def _folder(self) -> Path:
        return self._host.root / STATES[1:]

    def _has_file(self, name: str) -> bool:
        return (self._folder / name).exists()

    def _is_alive(self, pid: int) -> bool:
        return bool(pid) and (self._host.root / f"proc/{pid}").exists()
