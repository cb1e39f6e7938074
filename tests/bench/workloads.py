"""What programs write to a terminal: made up, the same every time, or recorded of real ones."""

from __future__ import annotations

import lzma
import random
from pathlib import Path

SIZE = 2_000_000
"""Bytes that a made-up workload has at least."""

RECORDINGS = Path(__file__).parents[1] / "terminal" / "recordings"

_WORDS = (
    *("started", "stopped", "listening", "accepted", "connection", "refused", "unit", "service", "target"),
    *(
        "session",
        "opened",
        "closed",
        "for",
        "user",
        "root",
        "by",
        "cron",
        "daemon",
        "kernel",
        "device",
        "link",
    ),
    *("becomes", "ready", "timeout", "reached", "after", "seconds", "retry", "mounted", "link"),
)
_IDEOGRAPHS = "机器容器日志服务启动停止网络连接错误文件系统用户登录成功失败配置更新终端显示宽度测试"
_SIGNS = "🚀🐳📦🔥✨💾🖥🔒👍🎉"


def _until(lines: list[str]) -> bytes:
    """Lines again and again until there is enough."""
    block = "".join(line + "\r\n" for line in lines).encode()
    return block * (SIZE // len(block) + 1)


def numbers() -> bytes:
    """`seq`: the shortest lines there are."""
    return b"".join(b"%d\r\n" % number for number in range(1, SIZE // 8))


def log() -> bytes:
    """Lines of a log, of 60 to 130 characters."""
    chance = random.Random(1)
    return _until(
        [
            f"Mar {1 + n % 28:2} 12:{n % 60:02}:07 host-{n % 7} {chance.choice(_WORDS)}[{1000 + n}]: "
            + " ".join(chance.choices(_WORDS, k=chance.randint(6, 14)))
            for n in range(2000)
        ]
    )


def listing() -> bytes:
    """`ls -lR --color=always` of a real tree."""
    block = recorded("ls")
    return block * (SIZE // len(block) + 1)


def true_colour() -> bytes:
    """A picture of cells, each in two colours of its own, as viewers of images draw it; few colours recur."""
    chance = random.Random(2)
    rows = []
    for _ in range(640):
        cells = (
            "\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m▀".format(*(chance.randrange(256) for _ in range(6)))
            for _ in range(78)
        )
        rows.append("".join(cells) + "\x1b[0m")
    return _until(rows)


def wide() -> bytes:
    """Chinese text and emoji between plain words."""
    chance = random.Random(3)
    lines = []
    for _ in range(1000):
        words = []
        for _ in range(chance.randint(3, 8)):
            words.append("".join(chance.choices(_IDEOGRAPHS, k=chance.randint(2, 6))))
            words.append(chance.choice([chance.choice(_WORDS), chance.choice(_SIGNS), "2024", "e\u0301"]))
        lines.append(" ".join(words))
    return _until(lines)


def recorded(name: str) -> bytes:
    """The bytes that a program wrote when it was recorded (see `recordings/README.md`)."""
    return lzma.decompress((RECORDINGS / f"{name}.xz").read_bytes())


def mixed() -> bytes:
    """The recordings of vim, htop, less and mc, one after the other."""
    block = b"".join(recorded(name) + b"\x1b[0m\x1b[H\x1b[2J" for name in ("vim", "htop", "less", "mc"))
    return block * (SIZE // len(block) + 1)
