"""The corpus itself is sound; what detection makes of it is tested with the runner."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from executor_app.languages import find, languages
from tests.waits.corpus import CORPUS, Program, load

PROGRAMS = load()
SOURCES = {program.file: program for program in PROGRAMS}

# What stands in for a compiler where there is none.
PARSERS = {
    "python": ["/usr/bin/python3", "-W", "error", "-m", "py_compile"],
    "javascript": ["node", "--check"],
}

every_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)


def test_enough_programs_wait_and_enough_only_look_like_it() -> None:
    waiting = Counter(program.waits for program in PROGRAMS)

    assert waiting[True] >= 36
    assert waiting[False] >= 36


@pytest.mark.parametrize("waits", [True, False])
def test_every_language_has_some_of_each_kind(waits: bool) -> None:
    counted = Counter(program.language for program in PROGRAMS if program.waits is waits)

    assert set(counted) == set(languages())
    assert min(counted.values()) >= 5


def test_every_program_has_a_name_of_its_own_and_a_reason() -> None:
    assert len({program.id for program in PROGRAMS}) == len(PROGRAMS)
    assert all(program.note for program in PROGRAMS)


def test_every_source_in_the_folder_is_listed() -> None:
    found = {str(path.relative_to(CORPUS)) for path in CORPUS.glob("*/*") if not path.is_dir()}

    assert found == set(SOURCES)


@every_program
def test_a_program_is_answered_as_often_as_it_waits(program: Program) -> None:
    assert program.waits == bool(program.prompts)
    assert len(program.answers) + program.closes == len(program.prompts)
    assert program.stdin is None or not (program.tty or program.waits)
    assert program.path.suffix in find(program.language).extensions


@pytest.mark.slow
@pytest.mark.parametrize("program", SOURCES.values(), ids=SOURCES)
def test_a_program_compiles_without_a_warning(program: Program, tmp_path: Path) -> None:
    language = find(program.language)
    (tmp_path / language.file_name).write_bytes(program.path.read_bytes())
    argv = language.compile_argv([language.file_name])
    if argv is None:
        argv = [*PARSERS[language.name], language.file_name]

    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
