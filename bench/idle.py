"""What a Codr uses while nobody runs anything: Redis, web, executor, recorder and who started them.

Measured first, before anything has run on it. With `--url` nothing is known of its processes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from . import usage
from .figures import Effort, Line, Target

CPU_TARGET: Final = 0.01
MEMORY_TARGET_MB: Final = 350.0


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    if target.pid is None:
        return
    time.sleep(effort.idle_settle_s)
    share = usage.cpu_share(target.pid, effort.idle_watch_s)
    megabytes = usage.pss_bytes(target.pid) / 1e6
    yield Line(
        name="idle_cpu",
        what="CPU of the whole stack at rest",
        sandbox=target.sandbox,
        ours=f"{share:.2%} of a core",
        target=f"< {CPU_TARGET:.0%} of a core",
        met=share < CPU_TARGET,
        numbers={"share": share, "seconds": effort.idle_watch_s},
    )
    yield Line(
        name="idle_memory",
        what="memory of the whole stack at rest (PSS)",
        sandbox=target.sandbox,
        ours=f"{megabytes:.0f} MB",
        target=f"< {MEMORY_TARGET_MB:g} MB",
        met=megabytes < MEMORY_TARGET_MB,
        numbers={"pss_mb": megabytes},
    )
