"""What systemd-machined answers at its socket for users and groups, seen on 252 and 257.

tests/lab/test_userdb.py holds the real ones to it.
"""

from __future__ import annotations

import json
from typing import Any

from machined.host.inside import IdRange

USERDB = "io.systemd.UserDatabase"
INVALID = "org.varlink.service.InvalidParameter"
SERVICE = "io.systemd.Machine"
LONG = "l" * 26
"""With two letters more for `-0` a user's name is as long as may be."""

MACHINES: dict[str, tuple[list[IdRange], list[IdRange]]] = {
    "web": (
        [IdRange(0, 1_000_000, 65536), IdRange(70_000, 3_000_000, 10)],
        [IdRange(0, 2_000_000, 65536)],
    ),
    "flat": ([IdRange(0, 0, 2**32 - 1)], [IdRange(0, 0, 2**32 - 1)]),
    "a.b": ([IdRange(0, 4_000_000, 65536)], [IdRange(0, 4_000_000, 65536)]),
    "a-B": ([IdRange(0, 4_500_000, 65536)], [IdRange(0, 4_500_000, 65536)]),
    LONG: ([IdRange(0, 4_300_000, 65536)], [IdRange(0, 4_300_000, 65536)]),
}
"""Containers and how they map users and groups."""
VM = "guest"
"""A machine that maps nothing, being no container."""


def call(method: str, more: str = "", **parameters: Any) -> str:
    """A question to the user database, with further fields as JSON writes them."""
    given = json.dumps({"service": SERVICE} | parameters)
    return f'{{"method":"{USERDB}.{method}","parameters":{given}{more}}}'


def user(**parameters: Any) -> str:
    return call("GetUserRecord", **parameters)


def group(**parameters: Any) -> str:
    return call("GetGroupRecord", **parameters)


def answer(parameters: dict[str, Any]) -> str:
    return json.dumps({"parameters": parameters}, separators=(",", ":"))


def error(name: str, **parameters: Any) -> str:
    return json.dumps({"error": name, "parameters": parameters}, separators=(",", ":"))


def a_user(machine: str, inner: int, outer: int) -> str:
    record = {
        "userName": f"vu-{machine}-{inner}",
        "uid": outer,
        "gid": 65534,
        "realName": f"UID {inner} of Container {machine}",
        "homeDirectory": "/",
        "shell": "/usr/sbin/nologin",
        "locked": True,
        "service": SERVICE,
        "disposition": "container",
    }
    return answer({"record": record})


def a_group(machine: str, inner: int, outer: int) -> str:
    record = {
        "groupName": f"vg-{machine}-{inner}",
        "gid": outer,
        "description": f"GID {inner} of Container {machine}",
        "service": SERVICE,
        "disposition": "container",
    }
    return answer({"record": record})


NONE = error(f"{USERDB}.NoRecordFound")
CONFLICT = error(f"{USERDB}.ConflictingRecordFound")
ENUMERATION = error(f"{USERDB}.EnumerationNotSupported")
BAD_SERVICE = error(f"{USERDB}.BadService")
EINVAL = error("io.systemd.System", errno=22)


def invalid(parameter: str) -> str:
    return error(INVALID, parameter=parameter)


WEB = a_user("web", 0, 1_000_000)

