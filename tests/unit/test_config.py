"""The file of settings: what is taken from it, and what is said of its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from machinedeck.core.config import Config, ConfigError, read_config
from machinedeck.core.settings import SETTINGS


def test_every_default_is_one_that_may_be_set() -> None:
    assert [setting.name for setting in SETTINGS if setting.check(setting.default) is not None] == []
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


def test_what_is_set_and_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[terminal]\nscrollback = 500\n[keys]\nstop = "f9"\n[machines]\ncolumns = ["name", "cpu"]\n'
    )
    config = read_config(path)
    assert config["terminal.scrollback"] == 500
    assert config.key("stop") == "f9"
    assert config["machines.columns"] == ["name", "cpu"]
    assert config["terminal.leave_key"] == "f12"
    assert read_config(tmp_path / "none")["console.mouse"] is True
    assert Config().key("start") == "s"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[console\n", "at line 1"),
        ("\n[consle]\n", ":2: there is no [consle]; did you mean console?"),
        ("console = 5\n", ":1: console is a table"),
        ("[terminal]\n# x\nscrolback = 5\n", ":3: [terminal] has no scrolback; did you mean scrollback?"),
        ("[terminal]\nscrollback = -1\n", ":2: terminal.scrollback is -1, expected a whole number from 0"),
        ("[terminal]\nscrollback = true\n", "expected a whole number"),
        ("terminal.leave_key = 'ctrl+b'\n", ":1: terminal.leave_key is 'ctrl+b', expected a key such as f12"),
        ("[console]\ntheme = 'pink'\n", "expected one of dark, light"),
        ("[machines]\ncolumns = ['name', 'name']\n", "each once"),
        ("[keys]\nstop = 's'\n", ":2: s is the key of both start and stop"),
        ("[keys]\nstart = ['s']\n", ":2: keys.start is ['s'], expected a key such as s"),
        ("[keys]\nfly = 's'\n", ":2: [keys] has no fly"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("9" * 5000, "4300 digits"),
        (
            "0x" + "f" * 5000,
            ":2: console.theme is a number of thousands of digits, expected one of dark, light",
        ),
        ("[" * 100_000, "nested too deep"),
    ],
    ids=["decimal", "hexadecimal", "nested"],
)
def test_what_is_too_much_is_a_mistake_as_any_other(tmp_path: Path, value: str, said: str) -> None:
    (tmp_path / "config.toml").write_text(f"[console]\ntheme = {value}\n")
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "config.toml")
    assert str(caught.value).startswith(str(tmp_path / "config.toml"))
    assert said in str(caught.value)


@pytest.mark.parametrize("value", ['["s"]', "[]", "{a = 1}", "1.5", "nan", "-1", "2026-01-01", "''"])
def test_no_value_of_any_kind_ends_the_program(tmp_path: Path, value: str) -> None:
    path = tmp_path / "config.toml"
    for setting in SETTINGS:
        path.write_text(f"[{setting.table}]\n{setting.key} = {value}\n")
        with pytest.raises(ConfigError, match=f"{path}:2: {setting.name} is .*, expected "):
            read_config(path)


def test_what_is_no_file_of_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_config(tmp_path / "none", is_wanted=True)
    with pytest.raises(ConfigError, match="Is a directory"):
        read_config(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="utf-8"):
        read_config(tmp_path / "bytes")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ConfigError, match="larger than"):
        read_config(tmp_path / "large")
