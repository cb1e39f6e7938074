"""How a package is installed on this host's distribution."""

from __future__ import annotations

import platform
from collections.abc import Mapping

_INSTALL = {
    "debian": "apt install {package}",
    "ubuntu": "apt install {package}",
    "fedora": "dnf install {package}",
    "rhel": "dnf install {package}",
    "centos": "dnf install {package}",
    "suse": "zypper install {package}",
    "opensuse": "zypper install {package}",
    "arch": "pacman -S {package}",
}
_NAMES = {
    "systemd-container": {"arch": "systemd"},
    "polkit": {"debian": "polkitd", "ubuntu": "polkitd"},
}
"""What packages are called where they are called otherwise."""


def install_command(package: str, release: Mapping[str, str]) -> str:
    """The command that installs `package`, by the os-release(5) fields of a host; else a sentence."""
    for name in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        if name in _INSTALL:
            return _INSTALL[name].format(package=_NAMES.get(package, {}).get(name, package))
    return f"install the package {package}"


def own_release() -> Mapping[str, str]:
    """The os-release(5) fields of this host; none if it has no such file."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}  # a host without the file gets the general advice
