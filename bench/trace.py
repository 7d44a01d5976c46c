"""One job through every stage: when it got there, and what that took since the stage before.

Codr writes the steps to its log (`CODR_TRACE`, executor_app/trace.py), the program says itself
when it begins, and the client adds its own two ends, all by one clock. The median of some jobs, one
after the other. Writing a step down costs some hundredths of a millisecond, so all that is measured
elsewhere is measured without.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from . import timeline
from .client import Client
from .figures import Effort, Result, Table, Target, median

ENVIRONMENT: Final = {"CODR_TRACE": "on"}
LINE: Final = re.compile(r"codr\.trace ([0-9a-f-]{36}) (\d+) (\d+) (.+)$", re.MULTILINE)
LOG_PATIENCE_S: Final = 10.0
PYTHON: Final = "import time\nprint(time.monotonic_ns())\n"
C: Final = """\
#include <stdio.h>
#include <time.h>
int main(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%lld\\n", now.tv_sec * 1000000000LL + now.tv_nsec);
}
/* @ */
"""
PUBLISHED: Final = "relay: has journalled and published it"
SENT_ON: Final = "web: has sent it on"

# Of one job: each step, and when it was there, in nanoseconds.
Steps = dict[str, int]


def measure(target: Target, effort: Effort) -> Iterator[Result]:
    if target.log is None:
        return
    for title, language, code in (("Python", "python", PYTHON), ("C", "c", C)):
        _trace(target.url, target.log, language, code)  # warm
        jobs = [_trace(target.url, target.log, language, code) for _ in range(effort.traced_jobs)]
        yield _table(target, title, jobs)


def _trace(url: str, log: Path, language: str, code: str) -> Steps:
    """Runs a program that nobody has seen before, one that says the time."""
    code = code.replace("@", str(time.time_ns()))
    outputs: list[tuple[int, str]] = []
    steps: Steps = {}
    with Client(url) as client:
        steps["client: sends `execute`"] = time.monotonic_ns()
        client.send({"type": "execute", "language": language, "code": code})
        for message in client.messages():
            if message["type"] == "accepted":
                job_id = message["job_id"]
            elif message["type"] == "output" and message["stage"] == "run":
                steps.setdefault("client: has the output", time.monotonic_ns())
                outputs.append((message["seq"], message["data"]))
            elif message["type"] in ("complete", "error"):
                break
        steps["client: has `complete`"] = time.monotonic_ns()
    if message.get("status") != "completed":
        raise RuntimeError(f"the traced program ended with {message}")
    steps["program: speaks"] = int("".join(data for _, data in outputs))
    named = {outputs[0][0]: "the output", message["seq"]: "`complete`"}
    return steps | _steps_in(log, job_id, named)


def _steps_in(log: Path, job_id: str, named: Mapping[int, str]) -> Steps:
    """What Codr says of the job, once all of it is there. `named`: the events that count."""
    until = time.monotonic() + LOG_PATIENCE_S
    while True:
        found = [match for match in LINE.findall(log.read_text()) if match[0] == job_id]
        if any(step == SENT_ON and int(seq) == max(named) for _, _, seq, step in found):
            break
        if time.monotonic() > until:
            raise RuntimeError(f"the log has not all steps of {job_id}: {found}")
        time.sleep(0.02)
    steps: Steps = {}
    for _, at_ns, seq, step in found:
        if seq == "0":
            steps.setdefault(step, int(at_ns))
            continue
        for wanted, name in named.items():
            # Events are published in batches, of which the last one's number is written down.
            if int(seq) == wanted or (step == PUBLISHED and int(seq) > wanted):
                steps.setdefault(step.replace(" it", f" {name}", 1), int(at_ns))
    return steps


def _table(target: Target, title: str, jobs: list[Steps]) -> Table:
    begin = "client: sends `execute`"
    everywhere = set.intersection(*(set(job) for job in jobs))
    at_ms = {step: median([(job[step] - job[begin]) / 1e6 for job in jobs]) for step in everywhere}
    steps = sorted(at_ms.items(), key=lambda item: item[1])
    rows, before = [], 0.0
    for step, at in steps:
        rows.append([step, f"{at:.2f}", f"{at - before:.2f}"])
        before = at
    table = Table(
        name=f"trace_{title.lower()}",
        title=f"One {title} hello world through every stage, median of {len(jobs)}",
        sandbox=target.sandbox,
        headings=("step", "at (ms)", "since the one above (ms)"),
        rows=rows,
        note="Steps of different processes overlap: web may send an event on before the relay has"
        " heard that it is published. docs/performance.md says how to look into a step.",
    )
    return replace(table, picture=timeline.as_svg(table, steps))
