"""An honest session beside five hostile jobs (`hostile.py`): its echo, other people's hello worlds,
and the memory of the two processes that everybody shares.

Quiet and with the neighbours by turns in one run, so that both halves meet the same machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from executor_app.runner import procfs

from . import hello
from .client import Client
from .echo import PROGRAM, round_trip
from .figures import Effort, Line, Target, median, milliseconds, percentile
from .hostile import LIMITS
from .programs import PYTHON_HELLO

CHECKOUT: Final = Path(__file__).resolve().parent.parent
P99_TARGET: Final = 3.0
# What the shared processes may grow by: docs/configuration.md says what Redis keeps of jobs.
REDIS_BOUND_MIB: Final = 1024
WEB_BOUND_MIB: Final = 256
# The neighbours are at their worst once each has been started again.
SETTLE_S: Final = 1.0
SAMPLE_S: Final = 0.1
# A person is not a metronome, and neither are the slices of a scheduler.
LONGEST_THOUGHT_S: Final = 0.02
MIB: Final = 1024 * 1024


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    quiet, beside = _Half(), _Half()
    ends: dict[str, Counter[str]] = {}
    with _MemoryWatch(target.pid) as memory:
        _measure_half(target, effort, _Half())  # warm
        for _ in range(effort.neighbour_blocks):
            _measure_half(target, effort, quiet)
            with _neighbours(target.url, ends):
                time.sleep(SETTLE_S)
                _measure_half(target, effort, beside)
    yield _echo_line("neighbours_echo", "back to back", target, quiet.busy, beside.busy)
    yield _echo_line("neighbours_asked", "when asked for", target, quiet.asked, beside.asked)
    yield _hello_line(target, quiet.hellos, beside.hellos)
    yield _ends_line(target, ends)
    if memory.highest:
        yield memory.line(target, "redis", "Redis", REDIS_BOUND_MIB)
        yield memory.line(target, "web", "web", WEB_BOUND_MIB)


@dataclass(slots=True)
class _Half:
    """Times in seconds."""

    busy: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    hellos: list[float] = field(default_factory=list)


def _measure_half(target: Target, effort: Effort, half: _Half) -> None:
    """A session that echoes as fast as it can, one at a person's pace, and some hello worlds."""
    chance = random.Random(1)
    with _another_machine(), Client(target.url) as client:
        client.send({"type": "execute", "language": "python", "code": PROGRAM})
        client.wait_for("input_request")
        for n in range(effort.neighbour_echoes):
            half.busy.append(round_trip(client, f"line {n} of them"))
        client.wait_for("input_request")
        for n in range(effort.neighbour_echoes):
            time.sleep(chance.uniform(0, LONGEST_THOUGHT_S))
            half.asked.append(round_trip(client, f"answer {n} of them"))
            client.wait_for("input_request")
        client.send({"type": "cancel"})
        client.wait_for("complete")
    for _ in range(effort.neighbour_hellos):
        half.hellos.append(hello.hello(target.url, PYTHON_HELLO))


