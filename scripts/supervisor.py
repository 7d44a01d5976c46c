"""Runs several commands as one: their output with the name in front, and one end for all.

Each command leads a session of its own, so that a signal reaches exactly what it started. The
supervisor is the "child subreaper" of everything below it: a process whose parent has gone becomes
ours, not init's, and can be found and ended when the rest ends. And should the supervisor itself be
killed, the kernel sends each command SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
READ_BYTES = 64 * 1024
SWEEP_S = 5.0
# So many ends of one command within so many seconds are taken for a lasting fault.
TOO_OFTEN = 3
TOO_OFTEN_S = 60.0
AUTOGROUP_NICENESS = "-5"


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    exit_code: int | None = None  # negative: the signal that ended it
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    output: asyncio.Task[None] | None = None

    @property
    def verdict(self) -> str:
        """How it ended, to be put after its name."""
        code = self.exit_code or 0
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"


class Supervisor:
    """Start with `start`, wait for `child_ended`, finish with `stop`. Within one event loop."""

    def __init__(self, *, name_width: int = 8) -> None:
        self.children: list[Child] = []
        self.child_ended: asyncio.Queue[Child] = asyncio.Queue()
        self._ends: dict[str, list[float]] = {}
        self._name_width = name_width
        become_subreaper()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def start(
        self,
        name: str,
        command: str | Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: bytes | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Child:
        """Start a shell line or an argument list; `stdin` is what it reads before end-of-file."""
        arguments = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        process = subprocess.Popen(
            # setpriv replaces itself by the command. Its setting outlives that, but not a fork:
            # the command itself must be what runs on, hence `exec` in the Procfile.
            ["setpriv", "--pdeathsig", "TERM", "--", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=pass_fds,
        )
        if process.stdin:  # a few hundred bytes: the pipe takes them at once
            process.stdin.write(stdin or b"")
            process.stdin.close()
        _put_before_others(process.pid)
        self.children = [child for child in self.children if child.exit_code is None]
        child = Child(name, process)
        child.output = asyncio.create_task(self._relay(child))
        self.children.append(child)
        return child

    def may_start_again(self, child: Child) -> bool:
        """False for one that keeps ending: then something is wrong that no start will mend."""
        now = time.monotonic()
        ends = [at for at in self._ends.get(child.name, []) if now - at < TOO_OFTEN_S]
        self._ends[child.name] = [*ends, now]
        return len(ends) < TOO_OFTEN

    async def stop(self, children: Sequence[Child], *, grace_s: float) -> None:
        """Ask the groups of these to end, and end them when `grace_s` is over."""
        for child in children:
            send_to_group(child, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                for child in children:
                    await child.ended.wait()
        except TimeoutError:
            for child in children:
                if child.exit_code is None:
                    self.say(f"{child.name} did not end within {grace_s:g} s and is killed.")
                    send_to_group(child, signal.SIGKILL)
        for child in children:
            await child.ended.wait()

    async def sweep(self) -> None:
        """End what is still below us: processes whose parent went before them."""
        give_up_at = time.monotonic() + SWEEP_S
        while (pids := child_pids()) and time.monotonic() < give_up_at:
            for pid in pids:  # not collected yet, so the number is still theirs
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
            self._reap()
        if pids:
            self.say(f"These processes could not be ended: {pids}")
        # The last lines; nobody holds the other ends any more, unless one could not be ended.
        outputs = [child.output for child in self.children if child.output]
        if outputs:
            await asyncio.wait(outputs, timeout=SWEEP_S)

    def kill(self) -> None:
        """End everything at once."""
        for child in self.children:
            send_to_group(child, signal.SIGKILL)

    def say(self, line: str) -> None:
        write_out(f"{line}\n".encode())

    def _reap(self) -> None:
        """Collect every child that has ended, the adopted ones too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.children:
                if child.process.pid == pid:
                    child.exit_code = os.waitstatus_to_exitcode(status)
                    child.process.returncode = child.exit_code  # Popen would wait for it again
                    child.ended.set()
                    self.child_ended.put_nowait(child)

    async def _relay(self, child: Child) -> None:
        """Copy output line by line, with the name in front, until nobody can write any more."""
        assert child.process.stdout is not None
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), child.process.stdout
        )
        prefix = f"{child.name:<{self._name_width}} | ".encode()
        rest = b""
        while data := await reader.read(READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            write_out(b"".join(prefix + line + b"\n" for line in lines))
        if rest:
            write_out(prefix + rest + b"\n")


def _put_before_others(pid: int) -> None:
    """What all users share goes before what single ones compute, where we may say so (as root) and
    the kernel shares processors by sessions (autogroups, sched(7)): three times an ordinary part.
    More slows a single flood down, which a thread of the kernel moves and somebody's browser reads.
    """
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(AUTOGROUP_NICENESS)


def become_subreaper() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def child_pids() -> list[int]:
    """The processes whose parent is this one."""
    pid = os.getpid()
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def send_to_group(child: Child, number: signal.Signals) -> None:
    # Once its leader has been collected the group's number may be somebody else's.
    if child.exit_code is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, number)


def write_out(data: bytes) -> None:
    # The reader of our output may be gone (`make run | head`): that is no reason to stop.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
