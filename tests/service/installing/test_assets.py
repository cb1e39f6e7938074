"""The files that are installed: they say what the interfaces and systemd say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

from machined.contract import MACHINE1, OPERATIONS_INTERFACE
from machined.installing.wanted import ALIAS, asset, assets_folder

PROJECT = Path(__file__).parents[3]
REFERENCE = PROJECT / "tests/service/frame/reference"

ROOTS_ALONE = {
    *("CreateMachine", "CreateMachineWithNetwork", "RegisterMachine", "RegisterMachineWithNetwork"),
    *("OpenMachinePTY", "OpenPTY", "OpenMachineRootDirectory", "OpenRootDirectory"),
    *("CopyFromMachineWithFlags", "CopyToMachineWithFlags", "CopyFromWithFlags", "CopyToWithFlags"),
    *("GetMachineSSHInfo", "GetSSHInfo"),
}
"""What the policy of systemd 257 leaves to root."""

LAX = {"host-login"}
"""What the user at the console may do without a password."""


def test_the_policy_allows_all_but_what_is_roots_alone() -> None:
    tree = ElementTree.fromstring(asset(f"{MACHINE1}.conf"))
    rules = [rule.attrib for rule in tree.iterfind("policy[@context='default']/allow")]
    allowed = {(rule["send_interface"], rule["send_member"]) for rule in rules if "send_member" in rule}
    members = set()
    for kind in ("manager", "machine", "image"):
        interface = ElementTree.parse(REFERENCE / f"{kind}-257.xml").find(
            f".//interface[@name='{MACHINE1}.{kind.capitalize()}']"
        )
        assert interface is not None
        members |= {(interface.attrib["name"], method.attrib["name"]) for method in interface.iter("method")}
    ours = {one for one in allowed if one[0].startswith(MACHINE1)}
    assert ours <= members
    assert {member for _, member in members - ours} == ROOTS_ALONE
    assert allowed - ours == {
        ("org.freedesktop.DBus.Properties", "Get"),
        ("org.freedesktop.DBus.Properties", "GetAll"),
        (OPERATIONS_INTERFACE, "ListOperations"),
        (OPERATIONS_INTERFACE, "Cancel"),
    }
    assert tree.find("policy[@context='default']/deny") is not None


def test_polkit_knows_every_action_of_the_service() -> None:
    tree = ElementTree.fromstring(asset(f"{MACHINE1}.policy"))
    defaults = {
        action.attrib["id"].removeprefix(f"{MACHINE1}."): action.findtext("defaults/allow_active")
        for action in tree.iterfind("action")
    }
    source = "".join(path.read_text() for path in (PROJECT / "service/machined").rglob("*.py"))
    used = set(re.findall(r'\{POLKIT\}\.([a-z-]+)"', source))
    assert used
    assert used <= defaults.keys()
    assert {name for name, active in defaults.items() if active == "yes"} == LAX
    assert {active for name, active in defaults.items() if name not in LAX} == {"auth_admin_keep"}
    others = [*tree.iterfind("action/defaults/allow_any"), *tree.iterfind("action/defaults/allow_inactive")]
    assert {other.text for other in others} == {"auth_admin"}


def test_the_bus_starts_the_unit() -> None:
    assert f"SystemdService={ALIAS}\n" in asset(f"{MACHINE1}.service").decode()


def test_an_installed_package_has_them_too() -> None:
    forced = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]["force-include"]
    shown = {"console.svg"}
    names = {path.name for path in assets_folder().iterdir()} - shown
    assert forced == {f"assets/{name}": f"machined/assets/{name}" for name in names}
