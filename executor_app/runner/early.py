"""An interpreter that is started before there is a program, and waits for it where nobody can tell.

Its main file is a FIFO. So it is started with the arguments, the environment, the terminal and the
limits that it always has, gets as far as opening its main file, and waits there for somebody who
writes (fifo(7)). To let it go the real file is put over the FIFO's name, and its text goes through
the FIFO. What the program can see of itself is then what it sees in any other run. Nothing of ours
has run in the interpreter, and nothing of a job has been near it before.
`docs/decisions/0009-an-interpreter-waits-at-its-main-file.md` has the reasons.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from executor_app.errors import SandboxError
from executor_app.languages import Language, Limits

from . import procfs
from .cell import Cell
from .jail import Command, Jail
from .streams import Streams

# How often it is looked whether an interpreter has got there, and for how long in all.
LOOK_S: Final = 0.005
START_S: Final = 20.0
# What a pipe takes at once at most, for who is not root (pipe-max-size, pipe(7)).
MOST_BYTES: Final = 1024 * 1024
# Nothing of any job has been where the FIFO lies; and yet no link is followed there.
FOR_WRITING: Final = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
# The size of its terminal until the job's is known: most are of this one.
COLS, ROWS = 80, 24


class Early:
    """Use `start`, then `open` and, if that said yes, `let_go`; and `close`."""

    def __init__(self, cell: Cell, command: Command, limits: Limits, fifo: Path) -> None:
        self.command = command
        self.streams = Streams.terminal(COLS, ROWS, cell.owner)
        # What was used before the interpreter began, as it counts for any other run.
        self.cpu_before = cell.cgroup.cpu_time_s() if cell.cgroup else 0.0
        self._cell = cell
        self._limits = limits
        self._fifo = fifo
        self._writer: int | None = None

    @classmethod
    async def start(cls, cell: Cell, command: Command, limits: Limits, file_name: str) -> Early:
        """Raises SandboxError where the interpreter did not get as far as its main file."""
        fifo = cell.workspace.place.home / file_name
        os.mkfifo(fifo, 0o600)
        if cell.owner is not None:
            os.chown(fifo, *cell.owner)
        if cell.cgroup is not None:  # before there is more in it than the jail
            cell.cgroup.set_limits(memory_bytes=limits.memory_bytes, processes=limits.processes)
        early = cls(cell, command, limits, fifo)
        try:
            await cell.jail.order(command, early.streams.child_fds)
            early.streams.started()
            await _until_it_opens_a_file(cell.jail)
        except BaseException:
            early.close()
            raise
        return early

    def fits(self, command: Command, limits: Limits) -> bool:
        """Whether it is what would be started for such a job."""
        return command == self.command and (
            (limits.memory_bytes, limits.processes)
            == (self._limits.memory_bytes, self._limits.processes)
        )

    def open(self, size: int) -> bool:
        """Takes hold of the interpreter, for a main file of that size; False where it is not there.

        An open for writing that does not wait fails where nobody has the other end (ENXIO).
        """
        try:
            self._writer = os.open(self._fifo, FOR_WRITING)
        except OSError:
            return False
        return stat.S_ISFIFO(os.fstat(self._writer).st_mode) and _has_room(self._writer, size)

    def let_go(self, files: Sequence[tuple[str, bytes]], cols: int, rows: int) -> None:
        """Writes the job's files, the program first as in any other run, and starts it."""
        assert self._writer is not None
        workspace, (_, text) = self._cell.workspace, files[0]
        workspace.put_over(self._fifo, text)
        workspace.write(files[1:])
        self.streams.resize(cols, rows)
        os.write(self._writer, text)
        self._close_writer()

    def close(self) -> None:
        self._close_writer()
        self.streams.close()

    def _close_writer(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None


def may_be_early(language: Language, files: Sequence[tuple[str, bytes]]) -> bool:
    """Whether such a program could not tell that its interpreter has been waiting for it."""
    early, (name, text) = language.early, files[0]
    if early is None or name != language.file_name or len(text) > MOST_BYTES:
        return False
    return not any(early.is_late(name, content) for name, content in files)


async def _until_it_opens_a_file(jail: Jail) -> None:
    """Only a FIFO's opening takes so long that anybody sees it."""
    deadline = time.monotonic() + START_S
    while not procfs.opens_a_file(jail.program_pid):
        if not jail.idle or time.monotonic() > deadline:
            raise SandboxError("an interpreter did not get as far as its program")
        await asyncio.sleep(LOOK_S)


def _has_room(pipe: int, size: int) -> bool:
    if fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) >= size:
        return True
    try:
        return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, size) >= size
    except OSError:
        return False  # the user's share of pipe memory is used up
