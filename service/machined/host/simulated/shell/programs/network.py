"""The program `ip`: the addresses of the system."""

from __future__ import annotations

import ipaddress

from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.system import System

AF_INET = 2
"""address_families(7)."""


async def ip(call: Call) -> int:
    """Show addresses or links."""
    options = call.options("46cbro")
    what = (options.operands or ["help"])[0]
    if "address".startswith(what):
        await call.print(*_loopback(), *_interface(call))
        return 0
    if "link".startswith(what):
        lines = [*_loopback(), *_interface(call)]
        await call.print(
            *[line for line in lines if not line.startswith("    inet") and "valid_lft" not in line]
        )
        return 0
    if "route".startswith(what):
        await call.print(*_routes(call.system))
        return 0
    raise UsageError("usage: ip [address | link | route]")


def _loopback() -> list[str]:
    return [
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000",
        "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00",
        "    inet 127.0.0.1/8 scope host lo",
        "       valid_lft forever preferred_lft forever",
        "    inet6 ::1/128 scope host noprefixroute",
        "       valid_lft forever preferred_lft forever",
    ]


def _interface(call: Call) -> list[str]:
    """The one interface that leads outside."""
    system = call.system
    name, peer = _interface_name(system), "" if system.is_host else "@if3"
    identity = system.machine.id if system.machine else b"\0\x16\x3e\0\0\1"
    hardware = ":".join(f"{byte:02x}" for byte in bytes([0x52]) + identity[1:6].ljust(5, b"\0"))
    lines = [
        f"2: {name}{peer}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default",
        f"    link/ether {hardware} brd ff:ff:ff:ff:ff:ff",
    ]
    for address in system.addresses:
        text = str(ipaddress.ip_address(address.raw))
        scope = "link" if text.startswith(("fe80:", "169.254.")) else "global"
        prefix = "24" if address.family == AF_INET else "64"
        kind = "inet" if address.family == AF_INET else "inet6"
        lines += [
            f"    {kind} {text}/{prefix} scope {scope} {name}",
            "       valid_lft forever preferred_lft forever",
        ]
    return lines


def _interface_name(system: System) -> str:
    """What the one interface is called; a container has that of its veth pair (systemd-nspawn(1))."""
    return "eno1" if system.is_host else "host0"


def _routes(system: System) -> list[str]:
    """The routes that follow from the first address of the old kind."""
    name = _interface_name(system)
    for address in system.addresses:
        if address.family == AF_INET:
            network = ipaddress.ip_network(f"{ipaddress.ip_address(address.raw)}/24", strict=False)
            own = ipaddress.ip_address(address.raw)
            return [
                f"default via {network.network_address + 1} dev {name} proto dhcp src {own} metric 1024",
                f"{network} dev {name} proto kernel scope link src {own} metric 1024",
            ]
    return []


PROGRAMS = [Program("ip", "show addresses, links, routes", ip, "[address | link | route]")]
