"""One sandbox while it lives: started around the launcher, given orders, and taken down.

The launcher's messages are 33 bytes: a letter and what belongs to it. The kernel adds the sender's
process id as this host numbers it (SO_PASSCRED, unix(7)); that is how the program is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor_app.errors import NotExecutableError, SandboxError

from . import procfs
from .cgroups import Cgroup
from .sandbox import seccomp
from .threads import make_in_thread

MESSAGE_BYTES: Final = 33
ORDER: Final = struct.Struct("<8I6Q")
ENDING: Final = struct.Struct("<iIQQQ")
START_S: Final = 20.0
# How long the sandbox's outermost process may take to notice that nothing is left inside.
OUTERMOST_PATIENCE_S: Final = 0.5
LOG_BYTES: Final = 8192
STACK_BYTES: Final = 64 * 1024 * 1024
OPEN_FILES: Final = 1024
# What execve(2) says of a file that is no program for this machine.
NOT_EXECUTABLE: Final = frozenset(
    {errno.EACCES, errno.ENOENT, errno.ENOEXEC, errno.EISDIR, errno.ELIBBAD, errno.ENOMEM}
)
NO_ENVIRONMENT: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stage's main program ended: its wait status and what the kernel says it used."""

    status: int
    cpu_time_s: float
    max_rss_bytes: int

    @property
    def signal(self) -> int | None:
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None

    @property
    def exit_code(self) -> int:
        number = self.signal
        return 128 + number if number is not None else os.WEXITSTATUS(self.status)


