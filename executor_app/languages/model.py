"""What a language is, and the argument lists that compile and run a program in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeVar

N = TypeVar("N", int, float)

# What a compiler writes and `run` starts, in the job's own folder.
OUTPUT_NAME = "program"

# Stands alone in an argument list, since it becomes several arguments.
ALL_SOURCES = "{sources}"
VERSION_NUMBER = re.compile(r"\d+(\.\d+)+")
PLACEHOLDER = re.compile(r"\{(file|out)\}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stage of a job may use. Times in seconds, sizes in bytes.

    `processes` counts threads too, as the kernel does. `disk_bytes` is the whole work folder.
    `input_timeout_s` bounds one wait for a person and is 0 for compiling, which asks nobody.
    """

    cpu_time_s: float
    wall_time_s: float
    input_timeout_s: float
    memory_bytes: int
    processes: int
    output_bytes: int
    file_size_bytes: int
    disk_bytes: int

    def lowered(
        self,
        *,
        cpu_time: float | None = None,
        wall_time: float | None = None,
        input_timeout: float | None = None,
        memory: int | None = None,
        output: int | None = None,
        processes: int | None = None,
    ) -> Limits:
        """The smaller of each pair, named as on the wire; None keeps ours."""
        return replace(
            self,
            cpu_time_s=_smaller(self.cpu_time_s, cpu_time),
            wall_time_s=_smaller(self.wall_time_s, wall_time),
            input_timeout_s=_smaller(self.input_timeout_s, input_timeout),
            memory_bytes=_smaller(self.memory_bytes, memory),
            output_bytes=_smaller(self.output_bytes, output),
            processes=_smaller(self.processes, processes),
        )


@dataclass(frozen=True, slots=True)
class Hello:
    """The program that proves a toolchain; `expected` is its whole output, exactly."""

    code: str
    expected: str


@dataclass(frozen=True, slots=True)
class Early:
    """What an interpreter that is started before its program cannot be given: files whose names,
    and programs with files whose text, fit one of these patterns."""

    not_names: tuple[re.Pattern[str], ...]
    not_code: tuple[re.Pattern[bytes], ...]

    def is_late(self, name: str, content: bytes) -> bool:
        return any(each.search(name) for each in self.not_names) or any(
            each.search(content) for each in self.not_code
        )


@dataclass(frozen=True, slots=True)
class Language:
    """One table of `languages.toml`. `compile` is empty where nothing needs compiling, `early` is
    None where no interpreter can be started before there is a program.

    `toolchain_files` are patterns of paths: when one of these files is another, what was compiled
    before is compiled anew. `precompiled` are headers that are compiled once for each host.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    file_name: str
    extensions: tuple[str, ...]
    highlight: str
    compile: tuple[str, ...]
    run: tuple[str, ...]
    toolchain: str
    version: tuple[str, ...]
    toolchain_files: tuple[str, ...]
    precompiled: tuple[str, ...]
    env: Mapping[str, str]
    compile_limits: Limits
    run_limits: Limits
    example: str
    hello: Hello
    early: Early | None = None

    def version_of(self, said: str) -> str:
        """What people are told, such as "Node.js 20.20.2", from what the version command said."""
        lines = said.strip().splitlines() or [""]
        number = VERSION_NUMBER.search(lines[0])
        return f"{self.toolchain} {number[0]}" if number else lines[0]

    def compile_argv(self, sources: Sequence[str]) -> list[str] | None:
        """The command that turns `sources`, the first being the program, into `OUTPUT_NAME`.

        None where there is nothing to compile. Other kinds of file may be among the sources, a
        header or data for instance: they are left for the compiler to find.
        """
        if not self.compile:
            return None
        main, *others = sources
        return _expanded(self.compile, [main, *filter(self._is_source, others)])

    def run_argv(self, args: Sequence[str], file: str | None = None) -> list[str]:
        """The command that runs the program; `file` is its main file if not `file_name`."""
        return [*_expanded(self.run, [file or self.file_name]), *args]

    def _is_source(self, name: str) -> bool:
        return PurePosixPath(name).suffix in self.extensions


def _smaller(ours: N, wanted: N | None) -> N:
    return ours if wanted is None else min(ours, wanted)


def _expanded(template: Sequence[str], sources: Sequence[str]) -> list[str]:
    # People name their files: with "./" in front, "-o" is not read as an option.
    paths = [f"./{source}" for source in sources]
    known = {"file": paths[0], "out": f"./{OUTPUT_NAME}"}
    argv: list[str] = []
    for part in template:
        if part == ALL_SOURCES:
            argv += paths
        else:
            # One pass, so that a placeholder inside a file's name stays what it is.
            argv.append(PLACEHOLDER.sub(lambda found: known[found[1]], part))
    return argv
