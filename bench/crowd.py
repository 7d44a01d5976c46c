"""1, 10, 100 and 1,000 sessions that wait for a person, and what everybody else gets meanwhile.

The crowd is opened in steps on one Codr. At each step its memory and its CPU are read, and then an
echo, a detection, hello worlds and streams are measured beside it: these are the curves. At last
every session is given its answer, so that those that were open are known to have been alive.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from . import bare, detection, echo, hello, stream, usage
from .client import Client
from .figures import Curve, Effort, Line, Result, Target, median, milliseconds, percentile
from .holder import Crowd
from .programs import PYTHON_HELLO

# More than a thousand at once need room for them; docs/configuration.md says what each means.
ENVIRONMENT: Final = {"CODR_EXECUTOR_SLOTS": "1100"}
OPEN_TARGET_S: Final = 40.0
MEMORY_TARGET_MB: Final = 6.0
ECHO_TARGET: Final = 1.5
CPU_TARGET: Final = 0.02
# After the last one was opened, until what that started has come to rest.
SETTLE_S: Final = 1.0
BARE_SESSIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What one more person sees beside the crowd. Times in seconds."""

    echoes: list[float]
    delays: list[float]
    hellos: list[float]
    # MB/s, and times a bare PTY.
    stream_rate: float
    short_ratio: float


@dataclass(frozen=True, slots=True)
class Step:
    """What there is with so many sessions. Times in seconds, memory in bytes."""

    sessions: int
    # Of them: the others have failed.
    opened: int
    open_s: float
    pss: int
    available: int
    cpu_share: float
    seen: Seen

    @property
    def complete(self) -> bool:
        """Whether they are as many as were meant: fewer meet no target that is about all."""
        return self.opened == self.sessions


def measure(target: Target, effort: Effort) -> Iterator[Result]:
    with ExitStack() as ending:
        crowd = ending.enter_context(Crowd(target.url))
        _probe(target, effort)  # warm: what is loaded at its first use is not the crowd's
        steps = [_step(target, effort, crowd, 0)]
        for size in effort.crowds:
            crowd.grow(size)
            steps.append(_step(target, effort, crowd, size))
        answered = crowd.answer_all()
        share = crowd.clients_share
    none, full = steps[0], steps[-1]
    yield _open_line(target, crowd, full, answered, share)
    yield _echo_line(target, none, full)
    yield _detection_line(target, full)
    if target.pid is not None:
        yield _cpu_line(target, none, full)
        yield _memory_line(target, none, full)
    yield from _curves(target, steps)


def _step(target: Target, effort: Effort, crowd: Crowd, size: int) -> Step:
    judged = size in (0, effort.crowds[-1])
    watch_s = effort.crowd_watch_s if judged else effort.crowd_glance_s
    time.sleep(min(SETTLE_S, watch_s))
    pss, available, share = 0, usage.available_bytes(), 0.0
    if target.pid is not None:
        share = usage.cpu_share(target.pid, watch_s)
        pss = usage.pss_bytes(target.pid)
    return Step(
        sessions=size,
        opened=max(1, crowd.opened),
        open_s=crowd.open_s,
        pss=pss,
        available=available,
        cpu_share=share,
        seen=_probe(target, effort),
    )


