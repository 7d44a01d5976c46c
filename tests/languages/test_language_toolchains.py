"""Every language's programs really compile and run, here with the bare toolchain."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from executor_app.languages import Language, find, languages

pytestmark = pytest.mark.slow

every_language = pytest.mark.parametrize("language", languages().values(), ids=list(languages()))


def run_program(language: Language, code: str, folder: Path, typed: str = "") -> str:
    """Compile and run `code`; what it printed. Warnings count as failures."""
    (folder / language.file_name).write_text(code, encoding="utf-8")
    compile_argv = language.compile_argv([language.file_name])
    if compile_argv is not None:
        assert run_command(language, compile_argv, folder) == ""
    return run_command(language, language.run_argv([]), folder, typed)


def run_command(language: Language, argv: list[str], folder: Path, typed: str = "") -> str:
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **language.env},
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@every_language
def test_the_hello_program_prints_exactly_what_is_expected(
    language: Language, tmp_path: Path
) -> None:
    assert run_program(language, language.hello.code, tmp_path) == language.hello.expected


@every_language
def test_the_example_asks_for_a_name_and_an_age_and_calculates(
    language: Language, tmp_path: Path
) -> None:
    seen = run_program(language, language.example, tmp_path, typed="Ada\n36\n")

    assert "What is your name? " in seen
    assert "Hello, Ada!" in seen
    assert "How old are you? " in seen
    assert "In ten years you will be 46." in seen
    assert "about 13140 days" in seen


@every_language
def test_the_version_command_names_a_version(language: Language, tmp_path: Path) -> None:
    said = run_command(language, [*language.version], tmp_path)
    assert re.fullmatch(r"\S+ \d+\.\d+\.\d+", language.version_of(said))


@pytest.mark.parametrize("name", ["c", "cpp"])
def test_several_files_make_one_program(name: str, tmp_path: Path) -> None:
    language = find(name)
    suffix = language.extensions[0]
    (tmp_path / "twice.h").write_text("int twice(int);\n")
    (tmp_path / f"twice{suffix}").write_text('#include "twice.h"\nint twice(int n) {return 2*n;}\n')
    (tmp_path / f"-o{suffix}").write_text('#include "twice.h"\nint main() {return twice(0);}\n')

    argv = language.compile_argv([f"-o{suffix}", f"twice{suffix}", "twice.h"])

    assert argv is not None
    run_command(language, argv, tmp_path)
    assert run_command(language, language.run_argv([]), tmp_path) == ""


def test_compilers_speak_without_colours_even_to_a_terminal(tmp_path: Path) -> None:
    for language in languages().values():
        argv = language.compile_argv([language.file_name])
        if argv is None:
            continue
        (tmp_path / language.file_name).write_text("this is no program\n")
        ours, theirs = os.openpty()
        os.set_blocking(ours, False)
        subprocess.run(argv, cwd=tmp_path, stderr=theirs, stdout=theirs, timeout=60, check=False)
        seen = os.read(ours, 65536)
        os.close(ours)
        os.close(theirs)
        assert b"error" in seen
        assert b"\x1b" not in seen


def test_python_leaves_no_bytecode_beside_the_sources(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("answer = 42\n")

    assert run_program(find("python"), "import own\nprint(own.answer)", tmp_path) == "42\n"
    assert {path.name for path in tmp_path.iterdir()} == {"main.py", "own.py"}
