"""The other side of every ratio: the same program without Codr, as a shell would run it.

Started with posix_spawn, which costs less than `subprocess` does: what Python takes to start a
program is not to make the bare one look slow.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from .programs import Program

PYTHON: Final = "/usr/bin/python3"
READ_BYTES: Final = 64 * 1024
ENV: Final = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": "/tmp"}
CORES: Final = len(os.sched_getaffinity(0))


def run(argv: Sequence[str], said: bytes = b"") -> bytes:
    """What a program writes to a pipe that is read to its end; `said` is its input.

    Raises where it is not found or fails.
    """
    program = shutil.which(argv[0], path=ENV["PATH"]) or argv[0]
    reading, writing = os.pipe()
    given, giving = os.pipe()
    os.write(giving, said)
    os.close(giving)
    actions = [(os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, writing, 1)]
    pid = os.posix_spawn(program, list(argv), ENV, file_actions=actions)
    os.close(writing)
    os.close(given)
    parts = []
    while part := os.read(reading, READ_BYTES):
        parts.append(part)
    os.close(reading)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status != 0:
        raise RuntimeError(f"{' '.join(argv)} ended with {status}")
    return b"".join(parts)


def compile_and_run(program: Program) -> float:
    """Seconds for a program that nobody has seen before, from its file to its end."""
    code, expected = program.new()
    with tempfile.TemporaryDirectory(prefix="codr-bench-") as folder:
        source = f"{folder}/{program.file_name}"
        Path(source).write_text(code)
        began = time.perf_counter()
        if program.compile:
            compile(program, folder)
            output = run([f"{folder}/program"])
        else:
            output = run([program.language.run[0], source])
        took = time.perf_counter() - began
    if output.decode() != expected:
        raise RuntimeError(f"the bare {program.title} said {output!r}")
    return took


def compile(program: Program, folder: str) -> None:
    """Makes `program` in the folder of its source, by the compiler that Codr uses too."""
    options = [f"{folder}/program" if word == "program" else word for word in program.compile]
    run([program.language.compile[0], f"{folder}/{program.file_name}", *options])


def jobs_per_second(program: Program, count: int) -> float:
    """How many of an interpreter's hello worlds this machine runs, all of its cores busy."""
    code, _ = program.new()
    with tempfile.TemporaryDirectory(prefix="codr-bench-") as folder:
        source = Path(folder, program.file_name)
        source.write_text(code)
        numbers = "".join(f"{n}\n" for n in range(count))
        argv = ["xargs", "-P", str(CORES), "-n", "1", program.language.run[0], str(source)]
        began = time.perf_counter()
        subprocess.run(
            argv, input=numbers, text=True, env=ENV, stdout=subprocess.DEVNULL, check=True
        )
        return count / (time.perf_counter() - began)


def output_of(code: str) -> bytes:
    """What a Python program writes to a plain pipe."""
    return run([PYTHON, "-c", code])


def drain_on_terminal(code: str) -> float:
    """Seconds from starting a Python program on a PTY to its last byte, read and thrown away."""
    began = time.perf_counter()
    with on_terminal([PYTHON, "-c", code]) as master:
        while read(master):
            pass
        return time.perf_counter() - began


@contextlib.contextmanager
def on_terminal(argv: Sequence[str]) -> Iterator[int]:
    """A program on a PTY with the modes that Codr gives it; the master's descriptor."""
    master, slave = os.openpty()
    modes = termios.tcgetattr(slave)
    modes[1] &= ~termios.ONLCR
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    process = subprocess.Popen(
        argv, stdin=slave, stdout=slave, stderr=slave, env=ENV, start_new_session=True
    )
    os.close(slave)
    try:
        yield master
    finally:
        os.close(master)  # a program that still reads sees its terminal hang up
        process.wait()


def read(master: int) -> bytes:
    """b"" where the program has gone: a PTY says so with an error."""
    try:
        return os.read(master, READ_BYTES)
    except OSError:
        return b""