RECORDS: dict[str, str] = {
    user(uid=1_000_000): WEB,
    user(userName="vu-web-0"): WEB,
    user(uid=1_000_001, userName="vu-web-1"): a_user("web", 1, 1_000_001),
    user(userName="vu-web-65534"): a_user("web", 65534, 1_065_534),
    user(uid=1_065_534): a_user("web", 65534, 1_065_534),
    user(userName="vu-web-70005"): a_user("web", 70005, 3_000_005),
    user(uid=3_000_009): a_user("web", 70009, 3_000_009),
    user(uid=3_000_010): NONE,
    user(userName="vu-flat-0"): a_user("flat", 0, 0),
    user(userName="vu-flat-70000"): a_user("flat", 70000, 70000),
    user(userName="vu-a-B-5"): a_user("a-B", 5, 4_500_005),
    user(userName=f"vu-{LONG}-9"): a_user(LONG, 9, 4_300_009),
    user(uid=4_300_009): a_user(LONG, 9, 4_300_009),
    # The names would be too long, or no names
    user(userName=f"vu-{LONG}-10"): NONE,
    user(uid=4_300_010): NONE,
    user(userName="vu-a.b-0"): NONE,
    user(uid=4_000_000): NONE,
    # What nobody has
    user(uid=70_000): NONE,
    user(uid=0): NONE,
    user(uid=65_534): NONE,
    user(uid=5, userName="vu-web-0"): NONE,
    user(userName="root"): NONE,
    user(userName="ü"): NONE,
    user(userName="+5"): NONE,
    user(userName="x" * 300): NONE,
    **{user(userName=f"vu-web-{number}"): NONE for number in (65535, 65536, 70010, 2**32 - 1, 2**32, -1)},
    **{user(userName=f"vu-{rest}"): NONE for rest in ("", "web", "web-", "-0", "no-0", ".host-0")},
    **{user(userName=f"vu-web-{number}"): NONE for number in ("00", "01", "+1", "0x1", " 1", "٣")},
    user(userName=f"vu-{VM}-0"): NONE,
    user(userName="vg-web-0"): NONE,
    # Who is asked for by number has another name
    user(uid=1_000_001, userName="vu-web-2"): CONFLICT,
    user(uid=1_000_000, userName="root"): CONFLICT,
    user(uid=1_000_000, userName="vu-web-00"): CONFLICT,
    user(): ENUMERATION,
    user(uid=1_065_535): EINVAL,
    user(service="io.systemd.Home", uid=1_000_000): BAD_SERVICE,
    user(service="io.systemd.Home"): BAD_SERVICE,
    group(gid=2_000_000): a_group("web", 0, 2_000_000),
    group(groupName="vg-web-5"): a_group("web", 5, 2_000_005),
    group(gid=2_000_005, groupName="vg-web-5"): a_group("web", 5, 2_000_005),
    group(gid=2_000_006, groupName="vg-web-5"): CONFLICT,
    group(groupName="vg-web-65534"): a_group("web", 65534, 2_065_534),
    group(groupName="vg-web-70005"): NONE,
    group(groupName="vg-flat-70000"): a_group("flat", 70000, 70000),
    group(gid=70_000): NONE,
    group(gid=65_534): NONE,
    group(gid=1_000_000): NONE,
    group(groupName="vu-web-0"): NONE,
    group(groupName=f"vg-{VM}-0"): NONE,
    group(): ENUMERATION,
    group(gid=2_065_535): EINVAL,
    group(service="x"): BAD_SERVICE,
    call("GetMemberships"): NONE,
    call("GetMemberships", userName="vu-web-0", groupName="vg-web-0"): NONE,
    call("GetMemberships", service="x"): BAD_SERVICE,
    # More than one answer is never given
    call("GetUserRecord", ',"more":true', uid=1_000_000): WEB,
    call("GetUserRecord", ',"more":true'): ENUMERATION,
    call("GetUserRecord", ',"more":false,"oneway":false', uid=1_000_000): WEB,
    # Numbers in other clothes
    user(uid=1_000_000.0): WEB,
    user(uid=1).replace('"uid": 1', '"uid": 1E+6'): WEB,
    user(uid=1).replace('"uid": 1', '"uid": -0'): NONE,
    # White space, characters and their escapes
    f" \n{user(uid=1_000_000)}\t": WEB,
    user(userName="a😀b"): NONE,
    f'{{"method":"{USERDB}.Foo"}}': error("org.varlink.service.MethodNotFound", method=f"{USERDB}.Foo"),
    '{"method":"a.b.Foo"}': error("org.varlink.service.MethodNotFound", method="a.b.Foo"),
    '{"method":""}': error("org.varlink.service.MethodNotFound", method=""),
}
"""Questions and answers, the same on both."""

