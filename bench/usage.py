"""What a tree of processes uses: time of processors, and memory.

CPU time is the scheduler's own count in nanoseconds (`schedstat`) of all living threads, and what
the ended children have used, so that a share of one percent can be told from one of two. Memory is
PSS: a page that two processes share is half of each, so the sum over all is what they take.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from executor_app.runner import procfs

TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """Seconds of CPU that `pid` and all below it have used, with children that have ended."""
    return sum(_cpu_of(each) for each in procfs.descendants(pid))


def cpu_share(pid: int, seconds: float) -> float:
    """The part of one core that the tree uses, looked at for so long; 0.01 is one percent."""
    before, began = cpu_s(pid), time.perf_counter()
    time.sleep(seconds)
    return max(0.0, cpu_s(pid) - before) / (time.perf_counter() - began)


def pss_bytes(pid: int) -> int:
    """Memory of `pid` and all below it, each shared page counted once in all."""
    return sum(_pss_of(each) for each in procfs.descendants(pid))


def available_bytes() -> int:
    """What the kernel could still give away on this host."""
    text = Path("/proc/meminfo").read_text()
    return int(text.partition("MemAvailable:")[2].split()[0]) * 1024


class OwnShare:
    """The part of one core that this process uses within the context: what the clients cost."""

    share = 0.0

    def __enter__(self) -> OwnShare:
        self._began, self._before = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        took = time.perf_counter() - self._began
        self.share = (time.process_time() - self._before) / took

    def __str__(self) -> str:
        return f"{self.share:.0%} of a core"


def _cpu_of(pid: int) -> float:
    try:
        words = procfs.read(f"/proc/{pid}/stat").rpartition(b") ")[2].split()
    except OSError:
        return 0.0
    own, of_children = (sum(map(int, words[n : n + 2])) * TICK_S for n in (11, 13))
    running = 0
    for tid in procfs.threads(pid):
        try:
            running += int(procfs.read(f"/proc/{pid}/task/{tid}/schedstat").split()[0])
        except (OSError, IndexError):
            continue
    # Threads that have ended are in the process's own sum alone, which counts in ticks.
    return max(running / 1e9, own) + of_children


def _pss_of(pid: int) -> int:
    try:
        for line in procfs.read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except PermissionError:
        # Another user's: all that it has resident, which is too much rather than too little.
        return int(procfs.read(f"/proc/{pid}/statm").split()[1]) * PAGE_BYTES
    except OSError:
        pass  # it has gone
    return 0