@dataclass(frozen=True, slots=True)
class Rlimits:
    """What setrlimit bounds; 0 is no limit. Without cgroups it bounds more, and less well."""

    cpu_s: int = 0
    file_bytes: int = 0
    processes: int = 0
    data_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """What a launcher is ordered to start. Nobody can tell what equal ones have started apart."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    tty: bool
    limits: Rlimits


class Jail:
    """Use `start`, then `order` for each stage, then `close`."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, log: int) -> None:
        self._process = process
        self._control = control
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[int] = self._loop.create_future()
        self._program: asyncio.Future[int] = self._loop.create_future()
        self._ending: asyncio.Future[Ending | None] = self._loop.create_future()
        self.launcher_pid = 0
        self.program_pid = 0
        self.wrappers: set[int] = set()
        self._loop.add_reader(control, self._receive)

    @classmethod
    async def start(cls, command: Sequence[str]) -> Jail:
        """Starts the sandbox and waits until the launcher inside it answers.

        Raises SandboxError with what the sandbox printed.
        """
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        ours.setblocking(False)
        # What the launcher waits on. Where the process has a default for how long its sockets wait,
        # as Celery sets one while it stops, Python makes them so that they do not wait at all.
        theirs.setblocking(True)
        log, log_writer = os.pipe()
        os.set_blocking(log, False)
        try:
            # Two milliseconds, and more where processors are short; asyncio's own way needs a child
            # watcher and takes longer. The pool's threads stay: one that ended would take the
            # sandbox with it, whose death signal comes from the thread that started it.
            process = await make_in_thread(
                lambda: subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=log_writer,
                    stderr=log_writer,
                    env=NO_ENVIRONMENT,
                    cwd="/",
                ),
                _end,
            )
        except BaseException as error:
            ours.close()
            os.close(log)
            if isinstance(error, OSError):
                raise SandboxError(f"the sandbox cannot be started: {error}") from error
            raise
        finally:
            theirs.close()
            os.close(log_writer)
        jail = cls(process, ours, log)
        try:
            async with asyncio.timeout(START_S):
                jail.launcher_pid = await asyncio.shield(jail._ready)
        except TimeoutError:
            await jail.close()
            raise SandboxError(f"the sandbox did not start within {START_S:.0f} s") from None
        except BaseException:
            await jail.close()
            raise
        jail.wrappers = procfs.ancestors(jail.launcher_pid, process.pid) | {
            jail.launcher_pid,
            process.pid,
        }
        return jail

    async def order(
        self,
        command: Command,
        fds: tuple[int, int, int],
        *,
        join: Sequence[Path] = (),
        filter_bytes: bytes | None = None,
    ) -> None:
        """Starts a program. Raises SandboxError when the launcher could not execute it.

        `join`: the files by which it joins other control groups than those of the jail.
        Only `doctor` gives another filter than every program has.
        """
        self.program_pid = 0
        self._program = self._loop.create_future()
        self._ending = self._loop.create_future()
        if filter_bytes is None:
            filter_bytes = seccomp.filter_bytes()
        strings = b"".join(
            os.fsencode(text) + b"\0"
            for text in (
                command.cwd,
                *command.argv,
                *(f"{name}={value}" for name, value in command.env.items()),
            )
        )
        limits = command.limits
        header = ORDER.pack(
            len(strings) + len(filter_bytes), len(command.argv), len(command.env), command.tty,
            len(filter_bytes), len(strings), len(join), 0, limits.cpu_s, limits.file_bytes,
            OPEN_FILES, STACK_BYTES, limits.processes, limits.data_bytes,
        )  # fmt: skip
        try:
            with _opened(join) as joins:
                socket.send_fds(self._control, [header], [*fds, *joins])
            await self._loop.sock_sendall(self._control, strings + filter_bytes)
        except OSError as error:
            raise SandboxError(f"the sandbox took no order: {error}; {self._read_log()}") from error
        # Not by wait_for: before Python 3.12 it forgets a cancel that comes with the answer.
        async with asyncio.timeout(START_S):
            self.program_pid = await self._program

    @property
    def idle(self) -> bool:
        """Whether nothing that was started in it has ended, and neither has the jail itself."""
        return not self._ending.done()

    def when_over(self, call: Callable[[], object]) -> None:
        """Calls back when what was ordered last ends, or the jail does."""
        self._ending.add_done_callback(lambda _: call())

    async def ended(self) -> Ending | None:
        """How the program ended; None when the sandbox went down with it."""
        return await self._ending

    def program_pids(self, cgroup: Cgroup | None) -> list[int]:
        """The processes of the job itself: all that is in the jail but the jail."""
        found = cgroup.pids() if cgroup else procfs.descendants(self._process.pid)
        return [pid for pid in found if pid not in self.wrappers]

    def kill_wrappers(self) -> None:
        for pid in (self._process.pid, *procfs.descendants(self._process.pid)):
            _kill(pid)

    async def close(self) -> None:
        """Kills whatever is left and waits until all of it has gone.

        The first process of a process namespace takes all others with it (pid_namespaces(7)), so
        nothing that forks can outrun this. The outermost process is left to reap what is below it
        and to go by itself: in a container there may be nobody else who reaps.
        """
        outermost, *doomed = procfs.descendants(self._process.pid)
        for pid in doomed if self.launcher_pid else (*doomed, outermost):
            _kill(pid)
        self._loop.remove_reader(self._control)
        self._control.close()
        for future in (self._ready, self._program, self._ending):
            future.cancel()
        try:
            async with asyncio.timeout(OUTERMOST_PATIENCE_S):
                await self._reap()
        except TimeoutError:
            _kill(outermost)
            await self._reap()
        os.close(self._log)
        await self._see_gone(doomed)

    async def _see_gone(self, pids: Sequence[int]) -> None:
        """A process ends a moment after its SIGKILL. After a second somebody else looks."""
        for _ in range(500):
            if not any(procfs.lives(pid) for pid in pids):
                return
            await asyncio.sleep(0.002)

    async def _reap(self) -> None:
        if self._process.poll() is not None:
            return
        gone: asyncio.Future[None] = self._loop.create_future()
        fd = os.pidfd_open(self._process.pid)
        try:
            self._loop.add_reader(fd, _finish, gone)
            await gone
        finally:
            self._loop.remove_reader(fd)
            os.close(fd)
        self._process.wait()

    def _receive(self) -> None:
        try:
            data, ancillary, _, _ = self._control.recvmsg(MESSAGE_BYTES, 64)
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        if len(data) != MESSAGE_BYTES:
            self._loop.remove_reader(self._control)
            self._lost()
            return
        sender = next(
            struct.unpack("3i", content)[0]
            for _, kind, content in ancillary
            if kind == socket.SCM_CREDENTIALS
        )
        self._heard(data[:1], data[1:], sender)

    def _heard(self, letter: bytes, content: bytes, sender: int) -> None:
        if letter == b"R" and not self._ready.done():
            self._ready.set_result(sender)
        elif letter == b"P" and not self._program.done():
            self._program.set_result(sender)
        if letter in b"EX" and not self._program.done():
            # It was killed before it could say who it is, or could not begin.
            self._program.set_result(0)
        if letter == b"E" and not self._ending.done():
            self._ending.set_exception(_not_started(int.from_bytes(content[:4], "little")))
        elif letter == b"X" and not self._ending.done():
            status, _, user_us, system_us, rss_kib = ENDING.unpack(content)
            self._ending.set_result(Ending(status, (user_us + system_us) / 1e6, rss_kib * 1024))

    def _lost(self) -> None:
        """The launcher has gone: an error before the program ran, an end after."""
        error = SandboxError(f"the sandbox did not start: {self._read_log()}")
        for future in (self._ready, self._program):
            if not future.done():
                future.set_exception(error)
                future.exception()
        if not self._ending.done():
            self._ending.set_result(None)

    def _read_log(self) -> str:
        try:
            text = os.read(self._log, LOG_BYTES).decode("utf-8", "replace").strip()
        except OSError:
            text = ""
        return text or "it said nothing"


@contextlib.contextmanager
def _opened(files: Sequence[Path]) -> Iterator[list[int]]:
    fds: list[int] = []
    try:
        for file in files:
            fds.append(os.open(file, os.O_WRONLY | os.O_CLOEXEC))
        yield fds
    finally:
        for fd in fds:
            os.close(fd)


def _not_started(number: int) -> SandboxError:
    kind = NotExecutableError if number in NOT_EXECUTABLE else SandboxError
    return kind(os.strerror(number))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