PARAMETERS: dict[str, str] = {
    **{user(uid=uid): invalid("uid") for uid in (65535, -1, 2**32 - 1, 2**32, 2**63, 10**30)},
    **{user(uid=uid): invalid("uid") for uid in ("5", 1_000_000.5, None, True, [], {})},
    user(uid=1).replace('"uid": 1', '"uid": 1e400'): invalid("uid"),
    **{
        user(userName=name): invalid("userName") for name in (None, 5, "", ".", "..", "-", "5", "-5", "65535")
    },
    **{user(userName=name): invalid("userName") for name in ("a/b", "a:b", " a", "a ", "a\n", "a\x7f")},
    user(userName="nobody \\u0000"): NONE,  # a backslash, no NUL
    user(uid=1_000_000, userName="a/b"): invalid("userName"),
    user(uid="x", userName=5): invalid("userName"),
    user(uid=65535, userName="a/b"): invalid("uid"),
    user(uid="x", foo=1): invalid("foo"),
    user(uid=1_000_000, foo=None): invalid("foo"),
    user(groupName="vg-web-0"): invalid("groupName"),
    user(service=None): invalid("service"),
    user(service=5): invalid("service"),
    user(service="x", uid=65535): invalid("uid"),
    f'{{"method":"{USERDB}.GetUserRecord"}}': invalid("service"),
    f'{{"method":"{USERDB}.GetUserRecord","parameters":{{"foo":1}}}}': invalid("service"),
    f'{{"method":"{USERDB}.GetUserRecord","parameters":{{"uid":"x"}}}}': invalid("service"),
    group(gid=65535): invalid("gid"),
    group(groupName="a/b"): invalid("groupName"),
    call("GetMemberships", userName="a/b", service="x"): invalid("userName"),
    call("GetMemberships", groupName=""): invalid("groupName"),
    call("GetMemberships", uid=4): invalid("uid"),
    call("GetUserRecord", ',"oneway":true', uid=1_000_000): "",
    call("GetUserRecord", ',"oneway":true', uid="x"): "",
    '{"method":"org.varlink.service.GetInfo","parameters":{"x":1}}': invalid("x"),
    '{"method":"org.varlink.service.GetInterfaceDescription"}': invalid("interface"),
    '{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":5}}': invalid(
        "interface"
    ),
    '{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a b"}}': error(
        "org.varlink.service.InterfaceNotFound", interface="a b"
    ),
}
"""Questions and answers of 257; 252 has other errors for what is wrong with a call."""

BROKEN: list[str] = [
    "hello",
    "",
    "[]",
    "5",
    "null",
    '{"error":"a.b"}',
    '{"parameters":{}}',
    '{"method":5}',
    '{"method":"a.b","foo":1}',
    '{"method":"a.b","upgrade":true}',
    '{"method":"a.b","parameters":[]}',
    '{"method":"a.b","parameters":"x"}',
    '{"method":"a.b","more":1}',
    '{"method":"a.b","more":null}',
    '{"method":"a.b","oneway":null}',
    '{"method":"a.b","more":true,"oneway":true}',
    '{"method":"a.b","method":"a.b"}',
    '{"method":"a.b"} x',
    '{"method":"a.b"',
    '{"method":"a.b","parameters":{"x":NaN}}',
    '{"method":"a.b","parameters":{"x":01}}',
    '{"method":"a.\udcff"}',  # the byte ff alone, which is no UTF-8
    '{"method":"a.\\u0000"}',
    '{"method":"a.\\ud800"}',
    '{"method":"a.\n"}',
]
"""What is no call: whoever says it is cut off."""
