"""What the service remembers of machines: the files in `/run/systemd/machines`.

They are an interface: nss-mymachines(8), `systemctl -M` and sd_pid_get_machine_name(3) read them. Format and
escaping are those of systemd 257.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
from pathlib import Path

from machined.contract import VSOCK_CID_ANY, is_machine_name
from machined.host.states import MachineRecord

logger = logging.getLogger(__name__)

FOLDER = Path("/run/systemd/machines")
HEAD = "# This is private data. Do not parse.\n"
UNIT_LINK = "unit:"
"""What the links begin with that lead from a unit to its machine."""
UNFINISHED = ".#"
"""What files begin with that are being written; readers pass them over."""

_LETTERS = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
_ESCAPED = {"\\": "\\\\", '"': '\\"', "'": "\\'"} | {one: f"\\{letter}" for one, letter in _LETTERS.items()}
_MEANT = {ord(letter): ord(one) for one, letter in _LETTERS.items()} | {ord(one): ord(one) for one in "\\\"'"}
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)


class LinuxStates:
    """Records of machines as files.

    Args:
        folder: Where they are; the place that others look for them unless given.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._links: dict[str, str] = {}

    def prepare(self) -> None:
        """Make the folder. That it is there tells others of a service that registers machines.

        Raises:
            OSError: It cannot be made, or is something else.
        """
        with contextlib.suppress(FileExistsError):
            self._folder.mkdir(mode=0o755)
            self._folder.chmod(0o755)  # whatever the umask
        os.close(os.open(self._folder, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))

    async def load(self) -> list[MachineRecord]:
        """The records of an earlier life. What that left half-done, or about nobody, is tidied up."""
        records: list[MachineRecord] = []
        links: dict[str, str] = {}
        for entry in sorted(os.scandir(self._folder), key=lambda entry: entry.name):
            if entry.name.startswith(UNIT_LINK) and entry.is_symlink():
                links[entry.name] = os.readlink(entry.path)
            elif entry.name.startswith(UNFINISHED) and not entry.is_dir(follow_symlinks=False):
                self._unlink(entry.name)
            elif is_machine_name(entry.name) and entry.is_file(follow_symlinks=False):
                record = self._read(entry.name)
                if record is not None:
                    records.append(record)
        known = {f"{UNIT_LINK}{record.unit}": record.name for record in records}
        for link, name in links.items():
            if known.get(link) == name:
                self._links[name] = link
            else:
                self._unlink(link)
        return records

    async def save(self, record: MachineRecord) -> None:
        """Write down a machine, in the place of what was written of it before."""
        unfinished = f"{self._folder}/{UNFINISHED}{record.name}"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            _write(os.open(unfinished, flags, 0o644), text_of(record).encode())
            os.rename(unfinished, f"{self._folder}/{record.name}")
            self._link(record)
        except OSError as error:
            # What was written before would be wrong from now on
            self._unlink(f"{UNFINISHED}{record.name}")
            self._unlink(record.name)
            logger.error("%s could not be written down: %s", record.name, error)

    async def remove(self, name: str) -> None:
        """Forget a machine."""
        link = self._links.pop(name, None)
        if link is not None:
            self._unlink(link)
        self._unlink(name)

    def _link(self, record: MachineRecord) -> None:
        link = f"{UNIT_LINK}{record.unit}"
        if not record.unit or self._links.get(record.name) == link:
            return
        path = f"{self._folder}/{link}"
        try:
            os.symlink(record.name, path)
        except FileExistsError:
            os.unlink(path)
            os.symlink(record.name, path)
        self._links[record.name] = link

    def _read(self, name: str) -> MachineRecord | None:
        try:
            record = record_of((self._folder / name).read_bytes())
        except (OSError, ValueError) as error:
            logger.warning("what is written of %s cannot be read: %s", name, error)
            return None
        return record._replace(name=name)  # the file's name counts

    def _unlink(self, name: str) -> None:
        try:
            os.unlink(f"{self._folder}/{name}")
        except FileNotFoundError:
            logger.debug("%s is gone already", name)
        except OSError as error:
            logger.error("%s could not be removed: %s", name, error)


