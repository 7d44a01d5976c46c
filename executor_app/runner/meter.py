"""What one stage has used, and which of its limits it has reached.

With control groups the kernel bounds the whole job and counts; without them processes are looked
at in /proc, with setrlimit behind, which bounds each process alone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from executor_app.languages import Limits
from executor_app.protocol import Stage

from . import procfs, verdict
from .cgroups import Cgroup
from .jail import Ending, Rlimits
from .verdict import Verdict
from .workspace import MAX_FILES, Workspace

# A job that keeps more of a processor busy between two looks gives way to those that mostly wait,
# until it does less than the other figure.
BUSY: Final = 0.5
CALM: Final = 0.2
# Who has to share a processor gets more of it than this, so whoever uses less asks for none.
ASLEEP: Final = 0.03
SHORTEST_LOOK_S: Final = 0.05

# Without cgroups setrlimit stands behind our own looks, which come first and can say what it was.
DATA_BEYOND_LIMIT_BYTES: Final = 64 * 1024 * 1024
# What the kernel sends at RLIMIT_CPU's soft and hard limit, and anybody else at any time.
OUT_OF_CPU_TIME: Final = (signal.SIGXCPU, signal.SIGKILL)


def rlimits(limits: Limits, *, grouped: bool) -> Rlimits:
    """The CPU limit is a backstop for one process; without a control group the rest is too."""
    these = Rlimits(cpu_s=int(limits.cpu_time_s) + 1, file_bytes=limits.file_size_bytes)
    if grouped:
        return these
    # The kernel counts all that the user has, and the executor is the same user as its jobs.
    others = procfs.threads_of_user(os.geteuid())
    return replace(
        these,
        processes=others + 2 * limits.processes,
        data_bytes=limits.memory_bytes + DATA_BEYOND_LIMIT_BYTES,
    )


class Meter:
    """`pids` gives the processes of the program, `crowded` says whether others run beside it. Time
    and output are counted by the stage."""

    def __init__(
        self,
        stage: Stage,
        limits: Limits,
        *,
        cgroup: Cgroup | None,
        workspace: Workspace,
        pids: Callable[[], list[int]],
        crowded: Callable[[], bool],
        cpu_before: float | None = None,
    ) -> None:
        """`cpu_before` is what its group had used before, where the program is in it already. Then
        the group has these limits."""
        self._stage = stage
        self._limits = limits
        self._cgroup = cgroup
        self._workspace = workspace
        self._pids = pids
        self._crowded = crowded
        # A compiled program may be larger than any file that it may write.
        self._files_before = self._files_at_limit()
        used = cgroup.cpu_time_s() if cgroup else 0.0
        self._cpu_before = used if cpu_before is None else cpu_before
        self._last_look = (time.monotonic(), used)
        # Nobody knows yet whether it computes or waits, and some start nothing but floods.
        self._busy = crowded()
        self.sleeps = False
        if cgroup is not None:
            cgroup.give_way(self._busy)
            if cpu_before is None:
                cgroup.set_limits(memory_bytes=limits.memory_bytes, processes=limits.processes)

    def reached(self) -> Verdict | None:
        """While the program runs: the limit that it has reached, if any."""
        limits, stage = self._limits, self._stage
        if self._cgroup is not None:
            counted = self._counted_by(self._cgroup)
            used = self._cgroup.cpu_time_s()
            self._let_the_others_go_first(self._cgroup, used)
            if counted is None and used - self._cpu_before > limits.cpu_time_s:
                return verdict.cpu_time(limits, stage)
            return counted
        pids = self._pids()
        if sum(len(procfs.threads(pid)) for pid in pids) > limits.processes:
            return verdict.processes(limits, stage)
        if procfs.use_more_memory(pids, limits.memory_bytes):
            return verdict.memory(limits, stage)
        return None

    def why(self, ending: Ending | None) -> Verdict | None:
        """After its end: the limit that ended it, or what else did; None if it just ended.

        To be called in a thread where it `looks_at_files`, as is `reached_on_disk`.
        """
        limits, stage = self._limits, self._stage
        counted = self._counted_by(self._cgroup) if self._cgroup is not None else None
        if counted is not None:
            return counted
        if self._cgroup is None and ending and ending.max_rss_bytes > limits.memory_bytes:
            return verdict.memory(limits, stage)
        number = ending.signal if ending else signal.SIGKILL
        if number in OUT_OF_CPU_TIME and ending and ending.cpu_time_s >= limits.cpu_time_s:
            return verdict.cpu_time(limits, stage)
        if number == signal.SIGXFSZ:
            return verdict.file_size(limits, stage)
        full = self.reached_on_disk()
        if full is not None:
            return full
        return verdict.signaled(number, stage) if number is not None else None

    def cpu_time_s(self, ending: Ending | None) -> float:
        used = self._cgroup.cpu_time_s() - self._cpu_before if self._cgroup else 0.0
        return used or (ending.cpu_time_s if ending else 0.0)

    def memory_bytes(self, ending: Ending | None) -> int:
        """At its most."""
        if self._cgroup is not None:
            return self._cgroup.peak_memory_bytes()
        return ending.max_rss_bytes if ending else 0

    def cpu_used_s(self) -> float | None:
        """So far; while it does not change nothing of the job has run. None where nobody counts."""
        return self._cgroup.cpu_time_s() if self._cgroup is not None else None

    def hurry(self) -> None:
        """It is to end now: what gives way to all others would take its time over dying."""
        if self._cgroup is not None and self._busy:
            self._busy = False
            self._cgroup.give_way(False)

    def _let_the_others_go_first(self, cgroup: Cgroup, used: float) -> None:
        """What a person waits for is mostly done in a moment; what computes can give way."""
        now = time.monotonic()
        then, used_then = self._last_look
        if now - then < SHORTEST_LOOK_S:
            return
        self._last_look = (now, used)
        part = (used - used_then) / (now - then)
        self.sleeps = part < ASLEEP
        busy = self._crowded() and part > (CALM if self._busy else BUSY)
        if busy != self._busy:
            self._busy = busy
            cgroup.give_way(busy)

    def _counted_by(self, cgroup: Cgroup) -> Verdict | None:
        if cgroup.oom_kills():
            # The host, or a group that holds the executor, may have run out before the job did.
            if not cgroup.has_hit_memory_limit():
                return verdict.host_memory()
            return verdict.memory(self._limits, self._stage)
        if cgroup.refused_processes():
            return verdict.processes(self._limits, self._stage)
        return None

    def looks_at_files(self) -> bool:
        """Whether they are so large that each has to be looked at, and there may be very many."""
        return self._workspace.may_hold(self._limits.file_size_bytes)

    def _files_at_limit(self) -> frozenset[int]:
        if not self.looks_at_files():
            return frozenset()
        return self._workspace.files_of(self._limits.file_size_bytes)

    def reached_on_disk(self) -> Verdict | None:
        """While the program runs: the limit that its files have reached, if any."""
        match self._workspace.full():
            case "bytes":
                return verdict.disk(self._limits, self._stage)
            case "files":
                return verdict.files(MAX_FILES, self._stage)
        if self._files_at_limit() - self._files_before:
            return verdict.file_size(self._limits, self._stage)
        return None