@contextlib.contextmanager
def _another_machine() -> Iterator[None]:
    """The honest person's browser has processors of its own: its wait for one of these is not ours.

    Without the right to say so it stands in line like everybody, in both halves.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@contextlib.contextmanager
def _neighbours(url: str, ends: dict[str, Counter[str]]) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.hostile", url],
        cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline() != "running\n":
                raise RuntimeError("the hostile jobs did not start")
            yield
            process.stdin.close()
            for kind, counted in json.loads(process.stdout.readline()).items():
                ends.setdefault(kind, Counter()).update(counted)
        finally:
            process.kill()


class _MemoryWatch:
    """The resident memory of Redis and web, looked at all the time. `pid` is `make run`'s."""

    COMMANDS: Final = {"redis": b"redis-server", "web": b"codr.web"}

    def __init__(self, pid: int | None) -> None:
        self._pids = self._find(pid) if pid is not None else {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.first = {name: _resident_bytes(pid) for name, pid in self._pids.items()}
        self.highest = dict(self.first)
        self.last = dict(self.first)
        self._failure: Exception | None = None

    def __enter__(self) -> _MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure is not None and kind is None:
            raise RuntimeError("memory was not watched to the end") from self._failure

    def _find(self, pid: int) -> dict[str, int]:
        below = procfs.descendants(pid)
        commands = {p: Path(f"/proc/{p}/cmdline").read_bytes() for p in below if procfs.lives(p)}
        return {
            name: next(p for p, command in commands.items() if word in command)
            for name, word in self.COMMANDS.items()
        }

    def _watch(self) -> None:
        try:
            while not self._stop.wait(SAMPLE_S):
                for name, pid in self._pids.items():
                    self.last[name] = _resident_bytes(pid)
                    self.highest[name] = max(self.highest[name], self.last[name])
        except Exception as error:  # for the thread that measures, which has nobody else's word
            self._failure = error

    def line(self, target: Target, name: str, title: str, bound_mib: int) -> Line:
        first, highest, last = (
            counted[name] / MIB for counted in (self.first, self.highest, self.last)
        )
        grown = highest - first
        return Line(
            name=f"neighbours_memory_{name}",
            what=f"memory of {title} with hostile neighbours",
            sandbox=target.sandbox,
            ours=f"from {first:.0f} MiB to {highest:.0f} MiB at most, {last:.0f} MiB at the end",
            target=f"grows by ≤ {bound_mib} MiB",
            met=grown <= bound_mib,
            numbers={"first_mib": first, "highest_mib": highest, "last_mib": last},
        )


def _resident_bytes(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) * 1024


def _echo_line(
    name: str, how: str, target: Target, quiet: list[float], beside: list[float]
) -> Line:
    ratio = percentile(beside, 99) / percentile(quiet, 99)
    return Line(
        name=name,
        what=f"echo of a line, {how}, beside five hostile jobs (as bare: without them)",
        sandbox=target.sandbox,
        ours=_both(beside),
        bare=_both(quiet),
        ratio=f"p99 {ratio:.2f} ×",
        target=f"p99 ≤ {P99_TARGET:g} ×",
        met=ratio <= P99_TARGET,
        numbers={
            "rounds": len(beside),
            "ours_p50_s": median(beside),
            "ours_p99_s": percentile(beside, 99),
            "ours_max_s": max(beside),
            "quiet_p50_s": median(quiet),
            "quiet_p99_s": percentile(quiet, 99),
            "quiet_max_s": max(quiet),
            "ratio": ratio,
        },
    )


def _both(times: list[float]) -> str:
    return f"p50 {milliseconds(median(times))}, p99 {milliseconds(percentile(times, 99))}"


def _hello_line(target: Target, quiet: list[float], beside: list[float]) -> Line:
    """`hello` raises where one does not say what it should, so all that are counted did."""
    return Line(
        name="neighbours_hello",
        what=f"{len(beside)} Python hello worlds beside five hostile jobs, all finished",
        sandbox=target.sandbox,
        ours=_both(beside),
        bare=_both(quiet),
        ratio=f"{median(beside) / median(quiet):.2f} ×",
        target="all finish",
        met=True,
        numbers={
            "finished": len(beside),
            "ours_p50_s": median(beside),
            "ours_p99_s": percentile(beside, 99),
            "quiet_p50_s": median(quiet),
            "quiet_p99_s": percentile(quiet, 99),
        },
    )


def _ends_line(target: Target, ends: dict[str, Counter[str]]) -> Line:
    others = {
        f"{kind}: {status}": count
        for kind, counted in ends.items()
        for status, count in counted.items()
        if status not in LIMITS[kind]
    }
    total = sum(counted.total() for counted in ends.values())
    if not total:
        raise RuntimeError("no hostile job ended, so none has shown how it ends")
    return Line(
        name="neighbours_ends",
        what="hostile jobs that ended with the status of a limit they broke",
        sandbox=target.sandbox,
        ours=f"{total - sum(others.values())} of {total}"
        + (
            f" ({', '.join(f'{what} {count}' for what, count in others.items())})" if others else ""
        ),
        target="all",
        met=not others,
        numbers={kind: counted.total() for kind, counted in ends.items()},
    )
