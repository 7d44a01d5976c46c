"""A measurement that has measured nothing says so."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.figures import Target
from bench.neighbours import _ends_line, _MemoryWatch
from tests.server.parts import until

SLEEPS = "import subprocess, sys, time; time.sleep(60)"
STARTS_BOTH = f"""
import subprocess, sys
both = [subprocess.Popen([sys.executable, "-c", {SLEEPS!r}, name])
        for name in ("redis-server", "codr.web")]
print(*(each.pid for each in both), flush=True)
sys.stdin.read()
for each in both: each.kill()
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """A process with two below it that are called as those that are watched."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_BOTH],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.stdin.close()


def test_memory_is_watched_while_there_is_somebody_to_watch(
    parent: subprocess.Popen[str],
) -> None:
    with _MemoryWatch(parent.pid) as memory:
        pass
    assert min(memory.highest.values()) > 0


def test_a_watch_that_breaks_off_is_an_error(parent: subprocess.Popen[str]) -> None:
    watch = _MemoryWatch(parent.pid)
    with pytest.raises(RuntimeError, match="not watched to the end"), watch:
        _end_both(parent, watch)


def _end_both(parent: subprocess.Popen[str], watch: _MemoryWatch) -> None:
    assert parent.stdin is not None
    parent.stdin.close()
    until(lambda: not watch._thread.is_alive(), "it has nobody to watch any more")


@pytest.mark.parametrize("ends", [{}, {"spin": Counter[str]()}])
def test_hostile_jobs_of_which_none_ended_have_shown_nothing(ends: dict[str, Counter[str]]) -> None:
    with pytest.raises(RuntimeError, match="no hostile job ended"):
        _ends_line(Target(url="", sandbox="firejail", pid=None), ends)
