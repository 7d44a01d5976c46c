"""Where the figures were taken: without it they mean nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "celery", "channels", "channels-redis", "daphne", "django", "hiredis", "redis", "uvloop",
)  # fmt: skip
TOOLS: Final = {
    "python3": ["/usr/bin/python3", "--version"],
    "node": ["node", "--version"],
    "gcc": ["gcc", "--version"],
    "g++": ["g++", "--version"],
    "rustc": ["rustc", "--version"],
    "redis-server": ["redis-server", "--version"],
    "firejail": ["firejail", "--version"],
    "bubblewrap": ["bwrap", "--version"],
}


def describe() -> dict[str, str]:
    """Read before anything is measured, as the load average would be our own afterwards."""
    return {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load average before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "ours": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "theirs": ", ".join(
            f"{name} {found}" for name, argv in TOOLS.items() if (found := _version(argv))
        ),
    }


def describe_after(seconds: float, measured_s: Mapping[str, int]) -> dict[str, str]:
    """Read at the end: somebody else's work in between shows in the load, and in stolen time."""
    return {
        "took": f"{seconds:.0f} s",
        "of which": ", ".join(f"{name} {each} s" for name, each in measured_s.items()),
        "load average after": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _version(argv: list[str]) -> str:
    try:
        said = subprocess.run(argv, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # The compilers name their distribution's package in brackets first.
    found = re.search(r"\d+(\.\d+)+", re.sub(r"\([^)]*\)", "", said))
    return found[0] if found else ""
