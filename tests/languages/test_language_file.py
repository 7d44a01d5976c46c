"""How the language file is read: what may be in it, and how loudly it fails otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from executor_app.languages import LanguageFileError, UnknownLanguage, find, languages, load

OURS = Path(load.__code__.co_filename).with_name("languages.toml").read_text(encoding="utf-8")

LUA = """
[lua]
title = "Lua"
aliases = ["luajit"]
file_name = "main.lua"
extensions = [".lua"]
highlight = "lua"
compile = []
run = ["lua", "{file}"]
toolchain = "Lua"
version = ["lua", "-v"]
toolchain_files = ["/usr/bin/lua"]
precompiled = []
example = "print(io.read())"

[lua.env]

[lua.hello]
code = "print('Hello from Lua')"
expected = "Hello from Lua\\n"

[lua.limits.compile]
cpu_time_s = 1
wall_time_s = 2.5
memory_bytes = 1
processes = 1
output_bytes = 1
file_size_bytes = 1
disk_bytes = 1

[lua.limits.run]
cpu_time_s = 1
wall_time_s = 1
input_timeout_s = 1
memory_bytes = 1
processes = 1
output_bytes = 1
file_size_bytes = 1
disk_bytes = 1
"""

EARLY = """
[lua.early]
not_names = []
not_code = ["x"]
"""
INLINE = "early = {not_names = [], not_code = []}"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "languages.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def test_the_five_languages_are_there_in_the_order_they_are_offered() -> None:
    assert list(languages()) == ["python", "javascript", "c", "cpp", "rust"]


def test_the_registry_is_read_once() -> None:
    assert languages() is languages()


def test_a_new_language_needs_the_file_alone(write: Write) -> None:
    loaded = load(write(OURS + LUA))

    assert list(loaded) == [*languages(), "lua"]
    assert loaded["lua"].run_argv(["x"]) == ["lua", "./main.lua", "x"]
    assert loaded["lua"].compile_limits.wall_time_s == 2.5


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("python", "python"),
        ("py", "python"),
        ("python3", "python"),
        ("js", "javascript"),
        ("node", "javascript"),
        ("c", "c"),
        ("gcc", "c"),
        ("C++", "cpp"),
        ("cc", "cpp"),
        ("rs", "rust"),
        (" Rust ", "rust"),
    ],
)
def test_a_language_is_found_by_any_of_its_names(name: str, found: str) -> None:
    assert find(name).name == found


def test_a_table_says_which_programs_an_interpreter_cannot_wait_for(write: Write) -> None:
    lua = load(write(LUA.replace("[lua.env]", EARLY + "[lua.env]")))["lua"]

    assert lua.early is not None
    assert lua.early.is_late("main.lua", b"axb")
    assert not lua.early.is_late("x.lua", b"ab")
    assert load(write(LUA))["lua"].early is None


def test_a_language_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(UnknownLanguage) as refused:
        find("cobol")

    assert str(refused.value) == (
        "There is no language 'cobol'. There are: python, javascript, c, cpp, rust."
    )


@pytest.mark.parametrize(
    ("replaced", "by", "said"),
    [
        ('title = "Lua"', 'titel = "Lua"', "[lua] title: is missing"),
        ('title = "Lua"', 'title = "Lua"\ncolour = "blue"', "[lua] colour: is not a key"),
        ('title = "Lua"', "title = 5", "[lua] title: must be a text"),
        ('title = "Lua"', 'title = ""', "[lua] title: must be a text"),
        ('["luajit"]', '"luajit"', "[lua] aliases: must be a list of texts"),
        ('["luajit"]', "[1]", "[lua] aliases: must be a list of texts"),
        ('["luajit"]', '["py"]', "[lua] 'py' already names python"),
        ('["luajit"]', '["Lua!"]', "[lua] 'Lua!' must be in lower case"),
        ('"{file}"', '"{flie}"', "[lua] run: knows no placeholder {flie}"),
        ('"{file}"', '"x{sources}"', "[lua] run: knows no placeholder {sources}"),
        ('["lua", "{file}"]', "[]", "[lua] run: must name a command"),
        ("[lua.env]", '[lua]\nenv = "x"', "is not TOML"),
        ("[lua.env]", "[lua.env]\nA = 1", "[lua.env] A: must be a text"),
        ("[lua.env]", "", "[lua] env: is missing"),
        ("expected =", "output =", "[lua.hello] expected: is missing"),
        ("input_timeout_s = 1", "", "[lua.limits.run] input_timeout_s: is missing"),
        ("wall_time_s = 2.5", 'wall_time_s = "2"', "[lua.limits.compile] wall_time_s: must be"),
        ("wall_time_s = 2.5", "wall_time_s = true", "[lua.limits.compile] wall_time_s: must be"),
        ("wall_time_s = 2.5", "wall_time_s = 0", "[lua.limits.compile] wall_time_s: must be"),
        ("wall_time_s = 2.5", "wall_time_s = nan", "[lua.limits.compile] wall_time_s: must be"),
        ("memory_bytes = 1", "memory_bytes = 1.5", "[lua.limits.compile] memory_bytes: must be"),
        ("memory_bytes = 1", "memory_bytes = -1", "[lua.limits.compile] memory_bytes: must be"),
        ("[lua.limits.run]", "[lua.limits.walk]", "[lua.limits] run: is missing"),
        ("[lua.env]", "[lua.early]\nnot_names = []\n[lua.env]", "[lua.early] not_code: is missing"),
        ("[lua.env]", f"{EARLY}\nmore = 1\n[lua.env]", "[lua.early] more: is not a key"),
        (
            "[lua.env]",
            EARLY.replace("x", "(") + "\n[lua.env]",
            "[lua.early] not_code: has a pattern",
        ),
        (
            "compile = []",
            f'compile = ["c"]\n{INLINE}',
            "[lua] early: is for what needs no compiling",
        ),
        (LUA, "lua = 1", "[lua] must be a table"),
        (LUA, "[lua", "languages.toml is not TOML"),
    ],
)
def test_a_wrong_file_fails_and_says_where(write: Write, replaced: str, by: str, said: str) -> None:
    assert replaced in LUA
    broken = LUA.replace(replaced, by, 1)

    with pytest.raises(LanguageFileError) as failed:
        load(write(broken if replaced == LUA else OURS + broken))

    assert said in str(failed.value)