def _write(fd: int, text: bytes) -> None:
    """Write all of a new file and close it."""
    with open(fd, "wb") as file:
        os.fchmod(fd, 0o644)  # whatever the umask
        file.write(text)


def text_of(record: MachineRecord) -> str:
    """A record as its file has it."""
    fields = {
        "NAME": record.name,
        "SCOPE": escape(record.unit),
        "SCOPE_JOB": record.scope_job,
        "SERVICE": escape(record.service),
        "ROOT": escape(record.root_directory),
        "ID": record.id.hex(),
        "LEADER": str(record.leader or ""),
        "CLASS": record.machine_class,
        "REALTIME": str(record.timestamp or ""),
        "MONOTONIC": str(record.timestamp_monotonic or ""),
        "NETIF": " ".join(str(ifindex) for ifindex in record.ifindices),
        "VSOCK_CID": "" if record.vsock_cid == VSOCK_CID_ANY else str(record.vsock_cid),
        "SSH_ADDRESS": escape(record.ssh_address),
        "SSH_PRIVATE_KEY_PATH": escape(record.ssh_private_key_path),
    }
    return HEAD + "".join(f"{key}={value}\n" for key, value in fields.items() if value)


def record_of(text: bytes) -> MachineRecord:
    """A record from its file.

    Raises:
        ValueError: It is none.
    """
    fields = {}
    for line in text.splitlines():
        key, equals, value = line.partition(b"=")
        if equals and not line.startswith(b"#"):
            fields[key.decode()] = _value(value)
    return MachineRecord(
        name=fields.get("NAME", ""),
        id=bytes.fromhex(fields.get("ID", "")),
        service=fields.get("SERVICE", ""),
        machine_class=fields["CLASS"] if "CLASS" in fields else _missing("CLASS"),
        leader=int(fields["LEADER"] if "LEADER" in fields else _missing("LEADER")),
        root_directory=fields.get("ROOT", ""),
        ifindices=tuple(int(word) for word in fields.get("NETIF", "").split()),
        unit=fields.get("SCOPE", ""),
        scope_job=fields.get("SCOPE_JOB", ""),
        timestamp=int(fields.get("REALTIME", "0")),
        timestamp_monotonic=int(fields.get("MONOTONIC", "0")),
        vsock_cid=int(fields.get("VSOCK_CID", VSOCK_CID_ANY)),
        ssh_address=fields.get("SSH_ADDRESS", ""),
        ssh_private_key_path=fields.get("SSH_PRIVATE_KEY_PATH", ""),
    )


def escape(text: str) -> str:
    r"""Escape a text as in a string of C; what is neither printable nor ASCII becomes octal numbers."""
    if text.isascii() and text.isprintable() and not any(one in text for one in "\\\"'"):
        return text
    return "".join(
        _ESCAPED.get(chr(byte)) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")
        for byte in text.encode("utf-8", "surrogateescape")
    )


def unescape(text: bytes) -> str:
    """Undo `escape`."""

    def meant(match: re.Match[bytes]) -> bytes:
        code = match[1]
        number = int(code, 8) & 0xFF if len(code) == 3 else _MEANT.get(code[0], code[0])
        return bytes([number])

    return _ESCAPE.sub(meant, text).decode("utf-8", "surrogateescape")


def _value(value: bytes) -> str:
    if value.startswith((b'"', b"'", b"$'")):  # systemd 258 and later quote as a shell does
        return "".join(shlex.split(value.removeprefix(b"$").decode("utf-8", "surrogateescape"))).strip()
    return unescape(value)


def _missing(key: str) -> str:
    raise ValueError(f"it has no {key}")
