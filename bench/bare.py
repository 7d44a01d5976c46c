"""The other side of every ratio: the same program without Codr, as a shell would run it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from executor_app.languages import Language

PYTHON: Final = "/usr/bin/python3"
READ_BYTES: Final = 64 * 1024
ENV: Final = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": "/tmp"}


def compile_and_run(language: Language, code: str) -> float:
    """Seconds for the language's own commands on this program, output to a pipe and kept whole."""
    with tempfile.TemporaryDirectory(prefix="codr-bench-") as folder:
        Path(folder, language.file_name).write_text(code)
        argv = language.compile_argv([language.file_name])
        env = {**ENV, **language.env}
        began = time.perf_counter()
        if argv is not None:
            subprocess.run(argv, cwd=folder, env=env, capture_output=True, check=True)
        run = language.run_argv([])
        subprocess.run(run, cwd=folder, env=env, capture_output=True, check=True)
        return time.perf_counter() - began


def output_of(code: str) -> bytes:
    """What a Python program writes to a plain pipe."""
    return subprocess.run([PYTHON, "-c", code], env=ENV, stdout=subprocess.PIPE, check=True).stdout


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