def _probe(target: Target, effort: Effort) -> Seen:
    with Client(target.url) as client:
        client.send({"type": "execute", "language": "python", "code": echo.PROGRAM})
        client.wait_for("input_request")
        echo.back_to_back(client, effort.crowd_echoes // 5 + 1)  # warm
        echoes = echo.back_to_back(client, effort.crowd_echoes)
        client.send({"type": "cancel"})
        client.wait_for("complete")
    large = stream.LARGE.format(mib=effort.crowd_stream_mib)
    short = stream.SHORT.format(lines=effort.crowd_lines)
    return Seen(
        echoes,
        detection.delays_of(target.url, effort.crowd_detections),
        [hello.hello(target.url, PYTHON_HELLO) for _ in range(effort.crowd_hellos)],
        stream.run_beside_bare(target, large, 1).rate,
        stream.run_beside_bare(target, short, 1).ratio,
    )


# --- the report ------------------------------------------------------------------------------


def _open_line(target: Target, crowd: Crowd, full: Step, answered: int, share: float) -> Line:
    failed = crowd.failures.total()
    return Line(
        name="crowd_open",
        what=f"{full.sessions:,} sessions, from the first to the last that waits for its person",
        sandbox=target.sandbox,
        ours=f"{full.open_s:.1f} s, {failed} failed, {answered:,} answered at the end"
        f" (clients {share:.0%} of a core)"
        + "".join(f"; {count} × {why}" for why, count in crowd.failures.most_common(2)),
        target=f"≤ {OPEN_TARGET_S:g} s, 0 failed",
        met=full.open_s <= OPEN_TARGET_S and failed == 0 and answered == full.sessions,
        numbers={
            "sessions": full.sessions,
            "open_s": full.open_s,
            "failed": failed,
            "answered": answered,
            "clients_cpu_share": share,
        },
    )


def _echo_line(target: Target, none: Step, full: Step) -> Line:
    p50, p99 = median(full.seen.echoes), percentile(full.seen.echoes, 99)
    most_p50, most_p99 = echo.P50_TARGET_S * ECHO_TARGET, echo.P99_TARGET_S * ECHO_TARGET
    quiet_p50, quiet_p99 = median(none.seen.echoes), percentile(none.seen.echoes, 99)
    return Line(
        name="crowd_echo",
        what=f"echo of a line with {full.sessions:,} idle sessions (as bare: with none)",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        bare=f"p50 {milliseconds(quiet_p50)}, p99 {milliseconds(quiet_p99)}",
        ratio=f"{p50 / quiet_p50:.2f} ×",
        target=f"p50 ≤ {milliseconds(most_p50)}, p99 ≤ {milliseconds(most_p99)}",
        met=full.complete and p50 <= most_p50 and p99 <= most_p99,
        numbers={
            "ours_p50_s": p50,
            "ours_p99_s": p99,
            "quiet_p50_s": quiet_p50,
            "quiet_p99_s": quiet_p99,
            "ratio": p50 / quiet_p50,
        },
    )


def _detection_line(target: Target, full: Step) -> Line:
    p50, p99 = median(full.seen.delays), percentile(full.seen.delays, 99)
    most_p50, most_p99 = detection.P50_TARGET_S, detection.P99_TARGET_S
    return Line(
        name="crowd_detection",
        what=f"detection with {full.sessions:,} waiting sessions",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        target=f"p50 ≤ {milliseconds(most_p50)}, p99 ≤ {milliseconds(most_p99)}",
        met=full.complete and p50 <= most_p50 and p99 <= most_p99,
        numbers={"rounds": len(full.seen.delays), "ours_p50_s": p50, "ours_p99_s": p99},
    )


def _cpu_line(target: Target, none: Step, full: Step) -> Line:
    share = full.cpu_share - none.cpu_share
    return Line(
        name="crowd_cpu",
        what=f"CPU that {full.sessions:,} waiting sessions use together",
        sandbox=target.sandbox,
        ours=f"{share:.1%} of a core (with the stack itself {full.cpu_share:.1%})",
        target=f"≤ {CPU_TARGET:.0%} of a core",
        met=full.complete and share <= CPU_TARGET,
        numbers={"share": share, "whole_share": full.cpu_share, "rest_share": none.cpu_share},
    )


def _memory_line(target: Target, none: Step, full: Step) -> Line:
    each = (full.pss - none.pss) / full.opened / 1e6
    of_host = (none.available - full.available) / full.opened / 1e6
    bare_each = _bare_session_bytes() / 1e6
    return Line(
        name="crowd_memory",
        what="memory of each of them: all that is ours and its interpreter (PSS)",
        sandbox=target.sandbox,
        ours=f"{each:.1f} MB (the host has {of_host:.1f} MB less for each)",
        bare=f"{bare_each:.1f} MB",
        ratio=f"{each / bare_each:.1f} ×",
        target=f"≤ {MEMORY_TARGET_MB:g} MB",
        met=full.complete and each <= MEMORY_TARGET_MB,
        numbers={"mb_each": each, "host_mb_each": of_host, "bare_mb_each": bare_each},
    )


def _bare_session_bytes() -> float:
    """PSS of one of some idle `python3` that wait for a line."""
    waiting = [
        subprocess.Popen(
            [bare.PYTHON, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=bare.ENV,
        )
        for _ in range(BARE_SESSIONS)
    ]
    try:
        for process in waiting:
            assert process.stdout is not None
            process.stdout.readline()
        return sum(usage.pss_bytes(process.pid) for process in waiting) / BARE_SESSIONS
    finally:
        for process in waiting:
            process.communicate(b"\n")


def _curves(target: Target, steps: list[Step]) -> Iterator[Curve]:
    none, rest = steps[0], steps[1:]

    def curve(name: str, title: str, unit: str, of: list[float], most: float | None) -> Curve:
        points = [(step.sessions, value) for step, value in zip(rest, of, strict=True)]
        return Curve(name, f"{title}, by open sessions", unit, target.sandbox, points, most)

    yield curve("open", "time until all are open", "s", [s.open_s for s in rest], OPEN_TARGET_S)
    for percent in (50, 99):
        of_echo = [percentile(s.seen.echoes, percent) * 1000 for s in rest]
        most = {50: echo.P50_TARGET_S, 99: echo.P99_TARGET_S}[percent] * ECHO_TARGET * 1000
        yield curve(f"echo_p{percent}", f"echo p{percent}", "ms", of_echo, most)
        delays = [percentile(s.seen.delays, percent) * 1000 for s in rest]
        most = {50: detection.P50_TARGET_S, 99: detection.P99_TARGET_S}[percent] * 1000
        yield curve(f"detection_p{percent}", f"detection p{percent}", "ms", delays, most)
    hellos = [median(s.seen.hellos) * 1000 for s in rest]
    yield curve("hello", "Python hello world p50", "ms", hellos, None)
    rates = [s.seen.stream_rate for s in rest]
    yield curve("stream", "one large stream", "MB/s", rates, stream.RATE_TARGET)
    ratios = [s.seen.short_ratio for s in rest]
    yield curve("short_lines", "short lines beside a bare PTY", "×", ratios, stream.SHORT_TARGET)
    if target.pid is not None:
        cpu = [(s.cpu_share - none.cpu_share) * 100 for s in rest]
        yield curve("cpu", "CPU of waiting sessions", "% of a core", cpu, CPU_TARGET * 100)
        memory = [(s.pss - none.pss) / s.opened / 1e6 for s in rest]
        yield curve("memory", "memory of each session", "MB", memory, MEMORY_TARGET_MB)
